"""The emitted Verilog in a four-state simulator, with everything unknown until reset."""

from .cases import CASES, SIMULATED
from .simulate import LANGUAGES, POWER_UPS, Outcome, simulate

__all__ = ["CASES", "LANGUAGES", "POWER_UPS", "SIMULATED", "Outcome", "simulate"]
