"""What the decoder tells the pipeline, and the codes of the units' operations.

The names of the operations are those of the instruction table.
"""

from amaranth.lib import data, enum

__all__ = [
    "OPERATIONS",
    "AluOp",
    "BitsOp",
    "BranchOp",
    "Control",
    "CsrOp",
    "DivideOp",
    "DotOp",
    "Immediate",
    "JumpOp",
    "LoopOp",
    "MacloadOp",
    "MemoryOp",
    "MultiplyOp",
    "PermuteOp",
    "RequantOp",
    "SimdOp",
    "SystemOp",
    "Unit",
    "UnitFlags",
]


class Unit(enum.Enum, shape=4):
    ALU = 0
    MULTIPLY = 1
    DIVIDE = 2
    LOAD = 3
    STORE = 4
    CSR = 5
    BRANCH = 6
    JUMP = 7
    SYSTEM = 8
    LOOP = 9
    DOT = 10
    MACLOAD = 11
    BITS = 12
    SIMD = 13
    PERMUTE = 14
    REQUANT = 15


# One bit per unit; none for what is no instruction.
UnitFlags = data.StructLayout({unit.name.lower(): 1 for unit in Unit})


class AluOp(enum.Enum, shape=6):
    """Bits 5:4: sum, comparison, shift, logic. The lower ones are used as they are: bit 0 subtracts
    or shifts left, bit 1 compares unsigned or shifts the sign in."""

    ADD = 0x00
    SUB = 0x01
    LT = 0x11
    LTU = 0x13
    SRL = 0x20
    SLL = 0x21
    SRA = 0x22
    XOR = 0x30
    OR = 0x31
    AND = 0x32
    SECOND = 0x33


class MultiplyOp(enum.Enum, shape=6):
    LOW = 0
    HIGH = 1
    HIGH_SU = 2
    HIGH_U = 3
    MAC = 4
    MSU = 5


class DivideOp(enum.Enum, shape=6):
    """Bit 0: unsigned. Bit 1: remainder."""

    DIV = 0
    DIVU = 1
    REM = 2
    REMU = 3


class MemoryOp(enum.Enum, shape=6):
    """Bits 1:0: log2 of the bytes. Bit 2: zero-extended."""

    B = 0
    H = 1
    W = 2
    BU = 4
    HU = 5


class CsrOp(enum.Enum, shape=6):
    WRITE = 0
    SET = 1
    CLEAR = 2


class BranchOp(enum.Enum, shape=6):
    """Bit 0: the condition is negated. Bits 2:1: equal, less, less unsigned."""

    EQ = 0
    NE = 1
    LT = 2
    GE = 3
    LTU = 4
    GEU = 5


class JumpOp(enum.Enum, shape=6):
    DIRECT = 0
    INDIRECT = 1


class SystemOp(enum.Enum, shape=6):
    FENCE = 0
    FENCE_I = 1
    ECALL = 2
    EBREAK = 3
    MRET = 4
    WFI = 5


class LoopOp(enum.Enum, shape=6):
    STARTI = 0
    ENDI = 1
    COUNT = 2
    COUNTI = 3
    SETUP = 4
    SETUPI = 5


class DotOp(enum.Enum, shape=6):
    """Bit 0: activations (rs1) are signed. Bit 1: weights (rs2) are signed."""

    DOTUP = 0
    DOTUSP = 2
    DOTSP = 3


class MacloadOp(enum.Enum, shape=6):
    """Signedness of activations, then of weights; bits as in :class:`DotOp`."""

    UU = 0
    SU = 1
    US = 2
    SS = 3


class BitsOp(enum.Enum, shape=6):
    """Operations of :mod:`.bitmanip`. Bit 0 of comparisons: unsigned (the ALU compares)."""

    (LE, LEU, MIN, MINU, MAX, MAXU, ABS, ROR, FF1, FL1, CLB, CNT, EXTHS, EXTHZ, EXTBS, EXTBZ,
     CLIP, CLIPU, CLIPR, CLIPUR, EXTRACT, EXTRACTU, INSERT, BCLR, BSET) = range(25)


