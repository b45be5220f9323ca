"""Cycle model of a chip: the same reports and the same total as the RTL, exactly.

Nothing is simulated cycle by cycle but the short tails: passes over known weights are one
arithmetic progression each, so a frame of ResNet-34 takes seconds.
"""

from .program import Prediction, predict

__all__ = ["Prediction", "predict"]
