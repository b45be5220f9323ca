"""What instructions of RV32I do, as hardware, for proofs.

Written from The RISC-V Instruction Set Manual, volume I (RV32I 2.1); shares nothing with the core
or the simulator.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Meanings"]


class Meanings(wiring.Component):
    """Combinational.

    Members
    -------
    word, pc, a, b : the instruction, its address, the values of rs1 and rs2.
    known : it is one of those that are described here.
    rd, result : register that it writes, or 0, and the value, unless it is a load's.
    target : address of the next instruction.
    reads, writes, address : bytes read and written from ``address`` on.
    """

    word: In(32)
    pc: In(32)
    a: In(32)
    b: In(32)
    known: Out(1)
    rd: Out(5)
    result: Out(32)
    target: Out(32)
    reads: Out(4)
    writes: Out(4)
    address: Out(32)

    def elaborate(self, platform):
        m = Module()
        word, a, b = self.word, self.a, self.b
        f3, f7 = word[12:15], word[25:32]
        sign = word[31]
        i_imm = Cat(word[20:32], sign.replicate(20))
        u_imm = Cat(Const(0, 12), word[12:32])
        m.d.comb += self.target.eq(self.pc + 4)
        with m.Switch(word[:7]):
            with m.Case(0x13):
                with m.If((f3 != 1) & (f3 != 5)):
                    self._writes_rd(m, _operate(m, "immediate", f3, 0, a, i_imm))
                with m.Elif((f7 == 0) | ((f7 == 0x20) & (f3 == 5))):
                    self._writes_rd(m, _operate(m, "shift", f3, f7[5], a, word[20:25]))
            with m.Case(0x33):
                with m.If((f7 == 0) | ((f7 == 0x20) & ((f3 == 0) | (f3 == 5)))):
                    self._writes_rd(m, _operate(m, "register", f3, f7[5], a, b))
            with m.Case(0x37):
                self._writes_rd(m, u_imm)
            with m.Case(0x17):
                self._writes_rd(m, (self.pc + u_imm)[:32])
            with m.Case(0x6F):
                j_imm = Cat(Const(0, 1), word[21:31], word[20], word[12:20], sign.replicate(12))
                self._writes_rd(m, (self.pc + 4)[:32])
                m.d.comb += self.target.eq(self.pc + j_imm)
            with m.Case(0x67):
                with m.If(f3 == 0):
                    self._writes_rd(m, (self.pc + 4)[:32])
                    m.d.comb += self.target.eq((a + i_imm)[:32] & ~1)
            with m.Case(0x63):
                self._branch(m, f3)
            with m.Case(0x03):
                with m.If((f3[:2] != 3) & (f3 != 6)):
                    self._writes_rd(m, Const(0, 32))
                    m.d.comb += [self.reads.eq(_bytes(f3)), self.address.eq(a + i_imm)]
            with m.Case(0x23):
                with m.If(f3 < 3):
                    s_imm = Cat(word[7:12], word[25:32], sign.replicate(20))
                    m.d.comb += [self.known.eq(1), self.writes.eq(_bytes(f3)),
                                 self.address.eq(a + s_imm)]
        return m

    def _writes_rd(self, m, value):
        m.d.comb += [self.known.eq(1), self.rd.eq(self.word[7:12]), self.result.eq(value)]

    def _branch(self, m, f3):
        word, a, b, taken = self.word, self.a, self.b, Signal()
        imm = Cat(Const(0, 1), word[8:12], word[25:31], word[7], word[31].replicate(20))
        less = Mux(f3[1], a < b, a.as_signed() < b.as_signed())
        m.d.comb += [taken.eq(Mux(f3[2], less, a == b) ^ f3[0]), self.known.eq(f3[1:] != 1)]
        with m.If(taken):
            m.d.comb += self.target.eq(self.pc + imm)


def _bytes(f3):
    """Mask of the bytes of an access."""
    return Mux(f3[1], 15, Mux(f3[0], 3, 1))


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
