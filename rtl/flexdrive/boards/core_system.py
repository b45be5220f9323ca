"""A Flex-V core with its memory behind a serial line. docs/board-link.md."""

from amaranth.hdl import Cat, Const, Module, ResetInserter, Signal
from amaranth.lib import wiring

from ..flexv.core import Core
from .console import Console
from .core_memory import CoreMemory
from .executor import INPUTS, OUTPUTS
from .frame import Space
from .line import LineSystem
from .registers import Design, End, register_named

__all__ = ["MEMORY_BASE", "CoreSystem"]

MEMORY_BASE = 0x80000000    # where programs are linked to (firmware/link.ld)


class CoreSystem(LineSystem):
    """A Flex-V core and its memory behind a serial line, in one clock domain.

    The core is held in reset but for its runs. A run begins at BOOT when RUN is not RUNS_DONE, and
    ends when a word other than 0 is stored at TOHOST, when the core sleeps (no interrupt can come),
    or after LIMIT cycles. The memory keeps its words. What the core prints is the space RESULTS.

    Latency: bytes of the line, then that of the core with a memory of one cycle; no input reaches
    an output without a register.

    Parameters
    ----------
    config : :class:`~.config.CoreSystemConfig`.

    Members
    -------
    as of :class:`~.line.LineSystem`.
    busy, fault : the core runs; the last run did not end by a store.
    """

    design = Design.FLEXV

    def elaborate(self, platform):
        m = Module()
        config = self.config
        executor, registers = self.begin(m, self.design, {
            "MEMORY_WORDS": config.memory_words, "MEMORY_BASE": MEMORY_BASE,
            "CONSOLE_WORDS": config.console_words, **self._own_constants()})
        m.submodules.memory = memory = CoreMemory(config.memory_words, MEMORY_BASE)
        running, cycles, end = Signal(), Signal(64), Signal(End)
        control = registers.control
        program = INPUTS.index(Space.PROGRAM)
        m.d.comb += [
            memory.running.eq(running),
            memory.word.eq(executor.word_out), memory.offset.eq(control.OFFSET),
            memory.write.eq(executor.write & (executor.space == Space.PROGRAM)),
            memory.peek_address.eq(executor.address),
            memory.peek.eq(executor.peek & (executor.space == Space.PROGRAM)),
            executor.written[program].eq(memory.written), executor.crc[program].eq(memory.crc),
            # What the core is at work on takes no words.
            executor.room[program].eq(~running * config.memory_words),
            executor.replay[program].eq(1), executor.idle.eq(~running), self.busy.eq(running),
            self.fault.eq(end > End.STORED.value), executor.word.eq(memory.peek_word),
        ]
        console = self._console(m, executor)
        with m.Switch(executor.space):
            with m.Case(Space.REGISTERS):
                m.d.comb += executor.word.eq(registers.word)
            with m.Case(Space.RESULTS):
                m.d.comb += executor.word.eq(console.word)
        core, asleep = self._processor(m, executor, running)
        m.d.comb += core.boot_address.eq(control.BOOT)
        for port, other in ((core.ibus, memory.ibus), (core.dbus, console.dbus),
                            (console.memory, memory.dbus)):
            wiring.connect(m, port, other)
        self._run(m, registers, running, cycles, end, console.full, store=core.dbus,
                  asleep=asleep, ready=self._ready(memory, control))
        return m

    def _own_constants(self):
        """Constant registers that other designs do not have."""
        return {}

    def _processor(self, m, executor, running):
        """(what has the ports ``ibus``, ``dbus``, ``boot_address``, in reset unless ``running``;
        whether it sleeps for ever)."""
        core = Core(self.config.core)
        m.submodules.core = ResetInserter(~running)(core)
        return core, core.sleeping

    def _ready(self, memory, control):
        """Whether a run may begin."""
        return Const(1)

    def _console(self, m, executor):
        """The ring of what is printed, behind the executor."""
        m.submodules.console = console = Console(self.config.console_words)
        ring = OUTPUTS.index(Space.RESULTS)
        at = len(INPUTS) + ring
        m.d.comb += [
            console.address.eq(executor.address), console.free.eq(executor.free),
            console.freeing.eq(executor.freeing[ring]), executor.freed[ring].eq(console.freed),
            executor.written[at].eq(console.written),
        ]
        return console

    def _run(self, m, registers, running, cycles, end, full, *, store, asleep, ready):
        """Begin and end of a run, and what is told of it."""
        control, state = registers.control, registers.state
        done, value, stored = Signal(32), Signal(32), Signal()
        m.d.comb += stored.eq(store.req & store.we & (store.addr == control.TOHOST)
                              & (store.wdata != 0))
        with m.If(running):
            m.d.sync += cycles.eq(cycles + 1)
            for what, why in ((cycles == control.LIMIT - 1, End.LIMIT),
                              (asleep, End.ASLEEP), (stored, End.STORED)):
                with m.If(what):
                    m.d.sync += [running.eq(0), end.eq(why), done.eq(done + 1)]
            with m.If(stored):
                m.d.sync += value.eq(store.wdata)
        with m.Elif(done != control.RUN):
            m.d.sync += [running.eq(1), cycles.eq(0), end.eq(End.NONE), value.eq(0)]
            with m.If(~ready):
                m.d.sync += [running.eq(0), end.eq(End.PROGRAM), done.eq(done + 1)]
        at = {name: low for name, low, _, _ in register_named("STATUS", self.design).fields}
        m.d.comb += [
            state.STATUS.eq(Cat(running) | full << at["printing"] | end << at["end"]),
            state.RUNS_DONE.eq(done), state.VALUE.eq(value),
            Cat(state.CYCLES_LOW, state.CYCLES_HIGH).eq(cycles),
        ]
