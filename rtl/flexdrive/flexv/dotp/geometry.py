"""Which partial products of the shared array stand for which lanes, and which have negative
weight.

Rows are bits of the factor whose lanes are in reverse order, columns bits of the other; ``size`` is
log2(16 / lane width).
"""

__all__ = ["SIGN_CLASSES", "SIZES", "enabled", "lane_width", "sign_class", "sign_flip"]

SIZES = tuple(range(4))


def lane_width(size):
    """Bits of a lane."""
    return 16 >> size


def enabled(size, row, column):
    """Whether the partial product lies on the anti-diagonal of blocks."""
    width = lane_width(size)
    return column // width + row // width == 16 // width - 1


def sign_class(row, column):
    """On what it depends whether a partial product has negative weight: tuple of (size, whether
    the sign of the column's factor counts, whether that of the row's does)."""
    found = []
    for size in SIZES:
        top = lane_width(size) - 1
        tops = column % (top + 1) == top, row % (top + 1) == top
        if enabled(size, row, column) and any(tops):
            found.append((size, *tops))
    return tuple(found)


# All that occur, but for the products that never have negative weight.
SIGN_CLASSES = tuple(sorted({sign_class(row, column) for row in range(16)
                             for column in range(16)} - {()}))


def sign_flip(places, sizes, column_signed, row_signed):
    """Whether the partial products of a class have negative weight; ``sizes``: by size, whether it
    is the one. Works on numbers and on signals."""
    flip = 0
    for size, of_column, of_row in places:
        flip = flip | (sizes[size] & ((column_signed & of_column) ^ (row_signed & of_row)))
    return flip
