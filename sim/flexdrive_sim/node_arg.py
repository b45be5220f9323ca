"""What a session says of inputs and outputs."""

from dataclasses import dataclass

__all__ = ["NodeArg"]


@dataclass(frozen=True)
class NodeArg:
    """An input or output of a network; an axis of the shape that is free is named."""

    name: str
    shape: tuple
    type: str = "tensor(float)"
