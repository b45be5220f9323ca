"""What is proven of the core as a whole, for the base set, through its RVFI port: the consistency
of registers and pc, the meaning of instructions, and that instructions retire.

In the style of C. Wolf's riscv-formal; the meanings are written here from The RISC-V Instruction
Set Manual, volume I (RV32I 2.1). Memories answer with anything, and in the proofs of safety at any
time.
"""

from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.core.bus import DATA_PORT, INSTRUCTION_PORT

from ..formal import Proof
from .proofs import constant

__all__ = ["PROOFS", "LivenessProof", "MeaningsProof", "PcProof", "RegisterProof"]

# Most accesses of one port that may be under way.
_LONGEST = 6


class _CoreProof(wiring.Component):
    """A core with the base set between memories that keep the rules of the port."""

    ibus: Out(INSTRUCTION_PORT)
    dbus: Out(DATA_PORT)
    interrupts: In(32)
    choice: In(32)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Core(CoreConfig(extensions=("i", "zicsr"), rvfi=True,
                                                   fetch_words=2))
        wiring.connect(m, wiring.flipped(self.ibus), core.ibus)
        wiring.connect(m, wiring.flipped(self.dbus), core.dbus)
        m.d.comb += [core.boot_address.eq(0x80000000), core.interrupts.eq(self.interrupts)]
        for name in ("ibus", "dbus"):
            bus, flying = getattr(self, name), Signal(range(_LONGEST + 1), name=f"{name}_flying")
            m.d.sync += flying.eq(flying + (bus.req & bus.gnt) - bus.rvalid)
            m.d.comb += Assume(~bus.rvalid | (flying != 0))
        self._claim(m, core.rvfi)
        return m

    def _claim(self, m, rvfi):
        """Assertions about retired instructions; each proof has its own."""
        raise NotImplementedError


class PcProof(_CoreProof):
    """An instruction begins where the one before it said that it would end, unless an interrupt
    came between, and instructions are numbered without gaps."""

    def _claim(self, m, rvfi):
        known, following, order = Signal(), Signal(32), Signal(64)
        with m.If(rvfi.valid):
            m.d.sync += [known.eq(1), following.eq(rvfi.pc_wdata), order.eq(rvfi.order + 1)]
            m.d.comb += Assert(rvfi.order == order)
            with m.If(known & ~rvfi.intr):
                m.d.comb += Assert(rvfi.pc_rdata == following)
        m.d.comb += Cover(rvfi.valid & known & ~rvfi.trap)


class RegisterProof(_CoreProof):
    """A register reads as what was last written to it; x0 as 0."""

    def _claim(self, m, rvfi):
        number = constant(m, self.choice[:5], "number")
        written, value = Signal(), Signal(32)
        for place in (1, 2):
            address, data = (getattr(rvfi, f"rs{place}_{part}") for part in ("addr", "rdata"))
            with m.If(rvfi.valid & ~rvfi.trap & (address == number)):
                with m.If(number == 0):
                    m.d.comb += Assert(data == 0)
                with m.Elif(written):
                    m.d.comb += Assert(data == value)
        with m.If(rvfi.valid & (rvfi.rd_addr == number)):
            m.d.sync += [written.eq(1), value.eq(rvfi.rd_wdata)]
        m.d.comb += [Cover(rvfi.valid & written & (rvfi.rs1_addr == number) & (number != 0)),
                     Assert(~rvfi.valid | (rvfi.rd_addr != 0) | (rvfi.rd_wdata == 0))]


