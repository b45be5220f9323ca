"""Inputs of few channels as windows of columns.

A pixel takes whole words, so a map of one channel of 8 bits uses a quarter of them, and a layer
that reads it a quarter of its products. The host can write such an input as what the layer reads in
each row: for each column of the output a pixel whose lanes are the window's columns and channels.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.flexv.network import ir

from .storage import canonical, storage_of

__all__ = ["Columns", "by_columns"]


@dataclass(frozen=True)
class Columns:
    """How an input of shape (channels, rows, columns) is written: as (kernel * channels, rows,
    ``count``), lane (j, channel) of column x being column x * stride + j * dilation - ``left``;
    ``outside`` beyond the map."""

    shape: tuple
    kernel: int
    count: int
    stride: int
    dilation: int
    left: int
    outside: int

    def of(self, integers):
        """Integers in that form."""
        channels, rows, columns = self.shape
        padded = np.full((channels, rows, (self.count - 1) * self.stride
                          + (self.kernel - 1) * self.dilation + 1), self.outside, np.int64)
        most = min(columns, padded.shape[2] - self.left)
        padded[:, :, self.left:self.left + most] = np.reshape(integers, self.shape)[:, :, :most]
        return np.concatenate([padded[:, :, j * self.dilation:][:, :, ::self.stride][
            :, :, :self.count] for j in range(self.kernel)])


def by_columns(node):
    """(layer that reads columns, its source, Columns) for a layer that reads an input, or None when
    that takes no fewer words."""
    (source,) = node.sources
    if not isinstance(node, ir.Convolution) or node.groups != 1:
        return None
    channels, rows, columns = canonical(source.shape)
    outputs, _, height, width = node.weights.shape
    count = canonical(node.output.shape)[2]
    tensor = ir.Tensor(f"{source.name}/columns", (width * channels, rows, count), source.low,
                       source.high, source.scale, source.zero)
    words, before = storage_of(tensor).pixel_words, storage_of(source).pixel_words
    if words >= width * before or words * count > 2 * before * columns:
        return None
    top, left, bottom, _ = node.pads
    made = ir.Convolution(
        node.name, (tensor,), node.output,
        weights=node.weights.transpose(0, 3, 1, 2).reshape(outputs, -1, height, 1),
        strides=(node.strides[0], 1), pads=(top, 0, bottom, 0), dilations=(node.dilations[0], 1),
        groups=1, border=node.border)
    return made, tensor, Columns((channels, rows, columns), width, count, node.strides[1],
                                 node.dilations[1], left, node.border + source.low)
