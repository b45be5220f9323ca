"""Pipeline registers."""

from amaranth.lib import data

from ..dotp import LaneOperands
from ..dotp.signature import SUM_BITS
from ..formats import FormatControl
from ..isa import CSRS
from .control import AluOp, BitsOp, Control, MemoryOp, SimdOp
from .macload import Undo

__all__ = ["DecodeStage", "ExecuteStage", "RetireStage", "Waits", "WriteBackStage"]


class DecodeStage(data.Struct):
    """A fetched instruction, expanded to 32 bits; ``raw`` is its lower half as fetched."""

    pc: 32
    insn: 32
    raw: 16
    compressed: 1
    error: 1
    error_second: 1
    illegal: 1
    loop_back: 1
    loop_number: 1


class Waits(data.Struct):
    """Where an operand is that is not there yet: ``w``, the late result of the instruction in
    write-back; ``r``, that of the one in retire; ``early``, the early result in write-back, which
    was too late to be passed on in execute."""

    w: 1
    r: 1
    early: 1


class ExecuteStage(data.Struct):
    """A decoded instruction with its operands.

    ``*_op``: the operation of one unit, which rests while another one works. ``a_signed``,
    ``b_signed``: of a multiplication.
    ``early``: rd (or, with ``post``, rs1) is written with what this stage computes. ``late``: rd is
    written with what a later stage computes, retire with ``sums``, else write-back. ``target``: of
    a branch or of loop instructions. ``interrupt``: not an instruction but the place before it
    where an interrupt is to be taken. ``loop_back``: a hardware loop jumps back after it.
    ``x``, ``y``: a and b once more, for units other than ALU, memory and CSRs, or 0: the fewer
    places a register goes to, the shorter are its wires. ``amount``: of a shift of the ALU,
    or 0. ``*_waits``: what an operand still waits for. ``c_kept``: what it has waited for as an
    accumulator is kept beside. ``blocked``: it cannot do anything before its operands are there.
    ``scalar_size``: lane width of a scalar that is waited for. ``dot_control``: format of a dot
    product. ``simd_size``, ``narrower``: of packed SIMD, lanes of 16 >> simd_size bits, bit i if
    they are narrower than 16 >> i bits.
    ``from_rs1``: the address of a Mac&Load is a. ``to_w``: it loads a weight register.
    ``accesses``: memory. ``a_low``, ``b_low``: the lowest bits of a and b once
    more, if they are parts of the address of an access. ``csr``: which one is named, by position in
    the table; it belongs to loops, or decode uses it. ``no_csr``: there is no such register, or it
    cannot be written and is. ``simple_trap``: the instruction traps for another reason.
    ``csr_of_requant``: what requantisation writes. ``stores_packed``: a word of its is stored.
    ``sleeps``: wfi. ``returns``: from a trap. ``indirect``: a jump. ``anew``: what follows is
    fetched anew, in any case.
    """

    control: Control
    alu_op: AluOp
    bits_op: BitsOp
    simd_op: SimdOp
    memory_op: MemoryOp
    a_signed: 1
    b_signed: 1
    pc: 32
    insn: 32
    raw: 16
    compressed: 1
    error: 1
    error_second: 1
    illegal: 1
    interrupt: 1
    a: 32
    b: 32
    c: 32
    x: 32
    y: 32
    amount: 5
    a_low: 2
    b_low: 2
    a_waits: Waits
    b_waits: Waits
    c_waits: Waits
    c_kept: 1
    blocked: 1
    scalar_size: 2
    loop_back: 1
    loop_number: 1
    target: 32
    early: 1
    early_target: 5
    late: 1
    late_target: 5
    sums: 1
    dot_control: FormatControl
    simd_size: 2
    narrower: 3
    from_rs1: 1
    accesses: 1
    to_w: 1
    csr: len(CSRS)
    csr_of_loops: 1
    csr_of_decode: 1
    csr_of_requant: 1
    stores_packed: 1
    no_csr: 1
    simple_trap: 1
    sleeps: 1
    returns: 1
    indirect: 1
    anew: 1


class WriteBackStage(data.Struct):
    """An access that waits for its response, products of a multiplication, or lanes to be
    multiplied (``dot``), beside a result on its way to a register.

    ``follows_r``: the accumulator is the late result of the instruction in retire. ``completes``:
    the output is the last one of its word. ``places``: the late result is the address of a word.
    ``operand_crosses``: a weight register is loaded through the pointer to activations, or an
    activation register through the other.
    """

    pc: 32
    memory: 1
    store: 1
    early: 1
    early_target: 5
    early_value: 32
    late: 1
    late_target: 5
    sums: 1
    dot: 1
    requant: 1
    completes: 1
    places: 1
    upper: 1
    lanes: LaneOperands
    low: 32
    middle: 34
    high: 34
    accumulator: 32
    follows_r: 1
    invert: 1
    trap: 1
    loop_back: 1
    loop_number: 1
    operand_load: 1
    operand_w: 1
    operand_crosses: 1
    operand_number: 2
    restores_pointer: 1
    restores_dots: 1
    undo: Undo


class RetireStage(data.Struct):
    """Terms of the last sum, and results that only wait to be written.

    A loaded value and half of a product are sums of one term. ``high`` is the upper half of a
    product that is requantised. ``invert``: the product is inverted, and one more is added.
    """

    early: 1
    early_target: 5
    early_value: 32
    late: 1
    late_target: 5
    requant: 1
    completes: 1
    places: 1
    x_signed: 1
    y_signed: 1
    size: 2
    total: SUM_BITS
    carry: SUM_BITS
    high: 32
    accumulator: 32
    invert: 1
