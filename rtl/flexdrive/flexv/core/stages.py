"""Pipeline registers."""

from amaranth.lib import data

from .control import Control
from .macload import Undo

__all__ = ["DecodeStage", "ExecuteStage", "WriteBackStage"]


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


class ExecuteStage(data.Struct):
    """A decoded instruction with its operands.

    ``early``: rd (or, with ``post``, rs1) is written with what this stage computes. ``late``: rd is
    written with what write-back computes. ``target``: of a branch or direct jump. ``interrupt``:
    not an instruction but the place before it where an interrupt is to be taken. ``loop_back``:
    a hardware loop jumps back after it. ``c_follows``: c is the late result of the instruction in
    write-back.
    """

    control: Control
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
    c_follows: 1
    loop_back: 1
    loop_number: 1
    target: 32
    early: 1
    early_target: 5
    late: 1
    late_target: 5


class WriteBackStage(data.Struct):
    """Results on their way to the registers."""

    pc: 32
    memory: 1
    store: 1
    early: 1
    early_target: 5
    early_value: 32
    late: 1
    late_target: 5
    product: 1
    requant: 1
    upper: 1
    total: 32
    carry: 34
    high: 34
    accumulator: 32
    invert: 1
    trap: 1
    loop_back: 1
    loop_number: 1
    operand_load: 1
    operand_w: 1
    operand_number: 2
    restores_pointer: 1
    restores_dots: 1
    undo: Undo
