"""C types of the words of one lane, or of as many lanes as a vector instruction computes.

Both have the same methods, with which :mod:`.operators` writes one expression for either. Every
word is kept zero-extended in the smallest type that is there.
"""

__all__ = ["SCALARS", "Scalars", "TooWide", "Vectors"]


class TooWide(Exception):
    """A word of more than 64 bits, of which there are no vectors."""


class Scalars:
    """Integers from 32 bits on; C computes smaller ones as 32 bits anyway."""

    def bits(self, width):
        """Bits of the type of a word of ``width``."""
        return 32 if width <= 32 else 64 if width <= 64 else 128

    def name(self, width):
        return f"u{self.bits(width)}"

    def constant(self, value, width):
        if width > 64:
            return f"((u128)0x{value >> 64:x}ull << 64 | 0x{value & (1 << 64) - 1:x}ull)"
        return f"0x{value:x}{'u' if width <= 32 else 'ull'}"

    def mask(self, width):
        """``width`` ones."""
        return self.constant((1 << width) - 1, width)

    def convert(self, text, width, source):
        """``text``, of the type of a word of ``source`` bits, as the type of ``width`` bits."""
        return f"({self.name(width)}){text}"

    def amount(self, text, width, source):
        """Amount ``text`` of ``source`` bits for a shift of a word of ``width`` bits."""
        return f"(u32)({text})"

    def signed(self, text, width):
        return f"(i{self.bits(width)})({text})"

    def unsigned(self, text, width):
        return f"(u{self.bits(width)})({text})"

    def truth(self, text):
        """A comparison as a word of one bit."""
        return f"(u32)({text})"

    def choose(self, condition, value, other):
        """``value`` where the word ``condition`` is not 0."""
        return f"{condition} ? {value} : {other}"

    def parity(self, text):
        return f"parity({text})"


class Vectors(Scalars):
    """Vectors of ``lanes`` integers: ``V16``, ``V32`` and ``V64`` (``VECTORS`` in lanes.h)."""

    def __init__(self, lanes):
        self.lanes = lanes

    def bits(self, width):
        if width > 64:
            raise TooWide
        return 16 if width <= 16 else 32 if width <= 32 else 64

    def name(self, width):
        return f"V{self.bits(width)}"

    def constant(self, value, width):
        return f"({self.name(width)})(0x{value:x}ull)"

    def spread(self, text, width):
        """The scalar ``text`` in all lanes."""
        return f"({self.name(width)})({text})"

    def load(self, place, width):
        return f"load<{self.lanes}, u{self.bits(width)}>(&{place})"

    def convert(self, text, width, source):
        same = self.bits(width) == self.bits(source)
        return text if same else f"__builtin_convertvector({text}, {self.name(width)})"

    def amount(self, text, width, source):
        return self.convert(text, width, source)

    def signed(self, text, width):
        return f"(I{self.bits(width)})({text})"

    def unsigned(self, text, width):
        return f"(V{self.bits(width)})({text})"

    def truth(self, text):
        return f"(__builtin_convertvector({text}, V16) & {self.constant(1, 1)})"

    def choose(self, condition, value, other):
        return f"choose({condition}, {value}, {other})"

    def parity(self, text):
        return f"__builtin_convertvector(parity({text}), V16)"


SCALARS = Scalars()
