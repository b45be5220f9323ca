"""Kernels of dot products as assembly, all from one template: a tile of pixels times groups of 4
channels, operands loaded by the products themselves (Mac&Load), results packed by rq.pack.c.

A kernel of :class:`DotKernel` is called with the address of a ``struct net_tiles``
(firmware/network/dots.h) and makes all its tiles, group by group; a table says where each tile's
pixels are. Nothing is copied: the controller of activations walks from pixel to pixel, from word to
word, from row to row of the source (its three levels); weights lie in the order of their use, and
their controller goes back to those of the group behind the last of a tile.

For each word of the narrower operand: 4 dot products for each slice of it and each pixel. While the
last pixel is multiplied, its four products load the next weights; the last product of any other
pixel loads the next but one pixel's activations into the register that it multiplies, and the first
product of the first pixel those of the second (``.x``). With one pixel activations need an
instruction of their own.

A packed word is there 4 cycles behind its last output. So the last output of a pixel stores the
word of the pixel before (rq.pack.sb, .sh, .sw), and rq.at gives that of this one its place. The
first store of a call is of nothing, to where the first word goes behind it; the last word is stored
at the end. Cores without these, and words that are changed before they are stored, read the word;
meanwhile tiles of 4 pixels make the first products of the next tile: of pixels whose sums have been
packed.
"""

import re
from dataclasses import dataclass

__all__ = ["ACCUMULATORS", "COMPLETING", "COUNT", "NEXT", "OFFSET", "ONE", "OUT", "PLAIN", "STORES",
           "STRUCT", "TABLE", "WORD", "DotKernel", "cleared", "function", "load_scales", "packs"]

ACCUMULATORS = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
                 "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9")
_MULTIPLIERS, _ADDENDS = ("s0", "s1", "ra", "gp"), ("tp", "t0", "t1", "t2")
OUT, TABLE, WORD, NEXT, OFFSET, COUNT = "t3", "t4", "t5", "t6", "s10", "s11"
_SAVED = ("ra", "gp", "tp", *(f"s{i}" for i in range(12)))
# Bytes from sp: of the struct's address, of the place of a group's channels in a pixel; all.
STRUCT = 4 * len(_SAVED)
_PLACE, _FRAME = STRUCT + 4, 80
# Registers that lead to the next group; sums otherwise.
_LEADING = ("a0", "a1", "a2", "a3", "a4", "a5")
# Offsets in struct net_tiles.
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("table", "tiles", "w", "w_step", "scales", "groups", "iterations", "out_at", "out_step",
     "a_at", "a_step"))}
STORES = {8: "p.sw.reg", 4: "p.sh.reg", 2: "p.sb.reg"}
# Last output of a pixel, and the plain store.
COMPLETING = {8: "rq.pack.sw", 4: "rq.pack.sh", 2: "rq.pack.sb"}
PLAIN = {8: "sw", 4: "sh", 2: "sb"}
_GROUP_BYTES = 32
ONE = 4
# Two for each pixel but the first.
_AHEAD = 6


def load_scales(base):
    """Multipliers and addends of a group whose scales are at the address in ``base``."""
    return [f"\tlw {register}, {4 * i}({base})"
            for i, register in enumerate((*_MULTIPLIERS, *_ADDENDS))]


def packs(pixel, last="rq.pack.c"):
    """Outputs of a pixel of a tile; the sums begin anew."""
    part = slice(ONE * pixel, ONE * pixel + ONE)
    return [f"\t{name} {acc}, {multiplier}, {addend}" for name, acc, multiplier, addend in
            zip(["rq.pack.c"] * (ONE - 1) + [last], ACCUMULATORS[part], _MULTIPLIERS, _ADDENDS,
                strict=True)]


def cleared(registers):
    return [f"\tli {register}, 0" for register in registers]


def function(symbol, lines):
    """A function that may change all registers but sp; it saves those that it names."""
    named = set(re.findall(r"\w+", "\n".join(lines)))
    saved = [(4 * place, register) for place, register in enumerate(_SAVED)
             if register in named]
    return "\n".join([
        f"\t.globl {symbol}", f"\t.type {symbol}, @function", f"{symbol}:",
        f"\taddi sp, sp, -{_FRAME}",
        *(f"\tsw {register}, {at}(sp)" for at, register in saved), *lines,
        *(f"\tlw {register}, {at}(sp)" for at, register in saved),
        f"\taddi sp, sp, {_FRAME}", "\tret", f"\t.size {symbol}, . - {symbol}"])


