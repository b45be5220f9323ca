"""Parts of an instruction word by name, where the table of instructions has them."""

from amaranth.hdl import Cat, Const

from ..isa import BY_NAME

__all__ = ["InstructionFields"]


def _place(name, field):
    """Where the table has ``field`` of instruction ``name``: bits next to each other, in order."""
    bits = sorted(BY_NAME[name].encoding.fields[field].bits)
    low, begin = bits[0]
    assert bits == [(low + i, begin + i) for i in range(len(bits))], (name, field)
    return slice(low, low + len(bits))


def _bit_between(name, other):
    """Position of the one bit that tells two instructions of the table from each other."""
    bit = BY_NAME[name].encoding.match ^ BY_NAME[other].encoding.match
    assert bit.bit_count() == 1, (name, other)
    return bit.bit_length() - 1


_LOAD_A = _bit_between("ml.sdotup", "ml.sdotup.a")
_LOAD_W = _bit_between("ml.sdotup", "ml.sdotup.w")
# Beside it a width that does not exist.
_FUNNEL, _ = (bit for bit in reversed(range(32)) if (
    BY_NAME["ml.sdotup"].encoding.match ^ BY_NAME["ml.f.sdotup"].encoding.match) >> bit & 1)
assert _LOAD_W == _LOAD_A + 1


class InstructionFields:
    """Parts of ``insn``, 32 bits; each means something in some instructions only.

    Attributes
    ----------
    rd, rs1, rs2 : numbers of registers, 5 bits.
    csr : number of a CSR, 12 bits.
    short : the operand of a comparison with a constant, 5 bits, signed.
    funct3 : bits 14:12, which tell instructions of one opcode from each other.
    loop, iterations : number of a hardware loop, 1 bit; its count as a constant, 12 bits.
    is_loop : of branches and hardware loops, it is a loop.
    lanes8 : of packed SIMD and dot products with the format in the instruction: lanes of 8 bits,
        not of 16.
    size, no_size : of Mac&Load with the format in the instruction: log2 of 16 bits over the lane
        width, 2 bits; there is no such width.
    areg, wreg : of Mac&Load: registers of activations (1 bit) and weights (2 bits).
    load_a, load_w : of Mac&Load: what is loaded; both is the activation register beside areg.
    loads : both, 2 bits.
    funnel, offset : of Mac&Load: the operand is a word of two w registers, from this even bit on, 5
        bits; ``load_w`` tells that a w register is loaded then.
    """

    def __init__(self, insn):
        def part(name, field):
            return insn[_place(name, field)]

        self.rd, self.rs1, self.rs2 = (part("add", name) for name in ("rd", "rs1", "rs2"))
        self.csr, self.short = part("csrrw", "csr"), part("p.beqimm", "simm5")
        self.loop, self.iterations = part("lp.counti", "loop"), part("lp.counti", "count")
        self.areg, self.wreg = part("ml.sdotup", "areg"), part("ml.sdotup", "wreg")
        size = part("ml.sdotup", "size")
        self.size, self.no_size = size[:2], size[2]
        self.funnel, self.offset = insn[_FUNNEL], Cat(Const(0, 1), part("ml.f.sdotup", "offset"))
        self.load_a, self.load_w = insn[_LOAD_A], insn[_LOAD_W]
        self.loads = insn[_LOAD_A:_LOAD_W + 1]
        # The format and the opcode are no fields of the table: each value is another instruction.
        self.funct3, self.lanes8, self.is_loop = insn[12:15], insn[12], insn[3]