class MeaningsProof(_CoreProof):
    """RV32I's computing instructions, jumps and branches do what the manual says."""

    def _claim(self, m, rvfi):
        word, a, b = rvfi.insn, rvfi.rs1_rdata, rvfi.rs2_rdata
        opcode, f3, f7 = word[:7], word[12:15], word[25:32]
        after = (rvfi.pc_rdata + 4)[:32]
        i_imm, s_top = Cat(word[20:32], word[31].replicate(20)), word[31].replicate(20)
        b_imm = Cat(Const(0, 1), word[8:12], word[25:31], word[7], s_top)
        j_imm = Cat(Const(0, 1), word[21:31], word[20], word[12:20], word[31].replicate(12))
        u_imm = Cat(Const(0, 12), word[12:32])
        known, result, target = Signal(), Signal(32), Signal(32)
        m.d.comb += target.eq(after)
        with m.If((opcode == 0x13) & (f3 != 1) & (f3 != 5)):
            m.d.comb += [known.eq(1), result.eq(_operate(m, "immediate", f3, 0, a, i_imm))]
        with m.If((opcode == 0x33) & ((f7 == 0) | ((f7 == 0x20) & ((f3 == 0) | (f3 == 5))))):
            m.d.comb += [known.eq(1), result.eq(_operate(m, "register", f3, f7[5], a, b))]
        with m.If(opcode == 0x37):
            m.d.comb += [known.eq(1), result.eq(u_imm)]
        with m.If(opcode == 0x17):
            m.d.comb += [known.eq(1), result.eq(rvfi.pc_rdata + u_imm)]
        with m.If(opcode == 0x6F):
            m.d.comb += [known.eq(1), result.eq(after), target.eq(rvfi.pc_rdata + j_imm)]
        with m.If((opcode == 0x67) & (f3 == 0)):
            m.d.comb += [known.eq(1), result.eq(after), target.eq((a + i_imm)[:32] & ~1)]
        branch, taken = (opcode == 0x63) & (f3[1:] != 1), Signal()
        less = Mux(f3[1], a < b, a.as_signed() < b.as_signed())
        m.d.comb += taken.eq(Mux(f3[2], less, a == b) ^ f3[0])
        with m.If(branch & taken):
            m.d.comb += target.eq(rvfi.pc_rdata + b_imm)
        goes = rvfi.valid & ~rvfi.trap
        with m.If(goes & known):
            m.d.comb += Assert(rvfi.rd_addr == word[7:12])
            with m.If(word[7:12] != 0):
                m.d.comb += Assert(rvfi.rd_wdata == result)
        with m.If(goes & branch):
            m.d.comb += Assert(rvfi.rd_addr == 0)
        with m.If(goes & (known | branch)):
            m.d.comb += Assert(rvfi.pc_wdata == target)
        m.d.comb += [Cover(goes & known & (opcode == 0x33)), Cover(goes & branch & taken)]


def _operate(m, name, f3, alternative, a, b):
    """Arithmetic of OP and OP-IMM."""
    result = Signal(32, name=f"{name}_result")
    with m.Switch(f3):
        for code, value in enumerate((
                Mux(alternative, a - b, a + b), a << b[:5], a.as_signed() < b.as_signed(), a < b,
                a ^ b, Mux(alternative, a.as_signed() >> b[:5], a >> b[:5]), a | b, a & b)):
            with m.Case(code):
                m.d.comb += result.eq(value)
    return result


class LivenessProof(_CoreProof):
    """With memories that grant and answer at once, an instruction retires or traps at least every
    ``WITHIN`` cycles, unless the core waits for an interrupt."""

    WITHIN = 8

    def _claim(self, m, rvfi):
        idle, answers = Signal(range(self.WITHIN + 2)), Signal(2)
        m.d.sync += [idle.eq(Mux(rvfi.valid, 0, idle + 1)),
                     answers.eq(Cat(bus.req & bus.gnt for bus in (self.ibus, self.dbus)))]
        waits = (self.ibus.rdata == 0x10500073) & self.ibus.rvalid
        m.d.comb += [
            *(Assume(bus.gnt & (bus.rvalid == answer)) for bus, answer in
              zip((self.ibus, self.dbus), answers, strict=True)),
            Assume(~waits & (self.interrupts == 0)),
            # No instruction lies across two words with a wfi in them either.
            Assume((self.ibus.rdata[:16] != 0x0073) & (self.ibus.rdata[16:] != 0x0073)),
            Assert(idle <= self.WITHIN),
        ]


PROOFS = (
    Proof(name="core pc", claim="each instruction begins where the one before it ended",
          component=PcProof, depth=12),
    Proof(name="core registers", claim="a register reads as what was last written to it",
          component=RegisterProof, depth=11),
    Proof(name="core meanings", claim="RV32I computes, jumps and branches as the manual says",
          component=MeaningsProof, depth=10),
    Proof(name="core liveness", claim="instructions retire", component=LivenessProof, depth=16),
    Proof(name="core cover", claim="a register is read back", component=RegisterProof, depth=14,
          mode="cover"),
)
