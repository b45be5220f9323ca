"""Kernels of dot products without the core's extensions, to compare with: XpulpV2 alone.

Interface, lines of pixels, order of weights are those of :mod:`.dot_kernel`; there is no im2col
here either. A tile of bytes is 4 pixels x 4 channels, of narrower operands 2 x 4: software widens
them to bytes in the inner loop, and registers hold no more.
"""

from dataclasses import dataclass

from .dot_kernel import ACCUMULATORS, ONE, STRUCT, TABLE, cleared, function

__all__ = ["XPULP_STYLES", "XpulpKernel"]

# How narrower operands become bytes: fields of all four bytes at once by masks and shifts, which
# takes lanes 4 apart (of both operands, so that products are the same); or each field extracted
# and packed, in order.
XPULP_STYLES = {"xpulpv2": "masks", "xpulpv2-extract": "extract"}

_WEIGHTS, _ACTIVATIONS = ("s0", "s1", "ra", "gp"), ("tp", "t0")
# Of narrower operands: words as loaded, and what widening needs besides.
_RAW_WEIGHTS, _RAW_ACTIVATIONS, _SPARE = ("s2", "s3", "s4", "s5"), ("s6", "s7"), ("s8", "s9", "t5")
_SOURCE, _PIXEL, _BACK, _W, _ROW, _COUNT = "t1", "t2", "t6", "s10", "t3", "s11"
# Bytes from sp.
_SHIFT, _ADDEND_SHIFT, _TILES, _PLACE = (STRUCT + 4 * i for i in range(1, 5))
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("table", "tiles", "w", "w_step", "scales", "groups", "iterations", "out_at", "out_step",
     "a_at", "a_step", "count", "rows", "pixel", "back", "row", "shift", "addend_shift"))}
_STORES = {8: "p.sw.reg", 4: "p.sh.reg", 2: "p.sb.reg"}


