"""The same network with Brevitas: binary or ternary weights, written as QONNX.

    python with_brevitas.py [--ternary]      # 30 s; writes brevitas_{binary,ternary}.onnx

Needs the extra `train`, `brevitas` (0.13), `onnxscript`, `onnxoptimizer`, `qonnx`.
"""

import argparse

import torch
from brevitas import nn as qnn
from brevitas.export import export_qonnx
from brevitas.inject.enum import (
    BitWidthImplType,
    QuantType,
    RestrictValueType,
    ScalingImplType,
    StatsOp,
)
from brevitas.quant.scaled_int import WeightQuantSolver
from plain import train
from torch import nn


class Weights(WeightQuantSolver):
    """One scale a channel, trained from the mean of |w|; maps and biases stay real-valued."""

    quant_type = QuantType.BINARY
    bit_width = 1
    bit_width_impl_type = BitWidthImplType.CONST
    narrow_range = True
    signed = True
    scaling_impl_type = ScalingImplType.PARAMETER_FROM_STATS
    scaling_stats_op = StatsOp.AVE
    scaling_per_output_channel = True
    restrict_scaling_type = RestrictValueType.FP


class TernaryWeights(Weights):
    quant_type = QuantType.TERNARY
    bit_width = 2
    threshold = 0.5


def layer(weights, c_in, c_out, stride=1):
    """3 x 3 convolution, batch norm, ReLU: one layer of the chip. ``nn.ReLU``, not ``QuantReLU``:
    the chip's maps are binary16."""
    return nn.Sequential(
        qnn.QuantConv2d(c_in, c_out, 3, stride, 1, bias=False, weight_quant=weights),
        nn.BatchNorm2d(c_out), nn.ReLU())


def network(weights):
    return nn.Sequential(
        layer(weights, 1, 8), layer(weights, 8, 16, 2), layer(weights, 16, 16),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ternary", action="store_true", help="weights of -1, 0 and +1")
    chosen = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = network(TernaryWeights if chosen.ternary else Weights)
    train(model)
    export_qonnx(model, torch.zeros(1, 1, 8, 8),
                 f"brevitas_{'ternary' if chosen.ternary else 'binary'}.onnx")


if __name__ == "__main__":
    main()
