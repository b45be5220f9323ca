"""The digits network in PyTorch: binary weights by the straight-through estimator.

Weights: sign(w) * mean|w| per output channel, gradient passed straight through inside [-1, 1]
(Courbariaux et al., BinaryConnect, 2015; Rastegari et al., XNOR-Net, 2016, section 3.1).
Activations: rounded to binary16 wherever they would cross the chip's memory.
"""

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BinaryConv", "Block", "Network", "binarise"]


def half(x):
    """Round to binary16; the gradient passes."""
    return x + (x.half().float() - x).detach()


def binarise(weight):
    """sign(w) * mean|w| per output channel; sign(0) is +1."""
    scale = weight.abs().mean(dim=(1, 2, 3), keepdim=True)
    return torch.where(weight >= 0, scale, -scale)


class BinaryConv(nn.Conv2d):
    """Convolution without bias, padded by k//2, whose weights are binary in the forward pass."""

    def __init__(self, c_in, c_out, kernel, stride=1):
        super().__init__(c_in, c_out, kernel, stride, kernel // 2, bias=False)

    def forward(self, x):
        latent = self.weight.clamp(-1, 1)
        weight = latent + (binarise(self.weight) - latent).detach()
        return functional.conv2d(x, weight, None, self.stride, self.padding)


class Block(nn.Module):
    """Residual block: two binary 3x3 convolutions; 1x1 projection where the shape changes."""

    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv1, self.bn1 = BinaryConv(c_in, c_out, 3, stride), nn.BatchNorm2d(c_out)
        self.conv2, self.bn2 = BinaryConv(c_out, c_out, 3), nn.BatchNorm2d(c_out)
        self.projection = None
        if stride != 1 or c_in != c_out:
            self.projection = BinaryConv(c_in, c_out, 1, stride)
            self.bn_projection = nn.BatchNorm2d(c_out)

    def forward(self, x):
        bypass = x if self.projection is None else half(self.bn_projection(self.projection(x)))
        x = half(functional.relu(self.bn1(self.conv1(x))))
        return half(functional.relu(self.bn2(self.conv2(x)) + bypass))


class Network(nn.Module):
    """8 x 8 image of values 0 to 16 -> 10 logits. First convolution and head are real-valued."""

    def __init__(self, channels=16):
        super().__init__()
        self.stem, self.stem_bn = nn.Conv2d(1, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(
            channels)
        self.blocks = nn.ModuleList([Block(channels, channels, 1), Block(channels, 2 * channels, 2),
                                     Block(2 * channels, 2 * channels, 1)])
        self.head = nn.Linear(2 * channels, 10)

    def forward(self, x):
        x = half(functional.relu(self.stem_bn(self.stem(x / 16))))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(dim=(2, 3)))
