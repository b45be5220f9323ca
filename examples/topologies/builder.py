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


def _pooled(size, kernel, stride, begin, end, *, up=False):
    rest = size + begin + end - kernel
    return (-(-rest // stride) if up else rest // stride) + 1


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

    def _conv(self, name, x, weight, c_out, kernel, stride, groups, pad):
        size = [_pooled(edge, kernel, stride, pad, pad) for edge in x.shape[1:]]
        return self.node("Conv", f"{name}/conv", (c_out, *size), x, weight, group=groups,
                         kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def real(self, name, x, c_out, kernel, stride=1, *, pad=None):
        """A convolution with real-valued weights, which the host computes."""
        deviation = 1 / (kernel * np.sqrt(x.channels))
        weights = self.random.normal(0, deviation, (c_out, x.channels, kernel, kernel))
        return self.batch_norm(name, self._conv(
            name, x, self.constant(f"{name}.weight", weights), c_out, kernel, stride, 1,
            kernel // 2 if pad is None else pad), 1.0)

    def first(self, name, x, c_out, kernel, stride=1, *, pad=None):
        """The first convolution."""
        make = self.binary if self.binary_first else self.real
        return make(name, x, c_out, kernel, stride, pad=pad)

    def _signs(self, name, shape):
        """Weights of -1 and +1, kept as bytes."""
        signs = self.random.choice(self.levels, shape)
        return self.node("Cast", f"{name}/weight", shape,
                         self.constant(f"{name}.weight", signs, np.int8), to=TensorProto.FLOAT)

    def binary(self, name, x, c_out, kernel=3, stride=1, groups=1, *, pad=None):
        """A convolution with weights of -1 and +1 and its batch norm; ``pad`` : kernel // 2 when
        not given."""
        inputs = x.channels // groups
        weight = self._signs(name, (c_out, inputs, kernel, kernel))
        # Sums of n signs grow with sqrt(n), so maps keep the size of their input's values.
        return self.batch_norm(name, self._conv(
            name, x, weight, c_out, kernel, stride, groups, kernel // 2 if pad is None else pad),
            1 / (kernel * np.sqrt(inputs)))

    def scaled(self, name, x, c_out, kernel):
        """A convolution with weights of plus and minus one number, and no batch norm behind."""
        signs = self._signs(name, (c_out, x.channels, kernel, kernel))
        scale = self.constant(f"{name}.magnitude", 1 / (kernel * np.sqrt(x.channels)))
        weight = self.node("Mul", f"{name}/scaled", signs.shape, signs, scale)
        return self._conv(name, x, weight, c_out, kernel, 1, 1, kernel // 2)

    def dense(self, name, x, c_out):
        """A fully connected layer with weights of -1 and +1, and its batch norm."""
        weight = self._signs(name, (x.shape[0], c_out))
        return self.batch_norm(name, self.node("MatMul", f"{name}/dense", (c_out,), x, weight),
                               1 / np.sqrt(x.shape[0]))

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

    def relu6(self, name, x):
        """ReLU6."""
        bounds = [self.constant(f"{name}.{bound}", bound) for bound in (0, 6)]
        return self.node("Clip", f"{name}/relu6", x.shape, x, *bounds)

    def sign(self, name, x):
        """+1 from 0 on, -1 below."""
        zero, plus, minus = (self.constant(f"{name}.{key}", value) for key, value in (
            ("zero", 0), ("plus", 1), ("minus", -1)))
        above = self.node("GreaterOrEqual", f"{name}/above", x.shape, x, zero)
        return self.node("Where", f"{name}/sign", x.shape, above, plus, minus)

    def flatten(self, name, x):
        """A vector of a map."""
        return self.node("Flatten", name, (int(np.prod(x.shape)),), x)

    def leaky(self, name, x):
        """LeakyRelu with the slope of YOLO, 0.1."""
        return self.node("LeakyRelu", f"{name}/leaky", x.shape, x, alpha=0.1)

    def add(self, name, a, b):
        """Sum of two maps."""
        return self.node("Add", f"{name}/add", a.shape, a, b)

    def max_pool(self, name, x, kernel, stride, pads=(0, 0, 0, 0), *, up=False):
        """MaxPool with pads (top, left, bottom, right); ``up`` : its size is rounded up."""
        size = [_pooled(edge, kernel, stride, pads[axis], pads[axis + 2], up=up)
                for axis, edge in enumerate(x.shape[1:])]
        return self.node("MaxPool", name, (x.channels, *size), x, kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=list(pads), ceil_mode=int(up))

    def average_pool(self, name, x, kernel, stride):
        """AveragePool, odd kernels padded by kernel//2 zeros that count."""
        pad = kernel // 2 if kernel % 2 else 0
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

    def mean(self, x):
        """Global average pooling, as a vector."""
        pooled = self.node("GlobalAveragePool", "head/pool", (x.channels, 1, 1), x)
        return self.flatten("head/flatten", pooled)

    def classifier(self, x, classes):
        """A fully connected layer with real-valued weights, of a vector."""
        weights = self.random.normal(0, 1 / np.sqrt(x.shape[0]), (classes, x.shape[0]))
        return self.node("Gemm", "logits", (classes,), x, self.constant("head.weight", weights),
                         self.constant("head.bias", np.zeros(classes)), transB=1)

    def head(self, x, classes):
        """Global average pooling and a classifier with real-valued weights."""
        return self.classifier(self.mean(x), classes)

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
