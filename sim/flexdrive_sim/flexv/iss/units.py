"""What each unit of the instruction table does to a :class:`.machine.Hart`.

Every function takes a table entry and the decoded fields and returns a function of the hart that
executes the instruction; it runs once per distinct instruction word, its result many times.
"""

from .arithmetic import ALU, CONDITIONS, DIVIDE, MASK, MULTIPLY, signed32
from .memory import BusError
from .traps import Trap

__all__ = ["UNITS", "unit"]

UNITS = {}

_SIZES = {"b": (1, True), "h": (2, True), "w": (4, False), "bu": (1, False), "hu": (2, False)}


def unit(name):
    """Register the function that follows as the meaning of unit ``name``."""
    def register(function):
        UNITS[name] = function
        return function
    return register


def immediate(fields):
    """The immediate among ``fields`` as a 32-bit word, or None."""
    for name in ("simm", "uimm"):
        if name in fields:
            return fields[name] & MASK
    return None


def _binary(function, fields):
    rd, rs1, second = fields["rd"], fields["rs1"], immediate(fields)
    if second is None:
        rs2 = fields["rs2"]

        def execute(hart):
            x = hart.x
            hart.write(rd, function(x[rs1], x[rs2]))
    else:
        def execute(hart):
            hart.write(rd, function(hart.x[rs1], second))
    return execute


@unit("alu")
def _alu(entry, fields):
    function = ALU[entry.op]
    if "rs1" in fields:
        return _binary(function, fields)
    rd, second, with_pc = fields["rd"], immediate(fields), "pc" in entry.flags
    return lambda hart: hart.write(rd, function(hart.pc if with_pc else 0, second))


@unit("multiply")
def _multiply(entry, fields):
    if "acc" in entry.flags:
        rd, rs1, rs2 = fields["rd"], fields["rs1"], fields["rs2"]
        sign = 1 if entry.op == "mac" else -1
        return lambda hart: hart.write(
            rd, (hart.x[rd] + sign * hart.x[rs1] * hart.x[rs2]) & MASK)
    return _binary(MULTIPLY[entry.op], fields)


@unit("divide")
def _divide(entry, fields):
    return _binary(DIVIDE[entry.op], fields)


@unit("branch")
def _branch(entry, fields):
    condition, rs1, offset = CONDITIONS[entry.op], fields["rs1"], fields["simm"]
    rs2, constant = fields.get("rs2"), fields.get("simm5", 0) & MASK

    def execute(hart):
        second = constant if rs2 is None else hart.x[rs2]
        if condition(hart.x[rs1], second):
            hart.jump(hart.pc + offset)
    return execute


@unit("jump")
def _jump(entry, fields):
    rd, rs1, offset = fields["rd"], fields.get("rs1"), fields["simm"]

    def execute(hart):
        base = hart.pc if rs1 is None else hart.x[rs1]
        target = (base + offset) & ~1
        hart.write(rd, (hart.pc + hart.length) & MASK)
        hart.jump(target)
    return execute


def _addressing(entry, fields):
    """Function of the hart that gives (address, updated rs1 or None)."""
    rs1, constant, post = fields["rs1"], immediate(fields), "post" in entry.flags
    offset_register = fields.get("rs3" if entry.unit == "store" else "rs2")

    def address(hart):
        base = hart.x[rs1]
        offset = constant if constant is not None else hart.x[offset_register]
        moved = (base + offset) & MASK
        return (base, moved) if post else (moved, None)
    return address


@unit("load")
def _load(entry, fields):
    (size, is_signed), rd, rs1 = _SIZES[entry.op], fields["rd"], fields["rs1"]
    address = _addressing(entry, fields)

    def execute(hart):
        place, moved = address(hart)
        value = hart.load(place, size)
        if is_signed and value >> (8 * size - 1):
            value |= MASK & ~((1 << 8 * size) - 1)
        if moved is not None:
            hart.write(rs1, moved)
        # The loaded value wins when both results go to one register.
        hart.write(rd, value)
    return execute


@unit("store")
def _store(entry, fields):
    size, rs1, rs2 = _SIZES[entry.op][0], fields["rs1"], fields["rs2"]
    address = _addressing(entry, fields)

    def execute(hart):
        place, moved = address(hart)
        hart.store(place, size, hart.x[rs2])
        if moved is not None:
            hart.write(rs1, moved)
    return execute


@unit("csr")
def _csr(entry, fields):
    number, rd, op = fields["csr"], fields["rd"], entry.op
    rs1, constant = fields.get("rs1"), fields.get("zimm")
    writes = op == "write" or bool(rs1 if constant is None else constant)

    def execute(hart):
        operand = hart.x[rs1] if constant is None else constant
        if not hart.csrs.exists(number) or (writes and number >> 10 == 3):
            raise Trap(2, hart.word)
        old = hart.csrs.read(number)
        if writes:
            new = {"write": operand, "set": old | operand, "clear": old & ~operand & MASK}[op]
            hart.csrs.write(number, new)
        hart.write(rd, old)
    return execute


@unit("system")
def _system(entry, fields):
    op = entry.op

    def execute(hart):
        if op == "ecall":
            raise Trap(11, 0)
        if op == "ebreak":
            raise Trap(3, 0)
        if op == "mret":
            hart.leave_trap()
    return execute


def access(function, cause, *arguments):
    """Call a memory function; no memory there is a trap with this cause."""
    try:
        return function(*arguments)
    except BusError as error:
        raise Trap(cause, error.address) from None


# Re-exported for the modules with the meanings of other extensions.
signed = signed32
