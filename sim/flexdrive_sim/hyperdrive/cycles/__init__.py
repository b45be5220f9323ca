"""Cycle model of a chip and of a mesh: the same reports and the same total as the RTL, exactly.

Nothing is simulated cycle by cycle but the short tails: passes over known weights are one
arithmetic progression each, so a frame of ResNet-34 takes seconds.
"""

from .convolution import first_step
from .mesh import MeshPrediction, predict_mesh
from .program import Prediction, predict

__all__ = ["MeshPrediction", "Prediction", "first_step", "predict", "predict_mesh"]
