"""binary16 arithmetic: pure functions of IEEE 754-2019.

Round to nearest even, subnormals kept, overflow to infinity, one NaN (0x7E00), no flags.
"""

from .add import Adder
from .common import CANONICAL_NAN, INFINITY, MAXIMUM_DEPTH
from .compare import Comparator, Maximum, is_nan, less, maximum, relu
from .multiply import Multiplier

__all__ = ["CANONICAL_NAN", "INFINITY", "MAXIMUM_DEPTH", "Adder", "Comparator", "Maximum",
           "Multiplier", "is_nan", "less", "maximum", "relu"]
