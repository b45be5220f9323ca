"""The registers of :mod:`.chip_registers` that both buses have."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..hyperdrive.descriptor.fields import Code
from .chip_registers import (
    BANK_BITS,
    REGISTERS,
    STREAMS,
    Access,
    Event,
    constants,
)

__all__ = ["RegisterBank"]

_WORDS = BANK_BITS - 2
_BANK = [register for register in REGISTERS if not register.wishbone]


class RegisterBank(Shared):
    """Identity, status, events, counters, time-out, reset of a chip behind a bus.

    Latency: reads are combinational from ``read_address``, a write counts from the next cycle;
    ``reset`` is high in the cycle after the write that asks for it, ``irq`` two cycles after the
    event.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Members
    -------
    read_address, read_word, readable : number of a word, what it says, whether it is there.
    write_address, writable, write, write_word, write_bytes : number of a word, whether it may be
        written (combinational), and a write of the selected bytes.
    busy : the chip works.
    waits, moves : bit per stream of STREAMS: one side waits for the other; a word moves.
    code, index : of the report that moves.
    rejected : a window of Wishbone answered ERR.
    reset : the chip is to be reset in this cycle.
    irq : an enabled event has happened.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "read_address": In(_WORDS), "read_word": Out(32), "readable": Out(1),
            "write_address": In(_WORDS), "writable": Out(1), "write": In(1),
            "write_word": In(32), "write_bytes": In(4), "busy": In(1),
            "waits": In(len(STREAMS)), "moves": In(len(STREAMS)), "code": In(8), "index": In(16),
            "rejected": In(1), "reset": Out(1), "irq": Out(1),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            w=config.weight_words, l=config.adder_depth, r=config.halo, **config.layer_parameters)

    def elaborate(self, platform):
        m = Module()
        words = dict(constants(self.config))
        enable, happened = (Signal(len(Event), name=name) for name in ("enable", "happened"))
        timeout, waited = Signal(32), Signal(len(STREAMS))
        words |= {"CONTROL": 0, "IRQ_ENABLE": enable, "IRQ_STATUS": happened,
                  "TIMEOUT": timeout, "WAITED": waited,
                  "STATUS": Cat(self.busy, Signal(7), self.waits)}
        written = self._writes(m)
        with m.If(written["IRQ_ENABLE"]):
            m.d.sync += enable.eq(self._merged(enable))
        with m.If(written["TIMEOUT"]):
            m.d.sync += timeout.eq(self._merged(timeout))
        m.d.sync += self.reset.eq(written["CONTROL"] & self.write_bytes[0] & self.write_word[0])
        expired = self._expired(m, timeout, written["TIMEOUT"])
        report = self.moves[STREAMS.index("reports")]
        refused = report & (self.code != Code.OK)
        events = {Event.REPORT: report, Event.REFUSED: refused, Event.TIMEOUT: expired,
                  Event.REJECTED: self.rejected}
        cleared = self._selected(written["IRQ_STATUS"], len(Event))
        # What happens in the cycle in which it is cleared is kept.
        m.d.sync += [
            happened.eq((happened & ~cleared) | Cat(events[event] for event in Event)),
            waited.eq((waited & ~self._selected(written["WAITED"], len(STREAMS)))
                      | Mux(expired, self.waits, 0)),
            self.irq.eq((happened & enable).any()),
        ]
        words |= self._counters(m, refused & ~happened[Event.REFUSED])
        self._reads(m, words)
        return m

    def _writes(self, m):
        """{register: it is written}."""
        found = {}
        for register in _BANK:
            if register.access in (Access.CONTROL, Access.CLEARED):
                here = Signal(name=f"at_{register.name.lower()}")
                m.d.comb += here.eq(self.write_address == register.offset // 4)
                found[register.name] = here & self.write
                with m.If(here):
                    m.d.comb += self.writable.eq(1)
        return found

    def _bytes(self):
        """Bit by bit, what is written."""
        return Cat(self.write_bytes[at].replicate(8) for at in range(4))

    def _merged(self, register):
        return (self.write_word & self._bytes()) | (register & ~self._bytes())

    def _selected(self, written, bits):
        """Bits to which 1 is written."""
        return (self.write_word & self._bytes())[:bits] & written.replicate(bits)

    def _expired(self, m, timeout, changed):
        """Busy, and no stream has moved for ``timeout`` cycles; once until one moves."""
        still, expired = Signal(32), Signal()
        m.d.comb += expired.eq(self.busy & ~self.moves.any() & (still + 1 == timeout)
                               & (timeout != 0))
        with m.If(~self.busy | self.moves.any() | self.reset | changed):
            m.d.sync += still.eq(0)
        with m.Elif(still + 1 != 1 << 32):
            m.d.sync += still.eq(still + 1)
        return expired

    def _counters(self, m, first_refusal):
        """What is counted and kept since the last reset of the chip."""
        found = {}
        for at, name in enumerate(STREAMS):
            count = Signal(32, name=f"{name}_count")
            m.d.sync += count.eq(Mux(self.reset, 0, count + self.moves[at]))
            found[f"{name.upper()}_COUNT"] = count
        refused = Signal(24)
        with m.If(self.reset):
            m.d.sync += refused.eq(0)
        with m.Elif(first_refusal):
            m.d.sync += refused.eq(Cat(self.index, self.code))
        return found | {"REFUSED": refused}

    def _reads(self, m, words):
        with m.Switch(self.read_address):
            for register in _BANK:
                with m.Case(register.offset // 4):
                    m.d.comb += [self.read_word.eq(words[register.name]), self.readable.eq(1)]
