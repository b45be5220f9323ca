"""Instruction-set simulator, written from the specifications and independent of the RTL.

Only the encodings (:mod:`flexdrive.flexv.isa`) are shared with the hardware; every meaning is
written here once more.
"""

from .machine import Hart, Retired, Trap
from .memory import Memory, Region

__all__ = ["Hart", "Memory", "Region", "Retired", "Trap"]
