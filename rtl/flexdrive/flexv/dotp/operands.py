"""First part of a dot product: which lanes meet."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..formats import FormatControl
from .array import reverse_lanes
from .geometry import SIGN_CLASSES, SIZES, sign_flip
from .signature import LaneOperands
from .slicer import Slicer

__all__ = ["DotOperands"]


class DotOperands(wiring.Component):
    """Activation and weight word of any format to words of equally wide lanes, combinational.

    Parameters
    ----------
    structure : see :class:`.vector.DotVector`.

    Members
    -------
    a, w : activation and weight word. The narrower of the two holds several slices.
    a_signed, w_signed : whether the lanes are two's complement.
    control : format, see :class:`flexdrive.flexv.formats.FormatControl`.
    slice_index : which slice of the narrower word.
    o : lanes to be multiplied.
    """

    a: In(32)
    w: In(32)
    a_signed: In(1)
    w_signed: In(1)
    control: In(FormatControl)
    slice_index: In(3)
    o: Out(LaneOperands)

    def __init__(self, structure="array"):
        self._reverses = structure == "array"
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.slicer = slicer = Slicer()
        swap, o = self.control.swap, self.o
        # Nothing reads a part of ``o``: simulators order whole signals.
        narrow, narrow_signed, wide_signed = Signal(32), Signal(), Signal()
        m.d.comb += [
            o.x.eq(Mux(swap, self.w, self.a)), narrow.eq(Mux(swap, self.a, self.w)),
            wide_signed.eq(Mux(swap, self.w_signed, self.a_signed)), o.x_signed.eq(wide_signed),
            narrow_signed.eq(Mux(swap, self.a_signed, self.w_signed)),
            slicer.word.eq(narrow), slicer.index.eq(self.slice_index),
            slicer.is_signed.eq(narrow_signed), slicer.size.eq(self.control.size),
            slicer.ratio.eq(self.control.ratio),
            o.y.eq(reverse_lanes(slicer.o, self.control.size) if self._reverses else slicer.o),
            o.y_signed.eq(narrow_signed), o.size.eq(self.control.size),
            *(o.decoded.at_most[size].eq(self.control.size <= size) for size in SIZES[:3]),
        ]
        sizes = [self.control.size == size for size in SIZES]
        m.d.comb += [o.decoded.negative[i].eq(sign_flip(places, sizes, wide_signed, narrow_signed))
                     for i, places in enumerate(SIGN_CLASSES)]
        return m
