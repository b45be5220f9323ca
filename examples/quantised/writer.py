"""Nodes of quantised networks in QDQ form, with weights drawn from a seed and scales by which maps
use their bits."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

__all__ = ["SPREAD", "Writer"]

# Standard deviation of sums before they become a map, of all steps that its bits have; maps are as
# normally distributed values of which negative ones have become 0.
SPREAD = 0.35


class Writer:
    """Collects nodes; methods that make a map return its name. A map's step is 1.

    Parameters
    ----------
    name : of the network. shape : of an image. seed : of all that is drawn.
    map_bits, weight_bits : of layers that are not told others.
    """

    def __init__(self, name, shape, seed, map_bits, weight_bits):
        self.name, self.shape, self.random = name, shape, np.random.default_rng(seed)
        self.map_bits, self.weight_bits = map_bits, weight_bits
        self.nodes, self.constants = [], []

    def constant(self, name, values, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, operation, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(operation, inputs, [name], name, **attributes))
        return name

    def quantised(self, x, name, bits=None, signed=False):
        """The map ``x`` in integers of so many bits; unsigned ones make negative values 0."""
        bits, dtype = bits or self.map_bits, np.int8 if signed else np.uint8
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        grid = (self.constant(f"{name}.step", 1), self.constant(f"{name}.zero", 0, dtype))
        x = self.node("QuantizeLinear", f"{name}.q", x, *grid)
        if bits < 8:
            x = self.node("Clip", f"{name}.clip", x, self.constant(f"{name}.low", low, dtype),
                          self.constant(f"{name}.high", high, dtype))
        return self.node("DequantizeLinear", f"{name}.dq", x, *grid)

    def products(self, name, shape, bits, map_bits, out_bits):
        """Names of weights and biases of a layer behind a map of ``map_bits``: normally distributed
        weights with a scale a channel, biases by which sums lie about 0, for integers of 2 bits
        have no 2; sums spread over a map of ``out_bits``."""
        half, inputs = 1 << bits - 1, int(np.prod(shape[1:]))
        values = np.rint(self.random.normal(0, half / 2, shape)).clip(-half, half - 1)
        spread = SPREAD * (1 << map_bits)       # of what the map is the positive half of
        sums = half / 2 * np.sqrt(inputs) * spread / np.sqrt(2)
        scales = SPREAD * (1 << out_bits) / sums * self.random.uniform(0.7, 1.4, shape[0])
        weights = self.node("DequantizeLinear", f"{name}.weight",
                            self.constant(f"{name}.integers", values, np.int8),
                            self.constant(f"{name}.scales", scales),
                            self.constant(f"{name}.zeros", np.zeros(shape[0]), np.int8), axis=0)
        step = (1 << out_bits) / 65536
        mean = scales * values.reshape(shape[0], -1).sum(1) * spread / np.sqrt(2 * np.pi)
        counts = np.rint(self.random.uniform(-2000, 2000, shape[0]) - mean / step)
        bias = self.node("DequantizeLinear", f"{name}.bias",
                         self.constant(f"{name}.counts", counts, np.int32),
                         self.constant(f"{name}.count", step))
        return weights, bias

    def sums(self, name, x, shape, *, stride=1, groups=1, weight_bits=None, in_bits=None,
             out_bits=None):
        """Convolution with weights of ``shape`` = (outputs, inputs of a group, rows, columns),
        padded to a pixel for each of its strides, as TensorFlow does."""
        weight_bits, in_bits, out_bits = (
            weight_bits or self.weight_bits, in_bits or self.map_bits, out_bits or self.map_bits)
        edge = shape[2] // 2
        before = edge if stride == 1 else 0
        return self.node("Conv", name, x,
                         *self.products(name, shape, weight_bits, in_bits, out_bits),
                         kernel_shape=shape[2:], strides=[stride] * 2,
                         pads=[before, before, edge, edge], group=groups)

    def conv(self, name, x, shape, **options):
        """:meth:`sums`, as an unsigned map of ``out_bits``."""
        return self.quantised(self.sums(name, x, shape, **options), f"{name}.map",
                              options.get("out_bits"))

    def classifier(self, x, channels, classes, in_bits):
        """Mean of the pixels, in bytes, and a layer of 8-bit weights: ``scores``."""
        x = self.quantised(self.node("GlobalAveragePool", "pool", x), "mean", 8)
        x = self.node("Flatten", "flat", x)
        return self.node("Gemm", "scores", x, *self.products(
            "classifier", (classes, channels), 8, in_bits, 8), transB=1)

    def model(self, classes):
        """onnx.ModelProto from ``image`` to ``scores``."""
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("image", 1, ["N", *self.shape])],
            [helper.make_tensor_value_info("scores", 1, ["N", classes])], self.constants)
        return onnx.shape_inference.infer_shapes(helper.make_model(
            graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]))
