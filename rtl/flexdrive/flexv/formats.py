"""Operand formats of the dot-product unit: the codes of CSR ``ivec_fmt``.

Codes 0 to 10 are the published ones (arXiv 2307.01056): weights as wide as activations or
narrower. Bit 4 exchanges the roles, which gives the formats whose activations are narrower than
the weights; the published unit lacks them, and there a code of 16 or more is illegal.
"""

from dataclasses import dataclass

from amaranth.hdl import Array, Const, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["FORMATS", "FORMAT_BITS", "Format", "FormatControl", "FormatDecoder", "format_code"]

FORMAT_BITS = 5


@dataclass(frozen=True)
class Format:
    """Widths of one format.

    Attributes
    ----------
    a_bits, w_bits : width of an activation and of a weight.
    """

    a_bits: int
    w_bits: int

    @property
    def name(self):
        return f"a{self.a_bits}w{self.w_bits}"

    @property
    def wide(self):
        """Width of the wider operand, in bits: the width of a lane."""
        return max(self.a_bits, self.w_bits)

    @property
    def narrow(self):
        return min(self.a_bits, self.w_bits)

    @property
    def lanes(self):
        """Products in one dot product."""
        return 32 // self.wide

    @property
    def slices(self):
        """Dot products that one word of the narrower operand feeds."""
        return self.wide // self.narrow

    @property
    def swap(self):
        """Whether activations are the narrower operand."""
        return self.a_bits < self.w_bits


_PUBLISHED = {1: (16, 16), 2: (8, 8), 3: (4, 4), 4: (2, 2), 5: (4, 2), 6: (8, 2), 7: (16, 2),
              8: (8, 4), 9: (16, 4), 10: (16, 8)}

# Code -> format. Code 0 means scalar and has no dot product.
FORMATS = {code: Format(*bits) for code, bits in _PUBLISHED.items()}
FORMATS |= {16 + code: Format(w, a) for code, (a, w) in _PUBLISHED.items() if a != w}


def format_code(a_bits, w_bits):
    """The code of the format with these widths."""
    for code, fmt in FORMATS.items():
        if (fmt.a_bits, fmt.w_bits) == (a_bits, w_bits):
            return code
    raise ValueError(f"There is no format with {a_bits}-bit activations and {w_bits}-bit weights; "
                     f"widths are 16, 8, 4 and 2")


class FormatControl(data.Struct):
    """What the datapath needs to know of a format.

    ``size`` is log2(16 / lane width), ``ratio`` is log2(slices), ``swap`` says that activations
    are the narrower operand, ``legal`` that the code has a dot product.
    """

    size: 2
    ratio: 2
    swap: 1
    legal: 1


class FormatDecoder(wiring.Component):
    """Format code to :class:`FormatControl`, combinational. Illegal codes give all zeros.

    Parameters
    ----------
    narrow_activations : whether the codes from 16 on exist.
    """

    def __init__(self, *, narrow_activations=True):
        self.narrow_activations = narrow_activations
        super().__init__({"code": In(FORMAT_BITS), "control": Out(FormatControl)})

    def elaborate(self, platform):
        m = Module()
        table = [0] * (1 << FORMAT_BITS)
        for code, fmt in FORMATS.items():
            if not fmt.swap or self.narrow_activations:
                table[code] = FormatControl.const({
                    "size": 4 - fmt.wide.bit_length() + 1,
                    "ratio": fmt.slices.bit_length() - 1,
                    "swap": fmt.swap, "legal": 1}).as_value().value
        width = len(self.control.as_value())
        value = Signal(width)
        m.d.comb += [value.eq(Array([Const(v, width) for v in table])[self.code]),
                     self.control.as_value().eq(value)]
        return m
