"""The mixed-precision dot-product unit, a component of its own."""

from .operands import DotOperands
from .signature import LaneOperands, LaneSums
from .unit import DotProduct, DotRequest, DotResult
from .vector import DotFinish, DotVector

__all__ = ["DotFinish", "DotOperands", "DotProduct", "DotRequest", "DotResult", "DotVector",
           "LaneOperands", "LaneSums"]
