"""16-bit instructions to the 32-bit ones that they stand for, from the table."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import BY_NAME, COMPRESSED

__all__ = ["Expander"]


class Expander(wiring.Component):
    """Combinational.

    Members
    -------
    half : 16-bit instruction. insn : the 32-bit instruction. illegal : there is none.
    """

    half: In(16)
    insn: Out(32)
    illegal: Out(1)

    def elaborate(self, platform):
        m = Module()
        sources, before, any_ = [{} for _ in range(32)], [], Const(0, 1)
        for short in COMPRESSED:
            encoding, chosen = short.encoding, Signal(name=f"is_{short.name.replace('.', '_')}")
            condition = (self.half & encoding.mask) == encoding.match
            for name, value in short.excluded:
                condition &= self._field(short, name) != value
            # In the table the first line wins.
            for other, earlier in before:
                if not (other.mask & encoding.mask & (other.match ^ encoding.match)):
                    condition &= ~earlier
            m.d.comb += chosen.eq(condition)
            before.append((encoding, chosen))
            any_ = any_ | chosen
            for bit, source in enumerate(self._expansion(short)):
                sources[bit].setdefault(repr(source), (source, []))[1].append(chosen)
        m.d.comb += self.illegal.eq(~any_)
        for bit, terms in enumerate(sources):
            # At most one line is chosen, so the order does not matter.
            value = Const(0, 1)
            for source, lines in terms.values():
                value = value | (Cat(*lines).any() & source)
            m.d.comb += self.insn[bit].eq(value)
        return m

    def _field(self, short, name):
        """Value of a field with its zero bits, sign-extended by nothing."""
        field = short.encoding.fields[name]
        places = {value: self.half[bit] for bit, value in field.bits}
        return Cat(*(places.get(i, Const(0, 1)) for i in range(field.width)))

    def _expansion(self, short):
        target = BY_NAME[short.target].encoding
        bits = [Const(target.match >> i & 1, 1) for i in range(32)]
        for name, source in short.values.items():
            field = target.fields[name]
            value = self._value(short, source, field.width)
            for bit, value_bit in field.bits:
                bits[bit] = value[value_bit]
        return bits

    def _value(self, short, source, width):
        if isinstance(source, int):
            return Const(source, width)
        value = self._field(short, source)
        if source.endswith("'"):
            value = Cat(value, Const(1, 2))
        fill = value[-1] if short.encoding.fields[source].signed else Const(0, 1)
        return Cat(value, fill.replicate(max(0, width - len(value))))
