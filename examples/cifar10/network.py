"""The CIFAR-10 network in PyTorch: a residual network of binary weights, 32, 64, 128 channels.

The plan of ResNet-20 (He et al., "Deep residual learning", 2016, section 4.2), twice as wide and
with one, two and two blocks instead of three each: what an hour of one core trains. First
convolution and head are real-valued.
"""

import sys
from pathlib import Path

from torch import nn
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "common"))

from binary import Block

__all__ = ["CENTRE", "STAGES", "UNIT", "Network"]

# A pixel of 0 to 255 enters as (pixel - CENTRE) / UNIT: about mean 0 and deviation 1.
CENTRE, UNIT = 120, 64
# (channels, blocks) of each stage; each but the first halves the map.
STAGES = (32, 1), (64, 2), (128, 2)


def exact(x):
    """Training computes in bfloat16, which is coarser than the chip's binary16: no rounding."""
    return x


class Network(nn.Module):
    """Image (N, 3, 32, 32) of values 0 to 255 -> 10 logits."""

    def __init__(self, stages=STAGES):
        super().__init__()
        c_in = stages[0][0]
        self.stem, self.stem_bn = nn.Conv2d(3, c_in, 3, 1, 1, bias=False), nn.BatchNorm2d(c_in)
        self.blocks = nn.ModuleList()
        for stage, (channels, count) in enumerate(stages):
            for block in range(count):
                stride = 2 if stage and not block else 1
                self.blocks.append(Block(c_in, channels, stride, exact))
                c_in = channels
        self.head = nn.Linear(c_in, 10)

    def forward(self, x):
        x = functional.relu(self.stem_bn(self.stem((x - CENTRE) / UNIT)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))
