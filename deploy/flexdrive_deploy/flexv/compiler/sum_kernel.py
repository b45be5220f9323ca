"""Kernels of sums of one or two maps as assembly: results packed by rq.pack.c.

A kernel is called with the addresses of the words of both maps and of the results, the number of
units and the address of a ``struct net_sums`` (firmware/network/dots.h). A unit is as many values
as the narrowest lanes have in a word. With multipliers of 8 bits a value is one dot product of each
map's word with a word that has the multiplier in the value's lane; narrower lanes are spread over
words of bytes before. With 16 bits it is one dot product of a pair of values with the pair of
multipliers.

The words of the next values are loaded while the last of a word of results is packed, so a kernel
loads one unit too many.
"""

from dataclasses import dataclass

from .dot_kernel import function

__all__ = ["SumKernel"]

_A, _B, _TO, _COUNT, _NUMBERS = "a0", "a1", "a2", "a3", "a4"
_ACCUMULATORS = ("a5", "a6", "a7", "t0")
_MULTIPLIER, _ADDEND, _WORD = "t1", "t2", "t4"
# The lowest lane of such bits in each byte; only with multipliers of 8 bits.
_MASKS = {4: "t3", 2: "t6"}
# Of each map: words of a lane's multiplier, and what its word has been spread over.
_LANES = (("s0", "s1", "s2", "s3"), ("s4", "s5", "s6", "s7"))
_SPREAD = (("s8", "s9", "s10", "s11"), ("ra", "gp", "tp", "t5"))
# Values of each map, to be paired.
_PAIRED = (("s1", "s2", "s3", "s4"), ("s5", "s6", "s7", "t6"))
# Offsets in struct net_sums.
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("kernel", "values", "control", "multiplier", "addend", "terms"))}
_GROUP = 4
# Instructions between the last value of a word and what reads the word.
_BEHIND = 3


@dataclass(frozen=True, order=True)
class SumKernel:
    """One combination.

    Attributes
    ----------
    a_bits, b_bits : of the lanes of the maps: 8, 4 or 2; b_bits is 0 where there is one map.
    out_bits : of the results' lanes.
    bits : of the multipliers, 8 or 16.
    """

    a_bits: int
    b_bits: int
    out_bits: int
    bits: int

    @property
    def symbol(self):
        """Name of the function."""
        return f"net_sums_a{self.a_bits}b{self.b_bits}o{self.out_bits}m{self.bits}"

    @property
    def declaration(self):
        """Of the function in C."""
        return (f"void {self.symbol}(const uint32_t *a, const uint32_t *b, uint32_t *to,\n"
                "\tuint32_t count, const struct net_sums *sums);")

    @property
    def values(self):
        """Of a unit."""
        return 32 // min(bits for bits in (*self._widths, self.out_bits))

    @property
    def unit_cycles(self):
        """Of a unit, with the waits for packed words."""
        waits = 0
        for group in self._groups:
            others = len(self._prepared((group + _GROUP) % self.values))
            if self._completes(group):
                waits += max(0, _BEHIND - others) + (others <= _BEHIND)
        return len(self._body()) + waits

    @property
    def _widths(self):
        return (self.a_bits, self.b_bits) if self.b_bits else (self.a_bits,)

    @property
    def _groups(self):
        """First value of each group of 4."""
        return range(0, self.values, _GROUP)

    def _completes(self, group):
        """Whether the group's last value is the last of a word of results."""
        return (group + _GROUP) * self.out_bits % 32 == 0

    def _prepared(self, group):
        """Words of a group of values that have begun none before, and what dot products take."""
        begun = [index for index, bits in enumerate(self._widths) if not group * bits % 32]
        lines = [f"\tp.lw.post {_SPREAD[index][0]}, {(_A, _B)[index]}, 4" for index in begun]
        if self.bits == 16:
            return [*lines, *(
                f"\tp.extractu {target}, {_SPREAD[index][0]}, {bits - 1}, {value * bits % 32}"
                for index, bits in enumerate(self._widths)
                for value, target in enumerate(_PAIRED[index], group))]
        for index in begun:
            bits, (first, *others) = self._widths[index], _SPREAD[index]
            for number in range(8 // bits - 1, 0, -1):
                target = others[number - 1]
                lines += [f"\tsrli {target}, {first}, {bits * number}",
                          f"\tand {target}, {target}, {_MASKS[bits]}"]
            if bits < 8:
                lines.append(f"\tand {first}, {first}, {_MASKS[bits]}")
        return lines

    def _products(self, group):
        """Sums of a group of 4 values."""
        if self.bits == 16:
            firsts, seconds = _PAIRED
            lines = [f"\tpv.pack {acc}, {second}, {first}" for acc, first, second in
                     zip(_ACCUMULATORS, firsts, seconds, strict=True)] if self.b_bits else []
            return lines + [f"\tpv.dotusp.h {acc}, {acc if self.b_bits else first}, {_LANES[0][0]}"
                            for acc, first in zip(_ACCUMULATORS, firsts, strict=True)]
        lines = []
        for index, bits in enumerate(self._widths):
            words = 8 // bits
            for acc, value in zip(_ACCUMULATORS, range(group, group + _GROUP), strict=True):
                at = value % (32 // bits)
                name = "pv.sdotusp.b" if index else "pv.dotusp.b"
                lines.append(f"\t{name} {acc}, {_SPREAD[index][at % words]}, "
                             f"{_LANES[index][at // words]}")
        return lines

    def _body(self):
        """Results of a unit, and what the next one begins with."""
        lines = []
        for group in self._groups:
            lines += self._products(group)
            lines += [f"\trq.pack.c {each}, {_MULTIPLIER}, {_ADDEND}" for each in _ACCUMULATORS]
            following = self._prepared((group + _GROUP) % self.values)
            if self._completes(group):
                # A packed word is there 4 cycles behind its last value; what reads it waits a
                # cycle.
                following[_BEHIND:_BEHIND] = [f"\tcsrrw {_WORD}, CSR_RQ_WORD, zero"]
                following[_BEHIND + 2:_BEHIND + 2] = [f"\tp.sw.post {_WORD}, {_TO}, 4"]
            lines += following
        return lines

    def _constants(self):
        """Registers that stay."""
        lines = [f"\tlw {_MULTIPLIER}, {_FIELDS['multiplier']}({_NUMBERS})",
                 f"\tlw {_ADDEND}, {_FIELDS['addend']}({_NUMBERS})"]
        if self.bits == 16:
            return [*lines, f"\tlw {_LANES[0][0]}, {_FIELDS['terms']}({_NUMBERS})"]
        lines += [f"\tli {_MASKS[bits]}, {((1 << bits) - 1) * 0x01010101:#x}"
                  for bits in sorted({*self._widths} - {8})]
        for index, _ in enumerate(self._widths):
            lines.append(f"\tlbu {_LANES[index][0]}, {_FIELDS['terms'] + index}({_NUMBERS})")
            lines += [f"\tslli {register}, {_LANES[index][0]}, {8 * lane}"
                      for lane, register in enumerate(_LANES[index]) if lane]
        return lines

    def text(self):
        """The function."""
        body = self._body()
        return function(self.symbol, [
            *self._constants(), *self._prepared(0), f"\tlp.setup 0, {_COUNT}, {self.symbol}_unit",
            *body[:-1], f"{self.symbol}_unit:{body[-1]}"])