@dataclass(frozen=True)
class XpulpKernel:
    """One width of activations and weights; fields as of :class:`.dot_kernel.DotKernel`.

    Results are (sum * M + (B << p)) >> s as everywhere, s 32 or more: two halves of a product, a
    carry, a shift.
    """

    bits: int
    out_bits: int
    pixels: int
    style: str = "masks"
    short: bool = False

    @property
    def symbol(self):
        """Name of the function, as of the kernel in whose place it is."""
        return (f"net_dots_a{self.bits}w{self.bits}o{self.out_bits}{'s' * self.short}_"
                f"{self.pixels}")

    def _load(self, register, pixel):
        step = _BACK if pixel == self.pixels - 1 else _PIXEL
        return f"\tp.lw.rpost {register}, {_SOURCE}, {step}"

    @staticmethod
    def _dots(pixel, activations):
        return [f"\tpv.sdotusp.b {ACCUMULATORS[ONE * pixel + channel]}, {activations}, {weights}"
                for channel, weights in enumerate(_WEIGHTS)]

    def _bytes(self):
        """A word of each operand."""
        lines = [self._load(_ACTIVATIONS[0], 0),
                 *(f"\tp.lw.post {register}, {_W}, 4" for register in _WEIGHTS)]
        for pixel in range(self.pixels):
            if pixel + 1 < self.pixels:
                lines.append(self._load(_ACTIVATIONS[(pixel + 1) % 2], pixel + 1))
            lines += self._dots(pixel, _ACTIVATIONS[pixel % 2])
        return lines

    def _widened(self, field):
        """Field ``field`` of all bytes; no instruction needs the result of the one before."""
        bits, top = self.bits, 8 - self.bits
        above = top - bits * field
        weights = list(zip(_WEIGHTS, _RAW_WEIGHTS, strict=True))
        activations = list(zip(_ACTIVATIONS, _RAW_ACTIVATIONS, strict=True))[:self.pixels]
        if not above:
            return [*(f"\tpv.sra.sci.b {to}, {raw}, {top}" for to, raw in weights),
                    *(f"\tpv.srl.sci.b {to}, {raw}, {top}" for to, raw in activations)]
        lines = [f"\tpv.sll.sci.b {to}, {raw}, {above}" for to, raw in weights]
        if field:
            lines += [f"\tpv.sll.sci.b {to}, {raw}, {above}" for to, raw in activations]
        lines += [f"\tpv.sra.sci.b {to}, {to}, {top}" for to, _ in weights]
        return lines + ([f"\tpv.srl.sci.b {to}, {to}, {top}" for to, _ in activations] if field
                        else [f"\tand {to}, {raw}, {_SPARE[0]}" for to, raw in activations])

    def _extracted(self, chunk):
        """Four lanes of each word in order: extractions, then two packs. The second is put behind
        the first extraction of the next word, so that the first is not waited for."""
        spare, held, lines = (*_SPARE, _COUNT), "", []
        operands = [*zip(_WEIGHTS, _RAW_WEIGHTS, [""] * ONE, strict=True),
                    *zip(_ACTIVATIONS, _RAW_ACTIVATIONS, ["u"] * 2, strict=True)]
        for to, raw, sign in operands[:ONE + self.pixels]:
            for i, register in enumerate(spare):
                lines.append(f"\tp.extract{sign} {register}, {raw}, {self.bits - 1}, "
                             f"{(4 * chunk + i) * self.bits}")
                if not i and held:
                    lines.append(held)
            lines.append(f"\tpv.packlo.b {to}, {spare[1]}, {spare[0]}")
            held = f"\tpv.packhi.b {to}, {spare[3]}, {spare[2]}"
        return [*lines, held]

    def _body(self):
        if self.bits == 8:
            return self._bytes()
        lines = [f"\tp.lw.post {register}, {_W}, 4" for register in _RAW_WEIGHTS]
        lines += [self._load(_RAW_ACTIVATIONS[pixel], pixel) for pixel in range(self.pixels)]
        for part in range(8 // self.bits):
            lines += self._widened(part) if self.style == "masks" else self._extracted(part)
            for pixel in range(self.pixels):
                lines += self._dots(pixel, _ACTIVATIONS[pixel])
        return lines

    def _requantised(self, channel):
        """Results of a channel, put into the words of their pixels."""
        upper, lower = ("tp", "t0", "t1", "t2"), ("t6", "s11", "t3", "t5")
        sums = [ACCUMULATORS[ONE * pixel + channel] for pixel in range(self.pixels)]
        each = list(zip(upper, lower, sums, strict=False))
        lines = [f"\tlw s1, {16 + 4 * channel}(s10)", f"\tlw gp, {_ADDEND_SHIFT}(sp)",
                 f"\tlw s0, {4 * channel}(s10)", "\tsll ra, s1, gp", "\tneg gp, gp",
                 "\tsra gp, s1, gp", f"\tlw s1, {_SHIFT}(sp)"]
        lines += [f"\tmul {low}, {total}, s0" for _, low, total in each]
        lines += [f"\tmulh {high}, {total}, s0" for high, _, total in each]
        lines += [f"\tadd {low}, {low}, ra" for _, low, _ in each]
        # Carries.
        lines += [f"\tsltu {low}, {low}, ra" for _, low, _ in each]
        lines += [f"\tadd {high}, {high}, {low}" for high, low, _ in each]
        lines += [f"\tadd {high}, {high}, gp" for high, *_ in each]
        lines += [f"\tsra {high}, {high}, s1" for high, *_ in each]
        lines += [f"\tp.clipu {high}, {high}, {self.out_bits + 1}" for high, *_ in each]
        words = [ACCUMULATORS[ONE * pixel] for pixel in range(self.pixels)]
        put = (f"\tp.insert {{}}, {{}}, {self.out_bits - 1}, {channel * self.out_bits}" if channel
               else "\tmv {}, {}")
        return lines + [put.format(word, high) for word, (high, *_) in
                        zip(words, each, strict=True)]

    def _epilogue(self):
        lines = [f"\tlw s10, {STRUCT}(sp)", f"\tlw s10, {_FIELDS['scales']}(s10)"]
        for channel in range(ONE):
            lines += self._requantised(channel)
        lines.append(f"\tlw s11, {_PLACE}(sp)")
        places = ("t0", "t1", "t2", "t3")[:self.pixels]
        lines += [f"\tp.lw.post {place}, {TABLE}, 4" for place in places]
        return lines + [f"\t{_STORES[self.out_bits]} {ACCUMULATORS[ONE * pixel]}, {place}, s11"
                        for pixel, place in enumerate(places)]

    def text(self):
        """The function."""
        symbol, at = self.symbol, _FIELDS
        used, body = ACCUMULATORS[:ONE * self.pixels], self._body()
        loaded = {_W: "w", _PIXEL: "pixel", _BACK: "back", _ROW: "row", "t5": "rows"}
        mask = int("01" * 4, 16) * ((1 << self.bits) - 1)
        spills = self.style == "extract" and self.bits < 8
        return function(symbol, [
            f"\tsw a0, {STRUCT}(sp)", f"\tlw a1, {at['shift']}(a0)", f"\tsw a1, {_SHIFT}(sp)",
            f"\tlw a1, {at['addend_shift']}(a0)", f"\tsw a1, {_ADDEND_SHIFT}(sp)",
            f"{symbol}_group:", f"\tlw {TABLE}, {at['table']}(a0)",
            f"\tlw a1, {at['tiles']}(a0)", f"\tsw a1, {_TILES}(sp)",
            f"\tlw a1, {at['out_at']}(a0)", f"\tsw a1, {_PLACE}(sp)",
            f"{symbol}_tile:", f"\tlw a0, {STRUCT}(sp)", f"\tp.lw.post {_SOURCE}, {TABLE}, 4",
            *(f"\tlw {register}, {at[name]}(a0)" for register, name in loaded.items()),
            f"\tlw {_COUNT}, {at['count']}(a0)", *cleared(used),
            *([f"\tli {_SPARE[0]}, {mask:#x}"] if self.bits < 8 and not spills else []),
            f"\tlp.setup 1, t5, {symbol}_row",
            # Extraction needs its register.
            *([f"\tlw {_COUNT}, {STRUCT}(sp)", f"\tlw {_COUNT}, {at['count']}({_COUNT})"]
              if spills else []),
            f"\tlp.setup 0, {_COUNT}, {symbol}_word", *body[:-1], f"{symbol}_word:{body[-1]}",
            f"{symbol}_row:\tadd {_SOURCE}, {_SOURCE}, {_ROW}", *self._epilogue(),
            f"\tlw a0, {_TILES}(sp)", "\taddi a0, a0, -1", f"\tsw a0, {_TILES}(sp)",
            f"\tbnez a0, {symbol}_tile", f"\tlw a0, {STRUCT}(sp)",
            *(line for name, step in (("w", "w_step"), ("out_at", "out_step")) for line in (
                f"\tlw a1, {at[name]}(a0)", f"\tlw a2, {at[step]}(a0)", "\tadd a1, a1, a2",
                f"\tsw a1, {at[name]}(a0)")),
            f"\tlw a1, {at['scales']}(a0)", "\taddi a1, a1, 32", f"\tsw a1, {at['scales']}(a0)",
            f"\tlw a1, {at['groups']}(a0)", "\taddi a1, a1, -1", f"\tsw a1, {at['groups']}(a0)",
            f"\tbnez a1, {symbol}_group"])

