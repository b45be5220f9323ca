"""ONNX graphs node by node, with seeded binary weights."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

__all__ = ["Builder", "Value"]


class Value:
    """A map or vector of the graph: its name and shape, without the batch."""

    def __init__(self, name, shape):
        self.name = name
        self.shape = shape

    @property
    def channels(self):
        """Channels of a map."""
        return self.shape[0]


def _pooled(size, kernel, stride, begin, end):
    return (size + begin + end - kernel) // stride + 1


class Builder:
    """Collects nodes; every node is named, and what it makes after it.

    Parameters
    ----------
    name : of the network.
    shape : (channels, height, width) of an image.
    seed : of the weights.
    binary_first : whether the first convolution has binary weights too.
    ternary : whether binary weights are zero in one of three.
    """

    def __init__(self, name, shape, seed, *, binary_first=False, ternary=False):
        self.name = name
        self.binary_first = binary_first
        self.levels = [-1, 0, 1] if ternary else [-1, 1]
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []
        self.image = Value("images", tuple(shape))

    def constant(self, name, values, dtype=np.float32):
        """An initializer; returns its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, operation, name, shape, *inputs, **attributes):
        """A node of one output: Value."""
        names = [value.name if isinstance(value, Value) else value for value in inputs]
        self.nodes.append(helper.make_node(operation, names, [name], name, **attributes))
        return Value(name, tuple(shape))

    def _conv(self, name, x, weight, c_out, kernel, stride, groups):
        pad = kernel // 2
        size = [_pooled(edge, kernel, stride, pad, pad) for edge in x.shape[1:]]
        return self.node("Conv", f"{name}/conv", (c_out, *size), x, weight, group=groups,
                         kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def real(self, name, x, c_out, kernel, stride=1):
        """A convolution with real-valued weights, which the host computes."""
        deviation = 1 / (kernel * np.sqrt(x.channels))
        weights = self.random.normal(0, deviation, (c_out, x.channels, kernel, kernel))
        return self.batch_norm(name, self._conv(
            name, x, self.constant(f"{name}.weight", weights), c_out, kernel, stride, 1), 1.0)

    def first(self, name, x, c_out, kernel, stride=1):
        """The first convolution."""
        return (self.binary if self.binary_first else self.real)(name, x, c_out, kernel, stride)

    def binary(self, name, x, c_out, kernel=3, stride=1, groups=1):
        """A convolution with weights of -1 and +1, kept as bytes, and its batch norm."""
        inputs = x.channels // groups
        signs = self.random.choice(self.levels, (c_out, inputs, kernel, kernel))
        weight = self.node("Cast", f"{name}/weight", signs.shape,
                           self.constant(f"{name}.weight", signs, np.int8), to=TensorProto.FLOAT)
        # Sums of n signs grow with sqrt(n), so maps keep the size of their input's values.
        return self.batch_norm(name, self._conv(name, x, weight, c_out, kernel, stride, groups),
                               1 / (kernel * np.sqrt(inputs)))

    def batch_norm(self, name, x, factor):
        """Batch norm in inference form: scales around ``factor``, small biases."""
        scale = self.random.uniform(0.5, 1.5, x.channels) * factor
        bias = self.random.normal(0, 0.1, x.channels)
        values = {"scale": scale, "bias": bias, "mean": np.zeros(x.channels),
                  "variance": np.ones(x.channels)}
        inputs = [self.constant(f"{name}.{key}", value) for key, value in values.items()]
        return self.node("BatchNormalization", f"{name}/bn", x.shape, x, *inputs, epsilon=0.0)

    def relu(self, name, x):
        """Relu."""
        return self.node("Relu", f"{name}/relu", x.shape, x)

    def leaky(self, name, x):
        """LeakyRelu with the slope of YOLO, 0.1."""
        return self.node("LeakyRelu", f"{name}/leaky", x.shape, x, alpha=0.1)

    def add(self, name, a, b):
        """Sum of two maps."""
        return self.node("Add", f"{name}/add", a.shape, a, b)

    def max_pool(self, name, x, kernel, stride, pads):
        """MaxPool with pads (top, left, bottom, right)."""
        size = [_pooled(edge, kernel, stride, pads[axis], pads[axis + 2])
                for axis, edge in enumerate(x.shape[1:])]
        return self.node("MaxPool", name, (x.channels, *size), x, kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=list(pads))

    def average_pool(self, name, x, kernel, stride):
        """AveragePool, padded by kernel//2 zeros that count."""
        pad = kernel // 2
        size = [_pooled(edge, kernel, stride, pad, pad) for edge in x.shape[1:]]
        return self.node("AveragePool", name, (x.channels, *size), x, kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[pad] * 4, count_include_pad=1)

    def concat(self, name, *values):
        """Maps of equal size behind each other, along the channels."""
        channels = sum(value.channels for value in values)
        return self.node("Concat", name, (channels, *values[0].shape[1:]), *values, axis=1)

    def shuffle(self, name, x, groups):
        """Channel shuffle: channel j of group g becomes channel j * groups + g."""
        channels, height, width = x.shape
        inner = (groups, channels // groups, height, width)
        sizes = self.constant(f"{name}.split", [1, *inner], np.int64)
        split = self.node("Reshape", f"{name}/split", inner, x, sizes)
        turned = self.node("Transpose", f"{name}/turn", (inner[1], inner[0], height, width),
                           split, perm=[0, 2, 1, 3, 4])
        sizes = self.constant(f"{name}.join", [1, channels, height, width], np.int64)
        return self.node("Reshape", f"{name}/join", x.shape, turned, sizes)

    def upsample(self, name, x):
        """Every pixel four times."""
        channels, height, width = x.shape
        scales = self.constant(f"{name}.scales", [1, 1, 2, 2])
        return self.node("Resize", name, (channels, 2 * height, 2 * width), x, "", scales,
                         mode="nearest", coordinate_transformation_mode="asymmetric",
                         nearest_mode="floor")

    def head(self, x, classes):
        """Global average pooling and a classifier with real-valued weights."""
        pooled = self.node("GlobalAveragePool", "head/pool", (x.channels, 1, 1), x)
        flat = self.node("Flatten", "head/flatten", (x.channels,), pooled)
        weights = self.random.normal(0, 1 / np.sqrt(x.channels), (classes, x.channels))
        return self.node("Gemm", "logits", (classes,), flat,
                         self.constant("head.weight", weights),
                         self.constant("head.bias", np.zeros(classes)), transB=1)

    def model(self, *outputs):
        """The checked ModelProto; images and results have a batch axis ``N``."""
        def info(value):
            return helper.make_tensor_value_info(value.name, TensorProto.FLOAT,
                                                 ["N", *value.shape])

        graph = helper.make_graph(self.nodes, self.name, [info(self.image)],
                                  [info(value) for value in outputs], self.constants)
        model = helper.make_model(graph, producer_name="flexdrive examples/topologies",
                                  ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
        checker.check_model(model, full_check=True)
        return model
