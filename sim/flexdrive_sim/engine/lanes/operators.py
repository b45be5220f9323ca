"""C expressions of yosys' word-level operators (semantics: yosys' manual, "Word-level cells").

Every word is kept zero-extended: bits above its width are 0. Expressions are built so that a
compiler can compute one for many lanes with vector instructions: no branches, no calls.
"""

from ..tools import EngineError

__all__ = ["ctype", "expression", "mask"]


def ctype(width):
    """C type of a word of ``width`` bits in an expression."""
    return "u32" if width <= 32 else "u64" if width <= 64 else "u128"


def _type_bits(width):
    return 32 if width <= 32 else 64 if width <= 64 else 128


def mask(width):
    """C constant with ``width`` ones."""
    if width > 64:
        return f"((u128)0x{(1 << width - 64) - 1:x}ull << 64 | 0xffffffffffffffffull)"
    return f"0x{(1 << width) - 1:x}" + ("u" if width <= 32 else "ull")


def _cut(text, width):
    """``text`` of type ``ctype(width)``, cut to ``width`` bits."""
    return text if width in (32, 64, 128) else f"({text}) & {mask(width)}"


def _extend(bits, width, signed):
    return bits[:width] + [bits[-1] if signed and bits else "0"] * (width - len(bits))


class _Operators:
    """One method per kind of cell; ``value(bits)`` is the C expression of an operand."""

    def __init__(self, cell, value):
        self.cell, self.value = cell, value
        self.width = cell.output.width
        self.a, self.b = cell.inputs.get("A"), cell.inputs.get("B")

    def _operands(self, width=None):
        width = width or self.width
        both = self.cell.signed and (self.b is None or self.cell.signed_b)
        return tuple(self.value(_extend(bits, width, both)) for bits in (self.a, self.b)
                     if bits is not None)

    def _chunks(self, *operands):
        """Operands of any width as lists of expressions of at most 64 bits."""
        return list(zip(*([self.value(bits[at:at + 64]) for at in range(0, len(bits), 64)]
                          for bits in operands), strict=True))

    def _bitwise(self, operator):
        a, b = self._operands()
        return f"{a} {operator} {b}"

    def op_and(self):
        return self._bitwise("&")

    def op_or(self):
        return self._bitwise("|")

    def op_xor(self):
        return self._bitwise("^")

    def op_xnor(self):
        a, b = self._operands()
        return _cut(f"~({a} ^ {b})", self.width)

    def op_not(self):
        (a,) = self._operands()
        return f"{a} ^ {mask(self.width)}"

    def op_pos(self):
        (a,) = self._operands()
        return a

    def op_neg(self):
        (a,) = self._operands()
        return _cut(f"({ctype(self.width)})0 - {a}", self.width)

    def _arithmetic(self, operator):
        a, b = self._operands()
        return _cut(f"{a} {operator} {b}", self.width)

    def op_add(self):
        return self._arithmetic("+")

    def op_sub(self):
        return self._arithmetic("-")

    def op_mul(self):
        return self._arithmetic("*")

    def _equal(self):
        width = max(len(self.a), len(self.b))
        both = self.cell.signed and self.cell.signed_b
        pairs = self._chunks(_extend(self.a, width, both), _extend(self.b, width, both))
        return " & ".join(f"(u32)({a} == {b})" for a, b in pairs)

    def op_eq(self):
        return self._equal()

    def op_ne(self):
        return f"({self._equal()}) ^ 1u"

    def _compare(self, operator):
        width = max(len(self.a), len(self.b))
        a, b = self._operands(width)
        if self.cell.signed and self.cell.signed_b:
            # Order of two's complement is that of unsigned numbers with the sign inverted.
            sign = f"(({ctype(width)})1 << {width - 1})"
            a, b = f"({a} ^ {sign})", f"({b} ^ {sign})"
        return f"(u32)({a} {operator} {b})"

    def op_lt(self):
        return self._compare("<")

    def op_le(self):
        return self._compare("<=")

    def op_gt(self):
        return self._compare(">")

    def op_ge(self):
        return self._compare(">=")

    def _any(self, bits):
        return " | ".join(f"(u32)({value} != 0)" for (value,) in self._chunks(bits))

    def op_reduce_or(self):
        return self._any(self.a)

    def op_reduce_bool(self):
        return self._any(self.a)

    def op_reduce_and(self):
        return " & ".join(
            f"(u32)({value} == {mask(min(64, len(self.a) - 64 * i))})"
            for i, (value,) in enumerate(self._chunks(self.a)))

    def _parity(self):
        folded = " ^ ".join(f"(u64){value}" for (value,) in self._chunks(self.a))
        return f"parity({folded})"

    def op_reduce_xor(self):
        return self._parity()

    def op_reduce_xnor(self):
        return f"{self._parity()} ^ 1u"

    def op_logic_not(self):
        return f"({self._any(self.a)}) ^ 1u"

    def op_logic_and(self):
        return f"({self._any(self.a)}) & ({self._any(self.b)})"

    def op_logic_or(self):
        return f"({self._any(self.a)}) | ({self._any(self.b)})"

    def _amount(self, type_bits):
        """(shift amount, condition that it is below ``type_bits`` or None if it always is)."""
        amount = self.value(self.b)
        fits = (1 << len(self.b)) <= type_bits
        return f"(u32)({amount})", None if fits else f"({amount} < {type_bits})"

    def _shifted(self, text, operator, width):
        """``text`` of ``width`` bits shifted; 0 when everything is shifted out."""
        amount, fits = self._amount(_type_bits(width))
        if fits is None:
            return f"({text} {operator} {amount})"
        # The shift itself must stay defined.
        amount = f"({amount} & {_type_bits(width) - 1})"
        return f"({fits} ? {text} {operator} {amount} : 0)"

    def op_shl(self):
        text = self.value(_extend(self.a, self.width, self.cell.signed))
        return _cut(self._shifted(text, "<<", self.width), self.width)

    op_sshl = op_shl

    def _right(self, signed):
        width = max(len(self.a), self.width)
        text = self._shifted(self.value(_extend(self.a, width, signed)), ">>", width)
        return f"({ctype(self.width)}){_cut(text, self.width) if width > self.width else text}"

    def op_shr(self):
        return self._right(self.cell.signed)

    def op_sshr(self):
        if not self.cell.signed:
            return self._right(False)
        width = max(len(self.a), self.width)
        bits = _type_bits(width)
        text = self.value(_extend(self.a, bits, True))
        amount, fits = self._amount(bits)
        if fits is not None:
            amount = f"({fits} ? {amount} : {bits - 1}u)"
        text = f"(u{bits})((i{bits})({text}) >> {amount})"
        return f"({ctype(self.width)})({text}) & {mask(self.width)}"

    def _indexed(self):
        if not self.cell.signed_b:
            return self._right(self.cell.signed)
        raise EngineError("The engine 'lanes' cannot simulate a shift by a signed amount; "
                          "backend='cxxrtl' can")

    op_shift = _indexed
    op_shiftx = _indexed

    def op_mux(self):
        a, b = self._operands()
        return f"{self.value(self.cell.inputs['S'])} ? {b} : {a}"

    def op_pmux(self):
        select = self.cell.inputs["S"]
        text = self.value(self.a)
        for i in reversed(range(len(select))):
            item = self.value(self.b[i * self.width:(i + 1) * self.width])
            text = f"({self.value([select[i]])} ? {item} : {text})"
        return text

    op_eqx, op_nex = op_eq, op_ne


def expression(cell, value):
    """C expression of ``cell``; ``value(bits)`` makes that of an operand of up to 128 bits, of
    type ``ctype(len(bits))``.

    Raises
    ------
    EngineError
        for an operator that is not known.
    """
    method = getattr(_Operators(cell, value), f"op_{cell.kind[1:]}", None)
    if method is None:
        raise EngineError(f"The engine 'lanes' does not know the operator {cell.kind}; "
                          f"backend='cxxrtl' does")
    return method()
