"""Carry-save addition: C. S. Wallace, "A Suggestion for a Fast Multiplier", 1964."""

from amaranth.hdl import Cat, Const, Signal

__all__ = ["carry_save", "reduce_rows"]


def carry_save(m, name, x, y, z):
    """3:2 compression of three unsigned values: two signals whose exact sum is theirs."""
    width = max(len(x), len(y), len(z))
    total, carry = Signal(width, name=f"{name}_sum"), Signal(width + 1, name=f"{name}_carry")
    m.d.comb += [total.eq(x ^ y ^ z),
                 carry.eq(Cat(Const(0, 1), (x & y) | (x & z) | (y & z)))]
    return total, carry


def reduce_rows(m, name, rows, width):
    """Compress ``rows``, a list of signals whose sum is below ``2**width``, to two.

    Partial sums are never negative and never exceed the whole sum, so no bit above ``width`` is
    ever set and all of them are cut off.
    """
    level = 0
    while len(rows) > 2:
        kept = len(rows) - len(rows) % 3
        compressed = []
        for i in range(0, kept, 3):
            for row in carry_save(m, f"{name}_l{level}_{i // 3}", *rows[i:i + 3]):
                compressed.append(row[:width] if len(row) > width else row)
        rows = compressed + rows[kept:]
        level += 1
    return rows
