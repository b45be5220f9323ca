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
    # Of planar maps whether lines are columns.
    down: bool | None = None

    @property
    def planar(self):
        """Whether pixels of a channel lie side by side."""
        return self.down is not None

    @property
    def around(self):
        """(lines in front, pixels in front, lines behind, pixels behind) of a planar map."""
        border = self.border
        return ((border.left, border.top, border.right, border.bottom) if self.down else
                (border.top, border.left, border.bottom, border.right))

    @property
    def lines(self):
        """(lines, pixels of a line) of a planar map, with the border."""
        size = (self.width, self.height) if self.down else (self.height, self.width)
        before, left, behind, right = self.around
        return before + size[0] + behind, left + size[1] + right

    @property
    def group_words(self):
        """Words of 4 channels of a planar map; else 0."""
        return 4 * self.lines[0] * self.row_words if self.planar else 0

    @property
    def pixel_words(self):
        """Words of a pixel."""
        return -(-self.channels * self.bits // 32)

    @property
    def row_words(self):
        """Words from a row to the next; of a planar map those of a line of a channel."""
        if self.planar:
            return -(-self.lines[1] // 4)
        return (self.border.left + self.width + self.border.right) * self.pixel_words

    @property
    def words(self):
        """All words, with the border."""
        if self.planar:
            return -(-self.channels // 4) * self.group_words
        return (self.border.top + self.height + self.border.bottom) * self.row_words

    @property
    def origin(self):
        """Word of pixel (0, 0); of a planar map of line 0."""
        if self.planar:
            return 4 * self.around[0] * self.row_words
        return self.border.top * self.row_words + self.border.left * self.pixel_words

    @property
    def dense(self):
        """The same without border: how a map lies outside of L1. Planar ones lie there as they
        are."""
        return self if self.planar else replace(self, border=Border())

    def pack(self, integers):
        """uint32 words of a map without border; ``integers`` in any shape of the same order."""
        values = np.reshape(integers, (self.channels, self.height, self.width)) - self.low
        if self.planar:
            return self._pack_planar(values)
        lanes = pack_lanes(np.moveaxis(values, 0, -1), self.bits)
        return lanes.reshape(-1)

    def _pack_planar(self, values):
        """With the border."""
        border, groups = self.border, -(-self.channels // 4)
        padded = np.pad(values, ((0, 0), (border.top, border.bottom), (border.left, border.right)),
                        constant_values=border.value)
        padded = padded.transpose(0, 2, 1) if self.down else padded
        made = np.zeros((4 * groups, self.lines[0], 4 * self.row_words), np.int64)
        made[:self.channels, :, :self.lines[1]] = padded
        made = made.reshape(groups, 4, *made.shape[1:]).transpose(0, 2, 1, 3)
        return pack_lanes(made, 8).reshape(-1)

    def _unpack_planar(self, words):
        lines, groups = self.lines, -(-self.channels // 4)
        values = np.asarray(words, "<u4").view(np.uint8).reshape(
            groups, lines[0], 4, -1).transpose(0, 2, 1, 3)
        values = values.reshape(4 * groups, lines[0], -1)[:self.channels, :, :lines[1]]
        values = values.transpose(0, 2, 1) if self.down else values
        top, left = self.border.top, self.border.left
        return values[:, top:top + self.height, left:left + self.width].astype(np.int64) + self.low

    def unpack(self, words):
        """int64 (channels, height, width) of the words of a map without border."""
        if self.planar:
            return self._unpack_planar(words)
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


def storage_of(tensor: Tensor, border=Border(), down=None):
    """The Storage of a tensor; ``down`` as of Storage."""
    return Storage(*canonical(tensor.shape), tensor.lane,
                   tensor.low if tensor.scale is not None else 0, border, down)
