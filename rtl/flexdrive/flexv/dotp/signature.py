"""What both forms of the multiplier array have in common."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .geometry import SIGN_CLASSES

__all__ = ["FINISH_SIGNATURE", "SUM_BITS", "VECTOR_SIGNATURE", "LaneOperands", "LaneSums"]

# 2 * (2**16 - 1)**2 and all inverted partial products stay below 2**33.
SUM_BITS = 33


class DecodedLanes(data.Struct):
    """``size`` and signs once more, as the partial products use them: ``size`` is at most 0, 1, 2;
    which classes of partial products have negative weight."""

    at_most: 3
    negative: len(SIGN_CLASSES)


class LaneOperands(data.Struct):
    """Two words of lanes of 16 >> size bits, each two's complement or unsigned.

    For a structure that reverses, the lanes of each half of ``y`` are in reverse order.
    """

    x: 32
    y: 32
    x_signed: 1
    y_signed: 1
    size: 2
    decoded: DecodedLanes


class LaneSums(data.Struct):
    """What a multiplier array makes of :class:`LaneOperands`, to be brought to 32 bits."""

    total: SUM_BITS
    carry: SUM_BITS
    x_signed: 1
    y_signed: 1
    size: 2


VECTOR_SIGNATURE = wiring.Signature({"i": In(LaneOperands), "total": Out(SUM_BITS),
                                     "carry": Out(SUM_BITS)})
# total + carry modulo 2**32: the sum of the products of corresponding lanes.
FINISH_SIGNATURE = wiring.Signature({"i": In(LaneSums), "total": Out(32), "carry": Out(32)})
