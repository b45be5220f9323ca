"""Cycle model of a chip and of a mesh: the same reports and the same total as the RTL, exactly.

A chip is a mesh of one. Nothing is simulated cycle by cycle but the short tails, and the links of a
mesh while something is on them: steps that wait for nothing are one arithmetic progression each, so
a frame of ResNet-34 takes seconds.
"""

from .chip import first_step
from .frames import steady_cycles
from .program import Prediction, predict, predict_mesh

__all__ = ["Prediction", "first_step", "predict", "predict_mesh", "steady_cycles"]
