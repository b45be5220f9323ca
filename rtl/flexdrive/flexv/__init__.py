"""Flex-V: a RISC-V core with mixed-precision dot products fused with loads (Mac&Load).

Source: A. Nadalini et al., "A 3 TOPS/W RISC-V Parallel Cluster for Inference of Fine-Grain
Mixed-Precision Quantized Neural Networks", ISVLSI 2023, arXiv 2307.01056.
"""

from ..lazy import lazy

_FACE = {
    "Core": ("flexdrive.flexv.core", "Core"),
    "CoreConfig": ("flexdrive.flexv.core", "CoreConfig"),
    "ObiRam": ("flexdrive.bus.obi_ram", "ObiRam"),
    "WishboneCore": ("flexdrive.flexv.wishbone", "WishboneCore"),
    "load_elf": ("flexdrive_deploy.flexv.elf", "load_elf"),
}

__all__ = ["Core", "CoreConfig", "ObiRam", "WishboneCore", "load_elf"]

__getattr__, __dir__ = lazy(__name__, _FACE)
