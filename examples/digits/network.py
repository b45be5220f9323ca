"""The digits network in PyTorch: binary weights by the straight-through estimator.

Activations: rounded to binary16 wherever they would cross the chip's memory.
"""

import sys
from pathlib import Path

from torch import nn
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "common"))

from binary import Block, half

__all__ = ["Network"]


class Network(nn.Module):
    """8 x 8 image of values 0 to 16 -> 10 logits. First convolution and head are real-valued."""

    def __init__(self, channels=16):
        super().__init__()
        self.stem, self.stem_bn = nn.Conv2d(1, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(
            channels)
        self.blocks = nn.ModuleList([Block(channels, channels, 1, half),
                                     Block(channels, 2 * channels, 2, half),
                                     Block(2 * channels, 2 * channels, 1, half)])
        self.head = nn.Linear(2 * channels, 10)

    def forward(self, x):
        x = half(functional.relu(self.stem_bn(self.stem(x / 16))))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))
