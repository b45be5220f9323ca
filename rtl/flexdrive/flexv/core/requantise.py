"""The unit behind ``rq.pack``: 32-bit accumulators to packed outputs of 8, 4 or 2 bits."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..isa import CSRS
from .stages import WriteBackStage

__all__ = ["Requantiser"]

# By code; the fourth is the third once more.
_WIDTHS = (8, 4, 2, 2)


class RequantControl(data.Struct):
    """CSR rq_control: shift; width code (0: 8 bits, 1: 4, 2 and 3: 2); outputs are signed."""

    shift: 6
    width: 2
    signed: 1


class Requantiser(wiring.Component):
    """Three stages with the core's own: products in execute, their sum with the addend in
    write-back, here shift, clip and insertion a cycle later. One output a cycle.

    The 64-bit sum cannot overflow: |rs1 * rs2| is at most 2**62, |rs3| at most 2**31.

    Members
    -------
    stage : write-back holds an ``rq.pack``; ends : it leaves in this cycle.
    busy : an output is still under way behind write-back.
    csr_write, csr_value : write strobes by register, as in ``NAMES``; values : the registers.
    """

    NAMES = tuple(name for name, csr in CSRS.items() if csr.extension == "requant")

    def __init__(self):
        super().__init__({
            "stage": In(WriteBackStage), "ends": In(1), "busy": Out(1),
            "csr_write": In(len(self.NAMES)), "csr_value": In(32),
            "values": Out(32).array(len(self.NAMES)),
        })

    def elaborate(self, platform):
        m = Module()
        control, word, lane = Signal(RequantControl), Signal(32), Signal(4)
        registers = {"rq_control": control.as_value(), "rq_word": word, "rq_lane": lane}
        total = Signal(64)
        m.d.sync += self.busy.eq(self.ends)
        with m.If(self.ends):
            m.d.sync += total.eq(self._sum())
        clipped = self._clip(m, control, total)
        with m.If(self.busy):
            m.d.sync += [word.eq(self._insert(control, word, lane, clipped)), lane.eq(lane + 1)]
        # A CSR access waits until the unit is not busy, so both never write at once.
        for i, name in enumerate(self.NAMES):
            m.d.comb += self.values[i].eq(registers[name])
            with m.If(self.csr_write[i]):
                m.d.sync += registers[name].eq(self.csr_value)
                if name == "rq_word":
                    m.d.sync += lane.eq(0)
        return m

    def _sum(self):
        stage = self.stage
        product = (stage.total + (stage.carry.as_signed() << 16)
                   + (stage.high.as_signed() << 32))
        return (product + stage.accumulator.as_signed())[:64]

    def _clip(self, m, control, total):
        """The shifted sum, limited to the range of an output, in 8 bits."""
        shifted = Signal(64)
        m.d.comb += shifted.eq(total.as_signed() >> control.shift)
        negative = shifted[63]
        results = []
        for width in _WIDTHS:
            # Inside the range all bits above the magnitude repeat the sign.
            outside = shifted[width - 1:63] ^ negative.replicate(64 - width)
            beyond = Mux(control.signed, outside.any(), outside[1:].any() | negative)
            lowest = Mux(control.signed, 1 << width - 1, 0)
            highest = Mux(control.signed, (1 << width - 1) - 1, (1 << width) - 1)
            results.append(Mux(beyond, Mux(negative, lowest, highest), shifted[:width]))
        return Array([Cat(result, Const(0, 1))[:8] for result in results])[control.width]

    @staticmethod
    def _insert(control, word, lane, value):
        words = []
        for width in _WIDTHS:
            index = lane[:(32 // width - 1).bit_length()]
            words.append(Cat(*(Mux(index == i, value[:width], word[i * width:(i + 1) * width])
                               for i in range(32 // width))))
        return Array(words)[control.width]
