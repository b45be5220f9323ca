"""The part of a network that one program of the chip executes: maps and convolutions."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import Descriptor, tap_fields
from flexdrive.hyperdrive.descriptor.fields import Activation

from ..errors import ModelError

__all__ = ["MINUS_ZERO", "ONE", "ZERO", "Average", "ChipGraph", "Concat", "ConvLayer", "half_bits",
           "halo_of"]

ONE = 0x3C00           # identity of scale
MINUS_ZERO = 0x8000    # identity of bias: v + -0 = v for every v, -0 included
ZERO = 2               # code of a weight of zero
REACH = 3              # of the largest halo that a chip may have


def half_bits(values):
    """Real numbers -> uint16 patterns of binary16, nearest, ties to even, NaN 0x7E00."""
    with np.errstate(over="ignore"):
        bits = np.asarray(values).astype(np.float16).view(np.uint16)
    return np.where(bits & 0x7FFF > 0x7C00, np.uint16(0x7E00), bits)


def halo_of(taps, stride):
    """Halo that a chip needs for (rows, columns) of taps: it reads as far beyond a tile, and goes
    at most two halos from a tap to the next."""
    return max(max(0, -axis[0], axis[-1] - (stride - 1),
                   *(-((before - after) // 2) for before, after in pairwise(axis)))
               for axis in taps)


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvLayer:
    """One CONV: y = activation(alpha * conv(x) + bypass + beta), or, ``late``,
    activation(alpha * conv(x) + beta) + bypass, binary16 after each step.

    Attributes
    ----------
    name : name of the layer, unique in its graph.
    source, target : names of the map it reads and of the map it makes.
    weights : uint8 (c_out, c_in / groups, p, q) of 0 (minus), 1 (plus) and, for ternary chips,
        ``ZERO``, which leaves the sum as it is.
    alpha, beta : uint16 (c_out,), binary16 patterns; ``ONE`` and ``MINUS_ZERO`` change nothing.
    stride : 1 or 2.
    taps : (rows, columns) of the kernel's pixels in the source, ascending, seen from stride times
        the pixel that is made; () of a square kernel around it, -((p-1)//2) ... p//2. What lies
        outside of the source is zero.
    size : (rows, columns) of the target, at most ceil(source / stride); () that.
    activation : flexdrive.hyperdrive.descriptor.fields.Activation.
    slope : binary16 pattern, of LEAKY.
    bounds : binary16 patterns (low, high) of the activation, () its own.
    bypass : name of the map to add, or None; late : it is added after the activation.
    activated : name of the map between activation and late addition, should it ever be one.
    groups : output channels in as many equal groups, each of which reads its group of the input.
    shuffle : channel g*K + j of the result, K = c_out / shuffle, goes to channel j*shuffle + g.
    channelwise : output channel c is made from input channel c alone; weights are (c_out, 1, p, q).
    upsample : every pixel of the source is four of the result, before anything else (channelwise,
        1 x 1).
    maximum : the largest operand instead of the sum (channelwise); of the weights only the shape
        counts.
    parts : input channels of each partial sum (of a group), or () for one sum. Every part is scaled
        and rounded like a layer of its own; the next one adds it as its bypass.
    """

    name: str
    source: str
    target: str
    weights: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    stride: int = 1
    taps: tuple = ()
    size: tuple = ()
    activation: Activation = Activation.NONE
    slope: int = 0
    bounds: tuple = ()
    bypass: str | None = None
    late: bool = False
    activated: str = ""
    groups: int = 1
    shuffle: int = 1
    channelwise: bool = False
    maximum: bool = False
    upsample: bool = False
    parts: tuple = ()

    @property
    def kernel(self):
        """(rows, columns) of the kernel."""
        return self.weights.shape[2:]

    @property
    def placed(self):
        """(rows, columns) of its taps."""
        return self.taps or tuple(tuple(range(-((edge - 1) // 2), edge // 2 + 1))
                                  for edge in self.kernel)

    @property
    def reach(self):
        """Pixels beyond a tile that its windows reach."""
        return Descriptor(**tap_fields(*self.placed, stride=self.stride,
                                       channelwise=self.channelwise)).reach

    @property
    def halo(self):
        """Halo that a chip needs for it."""
        return halo_of(self.placed, self.stride)

    @property
    def c_in(self):
        """Input channels of all groups."""
        return self.c_out if self.channelwise else self.weights.shape[1] * self.groups

    @property
    def c_out(self):
        """Output channels."""
        return self.weights.shape[0]

    @property
    def reads(self):
        """Names of the maps it reads."""
        return [self.source] if self.bypass is None else [self.source, self.bypass]


def _checked_layer(layer, shapes):
    """Shape of the layer's output; ModelError when something does not fit."""
    def fail(what):
        raise ModelError(f"Layer {layer.name}: {what}")

    for name in layer.reads:
        if name not in shapes:
            fail(f"map {name} is neither an input nor made by an earlier layer")
    weights = layer.weights
    if weights.dtype != np.uint8 or weights.ndim != 4 or weights.max(initial=0) > ZERO:
        fail("weights must be uint8 (c_out, c_in, p, q) of 0, 1 and 2 (zero)")
    if 0 in layer.kernel or tuple(map(len, layer.placed)) != layer.kernel:
        fail(f"a kernel of {layer.kernel[0]}x{layer.kernel[1]} pixels has taps {layer.taps}")
    if layer.stride not in (1, 2):
        fail(f"stride {layer.stride}, the chip has 1 and 2")
    if any(list(axis) != sorted(set(axis)) or axis[0] > 0 for axis in layer.placed) \
            or layer.halo > REACH:
        fail(f"taps at rows {layer.placed[0]} and columns {layer.placed[1]}; chips have ascending "
             f"ones from -{REACH} to {REACH + layer.stride - 1}, the first not behind the centre")
    if not 0 < layer.c_in <= 65535 or not 0 < layer.c_out <= 65535:
        fail(f"{layer.c_in} -> {layer.c_out} channels, the chip has 1 to 65535")
    if layer.maximum and not layer.channelwise:
        fail("takes a maximum over channels; the chip does so channelwise")
    if layer.channelwise and (weights.shape[1] != 1 or layer.groups > 1 or layer.parts):
        fail("is channelwise, so its weights are (c_out, 1, p, q), without groups and parts")
    if layer.upsample and not (layer.channelwise and layer.stride == 1
                               and layer.placed == ((0,), (0,))):
        fail("upsamples; the chip does so channelwise, with kernel 1 and stride 1")
    for name, parts in (("groups", layer.groups), ("shuffle", layer.shuffle)):
        if parts < 1 or layer.c_out % parts:
            fail(f"{name} = {parts} does not divide {layer.c_out} output channels")
    if layer.shuffle > 1 and layer.bypass is not None:
        fail("adds a map and shuffles; shuffle in the layer before or behind")
    if layer.late and (layer.bypass is None or len(layer.parts) > 1):
        fail("adds after its activation, so it has a bypass and is in one part")
    if layer.bounds and (len(layer.bounds) != 2 or any(
            bound & 0x7FFF > 0x7C00 for bound in layer.bounds)):
        fail(f"bounds {layer.bounds} are not two binary16 numbers")
    if layer.parts and (min(layer.parts) < 1 or sum(layer.parts) != weights.shape[1]):
        fail(f"parts {layer.parts} are not {weights.shape[1]} input channels")
    for name in ("alpha", "beta"):
        values = getattr(layer, name)
        if values.dtype != np.uint16 or values.shape != (layer.c_out,):
            fail(f"{name} must be uint16 ({layer.c_out},)")
    channels, height, width = shapes[layer.source]
    if channels != layer.c_in:
        fail(f"reads {layer.c_in} channels, map {layer.source} has {channels}")
    whole = tuple(2 * size if layer.upsample else -(-size // layer.stride)
                  for size in (height, width))
    made = layer.size or whole
    if any(not 0 < size <= most for size, most in zip(made, whole, strict=True)):
        fail(f"makes {made[0]}x{made[1]} pixels, the chip 1x1 to {whole[0]}x{whole[1]}")
    shape = (layer.c_out, *made)
    if layer.bypass is not None and shapes[layer.bypass] != shape:
        fail(f"makes {shape}, its bypass {layer.bypass} is {shapes[layer.bypass]}")
    if layer.target in shapes:
        fail(f"map {layer.target} exists already")
    return shape


def _joined(concat, shapes):
    """Shape of a Concat; ModelError when its parts do not fit each other."""
    parts = [shapes[name] for name in concat.sources]
    if len({shape[1:] for shape in parts}) != 1 or concat.target in shapes:
        raise ModelError(f"Concat {concat.name}: parts {parts} have different sizes, or its map "
                         f"{concat.target} exists already")
    return sum(shape[0] for shape in parts), *parts[0][1:]


@dataclass(frozen=True)
class Concat:
    """Maps of equal size behind each other along the channels; they lie inside ``target``, so
    nothing is moved."""

    name: str
    sources: tuple
    target: str


@dataclass(frozen=True)
class Average:
    """The mean of every channel of ``source``, a map that a layer or a Concat makes; ``target``
    (channels, 1, 1) leaves the chip instead of the map."""

    name: str
    source: str
    target: str

    @staticmethod
    def factor(shape):
        """binary16 pattern of 1 / pixels of a map (channels, height, width)."""
        return int(half_bits(1 / (shape[1] * shape[2])))


@dataclass(frozen=True, eq=False)
class ChipGraph:
    """Convolutions in an order that can be executed.

    Attributes
    ----------
    inputs : name of a map -> its shape (channels, height, width).
    layers : list of ConvLayer.
    outputs : names of the maps that leave the chip, each an input, made by a layer or a Concat.
    concats : list of Concat; a map may be part of one.
    averages : list of Average; they leave the chip, no layer reads them.
    shapes : name of every map -> shape, derived.
    slices : name of every map that is part of a Concat -> (map, first channel) that it lies in;
        that map is no part of another.

    Raises
    ------
    ModelError
        when shapes, types or names do not fit each other.
    """

    inputs: dict
    layers: list
    outputs: list
    concats: list = field(default_factory=list)
    averages: list = field(default_factory=list)
    shapes: dict = field(init=False)
    slices: dict = field(init=False)

    def __post_init__(self):
        shapes = {name: tuple(shape) for name, shape in self.inputs.items()}
        waiting = list(self.concats)

        def join():
            """Concats whose parts are all there."""
            for concat in [c for c in waiting if all(name in shapes for name in c.sources)]:
                waiting.remove(concat)
                shapes[concat.target] = _joined(concat, shapes)
                join()

        join()
        layers = []
        for layer in self.layers:
            shapes[layer.target] = _checked_layer(layer, shapes)
            # On a map of one pixel a stride does nothing but ask for other tiles.
            single = shapes[layer.source][1:] == (1, 1)
            layers.append(replace(layer, stride=1) if single else layer)
            join()
        object.__setattr__(self, "layers", layers)
        made = {layer.target for layer in layers} | {concat.target for concat in self.concats}
        for average in self.averages:
            if average.source not in made or average.target in shapes:
                raise ModelError(f"Average {average.name}: {average.source} is not made by a "
                                 f"layer or Concat, or {average.target} exists already")
        leave = {average.target for average in self.averages}
        for name in [*(name for name in self.outputs if name not in leave),
                     *(concat.target for concat in waiting)]:
            if name not in shapes:
                raise ModelError(f"Map {name} is not made by any layer")
        object.__setattr__(self, "shapes", shapes)
        object.__setattr__(self, "slices", self._slices())
        for layer in self.layers:
            if layer.bypass is not None and (layer.target in self.slices
                                             or layer.bypass in self.slices):
                raise ModelError(f"Layer {layer.name}: a sum with bypass, and its operand, cannot "
                                 "lie inside another map; add in a layer of its own")

    def _slices(self):
        parents = {}
        for concat in self.concats:
            first = 0
            for name in concat.sources:
                if name in parents:
                    raise ModelError(f"Map {name} is part of two others ({parents[name][0]} and "
                                     f"{concat.target}); copy it with a layer of its own")
                parents[name] = concat.target, first
                first += self.shapes[name][0]
        slices = {}
        for name, (parent, first) in parents.items():
            while parent in parents:
                parent, offset = parents[parent]
                first += offset
            slices[name] = parent, first
        return slices

    def place(self, name):
        """(map that ``name`` lies in, its first channel there)."""
        return self.slices.get(name, (name, 0))

    @property
    def stored_last(self):
        """Names of the maps that leave, or whose means leave, behind the last layer: what is an
        input, or joined of parts."""
        return [name for name in self.outputs if name in self.inputs or len(
            self.parts(name)) > 1] + [average.source for average in self.averages if len(
                self.parts(average.source)) > 1]

    def parts(self, name):
        """Names of the maps that ``name`` is joined of, itself first."""
        for concat in self.concats:
            if concat.target == name:
                return [name, *(part for source in concat.sources for part in self.parts(source))]
        return [name]
