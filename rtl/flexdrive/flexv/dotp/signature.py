"""Ports that both forms of the multiplier array have in common."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["VECTOR_SIGNATURE"]

# x, y: words of lanes of 16 >> size bits, each two's complement or unsigned.
# total + carry modulo 2**32: the sum of the products of corresponding lanes.
VECTOR_SIGNATURE = wiring.Signature({
    "x": In(32), "y": In(32), "x_signed": In(1), "y_signed": In(1), "size": In(2),
    "total": Out(32), "carry": Out(32),
})
