"""Timer and software interrupt, as in SiFive's CLINT.

Source: SiFive FU540-C000 Manual, chapter 9.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .ports import device_port
from .registers import CLINT

__all__ = ["Timer"]


class Timer(wiring.Component):
    """mtime counts cycles; a half that is stored is that in the next cycle.

    Latency: one cycle from a store to the lines.

    Members
    -------
    port : registers of the page CLINT. software, timer : interrupt lines.
    """

    def __init__(self):
        super().__init__({"port": In(device_port(CLINT.bits)), "software": Out(1),
                          "timer": Out(1)})

    def elaborate(self, platform):
        m = Module()
        port, time, compare = self.port, Signal(64), Signal(64, init=(1 << 64) - 1)
        lines = Cat(port.bytes[at].replicate(8) for at in range(4))
        words = {"MSIP": self.software, "MTIMECMP": compare[:32], "MTIMECMPH": compare[32:],
                 "MTIME": time[:32], "MTIMEH": time[32:]}
        m.d.sync += time.eq(time + 1)
        m.d.comb += self.timer.eq(time >= compare)
        for register in CLINT.registers:
            word = words[register.name]
            with m.If(port.address == register.offset // 4):
                m.d.comb += [port.read_word.eq(word), port.readable.eq(1), port.writable.eq(1)]
                with m.If(port.write):
                    m.d.sync += word.eq((word & ~lines) | (port.word & lines))
        return m
