"""Dot product of an activation word and a weight word in any format, before accumulation."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.errors import ConfigurationError

from ..formats import FormatControl
from .array import ArrayVector
from .islands import IslandVector
from .slicer import Slicer

__all__ = ["STRUCTURES", "DotVector"]

# Name of the structure -> how to make it.
STRUCTURES = {
    "array": ArrayVector,
    "islands": IslandVector,
    # What is left without the sub-16-bit formats: the yardstick for the area.
    "only16": lambda: IslandVector((16,)),
}


class DotVector(wiring.Component):
    """Sum of the products of corresponding lanes, modulo 2**32, combinational.

    Parameters
    ----------
    structure : ``"array"`` (shared partial-product array), ``"islands"`` (one set of multipliers
        per lane width) or ``"only16"`` (lanes of 16 bits only).

    Members
    -------
    a, w : activation and weight word. The narrower of the two holds several slices.
    a_signed, w_signed : whether the lanes are two's complement.
    control : format, see :class:`flexdrive.flexv.formats.FormatControl`.
    slice_index : which slice of the narrower word.
    total, carry : the result is ``total + carry`` modulo 2**32.
    """

    a: In(32)
    w: In(32)
    a_signed: In(1)
    w_signed: In(1)
    control: In(FormatControl)
    slice_index: In(3)
    total: Out(32)
    carry: Out(32)

    def __init__(self, structure="array"):
        if structure not in STRUCTURES:
            raise ConfigurationError(f"structure must be one of {', '.join(STRUCTURES)}, "
                                     f"not {structure!r}")
        self.structure = structure
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.slicer = slicer = Slicer()
        m.submodules.vector = vector = STRUCTURES[self.structure]()
        swap = self.control.swap
        wide, narrow, wide_signed, narrow_signed = (
            Signal(32), Signal(32), Signal(), Signal())
        m.d.comb += [
            wide.eq(Mux(swap, self.w, self.a)), narrow.eq(Mux(swap, self.a, self.w)),
            wide_signed.eq(Mux(swap, self.w_signed, self.a_signed)),
            narrow_signed.eq(Mux(swap, self.a_signed, self.w_signed)),
            slicer.word.eq(narrow), slicer.index.eq(self.slice_index),
            slicer.is_signed.eq(narrow_signed), slicer.size.eq(self.control.size),
            slicer.ratio.eq(self.control.ratio),
            vector.x.eq(wide), vector.y.eq(slicer.o), vector.x_signed.eq(wide_signed),
            vector.y_signed.eq(narrow_signed), vector.size.eq(self.control.size),
            self.total.eq(vector.total), self.carry.eq(vector.carry),
        ]
        return m
