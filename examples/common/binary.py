"""Binary-weight layers in PyTorch, trained by the straight-through estimator.

Weights: sign(w) * mean|w| per output channel, gradient passed straight through inside [-1, 1]
(Courbariaux et al., BinaryConnect, 2015; Rastegari et al., XNOR-Net, 2016, section 3.1).
"""

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BinaryConv", "Block", "binarise", "half"]


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
    """Residual block: two binary 3x3 convolutions; 1x1 projection where the shape changes.

    ``rounded`` is applied to every map that would cross the chip's memory.
    """

    def __init__(self, c_in, c_out, stride, rounded):
        super().__init__()
        self.conv1, self.bn1 = BinaryConv(c_in, c_out, 3, stride), nn.BatchNorm2d(c_out)
        self.conv2, self.bn2 = BinaryConv(c_out, c_out, 3), nn.BatchNorm2d(c_out)
        self.projection, self.rounded = None, rounded
        if stride != 1 or c_in != c_out:
            self.projection = BinaryConv(c_in, c_out, 1, stride)
            self.bn_projection = nn.BatchNorm2d(c_out)

    def forward(self, x):
        bypass = x
        if self.projection is not None:
            bypass = self.rounded(self.bn_projection(self.projection(x)))
        x = self.rounded(functional.relu(self.bn1(self.conv1(x))))
        return self.rounded(functional.relu(self.bn2(self.conv2(x)) + bypass))
