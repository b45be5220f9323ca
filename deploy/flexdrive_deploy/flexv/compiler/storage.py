"""How maps lie in memory, as firmware/network/kernels.h says: pixels of channels in lanes."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from flexdrive_deploy.flexv.network.ir import Tensor

__all__ = ["Border", "Storage", "canonical", "pack_lanes", "storage_of"]


def canonical(shape) -> tuple[int, int, int]:
    """(channels, rows, columns) of a shape without batch, in the same order of values: (C,) and
    (C, L) lie in one row, axes in front of the last two are channels."""
    if len(shape) < 2:
        return prod(shape), 1, 1
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    return prod(shape[:-2]), shape[-2], shape[-1]


@dataclass(frozen=True)
class Border:
    """Pixels around a map, whose u is ``value``."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0
    value: int = 0

    def __bool__(self):
        return any((self.top, self.left, self.bottom, self.right))


@dataclass(frozen=True)
class Storage:
    """Of one tensor: channels in lanes of ``bits``; 32 bits with sign, others u = q - low."""

    channels: int
    height: int
    width: int
    bits: int
    low: int
    border: Border = Border()

    @property
    def pixel_words(self):
        """Words of a pixel."""
        return -(-self.channels * self.bits // 32)

    @property
    def row_words(self):
        """Words from a row to the next."""
        return (self.border.left + self.width + self.border.right) * self.pixel_words

    @property
    def words(self):
        """All words, with the border."""
        return (self.border.top + self.height + self.border.bottom) * self.row_words

    @property
    def origin(self):
        """Word of pixel (0, 0)."""
        return self.border.top * self.row_words + self.border.left * self.pixel_words

    @property
    def dense(self):
        """The same without border: how a map lies outside of L1."""
        return replace(self, border=Border())

    def pack(self, integers):
        """uint32 words of a map without border; ``integers`` in any shape of the same order."""
        values = np.reshape(integers, (self.channels, self.height, self.width)) - self.low
        lanes = pack_lanes(np.moveaxis(values, 0, -1), self.bits)
        return lanes.reshape(-1)

    def unpack(self, words):
        """int64 (channels, height, width) of the words of a map without border."""
        words = np.asarray(words, np.uint32).reshape(self.height, self.width, self.pixel_words)
        if self.bits == 32:
            values = words.view(np.int32).astype(np.int64)
        else:
            shifts = np.arange(0, 32, self.bits, dtype=np.uint32)
            values = ((words[..., None] >> shifts) & np.uint32((1 << self.bits) - 1)).reshape(
                self.height, self.width, -1).astype(np.int64)
        return np.moveaxis(values[..., :self.channels], -1, 0) + self.low


def pack_lanes(values, bits):
    """Integers in lanes of whole words along the last axis: (..., n) -> uint32 (..., words)."""
    per_word = 32 // bits
    count = values.shape[-1]
    padded = np.zeros((*values.shape[:-1], -(-count // per_word) * per_word), np.int64)
    padded[..., :count] = values
    lanes = (padded & ((1 << bits) - 1)).astype(np.uint64).reshape(
        *values.shape[:-1], -1, per_word)
    shifts = np.arange(0, 32, bits, dtype=np.uint64)
    return np.bitwise_or.reduce(lanes << shifts, axis=-1).astype(np.uint32)


def storage_of(tensor: Tensor, border=Border()):
    """The Storage of a tensor."""
    return Storage(*canonical(tensor.shape), tensor.lane,
                   tensor.low if tensor.scale is not None else 0, border)
