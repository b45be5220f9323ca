"""Kernels of sums of one or two maps as assembly: results packed by rq.pack.c.

A kernel is called with the addresses of the words of both maps and of the results, the number of
units and the address of a ``struct net_sums`` (firmware/network/dots.h). A unit is as many values
as the narrowest lanes have in a word. With multipliers of 8 bits a value is one dot product of each
map's word with a word that has the multiplier in the value's lane; narrower lanes are spread over
words of bytes before. With 16 bits it is one dot product of a pair of values with the pair of
multipliers. Pairs of lanes of the same width are made of words that have a half of each map's
word: the values lie in both halves at the same place, so a shift and a mask make a pair.

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
# With multipliers of 16 bits: values of each map, to be paired; or pairs, and words of which they
# are made: the lower halves of the maps' words, and the upper ones.
_PAIRED = (("s1", "s2", "s3", "s4"), ("s5", "s6", "s7", "t6"))
_HALVES, _HALF_MASK = ("s5", "s6"), "t3"
# Offsets in struct net_sums.
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("kernel", "values", "control", "multiplier", "addend", "terms"))}
_GROUP = 4
# Instructions between the last value of a word and what reads the word.
_BEHIND = 4


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
            _, others = self._behind(group)
            if self._completes(group):
                waits += max(0, _BEHIND - len(others)) + (len(others) <= _BEHIND)
        return len(self._body()) + waits

    @property
    def _widths(self):
        return (self.a_bits, self.b_bits) if self.b_bits else (self.a_bits,)

    @property
    def _by_halves(self):
        """Whether pairs are made of words of halves."""
        return self.bits == 16 and self.a_bits == self.b_bits

    @property
    def _groups(self):
        """First value of each group of 4."""
        return range(0, self.values, _GROUP)

    def _completes(self, group):
        """Whether the group's last value is the last of a word of results."""
        return (group + _GROUP) * self.out_bits % 32 == 0

    def _begun(self, group):
        """Maps of which a group of values begins a word."""
        return [index for index, bits in enumerate(self._widths) if not group * bits % 32]

    def _loads(self, group):
        """Words that a group of values begins."""
        return [f"\tp.lw.post {_SPREAD[index][0]}, {(_A, _B)[index]}, 4"
                for index in self._begun(group)]

    def _prepared(self, group):
        """What dot products of a group of values take, of words that are loaded."""
        if self._by_halves:
            return self._pairs_of_halves(group)
        if self.bits == 16:
            return [f"\tp.extractu {target}, {_SPREAD[index][0]}, {bits - 1}, {value * bits % 32}"
                    for index, bits in enumerate(self._widths)
                    for value, target in enumerate(_PAIRED[index], group)]
        lines = []
        for index in self._begun(group):
            bits, (first, *others) = self._widths[index], _SPREAD[index]
            for number in range(8 // bits - 1, 0, -1):
                target = others[number - 1]
                lines += [f"\tsrli {target}, {first}, {bits * number}",
                          f"\tand {target}, {target}, {_MASKS[bits]}"]
            if bits < 8:
                lines.append(f"\tand {first}, {first}, {_MASKS[bits]}")
        return lines

    def _pairs_of_halves(self, group):
        """Pairs of values of both maps in the halves of a word."""
        bits, (a, b) = self.a_bits, (_SPREAD[0][0], _SPREAD[1][0])
        lines = [f"\tpv.pack {_HALVES[0]}, {b}, {a}",
                 f"\tpv.pack.h {_HALVES[1]}, {b}, {a}"] if self._begun(group) else []
        for value, pair in enumerate(_PAIRED[0], group):
            half, at = divmod(value * bits % 32, 16)
            word = _HALVES[half]
            if at:
                lines.append(f"\tpv.srl.sci.h {pair}, {word}, {at}")
                word = pair
            if at + bits < 16:
                lines.append(f"\tand {pair}, {word}, {_HALF_MASK}")
        return lines

    def _behind(self, group):
        """What comes in front of the packed results of a group, and behind them: the next group's
        words and pairs. Loads go in front, where something else fills the wait for the word."""
        following = (group + _GROUP) % self.values
        loads, others = self._loads(following), self._prepared(following)
        return (loads, others) if len(others) > _BEHIND else ([], loads + others)

    def _products(self, group):
        """Sums of a group of 4 values."""
        firsts, seconds = _PAIRED
        if self._by_halves:
            return [f"\tpv.dotusp.h {acc}, {pair}, {_LANES[0][0]}"
                    for acc, pair in zip(_ACCUMULATORS, firsts, strict=True)]
        if self.bits == 16:
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
            ahead, following = self._behind(group)
            lines += self._products(group) + ahead
            lines += [f"\trq.pack.c {each}, {_MULTIPLIER}, {_ADDEND}" for each in _ACCUMULATORS]
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
        if self._by_halves:
            lines.append(f"\tli {_HALF_MASK}, {((1 << self.a_bits) - 1) * 0x00010001:#x}")
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
            *self._constants(), *self._loads(0), *self._prepared(0),
            f"\tlp.setup 0, {_COUNT}, {self.symbol}_unit",
            *body[:-1], f"{self.symbol}_unit:{body[-1]}"])
