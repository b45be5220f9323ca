"""Programs for tests and benchmarks: layer by layer, or drawn at random."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Activation, Operation

__all__ = ["Slice", "Stimulus", "random_activation", "random_factors", "random_kind",
           "random_slice", "random_taps", "random_weights", "random_words",
           "resnet34_layers", "shape_stimulus"]


def random_words(random, count, special=False):
    """binary16 patterns around 1, or of any kind."""
    if special:
        return random.integers(0, 1 << 16, count, dtype=np.uint16)
    return random.normal(0, 1, count).astype(np.float16).view(np.uint16)


def random_factors(random, count, special=False):
    """The same with zeros of both signs among them: for scales and biases, whose zeros meet."""
    words = random_words(random, count, special)
    zero = random.random(count) < 0.2
    return np.where(zero, random.choice(np.array([0, 0x8000], np.uint16), count), words)


def random_weights(random, config, shape):
    """Codes of weights: 0 subtracts, 1 adds; 2 and 3 are zero, on ternary chips."""
    return random.integers(0, 4 if config.ternary else 2, shape, dtype=np.uint8)


@dataclass
class Stimulus:
    """A program under construction: what goes into the streams of a chip.

    Attributes
    ----------
    words : descriptor stream, 32-bit words.
    weights : rows of 32-bit chunks, C bits each (2C on ternary chips).
    pixels : words for LOADs.
    out_words : words that STOREs will send.
    """

    config: ChipConfig
    words: list = field(default_factory=list)
    weights: list = field(default_factory=list)
    pixels: list = field(default_factory=list)
    out_words: int = 0

    def _split(self, size, edge, tiles):
        """Whole tiles and the rest along one axis."""
        full, last = divmod(size, edge)
        assert full + (last > 0) <= tiles
        return full, last

    def _extent(self, height, width, rows, columns):
        full_rows, last_rows = self._split(height, rows, self.config.rows)
        full_columns, last_columns = self._split(width, columns, self.config.columns)
        return {"full_rows": full_rows, "last_rows": last_rows, "full_columns": full_columns,
                "last_columns": last_columns}

    def load(self, image, *, base, tile, pitch=None):
        """LOAD ``image`` (height, width, channels) uint16 at ``base``; ``pitch`` of its pixels."""
        height, width, channels = image.shape
        self.words += Descriptor(operation=Operation.LOAD, in_base=base, in_channels=channels,
                                 in_pitch=pitch, tile_rows=tile[0], tile_columns=tile[1],
                                 **self._extent(height, width, *tile)).words()
        self.pixels.append(np.asarray(image, np.uint16).ravel())

    def store(self, shape, *, base, tile, pitch=None, average=None):
        """STORE the map of ``shape`` (height, width, channels) at ``base``; its sums times
        ``average``, a binary16 pattern, if given."""
        height, width, channels = shape
        fields = {} if average is None else {"average": 1, "slope": average}
        d = Descriptor(operation=Operation.STORE, in_base=base, in_channels=channels,
                       in_pitch=pitch, tile_rows=tile[0], tile_columns=tile[1],
                       **self._extent(height, width, *tile), **fields)
        self.words += d.words()
        self.out_words += int(np.prod(d.stored(self.config.rows, self.config.columns)))

    def convolve(self, shape, weights, scale, bias, *, in_base, out_base, tile, stride=1,
                 activation=Activation.NONE, interleave=1, bypass_base=None, **fields):
        """CONV of a map of ``shape`` (height, width, channels_in); ``fields`` of the descriptor.

        ``weights`` is uint8 {0, 1, and 2 for zero} (channels_out, channels_in, p, q), channelwise
        (channels_out, 1, p, q) also for a maximum, which sends none; ``tile`` the edges of an
        output tile; scale and bias uint16 (channels_out,). Without ``kernel`` the taps are p x p.
        """
        outputs, inputs, *_ = weights.shape
        channelwise = fields.get("channelwise", 0)
        kernel = fields.pop("kernel", weights.shape[2])
        self.words += Descriptor(
            operation=Operation.CONV, payload=outputs, kernel=kernel, stride=stride,
            activation=activation, interleave=interleave, bypass=bypass_base is not None,
            in_base=in_base, in_channels=outputs if channelwise else inputs,
            out_base=out_base, out_channels=outputs,
            bypass_base=bypass_base or 0, tile_rows=tile[0], tile_columns=tile[1], **fields,
            **self._extent(shape[0], shape[1], *(
                edge * stride >> fields.get("upsample", 0) for edge in tile))).words()
        self.words += [int(a) | int(b) << 16 for a, b in zip(scale, bias, strict=True)]
        if not fields.get("maximum", 0):
            self.weights.append(self._weight_words(weights, 1 if channelwise else interleave))

    def _weight_words(self, weights, interleave):
        outputs, inputs, *kernel = weights.shape
        lanes = self.config.channels
        blocks = -(-outputs // lanes)
        padded = np.zeros((blocks * lanes, inputs, kernel[0] * kernel[1]), np.uint8)
        padded[:outputs] = weights.reshape(outputs, inputs, -1)
        order = []
        for first in range(0, blocks, interleave):
            group = padded[first * lanes:(first + interleave) * lanes]
            group = group.reshape(-1, lanes, inputs, kernel[0] * kernel[1])
            order.append(group.transpose(3, 2, 0, 1).reshape(-1, lanes))
        codes = np.concatenate(order)
        bits = np.hstack([codes & 1, codes >> 1]) if self.config.ternary else codes
        octets = np.packbits(np.pad(bits, ((0, 0), (0, 32 * self.config.weight_chunks
                                                    - bits.shape[1]))), axis=1, bitorder="little")
        return np.ascontiguousarray(octets).view("<u4")

    def extend(self, other):
        """Append the program of another stimulus for the same chip; returns self."""
        self.words += other.words
        self.weights += other.weights
        self.pixels += other.pixels
        self.out_words += other.out_words
        return self

    def arrays(self):
        """(words, weights, pixels) as the chip's streams and the golden model take them."""
        empty = np.zeros((0, self.config.weight_chunks), np.uint32)
        return (np.array(self.words, np.uint32), np.concatenate([empty, *self.weights]),
                np.concatenate([np.zeros(0, np.uint16), *self.pixels]))


