"""The mixed-precision dot-product unit, a component of its own."""

from .unit import DotProduct, DotRequest, DotResult
from .vector import DotVector

__all__ = ["DotProduct", "DotRequest", "DotResult", "DotVector"]
