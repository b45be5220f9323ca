"""The dot-product unit with streams, for use outside the core."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared

from ..formats import FORMAT_BITS, FormatDecoder
from .vector import DotVector

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


class DotProduct(Shared):
    """Mixed-precision dot product with accumulation; one result a cycle, latency 2 cycles.

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
        m.submodules.vector = vector = DotVector(self.structure)
        request = self.i.payload
        m.d.comb += [
            decoder.code.eq(request.code), vector.control.eq(decoder.control),
            vector.a.eq(request.a), vector.w.eq(request.w), vector.a_signed.eq(request.a_signed),
            vector.w_signed.eq(request.w_signed), vector.slice_index.eq(request.slice_index),
        ]
        valid, illegal = Signal(), Signal()
        total, carry, accumulator = Signal(32), Signal(32), Signal(32)
        advance = Signal()
        m.d.comb += [advance.eq(~self.o.valid | self.o.ready), self.i.ready.eq(advance)]
        with m.If(advance):
            m.d.sync += [
                valid.eq(self.i.valid), illegal.eq(~decoder.control.legal),
                total.eq(Mux(decoder.control.legal, vector.total, 0)),
                carry.eq(Mux(decoder.control.legal, vector.carry, 0)),
                accumulator.eq(request.accumulator),
                self.o.valid.eq(valid), self.o.payload.illegal.eq(illegal),
                self.o.payload.value.eq(total + carry + accumulator),
            ]
        return m
