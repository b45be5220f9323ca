"""Hyperdrive: a binary-weight CNN engine with FP16 arithmetic and feature maps on chip.

R. Andri, L. Cavigelli, D. Rossi, L. Benini: "Hyperdrive: A Systolically Scalable Binary-Weight
CNN Inference Engine for mW IoT End-Nodes", IEEE ISVLSI 2018, and "Hyperdrive: A Multi-Chip
Systolically Scalable Binary-Weight CNN Inference Engine", IEEE JETCAS 9(2), 2019.
"""

from ..lazy import lazy
from .config import PRESETS, ChipConfig

_FACE = {
    "Chip": ("flexdrive.hyperdrive.chip", "Chip"),
    "Mesh": ("flexdrive.hyperdrive.mesh", "Mesh"),
    "MeshChip": ("flexdrive.hyperdrive.mesh_chip", "MeshChip"),
    "MeshOptions": ("flexdrive.hyperdrive.mesh_chip", "MeshOptions"),
}

__all__ = ["PRESETS", "Chip", "ChipConfig", "Mesh", "MeshChip", "MeshOptions"]

__getattr__, __dir__ = lazy(__name__, _FACE)
