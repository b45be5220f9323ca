"""A chip with both machines behind a serial line. docs/soc.md."""

from amaranth.hdl import ClockDomain, ClockSignal, Const, DomainRenamer, ResetSignal, Signal
from amaranth.lib import wiring

from ..soc.soc import Soc
from .core_system import MEMORY_BASE, CoreSystem
from .executor import INPUTS, OUTPUTS
from .frame import Space
from .registers import Design
from .streams import InputStore, OutputRing
from .system import geometry

__all__ = ["SocSystem"]


class SocSystem(CoreSystem):
    """A Flex-V core and a Hyperdrive chip behind a serial line, in one clock domain.

    As :class:`~.core_system.CoreSystem`, but: a run begins only when the words that came to the
    memory have the CRC-32 of PROGRAM_CRC; each begins with core, chip, DMA and timer in reset; one
    that sleeps does not end, since interrupts wake it. The space PIXELS is a ring of words for the
    core, REPORTS one of words of the core, with a CRC-32 after each transfer.

    Latency: bytes of the line, then that of the core with a memory of one cycle that it shares with
    the DMA; no input reaches an output without a register.

    Parameters
    ----------
    config : :class:`~.soc_config.SocConfig`.

    Members
    -------
    as of :class:`~.core_system.CoreSystem`.
    """

    design = Design.SOC

    def _own_constants(self):
        config = self.config
        return {"INPUT_WORDS": config.input_words, "OUTPUT_WORDS": config.output_words,
                "GEOMETRY": geometry(config.chip)}

    def _ready(self, memory, control):
        return memory.crc == control.PROGRAM_CRC

    def _processor(self, m, executor, running):
        config = self.config
        m.domains += ClockDomain("run", local=True)
        m.d.comb += [ClockSignal("run").eq(ClockSignal()),
                     ResetSignal("run").eq(ResetSignal() | ~running)]
        soc = Soc(config.core, config.chip, MEMORY_BASE, (4 * config.memory_words - 1).bit_length())
        m.submodules.soc = DomainRenamer("run")(soc)
        self._input(m, executor, soc)
        self._output(m, executor, soc)
        return soc, Const(0)

    def _input(self, m, executor, soc):
        """Words of the host, for the core."""
        m.submodules.input = store = InputStore(32, self.config.input_words)
        at = INPUTS.index(Space.PIXELS)
        wiring.connect(m, store.o, soc.i_received)
        m.d.comb += [
            store.word.eq(executor.word_out),
            store.write.eq(executor.write & (executor.space == Space.PIXELS)),
            store.start.eq(soc.receives), store.items.eq(soc.receive_count),
            executor.written[at].eq(store.written), executor.room[at].eq(store.room),
            executor.crc[at].eq(store.crc),
        ]

    def _output(self, m, executor, soc):
        """Words of the core, for the host."""
        m.submodules.output = ring = OutputRing(self.config.output_words)
        here = OUTPUTS.index(Space.REPORTS)
        # Between a transfer and its CRC no word of the next one comes.
        ending = Signal()
        with m.If(soc.sent):
            m.d.sync += ending.eq(1)
        with m.Elif(ring.finished):
            m.d.sync += ending.eq(0)
        m.d.comb += [
            ring.i.payload.eq(soc.o_sent.payload), ring.finish.eq(ending),
            ring.i.valid.eq(soc.o_sent.valid & ~ending & ~soc.sent),
            soc.o_sent.ready.eq(ring.i.ready & ~ending & ~soc.sent),
            ring.address.eq(executor.address), ring.free.eq(executor.free),
            ring.freeing.eq(executor.freeing[here]), executor.freed[here].eq(ring.freed),
            executor.written[len(INPUTS) + here].eq(ring.written),
        ]
        with m.If(executor.space == Space.REPORTS):
            m.d.comb += executor.word.eq(ring.word)
