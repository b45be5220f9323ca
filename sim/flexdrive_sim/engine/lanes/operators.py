"""C expressions of yosys' word-level operators (semantics: yosys' manual, "Word-level cells").

Every word is kept zero-extended: bits above its width are 0. Expressions are built so that a
compiler can compute one for many lanes with vector instructions: no branches, no calls.
"""

from ..tools import EngineError

__all__ = ["expression"]


def _extend(bits, width, signed):
    return bits[:width] + [bits[-1] if signed and bits else "0"] * (width - len(bits))


class _Operators:
    """One method per kind of cell; ``value(bits)`` is the C expression of an operand."""

    def __init__(self, cell, value, types):
        self.cell, self.value, self.types = cell, value, types
        self.width = cell.output.width
        self.a, self.b = cell.inputs.get("A"), cell.inputs.get("B")

    def _operands(self, width=None):
        width = width or self.width
        both = self.cell.signed and (self.b is None or self.cell.signed_b)
        return tuple(self.value(_extend(bits, width, both)) for bits in (self.a, self.b)
                     if bits is not None)

    def _cut(self, text, width):
        """``text`` of the type of ``width`` bits, cut to ``width`` bits."""
        return text if width == self.types.bits(width) else f"({text}) & {self.types.mask(width)}"

    def _not(self, text):
        """The other value of a word of one bit."""
        return f"({text}) ^ {self.types.constant(1, 1)}"

    def _chunks(self, *operands):
        """Operands of any width as expressions of at most 64 bits: a list of tuples of the width
        and one expression of each."""
        length = len(operands[0])
        return [(min(64, length - at), *(self.value(bits[at:at + 64]) for bits in operands))
                for at in range(0, length, 64)]

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
        return self._cut(f"~({a} ^ {b})", self.width)

    def op_not(self):
        (a,) = self._operands()
        return f"{a} ^ {self.types.mask(self.width)}"

    def op_pos(self):
        (a,) = self._operands()
        return a

    def op_neg(self):
        (a,) = self._operands()
        return self._cut(f"{self.types.constant(0, self.width)} - {a}", self.width)

    def _arithmetic(self, operator):
        a, b = self._operands()
        return self._cut(f"{a} {operator} {b}", self.width)

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
        return " & ".join(self.types.truth(f"{a} == {b}") for _, a, b in pairs)

    def op_eq(self):
        return self._equal()

    def op_ne(self):
        return self._not(self._equal())

    def _compare(self, operator):
        width = max(len(self.a), len(self.b))
        a, b = self._operands(width)
        if self.cell.signed and self.cell.signed_b:
            # Order of two's complement is that of unsigned numbers with the sign inverted.
            sign = self.types.constant(1 << width - 1, width)
            a, b = f"({a} ^ {sign})", f"({b} ^ {sign})"
        return self.types.truth(f"{a} {operator} {b}")

    def op_lt(self):
        return self._compare("<")

    def op_le(self):
        return self._compare("<=")

    def op_gt(self):
        return self._compare(">")

    def op_ge(self):
        return self._compare(">=")

    def _any(self, bits):
        return " | ".join(self.types.truth(f"{value} != {self.types.constant(0, width)}")
                          for width, value in self._chunks(bits))

    def op_reduce_or(self):
        return self._any(self.a)

    def op_reduce_bool(self):
        return self._any(self.a)

    def op_reduce_and(self):
        return " & ".join(
            self.types.truth(f"{value} == {self.types.mask(width)}")
            for width, value in self._chunks(self.a))

    def _parity(self):
        return self.types.parity(" ^ ".join(self.types.convert(value, 64, width)
                                            for width, value in self._chunks(self.a)))

    def op_reduce_xor(self):
        return self._parity()

    def op_reduce_xnor(self):
        return self._not(self._parity())

    def op_logic_not(self):
        return self._not(self._any(self.a))

    def op_logic_and(self):
        return f"({self._any(self.a)}) & ({self._any(self.b)})"

    def op_logic_or(self):
        return f"({self._any(self.a)}) | ({self._any(self.b)})"

    def _amount(self, width):
        """For a shift of a word of ``width`` bits: (amount, condition that it is below the bits of
        the type, or None if it always is)."""
        amount, source = self.value(self.b), len(self.b)
        type_bits = self.types.bits(width)
        fits = (1 << source) <= type_bits
        return self.types.amount(amount, width, source), (
            None if fits else
            self.types.truth(f"{amount} < {self.types.constant(type_bits, source)}"))

    def _shifted(self, text, operator, width):
        """``text`` of ``width`` bits shifted; 0 when everything is shifted out."""
        amount, fits = self._amount(width)
        if fits is None:
            return f"({text} {operator} {amount})"
        # The shift itself must stay defined.
        defined = f"({amount} & {self._count(width, self.types.bits(width) - 1)})"
        shifted = f"({text} {operator} {defined})"
        return f"({self.types.choose(fits, shifted, self.types.constant(0, width))})"

    def _count(self, width, value):
        """``value`` of the type of amounts for words of ``width`` bits."""
        return self.types.amount(self.types.constant(value, width), width, width)

    def op_shl(self):
        text = self.value(_extend(self.a, self.width, self.cell.signed))
        return self._cut(self._shifted(text, "<<", self.width), self.width)

    op_sshl = op_shl

    def _right(self, signed):
        width = max(len(self.a), self.width)
        text = self._shifted(self.value(_extend(self.a, width, signed)), ">>", width)
        return self._narrow(text, width)

    def _narrow(self, text, width):
        """``text`` of the type of ``width`` bits as this cell's value."""
        text = f"({self.types.convert(f'({text})', self.width, width)})"
        return self._cut(text, self.width) if width > self.width else text

    def op_shr(self):
        return self._right(self.cell.signed)

    def op_sshr(self):
        if not self.cell.signed:
            return self._right(False)
        bits = self.types.bits(max(len(self.a), self.width))
        text = self.value(_extend(self.a, bits, True))
        amount, fits = self._amount(bits)
        if fits is not None:
            amount = f"({self.types.choose(fits, amount, self._count(bits, bits - 1))})"
        text = self.types.unsigned(f"{self.types.signed(text, bits)} >> {amount}", bits)
        return self._cut(self.types.convert(f"({text})", self.width, bits), self.width)

    def _indexed(self):
        if not self.cell.signed_b:
            return self._right(self.cell.signed)
        raise EngineError("The engine 'lanes' cannot simulate a shift by a signed amount; "
                          "backend='cxxrtl' can")

    op_shift = _indexed
    op_shiftx = _indexed

    def op_mux(self):
        a, b = self._operands()
        return self.types.choose(self.value(self.cell.inputs["S"]), b, a)

    def op_pmux(self):
        select = self.cell.inputs["S"]
        text = self.value(self.a)
        for i in reversed(range(len(select))):
            item = self.value(self.b[i * self.width:(i + 1) * self.width])
            text = f"({self.types.choose(self.value([select[i]]), item, text)})"
        return text

    op_eqx, op_nex = op_eq, op_ne


def expression(cell, value, types):
    """C expression of ``cell`` in ``types``; ``value(bits)`` makes that of an operand of up to 128
    bits, of the type of that many bits.

    Raises
    ------
    EngineError
        for an operator that is not known.
    TooWide
        for what ``types`` cannot hold.
    """
    method = getattr(_Operators(cell, value, types), f"op_{cell.kind[1:]}", None)
    if method is None:
        raise EngineError(f"The engine 'lanes' does not know the operator {cell.kind}; "
                          f"backend='cxxrtl' does")
    return method()
