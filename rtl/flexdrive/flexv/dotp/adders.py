"""Carry-save addition: C. S. Wallace, "A Suggestion for a Fast Multiplier", 1964."""

from amaranth.hdl import Cat, Const, Signal

__all__ = ["carry_save", "reduce_rows"]

# Rows from which on six become three at once.
_FEW = 10


def carry_save(m, name, x, y, z):
    """3:2 compression of three unsigned values: two signals whose exact sum is theirs."""
    width = max(len(x), len(y), len(z))
    total, carry = Signal(width, name=f"{name}_sum"), Signal(width + 1, name=f"{name}_carry")
    m.d.comb += [total.eq(x ^ y ^ z),
                 carry.eq(Cat(Const(0, 1), (x & y) | (x & z) | (y & z)))]
    return total, carry


def _count(m, name, rows):
    """6:3 compression of unsigned values: signals whose exact sum is theirs.

    Every bit depends on six bits, which one look-up table of an FPGA takes.
    """
    (x, x_carry), (y, y_carry) = (carry_save(m, f"{name}_{i}", *rows[3 * i:3 * i + 3])
                                  for i in range(2))
    ones = Signal(max(len(x), len(y)), name=f"{name}_ones")
    m.d.comb += ones.eq(x ^ y)
    return ones, *carry_save(m, f"{name}_twos", x_carry, y_carry, Cat(Const(0, 1), x & y))


def reduce_rows(m, name, rows, width):
    """Compress ``rows``, a list of signals whose sum is below ``2**width``, to two.

    Partial sums are never negative and never exceed the whole sum, so no bit above ``width`` is
    ever set and all of them are cut off. The last steps take six rows at a time: fewer and larger
    tables.
    """
    level = 0
    while len(rows) > 2:
        compressed, left, step = [], list(rows), f"{name}_l{level}"
        if 6 <= len(left) <= _FEW:
            compressed += _count(m, f"{step}_six", left[:6])
            left = left[6:]
        while len(left) >= 3:
            compressed += carry_save(m, f"{step}_{len(left)}", *left[:3])
            left = left[3:]
        rows = [row[:width] if len(row) > width else row for row in compressed] + left
        level += 1
    return rows
