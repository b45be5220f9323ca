"""Where the nodes of a network run."""

from dataclasses import dataclass

__all__ = ["Placement"]


@dataclass(frozen=True)
class Placement:
    """Of one ONNX node: ``where`` is "cluster", "host", "gone" or "unsupported"; ``precision`` of a
    layer is widths of lanes, a8w4 for one."""

    name: str
    operation: str
    where: str
    reason: str = ""
    rewrite: str = ""
    precision: str = ""
    macs: int = 0
    weights: int = 0
