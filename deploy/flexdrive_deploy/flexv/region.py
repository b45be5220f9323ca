"""A piece of memory with its content."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Region"]


@dataclass(frozen=True)
class Region:
    """``data`` (uint8) lies at ``base``; both are multiples of 4."""

    base: int
    data: np.ndarray

    def __post_init__(self):
        if self.base % 4 or len(self.data) % 4:
            raise ValueError(f"Region at {self.base:#x} with {len(self.data)} bytes must begin and "
                             f"end at multiples of 4")
