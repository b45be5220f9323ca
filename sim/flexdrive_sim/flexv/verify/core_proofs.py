"""What is proven of the core as a whole, for the base set, through its RVFI port: the consistency
of registers and pc, the meaning of instructions, and that instructions retire.

In the style of C. Wolf's riscv-formal; the meanings are in :mod:`.base_meanings`. To keep the
solver's work small, each proof restricts the words in instruction memory to a few opcodes, in most
of them memories grant at once and answer in the next cycle, and parts that a claim does not need
are cut away: their outputs may be anything, so nothing is lost but what would need them.
"""

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.core.bus import DATA_PORT, INSTRUCTION_PORT

from ...proofs.formal import BITWUZLA, Proof
from .base_meanings import Meanings
from .proofs import constant

__all__ = ["PROOFS", "LivenessProof", "MeaningsProof", "PcProof", "RegisterProof"]

# Most accesses of one port that may be under way.
_LONGEST = 6
_LOAD, _STORE, _IMMEDIATE, _REGISTER, _BRANCH = 0x03, 0x23, 0x13, 0x33, 0x63
_LUI, _AUIPC, _JAL, _JALR = 0x37, 0x17, 0x6F, 0x67


class _CoreProof(wiring.Component):
    """A core with the base set between memories that keep the rules of the port.

    Parameters
    ----------
    opcodes : bits 6:0 of the words in instruction memory; anything if empty.
    prompt : memories grant at once and answer without errors in the next cycle, and there are no
        interrupts; else at any time, with anything.
    """

    def __init__(self, opcodes=(), prompt=True):
        self._opcodes, self._prompt = opcodes, prompt
        super().__init__({"ibus": Out(INSTRUCTION_PORT), "dbus": Out(DATA_PORT),
                          "interrupts": In(32), "choice": In(32)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Core(CoreConfig(extensions=("i", "zicsr"), rvfi=True,
                                                   fetch_words=2))
        wiring.connect(m, wiring.flipped(self.ibus), core.ibus)
        wiring.connect(m, wiring.flipped(self.dbus), core.dbus)
        m.d.comb += [core.boot_address.eq(0x80000000), core.interrupts.eq(self.interrupts)]
        for name in ("ibus", "dbus"):
            self._memory(m, name, getattr(self, name))
        if self._opcodes:
            m.d.comb += Assume(Cat(self.ibus.rdata[:7] == code for code in self._opcodes).any())
        if self._prompt:
            m.d.comb += Assume(self.interrupts == 0)
        self._claim(m, core.rvfi)
        return m

    def _memory(self, m, name, bus):
        if self._prompt:
            answers = Signal(name=f"{name}_answers")
            m.d.sync += answers.eq(bus.req & bus.gnt)
            m.d.comb += Assume(bus.gnt & (bus.rvalid == answers) & ~bus.err)
            return
        flying = Signal(range(_LONGEST + 1), name=f"{name}_flying")
        m.d.sync += flying.eq(flying + (bus.req & bus.gnt) - bus.rvalid)
        m.d.comb += Assume(~bus.rvalid | (flying != 0))

    def _claim(self, m, rvfi):
        """Assertions about retired instructions; each proof has its own."""
        raise NotImplementedError


class PcProof(_CoreProof):
    """An instruction begins where the one before it said that it would end, unless an interrupt
    came between, and instructions are numbered without gaps."""

    def _claim(self, m, rvfi):
        known, following, order = Signal(), Signal(31), Signal(64)
        with m.If(rvfi.valid):
            m.d.sync += [known.eq(1), following.eq(rvfi.pc_wdata[1:]), order.eq(rvfi.order + 1)]
            m.d.comb += Assert(rvfi.order == order)
            with m.If(known & ~rvfi.intr):
                m.d.comb += Assert(rvfi.pc_rdata[1:] == following)
        elsewhere = following != (rvfi.pc_rdata[1:] + 2)[:31]
        m.d.comb += Cover(rvfi.valid & known & ~rvfi.trap & ~rvfi.intr & elsewhere)


class RegisterProof(_CoreProof):
    """A register reads as what was last written to it, x0 as 0, also by an instruction that traps;
    one that could not be fetched names none."""

    def _claim(self, m, rvfi):
        number = constant(m, self.choice[:5], "number")
        written, value, last = Signal(), Signal(32), Signal()
        for place in (1, 2):
            address, data = (getattr(rvfi, f"rs{place}_{part}") for part in ("addr", "rdata"))
            with m.If(rvfi.valid & (address == number)):
                with m.If(number == 0):
                    m.d.comb += Assert(data == 0)
                with m.Elif(written):
                    m.d.comb += Assert(data == value)
        with m.If(rvfi.valid & (rvfi.rd_addr == number)):
            m.d.sync += [written.eq(1), value.eq(rvfi.rd_wdata)]
        m.d.sync += last.eq(rvfi.valid & (rvfi.rd_addr == number))
        with m.If(rvfi.valid & rvfi.trap & ~(rvfi.mem_fault_rmask | rvfi.mem_fault_wmask).any()):
            m.d.comb += Assert((rvfi.rs1_addr == 0) & (rvfi.rs2_addr == 0))
        reads = rvfi.valid & ~rvfi.trap & written & (rvfi.rs1_addr == number) & (number != 0)
        # Right behind the instruction that writes it, and later.
        m.d.comb += [Cover(reads & last), Cover(reads & ~last),
                     Assert(~rvfi.valid | (rvfi.rd_addr != 0) | (rvfi.rd_wdata == 0)),
                     Cover(rvfi.valid & rvfi.trap & written)]


class MeaningsProof(_CoreProof):
    """Instructions of the base set do what the manual says."""

    def _claim(self, m, rvfi):
        m.submodules.meanings = meanings = Meanings()
        goes = rvfi.valid & ~rvfi.trap
        m.d.comb += [meanings.word.eq(rvfi.insn), meanings.pc.eq(rvfi.pc_rdata),
                     meanings.a.eq(rvfi.rs1_rdata), meanings.b.eq(rvfi.rs2_rdata)]
        with m.If(goes & meanings.known):
            m.d.comb += [Assert(rvfi.pc_wdata == meanings.target),
                         Assert(rvfi.mem_rmask == meanings.reads),
                         Assert(rvfi.mem_wmask == meanings.writes),
                         Assert(rvfi.rd_addr == meanings.rd)]
            with m.If((meanings.rd != 0) & (meanings.reads == 0)):
                m.d.comb += Assert(rvfi.rd_wdata == meanings.result)
            with m.If(meanings.reads | meanings.writes):
                m.d.comb += Assert(rvfi.mem_addr == meanings.address)
            with m.If(meanings.writes != 0):
                m.d.comb += Assert(rvfi.mem_wdata == rvfi.rs2_rdata)
        count = Signal(3)
        m.d.sync += count.eq(count + (goes & meanings.known & (count != 7)))
        # Two of them one behind the other, and a third.
        m.d.comb += [Cover(count == 3)] + [
            Cover(goes & meanings.known & (rvfi.insn[:7] == code)) for code in self._opcodes]


class LivenessProof(_CoreProof):
    """With memories that grant and answer at once, an instruction retires or traps at least every
    ``WITHIN`` cycles, unless the core waits for an interrupt."""

    WITHIN = 8

    def _claim(self, m, rvfi):
        idle = Signal(range(self.WITHIN + 2))
        m.d.sync += idle.eq(Mux(rvfi.valid, 0, idle + 1))
        m.d.comb += [
            # No wfi, nor one that lies across two words.
            Assume((self.ibus.rdata[:16] != 0x0073) & (self.ibus.rdata[16:] != 0x0073)),
            Assert(idle <= self.WITHIN), Cover(rvfi.valid & rvfi.order[1]),
        ]


_CLASSES = {
    "computing": (_IMMEDIATE, _REGISTER, _LUI, _AUIPC),
    "branches": (_BRANCH, _IMMEDIATE),
    "jumps": (_JAL, _JALR, _IMMEDIATE),
    "accesses": (_LOAD, _STORE, _IMMEDIATE),
}
# Registers hold anything and CSRs read as anything, where nothing depends on them.
_FREE = ("core_registers", "core_csrs")


def _proofs():
    def add(name, claim, make, depth, **rest):
        yield Proof(name=f"core {name}", claim=claim, component=make, depth=depth,
                    engine=BITWUZLA, **rest)
        yield Proof(name=f"core {name} cover", claim="that is reached", component=make,
                    depth=depth, engine=BITWUZLA, mode="cover", **rest)

    for name, opcodes in _CLASSES.items():
        yield from add(name, f"{name} do what the manual says",
                       lambda opcodes=opcodes: MeaningsProof(opcodes), 12, cut=_FREE)
    yield from add("pc", "any instruction begins where the one before it ended",
                   PcProof, 14, cut=_FREE)
    yield from add("pc, any memory", "the same; memories at any time, errors, interrupts",
                   lambda: PcProof(prompt=False), 12, cut=_FREE)
    yield from add("registers", "any instruction reads of a register what was last written",
                   RegisterProof, 12, cut=("core_csrs",))
    yield from add("registers, any memory", "the same; memories at any time, errors, interrupts",
                   lambda: RegisterProof(prompt=False), 9, cut=("core_csrs",))
    # CSRs that read as anything would interrupt all the time.
    yield from add("liveness", "instructions retire", LivenessProof, 20, cut=("core_registers",))


PROOFS = tuple(_proofs())
