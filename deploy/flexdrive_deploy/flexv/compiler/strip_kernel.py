"""Kernel of depthwise layers as assembly: words of 4 pixels of one channel, the lane funnel."""

from dataclasses import dataclass

from .dot_kernel import (
    ACCUMULATORS,
    COMPLETING,
    COUNT,
    NEXT,
    OFFSET,
    ONE,
    OUT,
    PLAIN,
    STORES,
    STRUCT,
    TABLE,
    WORD,
    DotKernel,
    cleared,
    function,
    load_scales,
    packs,
)

__all__ = ["STRIP_TAPS", "StripKernel"]

# Pixels of a window's line, at most: those of a word.
STRIP_TAPS = 4
# Words of a struct net_strips (firmware/network/dots.h), in its order.
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("w", "scales", "out", "from", "groups", "words", "pitch", "lines", "in_word", "all_in", "in1",
     "in2", "in_back", "last_in", "last_in1", "last_in2", "last_in_back", "quads", "rows",
     "out_word", "out_line", "all_out", "out2", "out1", "out0", "last_out", "last_out2",
     "last_out1", "last_out0", "at", "to", "left", "scratch"))}
# Places of the pixels of a tile, the last pixel first, where the kernel stores words itself.
_PLACES = (TABLE, NEXT, OFFSET, COUNT)
_LINE = "a5"