@dataclass(frozen=True)
class Slice:
    """Channels of a wider map: the first one, words from one to the next, channels of the map."""

    offset: int
    step: int
    pitch: int


def random_slice(random, channels, steps):
    """``channels`` alone, or a slice of a map that is wider by a few."""
    if random.integers(2):
        return Slice(0, 1, channels)
    step, offset, rest = int(random.choice(steps)), *(int(n) for n in random.integers(0, 3, 2))
    return Slice(offset, step, offset + (channels - 1) * step + 1 + rest)


def random_kind(random, config):
    """Fields of the descriptor of a convolution (none), or of a channelwise layer."""
    if not config.channelwise or random.integers(2):
        return {}
    return {"channelwise": 1, "maximum": int(random.integers(2)),
            "upsample": int(random.integers(4) == 0)}


def random_taps(random, config, kernel, stride, edges):
    """Fields of the taps of a kernel that reaches as far as the square one with edge ``kernel``:
    this one, or any within its window; ``edges`` of an input tile, which they keep to."""
    if kernel % 2 == 0 or random.integers(2):
        return {"kernel": kernel}
    centre, kernel = kernel // 2, kernel + int(stride == 2 and random.integers(2))

    def legal(mask, edge):
        taps = [at - centre for at in range(kernel) if mask >> at & 1]
        return taps[0] <= 0 and max(map(abs, taps)) <= edge and all(
            after - before <= min(edge, 2 * config.halo) for before, after in pairwise(taps))

    rows, columns = (int(random.choice([mask for mask in range(1, 1 << kernel)
                                        if legal(mask, edge)])) for edge in edges)
    return {"kernel": kernel, "extended": 1, "row_taps": rows, "column_taps": columns}


def random_activation(random, config, taps, special=False):
    """Fields of a layer's activation and of the order of its addition, with bounds of their own in
    every descriptor that is extended and in some that are for this; ``taps``: its fields of
    taps."""
    fields = {"activation": Activation(int(random.choice(config.activations))),
              "late": int(random.integers(2)), "slope": int(random_words(random, 1, special)[0])}
    if "extended" not in taps:
        if random.integers(3):
            return fields
        whole = (1 << taps["kernel"]) - 1
        fields |= {"extended": 1, "row_taps": whole, "column_taps": whole}
    low, high = (int(bound) for bound in random_factors(random, 2, special))
    nothing = {"low": 0xFC00, "high": 0x7C00}
    bounds = {name: none if bound & 0x7FFF > 0x7C00 or random.integers(4) == 0 else bound
              for (name, none), bound in zip(nothing.items(), (low, high), strict=True)}
    return fields | bounds


def resnet34_layers(channels=64, edge=8):
    """The 36 binary layers of ResNet-34 on an array that its maps fill, as tuples (inputs,
    outputs, kernel, stride, tile edge of the output, bypass).

    ``channels`` and ``edge`` are those of the first stage: 64 and 8 for 224 x 224 images on 7 x 7
    tiles (He et al., "Deep Residual Learning", 2016, table 1; tile edges as in ISVLSI 2018).
    """
    layers, inputs = [], channels
    for stage, repeat in enumerate((3, 4, 6, 3)):
        outputs = channels << stage
        for block in range(repeat):
            stride = 2 if stage and block == 0 else 1
            if stride == 2:
                edge //= 2
                layers.append((inputs, outputs, 1, 2, edge, False))
            layers.append((inputs, outputs, 3, stride, edge, False))
            layers.append((outputs, outputs, 3, 1, edge, True))
            inputs = outputs
    return layers


def shape_stimulus(config, layer, seed, *, transfers=True):
    """One layer of :func:`resnet34_layers` with random data: LOAD input and bypass, CONV, STORE
    (``transfers`` false: CONV alone, for cycle counts)."""
    inputs, outputs, kernel, stride, edge, bypass = layer
    random = np.random.default_rng(seed)
    stimulus = Stimulus(config)
    shape = (config.rows * edge * stride, config.columns * edge * stride, inputs)
    out_shape = (config.rows * edge, config.columns * edge, outputs)
    out_base = edge**2 * stride**2 * inputs
    if transfers:
        stimulus.load(random_words(random, shape, False), base=0, tile=(edge * stride,) * 2)
        if bypass:
            stimulus.load(random_words(random, out_shape, False), base=out_base, tile=(edge,) * 2)
    scale = (random.normal(0, 1, outputs) / np.sqrt(inputs * kernel**2)).astype(np.float16)
    interleave = config.adder_depth if edge**2 < config.adder_depth else 1
    stimulus.convolve(
        shape, random.integers(0, 2, (outputs, inputs, kernel, kernel), dtype=np.uint8),
        scale.view(np.uint16), random_words(random, outputs, False), in_base=0,
        out_base=out_base, tile=(edge,) * 2, stride=stride, activation=Activation.RELU,
        interleave=interleave, bypass_base=out_base if bypass else None)
    if transfers:
        stimulus.store(out_shape, base=out_base, tile=(edge,) * 2)
    return stimulus
