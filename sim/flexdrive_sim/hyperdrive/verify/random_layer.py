"""Random legal layers with their maps, as programs."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import Descriptor

from ..drive.stimuli import (
    Slice,
    Stimulus,
    random_activation,
    random_factors,
    random_kind,
    random_slice,
    random_taps,
    random_weights,
    random_words,
)

__all__ = ["random_layer_stimulus"]

_ONE, _MINUS_ZERO = 0x3C00, 0x8000


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """Shape of a layer: ``kind`` as of :func:`~..drive.stimuli.random_kind`, ``size`` (height,
    width) of the input, ``tile`` and ``edges`` of an output and input tile; whether it has a
    bypass, and whether that lies somewhere else than the output; which channels of its maps it
    reads and makes; ``taps`` as of :func:`~..drive.stimuli.random_taps`."""

    kind: dict
    kernel: int
    taps: dict
    stride: int
    tile: tuple
    edges: tuple
    size: tuple
    inputs: int
    outputs: int
    interleave: int
    bypass: bool
    separate: bool
    source: Slice
    target: Slice

    @property
    def regions(self):
        """(name, words of a tile) of its maps."""
        rows, columns = self.tile
        out = rows * columns * self.target.pitch
        return [("in", self.edges[0] * self.edges[1] * self.source.pitch), ("out", out),
                *[("by", out)] * self.separate]

    @property
    def made_size(self):
        """(height, width) of the output."""
        if self.kind.get("upsample", 0):
            return tuple(2 * edge for edge in self.size)
        return tuple(-(-edge // self.stride) for edge in self.size)

    @property
    def edges_of_kernel(self):
        """(rows, columns) of the kernel."""
        window = Descriptor(**self.taps)
        return len(window.tap_rows), len(window.tap_columns)

    def fits(self, config):
        """Whether a chip has room for it."""
        blocks = -(-self.outputs // config.channels)
        rows, columns = self.edges_of_kernel
        kept = self.inputs * rows * columns * min(self.interleave, blocks)
        once = self.tile[0] * self.tile[1] <= config.adder_depth // self.interleave
        return (("extended" in self.taps or self.kernel // 2 <= min(self.edges))
                and sum(words for _, words in self.regions) <= config.fm_words
                and (bool(self.kind) or once or kept <= config.weight_words))


def _draw(random, config, out_channels, taps):
    """``taps``: numbers of their own, so that those of the other fields stay what they are."""
    kind = random_kind(random, config)
    stride = int(random.integers(1, 3))
    kernel = int(random.choice((*config.kernels, 2) if kind else config.kernels))
    # A row of more pixels than units, now and then.
    most = 8 if kind and config.channels < 6 else 5
    tile = tuple(int(t) for t in random.integers(1, most, 2))
    up = kind.get("upsample", 0)
    if up:
        stride, kernel, tile = 1, 1, tuple(2 * t for t in tile)
    edges = tuple(t * stride >> up for t in tile)
    size = tuple(int(random.integers(1, count * edge + 1)) for count, edge in zip(
        (config.rows, config.columns), edges, strict=True))
    inputs = int(random.integers(1, 2 * config.channels + 4))
    outputs = int(out_channels or random.integers(1, 4 * config.channels + 3))
    interleave = config.adder_depth if kind else int(random.choice(config.interleaves))
    inputs = outputs if kind else inputs
    bypass, in_place = bool(random.integers(2)), bool(random.integers(2))
    return _Layer(
        kind=kind, kernel=kernel, stride=stride, tile=tile,
        taps=random_taps(taps, config, kernel, stride, edges), edges=edges, size=size,
        inputs=inputs, outputs=outputs, interleave=interleave, bypass=bypass,
        separate=bypass and not in_place,
        source=random_slice(random, inputs, [1]), target=random_slice(random, outputs, [1, 2, 3]))


def _places(random, config, layer):
    """({map: first word}, whether the output lies in the input's words)."""
    slack = config.fm_words - sum(words for _, words in layer.regions)
    at = int(random.integers(0, slack + 1))
    base = {}
    for index in random.permutation(len(layer.regions)):
        name, words = layer.regions[index]
        base[name], at = at, at + words
    ahead = base["in"] + layer.source.offset - layer.target.offset - int(random.integers(0, 3))
    shares = (not layer.kind and layer.taps["kernel"] == 1 and not layer.separate and ahead >= 0
              and layer.outputs <= config.channels * layer.interleave
              and layer.target.pitch <= layer.source.pitch and bool(random.integers(2)))
    if shares:
        base["out"] = ahead
    return {"by": base["out"], **base}, shares


def random_layer_stimulus(config, seed, *, special=None, out_channels=None):
    """One random legal layer with its maps: LOAD input (and bypass), CONV, STORE everything.

    Sizes are drawn so that maps are often smaller than the array, one pixel, not a multiple of
    the tiles, and channels do not fill the lanes.
    """
    random, taps = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    layer = _draw(random, config, out_channels, taps)
    while not layer.fits(config):
        layer = _draw(random, config, out_channels, taps)
    base, shares = _places(random, config, layer)
    special = bool(random.integers(4) == 0) if special is None else special
    stimulus, source, target = Stimulus(config), layer.source, layer.target
    shape = (*layer.size, layer.inputs)
    # Whole maps are loaded and stored; the layer reads and makes slices of them.
    in_shape, out_shape = (*layer.size, source.pitch), (*layer.made_size, target.pitch)
    part = {"base": base["in"] + source.offset, "tile": layer.edges, "pitch": source.pitch}
    stimulus.load(random_words(random, in_shape, special), base=base["in"], tile=layer.edges)
    for name in ["out"] * (target.pitch > layer.outputs) + ["by"] * layer.bypass:
        stimulus.load(random_words(random, out_shape, special), base=base[name], tile=layer.tile)
    stimulus.load(random_words(random, shape, special), **part)
    _convolve(stimulus, random, layer, base, special, np.random.default_rng([seed, 2]))
    stimulus.store(out_shape, base=base["out"], tile=layer.tile)
    if shares:       # of the input only what was not written over is left
        return stimulus
    stimulus.store(in_shape, base=base["in"], tile=layer.edges)
    stimulus.store(shape, **part)
    if config.channelwise:
        stimulus.store(shape, **part, average=int(random_factors(random, 1, special)[0]))
    return stimulus


def _convolve(stimulus, random, layer, base, special, activation):
    """The CONV, with random weights and factors; ``activation``: numbers of its own."""
    config, source, target = stimulus.config, layer.source, layer.target
    scale, bias = (random_factors(random, layer.outputs, special) for _ in range(2))
    if random.integers(4) == 0:
        scale[:], bias[:] = _ONE, _MINUS_ZERO
    inputs = 1 if layer.kind else layer.inputs
    stimulus.convolve(
        (*layer.size, layer.inputs),
        random_weights(random, config, (layer.outputs, inputs, *layer.edges_of_kernel)), scale,
        bias, **layer.taps | random_activation(activation, config, layer.taps, special),
        in_base=base["in"] + source.offset, out_base=base["out"] + target.offset,
        tile=layer.tile, stride=layer.stride, interleave=layer.interleave,
        bypass_base=base["by"] + target.offset if layer.bypass else None, in_pitch=source.pitch,
        out_pitch=target.pitch, out_step=target.step, **layer.kind)
