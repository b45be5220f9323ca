"""Decoder, derived from the instruction table."""

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import BY_NAME, instructions
from .control import OPERATIONS, BitsOp, Control, Immediate, Unit
from .minimise import cover, merge

__all__ = ["Decoder", "control_of", "immediate_value", "operand_places"]

# One instruction of each layout of immediates stands for all.
_LAYOUTS = {
    (field, BY_NAME[name].encoding.fields[field].bits): layout for name, field, layout in (
        ("addi", "simm", Immediate.I), ("sw", "simm", Immediate.S), ("beq", "simm", Immediate.B),
        ("lui", "simm", Immediate.U), ("jal", "simm", Immediate.J),
        ("slli", "uimm", Immediate.SHAMT), ("csrrwi", "zimm", Immediate.ZIMM),
        ("lp.endi", "uimm", Immediate.LOOP), ("lp.setupi", "uimm5", Immediate.LOOP_SHORT),
        ("pv.dotsp.sci.h", "simm6", Immediate.SIMM6), ("pv.dotup.sci.h", "zimm6", Immediate.ZIMM6),
        ("p.extract", "uimm", Immediate.FIELD))
}
# The same bits may hold a signed and an unsigned value, so the name counts too.
_NAMES = ("simm", "uimm", "zimm", "uimm5", "simm6", "zimm6")
_UNSIGNED = {Immediate.SHAMT, Immediate.ZIMM, Immediate.LOOP, Immediate.LOOP_SHORT,
             Immediate.ZIMM6, Immediate.FIELD}
# What takes too long to be passed on to the next instruction in the same cycle; after a jump
# there is time enough.
_SLOW = {Unit.CSR, Unit.DIVIDE, Unit.BITS, Unit.SIMD, Unit.PERMUTE, Unit.JUMP}
_LATE = {Unit.LOAD, Unit.MULTIPLY, Unit.DOT, Unit.MACLOAD}
_BESIDE = {Unit.MULTIPLY, Unit.DIVIDE, Unit.DOT, Unit.BITS, Unit.SIMD, Unit.PERMUTE,
           Unit.REQUANT}


def control_of(entry):
    """{field of :class:`Control`: value} of a line of the table."""
    unit = Unit[entry.unit.upper()]
    fields = entry.encoding.fields
    layouts = [_LAYOUTS[name, field.bits] for name, field in fields.items() if name in _NAMES]
    immediate = layouts[0] if layouts else None
    op = OPERATIONS[unit][entry.op.upper()]
    if op in (BitsOp.CLIP, BitsOp.CLIPU):
        immediate = Immediate.BOUND
    return {
        "unit": {unit.name.lower(): 1}, "op": op.value,
        "immediate": immediate or Immediate.I,
        "first_pc": "pc" in entry.flags,
        "second_immediate": immediate is not None and unit is not Unit.BRANCH,
        "post": "post" in entry.flags,
        "reads_rs1": "rs1" in fields, "reads_rs2": "rs2" in fields,
        "reads_rs3": "rs3" in fields or bool(entry.flags & {"acc", "rmw"}),
        "writes_rd": "rd" in fields, "late": unit in _LATE,
        # The sum of the ALU is not what a cleared accumulator gets.
        "slow": unit in _SLOW or (unit is Unit.REQUANT and "post" in entry.flags),
        "beside": unit in _BESIDE,
        "accumulates": "acc" in entry.flags,
        "replicates": ".sc" in entry.name and unit in {Unit.DOT, Unit.SIMD},
        "short_compare": "simm5" in fields,
    }


def operand_places(extensions):
    """How many places of instruction words name registers that are read: 3 if that of rd does."""
    reads = any(control_of(entry)["reads_rs3"] for entry in instructions(extensions))
    return 3 if reads else 2


def immediate_value(insn, layout):
    """32-bit immediate of ``layout`` in ``insn``."""
    if layout is Immediate.BOUND:
        number = immediate_value(insn, Immediate.SHAMT)[:5]
        return Cat(*(number > bit + 1 for bit in range(30)), Const(0, 2))
    bits = next(key[1] for key, candidate in _LAYOUTS.items() if candidate is layout)
    entries = {value: insn[bit] for bit, value in bits}
    width = max(entries) + 1
    is_signed = layout not in _UNSIGNED
    top = entries[width - 1] if is_signed else Const(0, 1)
    return Cat(*(entries.get(i, Const(0, 1)) if i < width else top for i in range(32)))


class Decoder(wiring.Component):
    """32-bit instruction to :class:`Control`, combinational; ``legal`` says that it exists.

    Every bit of the control word is a sum of products found by :mod:`.minimise`.
    """

    def __init__(self, extensions):
        self._entries = instructions(extensions)
        super().__init__({"insn": In(32), "control": Out(Control), "legal": Out(1)})

    def elaborate(self, platform):
        m = Module()
        cubes = [(e.encoding.mask, e.encoding.match) for e in self._entries]
        words = [Control.const(control_of(e)).as_value().value for e in self._entries]
        outputs = Value.cast(self.control)
        for bit in range(len(outputs)):
            on = [cube for cube, word in zip(cubes, words, strict=True) if word >> bit & 1]
            off = [cube for cube, word in zip(cubes, words, strict=True) if not word >> bit & 1]
            m.d.comb += outputs[bit].eq(self._sum(cover(on, off)))
        m.d.comb += self.legal.eq(self._sum(merge(cubes)))
        return m

    def _sum(self, cubes):
        value = Const(0, 1)
        for mask, match in cubes:
            value = value | ((self.insn & mask) == match)
        return value
