"""The unit behind ``rq.pack``: 32-bit accumulators to packed outputs of 8, 4 or 2 bits."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import CSRS
from .stages import RetireStage

__all__ = ["Requantiser"]

# By code; the fourth is the third once more.
_WIDTHS = (8, 4, 2, 2)


class RequantControl(data.Struct):
    """CSR rq_control: shift; width code (0: 8 bits, 1: 4, 2 and 3: 2); outputs are signed."""

    shift: 6
    width: 2
    signed: 1


class Requantiser(wiring.Component):
    """Products are made in execute and their sum with the addend in retire. The shift comes a
    cycle later, clip and insertion another one. Latency: what is in ``stage`` in cycle t is in
    rq_word from t + 3; one output a cycle.

    The 64-bit sum cannot overflow: |rs1 * rs2| is at most 2**62, |rs3| at most 2**31; a shifted
    addend can, and what leaves 64 bits is lost.

    Parameters
    ----------
    clearing : whether addends can be shifted, by what rq_control has above its other fields.
    storing : whether a word can be completed, which is kept for a store.
    ties : whether results can be even, or odd, where nothing but zeros is shifted out, by what
        rq_control has above all others; only with ``clearing``.

    Members
    -------
    stage : what retire holds. coming_shifts : the addend of what retire will hold in the next cycle
        is shifted (with ``clearing``). busy : an output is still under way behind retire.
    csr_write, csr_value : write strobes by register, as in ``names``; values : the registers.
    With ``storing``:
    place : late result of what retire holds, an address when it ``places``.
    packed, address : the word that is complete, where it is to be stored. completing : the last
        output of another one is still under way behind retire.
    """

    def __init__(self, clearing=False, storing=False, ties=False):
        self.clearing, self.storing, self.ties = clearing, storing, ties
        groups = ("requant", *(("requant_store",) if storing else ()))
        self.names = tuple(name for name, csr in CSRS.items() if csr.extension in groups)
        super().__init__({
            "stage": In(RetireStage), "busy": Out(1),
            **({"coming_shifts": In(1)} if clearing else {}),
            **({"place": In(32), "packed": Out(32), "address": Out(32), "completing": Out(1)}
               if storing else {}),
            "csr_write": In(len(self.names)), "csr_value": In(32),
            "values": Out(32).array(len(self.names)),
        })

    def elaborate(self, platform):
        m = Module()
        control, word, lane = Signal(RequantControl), Signal(32), Signal(4)
        settings = control.as_value()
        if self.clearing:
            addend_shift, self._amount = Signal(6), Signal(6)
            settings = Cat(settings, addend_shift)
            m.d.sync += self._amount.eq(Mux(self.coming_shifts, addend_shift, 0))
        if self.ties:
            self._chooses, self._odd = Signal(name="chooses"), Signal(name="odd")
            settings = Cat(settings, self._chooses, self._odd)
        registers = {"rq_control": settings, "rq_word": word, "rq_lane": lane}
        if self.storing:
            registers |= {"rq_packed": self.packed, "rq_address": self.address}
        total, summed, shifted = Signal(64), Signal(), Signal()
        m.d.sync += [summed.eq(self.stage.requant), shifted.eq(summed)]
        m.d.comb += self.busy.eq(summed | shifted)
        with m.If(self.stage.requant):
            m.d.sync += total.eq(self._sum(m))
        clipped = self._clip(m, control, total)
        for i, name in enumerate(self.names):
            m.d.comb += self.values[i].eq(registers[name])
            with m.If(self.csr_write[i]):
                m.d.sync += registers[name].eq(self.csr_value)
                if name == "rq_word":
                    m.d.sync += lane.eq(0)
        # A CSR access waits until the unit is not busy, so both never write at once; what is known
        # early decides last.
        inserted, stepped = Signal(32), Signal(4)
        m.d.comb += [inserted.eq(self._insert(control, word, lane, clipped)), stepped.eq(lane + 1)]
        with m.If(shifted):
            m.d.sync += [word.eq(inserted), lane.eq(stepped)]
        if self.storing:
            self._complete(m, inserted, word, lane)
        return m

    def _complete(self, m, inserted, word, lane):
        """Words that are complete, and where they are stored."""
        summed, shifted = Signal(name="completing_summed"), Signal(name="completing_shifted")
        m.d.sync += [summed.eq(self.stage.requant & self.stage.completes), shifted.eq(summed)]
        m.d.comb += self.completing.eq(summed | shifted)
        with m.If(shifted):
            m.d.sync += [self.packed.eq(inserted), word.eq(0), lane.eq(0)]
        with m.If(self.stage.places):
            m.d.sync += self.address.eq(self.place)

    def _sum(self, m):
        stage = self.stage
        addend = stage.accumulator.as_signed()
        if self.clearing:
            extended = Signal(64)
            # Zeros come in, so what is shifted needs no sign.
            m.d.comb += extended.eq(addend)
            addend = (extended << self._amount)[:64]
        return (Cat(stage.total[:32], stage.high) + addend)[:64]

    def _clip(self, m, control, total):
        """The shifted sum, a cycle later, limited to the range of an output, in 8 bits."""
        shifted, lowest_bits, negative = Signal(64), Signal(8), Signal()
        m.d.comb += shifted.eq(total.as_signed() >> control.shift)
        m.d.sync += [lowest_bits.eq(shifted), negative.eq(shifted[63])]
        results, less = [], self._one_less(m, control, total, lowest_bits) if self.ties else 0
        for i, width in enumerate(_WIDTHS):
            # Inside the range all bits above the magnitude repeat the sign.
            outside, beyond = shifted[width - 1:63] ^ shifted[63].replicate(64 - width), Signal(
                name=f"beyond_{i}")
            m.d.sync += beyond.eq(Mux(control.signed, outside.any(),
                                      outside[1:].any() | shifted[63]))
            lowest = Mux(control.signed, 1 << width - 1, 0)
            highest = Mux(control.signed, (1 << width - 1) - 1, (1 << width) - 1)
            inside = lowest_bits[:width]
            if self.ties:
                # One less than the least is the least.
                inside = (inside - (less & (inside != lowest)))[:width]
            results.append(Mux(beyond, Mux(negative, lowest, highest), inside))
        return Array([Cat(result, Const(0, 1))[:8] for result in results])[control.width]

    def _one_less(self, m, control, total, lowest_bits):
        """Whether the result, a cycle later, has the wrong parity and lies on an integer. (One
        above the range is cut to the same.)"""
        exact = Signal()
        shifted_out = Cat(control.shift > bit for bit in range(63)) & total[:63]
        m.d.sync += exact.eq(~shifted_out.any())
        return self._chooses & exact & (lowest_bits[0] != self._odd)

    @staticmethod
    def _insert(control, word, lane, value):
        words = []
        for width in _WIDTHS:
            index = lane[:(32 // width - 1).bit_length()]
            words.append(Cat(*(Mux(index == i, value[:width], word[i * width:(i + 1) * width])
                               for i in range(32 // width))))
        return Array(words)[control.width]
