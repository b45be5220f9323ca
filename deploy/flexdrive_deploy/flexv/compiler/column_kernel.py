"""Kernel of depthwise layers of 3 x 3 as assembly."""

from dataclasses import dataclass

from .dot_kernel import (
    ACCUMULATORS,
    COUNT,
    NEXT,
    OFFSET,
    ONE,
    OUT,
    STRUCT,
    TABLE,
    WORD,
    DotKernel,
    cleared,
    function,
    load_scales,
    packs,
)

__all__ = ["BLOCK_COLUMNS", "ColumnKernel"]

# Columns of the output that are made at once, at most (firmware/network/columns.c).
BLOCK_COLUMNS = 16
# Products of a column that are made while the one before is packed: one of each row, three more.
_AHEAD = 7
_POST_STORES = {8: "p.sw.rpost", 4: "p.sh.rpost", 2: "p.sb.rpost"}


@dataclass(frozen=True)
class ColumnKernel:
    """Depthwise with a kernel of 3 x 3: 4 rows of a column, 4 channels, column by column, from
    words that hold 4 rows of a channel; called with a ``struct net_columns``. Those words come
    first, from 6 rows of pixels. A channel and a column of the kernel take 4 dot products, which
    load the next rows and the weights after next."""

    out_bits: int
    unused: int = 0

    @property
    def symbol(self):
        """Name of the function."""
        return f"net_columns_o{self.out_bits}{f'u{self.unused}' * bool(self.unused)}"

    @staticmethod
    def _body():
        lines = []
        for step in range(12):
            channel, weight = step // 3, step % 2 * 2
            for row, (load, register) in enumerate(((".x", 0), (".a", 0), (".w", 1), (".w", 1))):
                lines.append(f"\tml.sdotsup{load} {ACCUMULATORS[ONE * row + channel]}, zero, "
                             f"{weight + row % 2}, {register}, 0")
        return lines

    def _turn(self):
        """Words of rows 0 to 3 and 2 to 5 of 4 channels, for each column that is no border."""
        lines = ["\tli s5, 0x05010400",
                 "\tli s6, 0x07030602", f"\tlp.setup 0, s4, {self.symbol}_turned",
                 *(f"\tp.lw.rpost a{row}, s0, {'s1' if row < 5 else 's2'}" for row in range(6)),
                 *(f"\tmv s{7 + i}, a{2 * i}" for i in range(3))]
        # Channels 0 and 1 of two rows, then 2 and 3.
        for mask, first in (("s5", ("a0", "a2", "a4")), ("s6", ("s7", "s8", "s9"))):
            lines += [f"\tpv.shuffle2.b {register}, a{2 * i + 1}, {mask}"
                      for i, register in enumerate(first)]
        place = 8 * (BLOCK_COLUMNS + 2)
        for channel in reversed(range(4)):
            rows = ("a0", "a2", "a4") if channel < 2 else ("s7", "s8", "s9")
            pack = "pv.pack.h" if channel % 2 else "pv.pack"
            lines += [f"\t{pack} a1, {rows[1]}, {rows[0]}", f"\t{pack} a3, {rows[2]}, {rows[1]}",
                      f"\tsw a3, {place * channel + 4}(s3)", f"\tsw a1, {place * channel}(s3)"]
        # The last one is at the pointer.
        return [*lines[:-1], f"{self.symbol}_turned:\tp.sw.post a1, s3, 8"]

    def _epilogue(self):
        """Rows of a column, stored one below the other; the last goes on to the next column."""
        lines, store = [], f"\t{_POST_STORES[self.out_bits]} {WORD}, {OUT}, {COUNT}"
        packed = DotKernel(8, 8, self.out_bits, 4, unused=self.unused).packed()
        ahead = self._body()[:_AHEAD]
        for row in range(4):
            # The next column's products of rows that have been packed, while the word is not there.
            # The store is behind them: an access to a CSR waits for operands that are being loaded.
            lines += [*packs(row), *ahead[row:row + 1 if row < 3 else -1],
                      *([store] if row else []), *packed]
        return [*lines, ahead[-1], f"\t{_POST_STORES[self.out_bits]} {WORD}, {OUT}, {OFFSET}"]

    def _next_group(self):
        """Fields of the struct at a0, as the next group's; a1: groups that are left."""
        # Offset, step: weights, scales, results, source, groups.
        steps = ((4, 96), (8, 32), (12, self.out_bits // 2), (28, 4), (40, -1))
        registers = [f"a{5 - i}" for i in range(5)]
        lines = [f"\tlw {register}, {offset}(a0)"
                 for register, (offset, _) in zip(registers, steps, strict=True)]
        lines += [f"\taddi {register}, {register}, {step}"
                  for register, (_, step) in zip(registers, steps, strict=True)]
        return [*lines, *(f"\tsw {register}, {offset}(a0)"
                          for register, (offset, _) in zip(registers, steps, strict=True))]

    def text(self):
        """The function."""
        turned = {"s0": 28, "s1": 32, "s2": 36, "s3": 44, "s4": 48}
        fields = {WORD: 0, NEXT: 4, TABLE: 8, OUT: 12, COUNT: 20, OFFSET: 24}
        body, epilogue, symbol = self._body(), self._epilogue(), self.symbol
        return function(symbol, [
            f"\tsw a0, {STRUCT}(sp)", f"{symbol}_group:",
            *(f"\tlw {register}, {offset}(a0)" for register, offset in turned.items()),
            *self._turn(), f"\tlw a0, {STRUCT}(sp)", "\tcsrwi CSR_SB_LEGACY, 0",
            *(f"\tlw {register}, {offset}(a0)" for register, offset in fields.items()),
            f"\tcsrw CSR_MACL_A_ADDRESS, {WORD}", f"\tcsrw CSR_MACL_W_ADDRESS, {NEXT}",
            f"\tlw {WORD}, 16(a0)",
            *(f"\tml.sdotsup.w zero, zero, {channel}, 0, 0" for channel in range(ONE)),
            "\tml.sdotsup.a zero, zero, 0, 0, 0", *load_scales(TABLE), *cleared(ACCUMULATORS),
            *body[:_AHEAD], f"\tlp.setup 0, {WORD}, {symbol}_column", *body[_AHEAD:],
            *epilogue[:-1],
            f"{symbol}_column:{epilogue[-1]}", "\tcsrwi CSR_SB_LEGACY, 1",
            f"\tlw a0, {STRUCT}(sp)", *self._next_group(), f"\tbnez a1, {symbol}_group"])
