"""Asynchronous serial line: 8 data bits, no parity, one stop bit, least significant bit first."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..errors import ConfigurationError

__all__ = ["UartReceiver", "UartTransmitter", "divisor"]

# Bits of a byte on the line: start, 8 data bits, stop.
_BITS = 10
# The last bit of a byte is sampled 9.5 bits after its start; the sum of what both ends deviate must
# stay below half a bit less the uncertainty of one sample. 2 % leaves the other end 2 %.
_TOLERANCE = 0.02
_SHORTEST = 8


def divisor(clock, baud):
    """Cycles of a bit at ``clock`` Hz and ``baud`` bits a second.

    Raises
    ------
    ConfigurationError
        when no whole number of cycles is within 2 % of it; says which rates would pass.
    """
    cycles = round(clock / baud)
    if cycles < _SHORTEST or abs(clock / cycles / baud - 1) > _TOLERANCE:
        near = max(cycles, _SHORTEST)
        passing = " or ".join(f"{clock // n:,}" for n in (near, near + 1))
        raise ConfigurationError(
            f"{baud:,} baud is not possible with a clock of {clock / 1e6:g} MHz, "
            f"{clock / baud:.2f} cycles a bit: a whole number within {_TOLERANCE:.0%}, at least "
            f"{_SHORTEST}. What would pass: {passing} baud")
    return cycles


class UartReceiver(Shared):
    """Bytes from the line.

    The line passes two registers before anything depends on it. Each bit is the majority of three
    samples around its middle; a start bit that is gone by its middle was a glitch. After a byte
    without a stop bit the line must become idle before the next one.

    No flow control: bytes come when they come. Latency: ``divisor // 2 + 4`` cycles after the
    middle of the stop bit at most.

    Parameters
    ----------
    divisor : cycles of a bit, at least 8.

    Members
    -------
    line : asynchronous, idle at 1.
    byte, valid : a byte, for one cycle.
    broken : for one cycle: a byte without its stop bit.
    """

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__({"line": In(1), "byte": Out(8), "valid": Out(1), "broken": Out(1)},
                         d=divisor)

    def elaborate(self, platform):
        m = Module()
        samples = Signal(4, init=0b1111)    # newest in bit 0, which may be metastable
        m.d.sync += samples.eq(Cat(self.line, samples[:3]))
        bit = Signal()
        m.d.comb += bit.eq((samples[1] & samples[2]) | (samples[1] & samples[3])
                           | (samples[2] & samples[3]))
        wait = Signal(range(self.divisor + 1))
        left = Signal(range(_BITS + 1))     # bits to come; 0: none under way
        idle = Signal(init=1)
        m.d.sync += [self.valid.eq(0), self.broken.eq(0)]
        with m.If(left == 0):
            with m.If(samples[1]):
                m.d.sync += idle.eq(1)
            with m.Elif(idle):
                m.d.sync += [left.eq(_BITS), wait.eq(self.divisor // 2)]
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [wait.eq(self.divisor - 1), left.eq(left - 1)]
            with m.If(left == _BITS):
                with m.If(bit):
                    m.d.sync += left.eq(0)
            with m.Elif(left == 1):
                m.d.sync += [self.valid.eq(bit), self.broken.eq(~bit), idle.eq(bit)]
            with m.Else():
                m.d.sync += self.byte.eq(Cat(self.byte[1:], bit))
        return m


class UartTransmitter(Shared):
    """Bytes to the line.

    Latency: the start bit begins in the cycle after a byte was taken; a byte every 10 x
    ``divisor`` cycles.

    Parameters
    ----------
    divisor : cycles of a bit.

    Members
    -------
    i : bytes.
    line : idle at 1; a register.
    """

    def __init__(self, divisor):
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "line": Out(1, init=1)}, d=divisor)

    def elaborate(self, platform):
        m = Module()
        bits = Signal(_BITS - 1, init=(1 << _BITS - 1) - 1)
        left = Signal(range(_BITS + 1))     # bits whose time is not over
        wait = Signal(range(self.divisor))
        last = Signal()
        m.d.comb += [last.eq((left == 0) | ((left == 1) & (wait == 0))), self.i.ready.eq(last)]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(left != 0):
            m.d.sync += [wait.eq(self.divisor - 1), left.eq(left - 1), self.line.eq(bits[0]),
                         bits.eq(Cat(bits[1:], 1))]
        with m.If(last & self.i.valid):
            m.d.sync += [left.eq(_BITS), wait.eq(self.divisor - 1), self.line.eq(0),
                         bits.eq(Cat(self.i.payload, 1))]
        return m