@dataclass(frozen=True)
class StripKernel:
    """Depthwise layers, 4 channels by 4 pixels of a line of the output, line by line; called with a
    ``struct net_strips``. Words come first: for each line of the source and each of 4 channels its
    pixels. A tile takes 4 products for each line of the window and channel, of the last pixel
    first; they load the words and the weights that follow. A packed word is stored by the last
    output of the pixel behind it, as by :class:`.dot_kernel.DotKernel`; words that are changed
    first are read and stored.

    Attributes
    ----------
    rows : lines of the window. step : pixels of the source from one of the output to the next along
        a line, 1 or 2. out_bits, unused : as of :class:`.dot_kernel.DotKernel`. planar : the source
        has those words.
    """

    rows: int
    step: int
    out_bits: int
    unused: int = 0
    planar: bool = False

    @property
    def symbol(self):
        """Name of the function."""
        return (f"net_strips_{self.rows}s{self.step}{'p' * self.planar}o{self.out_bits}"
                f"{f'u{self.unused}' * bool(self.unused)}")

    @property
    def tile_cycles(self):
        """Of a tile, where no load waits. A word that is read is there when three, the others two
        instructions could leave."""
        return len(self._body()) + len(self._epilogue()) - 4 + (0 if self.storing else 9)

    @property
    def storing(self):
        """Whether outputs store the words."""
        return not self.unused

    def _body(self):
        """Products of a tile, by line of the window and channel."""
        lines = []
        # Registers of a line's words. Step 1: w0, w1 and w2, w3 in turn. Step 2: three words, the
        # last of them in ``base``, one before the next three's first.
        base = 1
        for index in range(ONE * self.rows):
            if self.step == 1:
                first = index % 2 * 2
                reads, loads = ((first, 24), (first, 16), (first, 8), (first, 0)), ".a .b  .w"
            else:
                upper, lower = (base - 1) % 4, (base - 2) % 4
                reads = (upper, 16), (upper, 0), (lower, 16), (lower, 0)
                loads, base = ".b .a .a .w", base - 3
            for pixel, (wreg, offset), load in zip((3, 2, 1, 0), reads, loads.split(" "),
                                                   strict=True):
                lines.append(f"\tml.f.sdotsup{load} {ACCUMULATORS[ONE * pixel + index % ONE]}, "
                             f"{wreg}, {index % 2}, {offset}")
        return lines

    def _begin(self):
        """Loads of what the first products need."""
        first = (".a", ".b") if self.step == 1 else (".b", ".a")
        return [*(f"\tml.f.sdotsup{load} zero, 2, 0, 0" for load in first),
                *(f"\tml.f.sdotsup.w zero, 0, {areg}, 0" for areg in (0, 1))]

    def _turn(self):
        """Words of 4 pixels of each of 4 channels, column of words by column of words."""
        symbol, steps = self.symbol, ("s1", "s2", "s7", "s8")
        fields = {"s0": "from", "s3": "scratch", "s4": "pitch", "t4": "lines", "a6": "words",
                  "s9": "in_word"}
        # What is packed is passed on a cycle later.
        stores = [line for upper, lower in (("a3", "a1"), ("t1", "t0")) for line in (
            f"\tpv.pack a5, {upper}, {lower}", f"\tpv.pack.h a7, {upper}, {lower}",
            "\tp.sw.rpost a5, t6, s4", "\tp.sw.rpost a7, t6, s4")]
        return [
            *(f"\tlw {register}, {_FIELDS[name]}(a0)" for register, name in fields.items()),
            "\tli s5, 0x05010400", "\tli s6, 0x07030602", f"\taddi t3, a0, {_FIELDS['all_in']}",
            f"{symbol}_word:", "\taddi a6, a6, -1", f"\tbnez a6, {symbol}_all",
            f"\taddi t3, a0, {_FIELDS['last_in']}", f"{symbol}_all:",
            *(f"\tlw {register}, {4 * i}(t3)" for i, register in enumerate(steps)),
            "\tmv t5, s0", "\tmv t6, s3", "\tadd s0, s0, s9", "\taddi s3, s3, 4",
            f"\tlp.setup 0, t4, {symbol}_turned",
            *(f"\tp.lw.rpost a{1 + i}, t5, {register}" for i, register in enumerate(steps)),
            "\tmv t0, a1", "\tmv t1, a3",
            # Channels 0 and 1 of two pixels, then 2 and 3.
            "\tpv.shuffle2.b a1, a2, s5", "\tpv.shuffle2.b a3, a4, s5",
            "\tpv.shuffle2.b t0, a2, s6", "\tpv.shuffle2.b t1, a4, s6",
            *stores[:-1], f"{symbol}_turned:{stores[-1]}", f"\tbnez a6, {symbol}_word"]

    def _packed(self, pixel):
        """The packed word of a pixel whose sums have begun anew."""
        read, *rest = DotKernel(8, 8, self.out_bits, 4).packed()
        if not self.unused:
            return [read, *rest]
        # A sum that is not needed yet has the mask.
        mask = ACCUMULATORS[ONE * pixel + ONE - 1]
        return [line.replace(f" {NEXT},", f" {mask},").replace(f", {NEXT}", f", {mask}")
                for line in DotKernel(8, 8, self.out_bits, 4, unused=self.unused).packed()
                ] + cleared([mask])

    def _epilogue(self):
        """Results of a tile, while the next one begins with a product of each pixel whose sums have
        been packed."""
        lines, before = [], []
        for pixel, product, place in zip((3, 2, 1, 0), self._body(), _PLACES, strict=False):
            if self.storing:
                # Round and round among the places of a line.
                step = 4 if pixel else -12
                lines += [*packs(pixel, COMPLETING[self.out_bits]), product,
                          f"\trq.at {TABLE}, {step}, {OFFSET}"]
                continue
            # Last in front of the word: an access to a CSR waits for what is being loaded.
            lines += [*packs(pixel), product, *before, *self._packed(pixel)]
            before = [f"\t{STORES[self.out_bits]} {WORD}, {OUT}, {place}"]
        base = OFFSET if self.storing else OUT
        return [*lines, *before, f"\tadd {base}, {base}, {COUNT if self.storing else _LINE}"]

    def _places(self):
        """Where the tiles of a column of words are stored, from the fields at a6."""
        if self.storing:
            return [f"\tmv {TABLE}, a6", f"\tmv {OFFSET}, {OUT}",
                    f"\tlw {COUNT}, {_FIELDS['out_line']}(a0)"]
        return [*(f"\tlw {register}, {4 * i}(a6)" for i, register in enumerate(_PLACES)),
                f"\tlw {_LINE}, {_FIELDS['out_line']}(a0)"]

    def _columns(self):
        """Tiles of a column of words after the other."""
        symbol, fields = self.symbol, _FIELDS
        body, epilogue = self._body(), self._epilogue()
        loads = {"a1": "at", "a2": "w", "a3": "left", OUT: "to", WORD: "rows", "a4": "out_word"}
        # These are sums, too, and the products of one tile too many are among the others.
        used = {"a0", "a1", "a2", "a3", "a4", "a5", "a6",
                *(ACCUMULATORS[ONE * pixel] for pixel in range(4))}
        return [
            f"{symbol}_quad:", f"\tlw a0, {STRUCT}(sp)",
            *(f"\tlw {register}, {fields[name]}(a0)" for register, name in loads.items()),
            f"\taddi a6, a0, {fields['all_out']}", "\taddi a3, a3, -1",
            f"\tsw a3, {fields['left']}(a0)", f"\tbnez a3, {symbol}_whole",
            f"\taddi a6, a0, {fields['last_out']}", f"{symbol}_whole:",
            *self._places(),
            "\tcsrw CSR_MACL_A_ADDRESS, a1", "\tcsrw CSR_MACL_W_ADDRESS, a2",
            f"\taddi a1, a1, {4 * self.step}", f"\tsw a1, {fields['at']}(a0)",
            f"\tadd a4, a4, {OUT}", f"\tsw a4, {fields['to']}(a0)",
            *self._begin(), *cleared(each for each in ACCUMULATORS if each in used), *body[:4],
            f"\tlp.setup 0, {WORD}, {symbol}_tile", *body[4:], *epilogue[:-1],
            f"{symbol}_tile:{epilogue[-1]}", f"\tlw a0, {STRUCT}(sp)",
            f"\tlw a1, {fields['left']}(a0)", f"\tbnez a1, {symbol}_quad"]

    def _next_group(self):
        """Fields of the struct at a0, as the next group's; a1: groups that are left."""
        steps = (("w", 16 * self.rows), ("scales", 32), ("out", self.out_bits // 2),
                 ("from", 0 if self.planar else 4), ("groups", -1))
        registers = [f"a{5 - i}" for i in range(5)]
        pairs = [(register, *step) for register, step in zip(registers, steps, strict=True)]
        return [*(f"\tlw {register}, {_FIELDS[name]}(a0)" for register, name, _ in pairs),
                *([f"\tlw a6, {_FIELDS['in_word']}(a0)", "\tadd a2, a2, a6"]
                  if self.planar else []),
                *(f"\taddi {register}, {register}, {step}" for register, _, step in pairs),
                *(f"\tsw {register}, {_FIELDS[name]}(a0)" for register, name, _ in pairs)]

    def text(self):
        """The function."""
        symbol, fields = self.symbol, _FIELDS
        # Where the first tile's loads begin.
        begin = 0 if self.step == 1 else 8
        # The store of nothing in front of the first word goes where that will.
        first = [f"\tlw {OUT}, {fields['out']}(a0)", f"\taddi {TABLE}, a0, {fields['last_out']}",
                 f"\trq.at {TABLE}, 0, {OUT}"]
        last = [f"\tcsrr {WORD}, CSR_RQ_PACKED", f"\tcsrr {NEXT}, CSR_RQ_ADDRESS",
                f"\t{PLAIN[self.out_bits]} {WORD}, 0({NEXT})"]
        return function(symbol, [
            f"\tsw a0, {STRUCT}(sp)", *(first if self.storing else []), f"{symbol}_group:",
            *([] if self.planar else self._turn()),
            *(f"\tlw {register}, {fields[name]}(a0)" for register, name in (
                ("a1", "from" if self.planar else "scratch"), ("a2", "out"), ("a3", "quads"),
                ("a4", "scales"))),
            *([f"\taddi a1, a1, {begin}"] if begin else []),
            f"\tsw a1, {fields['at']}(a0)", f"\tsw a2, {fields['to']}(a0)",
            f"\tsw a3, {fields['left']}(a0)", *load_scales("a4"),
            *cleared(ACCUMULATORS), *self._columns(), *self._next_group(),
            f"\tbnez a1, {symbol}_group", *(last if self.storing else [])])
