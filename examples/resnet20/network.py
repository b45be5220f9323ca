"""ResNet-20 for CIFAR-10 (He et al., "Deep residual learning", 2016, section 4.2, n = 3),
real-valued or quantised with Brevitas: maps of 4 and weights of 2 bits.

Of the quantised one the image, the first layer, the mean and the classifier have 8 bits; a branch
has 8 where it is added. What is added and the sum have scales of powers of two: the sum is one of
small integers then, and batch norm in front of it takes up what scales cannot. Shortcuts that
change the shape are 1x1 convolutions (option B of the paper).
"""

from brevitas import nn as qnn
from brevitas.inject.enum import RestrictValueType, ScalingImplType, StatsOp
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int32Bias,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from torch import nn

__all__ = ["CENTRE", "UNIT", "network"]

# A pixel of 0 to 255 enters as (pixel - CENTRE) / UNIT: as bytes, -128 to 127, exactly.
CENTRE, UNIT = 128, 64
CHANNELS, BLOCKS = (16, 32, 64), 3
MAP_BITS, WEIGHT_BITS = 4, 2


class Image(Int8ActPerTensorFloat):
    """The image's bytes: a step of 1 / UNIT, no statistics."""

    scaling_impl_type = ScalingImplType.CONST
    restrict_scaling_type = RestrictValueType.FP
    scaling_init = 127 / UNIT
    narrow_range = False


class Weights(Int8WeightPerChannelFloat):
    """Integers of few bits with a trained scale a channel, which begins where 5 % of normally
    distributed weights are beyond the lowest integer: of 2 bits, one standard deviation is a
    step."""

    scaling_impl_type = ScalingImplType.PARAMETER_FROM_STATS
    scaling_stats_op = StatsOp.PERCENTILE
    high_percentile_q = 95.0
    narrow_range = False


class Real:
    """Layers of the real-valued network."""

    image = branch = mean = staticmethod(nn.Identity)

    @staticmethod
    def conv(inputs, outputs, kernel, stride=1, bits=None):
        return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)

    @staticmethod
    def relu(sum_of_two=False):
        return nn.ReLU()

    @staticmethod
    def classifier(inputs, classes):
        return nn.Linear(inputs, classes)


class Quantised:
    """The same layers with quantisers; scales of maps are trained from what the first 300 batches
    hold."""

    @staticmethod
    def image():
        return qnn.QuantIdentity(act_quant=Image, return_quant_tensor=True)

    @staticmethod
    def branch():
        return qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint)

    @staticmethod
    def mean():
        return qnn.QuantIdentity(act_quant=Uint8ActPerTensorFloat, return_quant_tensor=True)

    @staticmethod
    def conv(inputs, outputs, kernel, stride=1, bits=WEIGHT_BITS):
        return qnn.QuantConv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False,
                               weight_quant=Int8WeightPerChannelFloat if bits == 8 else Weights,
                               weight_bit_width=bits)

    @staticmethod
    def relu(sum_of_two=False):
        kind = Uint8ActPerTensorFixedPoint if sum_of_two else Uint8ActPerTensorFloat
        return qnn.QuantReLU(act_quant=kind, bit_width=MAP_BITS)

    @staticmethod
    def classifier(inputs, classes):
        return qnn.QuantLinear(inputs, classes, True, weight_quant=Int8WeightPerChannelFloat,
                               bias_quant=Int32Bias)


class Block(nn.Module):
    def __init__(self, make, inputs, outputs):
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.conv1, self.bn1 = make.conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = make.conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.relu1, self.relu2, self.branch = make.relu(), make.relu(True), make.branch()
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            make.conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs), make.branch())

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.branch(self.bn2(self.conv2(y))) + self.shortcut(x))


class Network(nn.Module):
    """Image (N, 3, 32, 32) of values (pixel - CENTRE) / UNIT -> 10 logits."""

    def __init__(self, make):
        super().__init__()
        self.image, inputs = make.image(), CHANNELS[0]
        self.conv, self.bn = make.conv(3, inputs, 3, bits=8), nn.BatchNorm2d(inputs)
        self.relu = make.relu(True)
        blocks = []
        for outputs in CHANNELS:
            for _ in range(BLOCKS):
                blocks.append(Block(make, inputs, outputs))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool, self.mean = nn.AdaptiveAvgPool2d(1), make.mean()
        self.classifier = make.classifier(inputs, 10)

    def forward(self, x):
        x = self.blocks(self.relu(self.bn(self.conv(self.image(x)))))
        return self.classifier(self.mean(self.pool(x)).flatten(1))


def network(quantised):
    """The network, with Brevitas' quantisers or real-valued; names of parameters are the same."""
    return Network(Quantised if quantised else Real)
