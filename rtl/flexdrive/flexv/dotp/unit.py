"""The dot-product unit with streams, for use outside the core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared

from ..formats import FORMAT_BITS, FormatDecoder
from .operands import DotOperands
from .signature import LaneOperands, LaneSums
from .vector import DotFinish, DotVector

__all__ = ["DotProduct", "DotRequest", "DotResult"]


class DotRequest(data.Struct):
    """One dot product: ``accumulator + sum(a_l * w_l)``.

    ``code`` is a key of :data:`flexdrive.flexv.formats.FORMATS`; ``slice_index`` selects the
    slice of the narrower word, modulo the format's number of slices.
    """

    a: 32
    w: 32
    accumulator: 32
    code: FORMAT_BITS
    slice_index: 3
    a_signed: 1
    w_signed: 1


class DotResult(data.Struct):
    """``value``: the 32-bit result, modulo 2**32. ``illegal``: the format code has no dot
    product, and ``value`` is the accumulator as it came."""

    value: 32
    illegal: 1


class _Beside(data.Struct):
    """What goes through the pipeline beside the lanes."""

    valid: 1
    illegal: 1
    accumulator: 32


class DotProduct(Shared):
    """Mixed-precision dot product with accumulation; one result a cycle.

    Latency: 3 cycles while ``o`` does not wait: operand selection, products, accumulation.
    ``ready`` of ``i`` is combinational from that of ``o``.

    Parameters
    ----------
    structure : see :class:`flexdrive.flexv.dotp.DotVector`.
    narrow_activations : whether formats with activations narrower than weights exist.

    Members
    -------
    i : dot products to be made, a stream of :class:`DotRequest`
    o : results in order, a stream of :class:`DotResult`
    """

    def __init__(self, *, structure="array", narrow_activations=True):
        super().__init__({"i": In(stream.Signature(DotRequest)),
                          "o": Out(stream.Signature(DotResult))},
                         structure=structure, narrow=narrow_activations)
        self.structure = structure
        self.narrow_activations = narrow_activations

    def elaborate(self, platform):
        m = Module()
        m.submodules.format = decoder = FormatDecoder(narrow_activations=self.narrow_activations)
        m.submodules.operands = operands = DotOperands(self.structure)
        m.submodules.vector = vector = DotVector(self.structure)
        m.submodules.finish = finish = DotFinish(self.structure)
        request = self.i.payload
        m.d.comb += [
            decoder.code.eq(request.code), operands.control.eq(decoder.control),
            *(getattr(operands, name).eq(getattr(request, name))
              for name in ("a", "w", "a_signed", "w_signed", "slice_index")),
        ]
        lanes, chosen, summed = Signal(LaneOperands), Signal(_Beside), Signal(_Beside)
        sums, advance = Signal(LaneSums), Signal()
        m.d.comb += [advance.eq(~self.o.valid | self.o.ready), self.i.ready.eq(advance),
                     vector.i.eq(lanes), finish.i.eq(sums)]
        with m.If(advance):
            m.d.sync += [
                chosen.valid.eq(self.i.valid), chosen.illegal.eq(~decoder.control.legal),
                chosen.accumulator.eq(request.accumulator), lanes.eq(operands.o),
                summed.eq(chosen), sums.eq(Mux(chosen.illegal, 0, vector.o.as_value())),
                self.o.valid.eq(summed.valid), self.o.payload.illegal.eq(summed.illegal),
                self.o.payload.value.eq(finish.total + finish.carry + summed.accumulator),
            ]
        return m