@dataclass(frozen=True)
class DotKernel:
    """One combination.

    Attributes
    ----------
    a_bits, w_bits : 8, 4 or 2. out_bits : of packed results; 32: sums, for C to finish.
    pixels : of a tile, 4, 2 or 1; 4 only for activations that are not narrower than weights.
    single : depthwise: the source moves on from group to group.
    unused : bits of an output's lane that it does not have.
    short : there is one word of the narrower operand.
    stores : the core has ``requant_store``.
    planar : a packed word has 4 pixels of a channel.
    """

    a_bits: int
    w_bits: int
    out_bits: int
    pixels: int
    single: bool = False
    unused: int = 0
    short: bool = False
    stores: bool = True
    planar: bool = False

    @property
    def storing(self):
        """Whether packed words are stored by the outputs behind them; not of a single pixel,
        where there is nothing behind."""
        return (self.stores and self.pixels > 1 and self.out_bits != 32
                and not (self.single or self.unused))

    @property
    def ahead(self):
        """Products of a tile that are made while the one before is packed."""
        plain = self.pixels == 4 and self.out_bits != 32 and not self.storing
        return 0 if not plain or self.single or self.unused or self.short else _AHEAD

    @property
    def symbol(self):
        """Name of the function."""
        return (f"net_dots_a{self.a_bits}w{self.w_bits}o{self.out_bits}"
                f"{f'u{self.unused}' * bool(self.unused)}{'d' * self.single}"
                f"{'s' * self.short}{'p' * self.planar}_{self.pixels}")

    @property
    def word_cycles(self):
        """Of a word of the narrower operand for a tile."""
        return len(self._body())

    @property
    def tile_cycles(self):
        """Of what comes behind the products of a tile, with the set-up of the loop over words."""
        # A packed word is waited for while two other instructions leave.
        waits = (0 if self.out_bits == 32 or self.storing else 2 * self.pixels) - self.ahead
        return len(self._epilogue()) - self.ahead + waits + 1

    def _body(self):
        """Dot products of one word of the narrower operand."""
        lines = []
        w_slices, a_slices = (max(1, self.a_bits // self.w_bits),
                              max(1, self.w_bits // self.a_bits))
        for index in range(w_slices * a_slices):
            refills = index % w_slices == w_slices - 1
            last = index == w_slices * a_slices - 1
            for pixel in range(self.pixels):
                for channel in range(ONE):
                    load = ""
                    if refills and pixel == self.pixels - 1:
                        load = ".w"
                    elif self.pixels > 1 and (a_slices == 1 or last) and channel == ONE - 1 \
                            and pixel < self.pixels - 1:
                        load = ".a"
                    elif self.pixels > 1 and pixel == channel == 0 and (
                            a_slices == 1 or index == 0):
                        load = ".x"
                    lines.append(f"\tml.sdotsup{load} {ACCUMULATORS[ONE * pixel + channel]}, "
                                 f"zero, {channel}, {pixel % 2}, 0")
            if self.pixels == 1 and (a_slices == 1 or last):
                lines.append("\tml.sdotsup.a zero, zero, 0, 0, 0")
        return lines

    def _source(self):
        """The source of the next tile: pointer and the first word."""
        lines = [f"\tp.lw.post {NEXT}, {TABLE}, 4"]
        if self.single:
            # Words of the group's channels.
            lines += [f"\tlw {OUT}, {_PLACE}(sp)", f"\tadd {NEXT}, {NEXT}, {OUT}"]
        return lines

    @staticmethod
    def _goes_there():
        return [f"\tcsrw CSR_MACL_A_ADDRESS, {NEXT}", "\tml.sdotsup.a zero, zero, 0, 0, 0"]

    def packed(self):
        """The packed word of a pixel, 4 cycles behind its last output."""
        read = f"\tcsrrw {WORD}, CSR_RQ_WORD, zero"
        if not self.unused:
            return [read]
        used = (1 << self.out_bits - self.unused) - 1
        mask = sum(used << at for at in range(0, 32, self.out_bits))
        return [f"\tli {NEXT}, {mask:#x}", read, f"\tsrli {WORD}, {WORD}, {self.unused}",
                f"\tand {WORD}, {WORD}, {NEXT}"]

    def _packs(self, index, last="rq.pack.c"):
        """Outputs of a word: a pixel's, or a channel's."""
        if not self.planar:
            return packs(index, last)
        return [f"\t{name} {ACCUMULATORS[ONE * pixel + index]}, {_MULTIPLIERS[index]}, "
                f"{_ADDENDS[index]}" for pixel, name in
                enumerate(["rq.pack.c"] * (self.pixels - 1) + [last])]

    def _epilogue(self):
        """Results of a tile, and the way to the next one."""
        if self.out_bits == 32:
            count = ONE * self.pixels
            return [f"\tp.lw.post {OUT}, {TABLE}, 4",
                    *(f"\tp.sw.post {ACCUMULATORS[i]}, {OUT}, 4" for i in range(count - 1)),
                    f"\tsw {ACCUMULATORS[count - 1]}, 0({OUT})"]
        lines, store = [], f"\t{STORES[self.out_bits]} {WORD}, {OUT}, {OFFSET}"
        if self.storing:
            return self._stored()
        if self.ahead:
            return self._overlapped(store)
        for pixel in range(self.pixels):
            last = pixel == self.pixels - 1
            lines += [*self._packs(pixel), *([store] if pixel else []),
                      f"\tp.lw.post {OUT}, {TABLE}, 4"]
            # The load of the next source fills a wait where it does not need the register.
            early = last and not (self.unused or self.single)
            lines += self._source() if early else []
            lines += self.packed()
            if last and not self.single:
                lines += [*([] if early else self._source()), *self._goes_there()]
        if self.single:
            # The pointer to the source needs the register of the place of the results.
            return [*lines, store, *self._source(), *self._goes_there()]
        return [*lines, store]

    def _stored(self):
        """Each pixel's last output stores the word of the one before."""
        lines = [f"\tlw {NEXT}, {4 * self.pixels}({TABLE})"]
        for pixel in range(self.pixels):
            # Behind the last pixel's place the next source is, which is known already.
            step = 8 if pixel == self.pixels - 1 else 4
            lines += [*self._packs(pixel, COMPLETING[self.out_bits]),
                      *([] if pixel else self._goes_there()),
                      f"\trq.at {TABLE}, {step}, {OFFSET}"]
        return lines

    @staticmethod
    def _first_place():
        """Where the store of nothing goes, the one in front of the first word."""
        return [f"\tlw {TABLE}, {_FIELDS['table']}(a0)", f"\tlw {OFFSET}, {_FIELDS['out_at']}(a0)",
                f"\taddi {TABLE}, {TABLE}, 4", f"\trq.at {TABLE}, 0, {OFFSET}"]

    def _last_word(self):
        return [f"\tcsrr {WORD}, CSR_RQ_PACKED", f"\tcsrr {NEXT}, CSR_RQ_ADDRESS",
                f"\t{PLAIN[self.out_bits]} {WORD}, 0({NEXT})"]

    def _overlapped(self, store):
        """The same, while the next tile begins: 4 instructions behind each pixel's outputs."""
        ahead, lines = self._body()[:self.ahead], []
        # Of the first pixel, whose fourth channel is packed last where channels are.
        parts = (0, 2, 3, 6) if self.planar else (0, 2, 4, 6)
        for pixel in range(self.pixels):
            last = pixel == self.pixels - 1
            lines += [*self._packs(pixel),
                      store if pixel else f"\tlw {NEXT}, {4 * self.pixels}({TABLE})",
                      # Not last: an access to a CSR waits for operands that are being loaded.
                      *(ahead[parts[pixel - 1]:parts[pixel]] if pixel else []),
                      # The next source is known already.
                      f"\tp.lw.post {OUT}, {TABLE}, {8 if last else 4}", *self.packed(),
                      *([] if pixel else self._goes_there())]
        return [*lines, store]

    def text(self):
        """The function."""
        body, epilogue, symbol = self._body(), self._epilogue(), self.symbol
        fields, packed = _FIELDS, self.out_bits != 32
        used = ACCUMULATORS[:ONE * self.pixels]
        group = [
            f"{symbol}_group:",
            f"\tlw {WORD}, {fields['w']}(a0)", f"\tlw a1, {fields['w_step']}(a0)",
            f"\tlw a2, {fields['scales']}(a0)", f"\tlw {TABLE}, {fields['table']}(a0)",
            f"\tcsrw CSR_MACL_W_ADDRESS, {WORD}",
            # The group before has begun a tile too many.
            *(["\tcsrwi CSR_MIXED_COUNT, 0"] if self.ahead else []),
            f"\tlw {OFFSET}, {fields['out_at']}(a0)", f"\tlw a3, {fields['out_step']}(a0)",
            f"\tadd a1, a1, {WORD}", f"\tsw a1, {fields['w']}(a0)",
            *(load_scales("a2") if packed else []),
            f"\taddi a2, a2, {_GROUP_BYTES}", f"\tsw a2, {fields['scales']}(a0)",
            f"\tadd a3, a3, {OFFSET}", f"\tsw a3, {fields['out_at']}(a0)"]
        if self.single:
            group += [f"\tlw a4, {fields['a_at']}(a0)", f"\tlw a5, {fields['a_step']}(a0)",
                      "\tandi a1, a4, -4", f"\tsw a1, {_PLACE}(sp)", "\tadd a4, a4, a5",
                      f"\tsw a4, {fields['a_at']}(a0)"]
        group += [
            f"\tlw {COUNT}, {fields['iterations']}(a0)", f"\tlw {WORD}, {fields['tiles']}(a0)",
            *self._source(), *self._goes_there(),
            *(f"\tml.sdotsup.w zero, zero, {channel}, 0, 0" for channel in range(ONE)),
            *cleared(each for each in used if each in _LEADING),
            *([f"\taddi {COUNT}, {COUNT}, -1", *body[:self.ahead]]
              if self.ahead else []),
            f"\tlp.setup 1, {WORD}, {symbol}_tile", *(body[self.ahead:] if self.ahead else []),
            f"\tlp.setup 0, {COUNT}, {symbol}_word", *body[:-1],
            f"{symbol}_word:{body[-1]}", *epilogue[:-1], f"{symbol}_tile:{epilogue[-1]}",
            f"\tlw a0, {STRUCT}(sp)", f"\tlw a1, {fields['groups']}(a0)", "\taddi a1, a1, -1",
            f"\tsw a1, {fields['groups']}(a0)", f"\tbnez a1, {symbol}_group"]
        return function(symbol, [f"\tsw a0, {STRUCT}(sp)", *cleared(
            each for each in used if each not in _LEADING),
            *([*self._first_place(), *group, *self._last_word()] if self.storing else group)])
