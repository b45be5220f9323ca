"""The sum of products of a dot product, in one of several structures and two parts."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.errors import ConfigurationError

from .array import ArrayFinish, ArrayVector
from .islands import IslandFinish, IslandVector
from .signature import FINISH_SIGNATURE, LaneOperands, LaneSums

__all__ = ["STRUCTURES", "DotFinish", "DotVector"]

# Name of the structure -> how to make its parts.
STRUCTURES = {
    "array": (ArrayVector, ArrayFinish),
    "islands": (IslandVector, IslandFinish),
    # What is left without the sub-16-bit formats: the yardstick for the area.
    "only16": (lambda: IslandVector((16,)), IslandFinish),
}


def _parts(structure):
    if structure not in STRUCTURES:
        raise ConfigurationError(f"structure must be one of {', '.join(STRUCTURES)}, "
                                 f"not {structure!r}")
    return STRUCTURES[structure]


class DotVector(wiring.Component):
    """Products of corresponding lanes, added up, combinational.

    Parameters
    ----------
    structure : ``"array"`` (shared partial-product array), ``"islands"`` (one set of multipliers
        per lane width) or ``"only16"`` (lanes of 16 bits only).

    Members
    -------
    i : lanes, see :class:`.operands.DotOperands`. o : sums, for :class:`DotFinish`.
    """

    i: In(LaneOperands)
    o: Out(LaneSums)

    def __init__(self, structure="array"):
        self._make, _ = _parts(structure)
        self.structure = structure
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.lanes = lanes = self._make()
        m.d.comb += [lanes.i.eq(self.i), self.o.total.eq(lanes.total),
                     self.o.carry.eq(lanes.carry),
                     *(getattr(self.o, name).eq(getattr(self.i, name))
                       for name in ("x_signed", "y_signed", "size"))]
        return m


class DotFinish(wiring.Component):
    """Last part before accumulation, combinational; the result is ``total + carry`` modulo 2**32.

    All zeros of ``i`` but for ``total`` and ``carry`` pass the lowest 32 bits of these on.
    """

    def __init__(self, structure="array"):
        _, self._make = _parts(structure)
        super().__init__(FINISH_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        m.submodules.finish = finish = self._make()
        m.d.comb += [finish.i.eq(self.i), self.total.eq(finish.total),
                     self.carry.eq(finish.carry)]
        return m