class SimdOp(enum.Enum, shape=6):
    """Operations of packed SIMD, see :mod:`.simd`.

    Bit 4: minimum, maximum or comparison; with bit 0, unsigned. Bit 3: the adder subtracts, if it
    counts. Of shifts bit 0: the sign is shifted in, bit 1: to the left.
    """

    ADD, AVG, AVGU = 0x00, 0x01, 0x02
    SUB, ABS = 0x08, 0x09
    MIN, MINU, MAX, MAXU, CMPEQ, CMPNE = range(0x18, 0x1E)
    SRL, SRA, SLL = 0x20, 0x21, 0x22
    OR, XOR, AND = 0x24, 0x25, 0x26
    EXTRACT, EXTRACTU, INSERT = 0x28, 0x29, 0x2A
    CMPGT, CMPGTU, CMPGE, CMPGEU, CMPLT, CMPLTU, CMPLE, CMPLEU = range(0x38, 0x40)


class PermuteOp(enum.Enum, shape=6):
    """Lane permutations, see :mod:`.simd`."""

    (SHUFFLE_H, SHUFFLE_IMM_H, SHUFFLE_B, SHUFFLE_I0, SHUFFLE_I1, SHUFFLE_I2, SHUFFLE_I3,
     SHUFFLE2_H, SHUFFLE2_B, PACK, PACK_H, PACKHI, PACKLO) = range(13)


class RequantOp(enum.Enum, shape=6):
    """Bit 4: the word of before is stored; bits 1:0 as of :class:`MemoryOp` then."""

    PACK = 0x00
    STORE_B = 0x10
    STORE_H = 0x11
    STORE_W = 0x12


OPERATIONS = {
    Unit.ALU: AluOp, Unit.MULTIPLY: MultiplyOp, Unit.DIVIDE: DivideOp, Unit.LOAD: MemoryOp,
    Unit.STORE: MemoryOp, Unit.CSR: CsrOp, Unit.BRANCH: BranchOp, Unit.JUMP: JumpOp,
    Unit.SYSTEM: SystemOp, Unit.LOOP: LoopOp, Unit.DOT: DotOp, Unit.MACLOAD: MacloadOp,
    Unit.BITS: BitsOp, Unit.SIMD: SimdOp, Unit.PERMUTE: PermuteOp,
    Unit.REQUANT: RequantOp,
}


class Immediate(enum.Enum, shape=4):
    """Layouts of immediates, by the bits of the word that hold them; ``BOUND``: 2**(n-1) - 1 of
    the n in these bits, or 0."""

    I = 0  # noqa: E741
    S = 1
    B = 2
    U = 3
    J = 4
    SHAMT = 5
    ZIMM = 6
    LOOP = 7
    LOOP_SHORT = 8
    SIMM6 = 9
    ZIMM6 = 10
    FIELD = 11
    BOUND = 12


class Control(data.Struct):
    """Decoded instruction.

    ``second_immediate``: operand b is the immediate instead of rs2. ``first_pc``: operand a is the
    pc instead of rs1. ``post``: rs1 is updated after the access. ``reads_*``, ``writes_rd``: which
    registers matter; ``reads_rs3`` is the register in the place of rd. ``late``: the result comes
    from a stage after execute. ``slow``: it comes at the end of execute. ``beside``: it is computed
    from the copies of the operands. ``accumulates``: rd is an operand that retire adds.
    ``replicates``: operand b is its lowest lane, in all lanes. ``short_compare``: a branch compares
    with the signed immediate in the place of rs2.
    """

    unit: UnitFlags
    op: 6
    immediate: Immediate
    first_pc: 1
    second_immediate: 1
    post: 1
    reads_rs1: 1
    reads_rs2: 1
    reads_rs3: 1
    writes_rd: 1
    late: 1
    slow: 1
    beside: 1
    accumulates: 1
    replicates: 1
    short_compare: 1
