"""Small quantised ONNX models, node by node, with scales of powers of two: float32 computes them
without rounding, so that onnxruntime's results are the only right ones, ties included."""

import numpy as np

from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_deploy.frontend.evaluator import Evaluator
from flexdrive_sim.flexv.golden.network import run

from ...deploy.onnx_models import Builder

__all__ = ["QuantisedBuilder", "golden_and_onnxruntime", "random_large_maps", "random_network",
           "random_window"]


class QuantisedBuilder(Builder):
    """A Builder whose values are maps in QDQ form; ``shapes`` are without the batch."""

    def __init__(self, shape, seed=0):
        super().__init__(shape, np.random.default_rng(seed))
        self.shapes = {"x": shape}

    def quantised(self, x, scale=0.5, zero=0, dtype=np.int8, clip=None):
        """QuantizeLinear, Clip where ``clip`` is (low, high), DequantizeLinear."""
        scale, zero = self.constant(scale), self.constant(zero, dtype)
        made = self.node("QuantizeLinear", x, scale, zero)
        if clip is not None:
            made = self.node("Clip", made, *(self.constant(end, dtype) for end in clip))
        made = self.node("DequantizeLinear", made, scale, zero)
        self.shapes[made] = self.shapes.get(x)
        return made

    def weights(self, *shape, bits=8, scales=None, axis=0):
        """Integer weights with a scale for each index of ``axis`` (powers of two)."""
        half = 1 << bits - 1
        values = self.rng.integers(-half, half, shape)
        if scales is None:
            scales = 2.0 ** -self.rng.integers(3, 8, shape[axis])
        return self.node("DequantizeLinear", self.constant(values, np.int8), self.constant(scales),
                         self.constant(np.zeros(np.shape(scales)), np.int8), axis=axis)

    def layer(self, x, outputs, kernel=(3, 3), *, groups=1, bits=8, bias=True, **attributes):
        """Conv; the bias counts 1/1024."""
        channels = self.shapes[x][0]
        inputs = [x, self.weights(outputs, channels // groups, *kernel, bits=bits)]
        if bias:
            values = self.constant(self.rng.integers(-3000, 3000, outputs), np.int32)
            inputs.append(self.node("DequantizeLinear", values, self.constant(2.0 ** -10)))
        return self.node("Conv", *inputs, group=groups, **attributes)


def golden_and_onnxruntime(model, images, **options):
    """(results of the golden model, onnxruntime's without optimisations): lists of arrays."""
    network = load_network(model, **options)
    (name,) = network.inputs
    made, _ = run(network, {name: images})
    evaluator = Evaluator(model)
    wanted = [evaluator.run({name: image[None]}) for image in images]
    names = list(network.outputs)
    return ([made[name] for name in names],
            [np.concatenate([each[name] for each in wanted]) for name in names])


def random_window(rng, size, kernel):
    """Attributes of a window that fits."""
    strides = [int(rng.integers(1, 4)) for _ in size]
    dilations = [int(rng.integers(1, 3)) if k > 1 else 1 for k in kernel]
    pads = [[int(rng.integers(0, max(1, (k - 1) * d // 2) + 1)) if k > 1 else 0
             for k, d in zip(kernel, dilations, strict=True)] for _ in range(2)]
    pads = [*pads[0], *pads[1]]
    made = []
    for axis, length in enumerate(size):
        rest = length + pads[axis] + pads[2 + axis] - (kernel[axis] - 1) * dilations[axis] - 1
        if rest < 0:
            return None
        made.append(rest // strides[axis] + 1)
    return {"strides": strides, "dilations": dilations, "pads": pads}, tuple(made)


class _Random:
    """Grows a random network, one operation at a time."""

    def __init__(self, seed, smallest, largest):
        self.rng = np.random.default_rng(seed)
        shape = tuple(int(n) for n in (self.rng.integers(1, 7),
                                       *self.rng.integers(smallest, largest, 2)))
        self.builder = QuantisedBuilder(shape, seed)
        self.maps: list[str] = [self.quantised("x")]

    def quantised(self, x, shape=None):
        if shape is not None:
            self.builder.shapes[x] = shape
        dtype = (np.int8, np.uint8)[self.rng.integers(2)]
        zero = int(self.rng.choice([0, np.iinfo(dtype).min, np.iinfo(dtype).max,
                                    self.rng.integers(0, 100)]))
        clip = None
        if self.rng.random() < 0.3:
            # Four bits or two around the zero point, inside of the type.
            low = min(max(zero - 3, np.iinfo(dtype).min), np.iinfo(dtype).max - 15)
            clip = (low, low + int(self.rng.choice([3, 15])))
            zero = max(low, min(zero, clip[1]))
        return self.builder.quantised(x, 2.0 ** -int(self.rng.integers(0, 4)), zero, dtype, clip)

    def pick(self):
        name = self.maps[self.rng.integers(max(0, len(self.maps) - 3), len(self.maps))]
        return name, self.builder.shapes[name]

    def keep(self, x, shape):
        builder = self.builder
        if self.rng.random() < 0.4:
            x = builder.node(*(("Relu", x) if self.rng.random() < 0.5 else (
                "Clip", x, builder.constant(-1.25), builder.constant(5.5))))
        self.maps.append(self.quantised(x, shape))

    def conv(self):
        x, (channels, *size) = self.pick()
        kernel = tuple(int(k) for k in self.rng.choice([1, 2, 3, 5], 2))
        window = random_window(self.rng, size, kernel)
        if window is None:
            return
        attributes, made = window
        groups = int(self.rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        outputs = groups * int(self.rng.integers(1, 4))
        bits = int(self.rng.choice([2, 4, 8]))
        y = self.builder.layer(x, outputs, kernel, groups=groups, bits=bits, **attributes)
        self.keep(y, (outputs, *made))

    def pool(self):
        x, (channels, *size) = self.pick()
        kernel = tuple(int(k) for k in self.rng.integers(1, 4, 2))
        window = random_window(self.rng, size, kernel)
        if window is None:
            return
        attributes, made = window
        attributes["dilations"] = [1, 1]
        made = tuple((n + attributes["pads"][i] + attributes["pads"][i + 2] - kernel[i])
                     // attributes["strides"][i] + 1 for i, n in enumerate(size))
        if min(made) < 1 or any(p >= kernel[i % 2] for i, p in enumerate(attributes["pads"])):
            return
        del attributes["dilations"]
        if self.rng.random() < 0.5:
            y = self.builder.node("MaxPool", x, kernel_shape=kernel, **attributes)
        else:
            y = self.builder.node("AveragePool", x, kernel_shape=kernel,
                                  count_include_pad=int(self.rng.integers(2)), **attributes)
        self.keep(y, (channels, *made))

    def whole(self):
        x, (channels, *_) = self.pick()
        operation = str(self.rng.choice(["GlobalAveragePool", "GlobalMaxPool"]))
        self.keep(self.builder.node(operation, x), (channels, 1, 1))

    def add(self):
        (x, shape), (y, other) = self.pick(), self.pick()
        if shape == other:
            self.keep(self.builder.node(str(self.rng.choice(["Add", "Sub"])), x, y), shape)

    def constant(self):
        x, shape = self.pick()
        operation = str(self.rng.choice(["Add", "Sub", "Mul"]))
        size = (shape[0], 1, 1) if self.rng.random() < 0.5 else ()
        values = self.builder.constant(self.rng.integers(-6, 7, size) * 0.25)
        self.keep(self.builder.node(operation, x, values), shape)

    def concat(self):
        (x, shape), (y, other) = self.pick(), self.pick()
        if shape[1:] == other[1:]:
            self.keep(self.builder.node("Concat", x, y, axis=1),
                      (shape[0] + other[0], *shape[1:]))

    def move(self):
        x, (c, h, w) = self.pick()
        builder = self.builder
        kind = self.rng.integers(4)
        if kind == 0:
            self.keep(builder.node("Transpose", x, perm=[0, 3, 1, 2]), (w, c, h))
        elif kind == 1:
            sizes = builder.constant([1, w, c, h], np.int64)
            self.keep(builder.node("Reshape", x, sizes), (w, c, h))
        elif kind == 2:
            pads = self.rng.integers(0, 3, 4)
            sizes = builder.constant([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)
            y = builder.node("Pad", x, sizes, builder.constant(self.rng.integers(-2, 3) * 0.5))
            self.keep(y, (c, h + int(pads[0] + pads[2]), w + int(pads[1] + pads[3])))
        elif h * w < 100:
            scales = builder.constant([1, 1, 2, 3])
            y = builder.node("Resize", x, "", scales, mode="nearest", nearest_mode="floor",
                             coordinate_transformation_mode="asymmetric")
            self.keep(y, (c, 2 * h, 3 * w))

    def table(self):
        x, shape = self.pick()
        operation = str(self.rng.choice(["Sigmoid", "Tanh", "HardSigmoid", "Elu", "HardSwish",
                                         "LeakyRelu"]))
        y = self.builder.node(operation, x)
        if self.rng.random() < 0.5:
            y = self.builder.node("Mul", y, x)
        self.keep(y, shape)

    def model(self):
        x, shape = self.pick()
        flattened = self.builder.node("Flatten", x)
        outputs = int(self.rng.integers(1, 9))
        weights = self.builder.weights(int(np.prod(shape)), outputs, axis=1)
        y = self.builder.node("MatMul", flattened, weights)
        shown = dict.fromkeys([self.maps[-1], self.maps[len(self.maps) // 2]])
        return self.builder.model(y, *shown)


def random_network(seed, operations=8, smallest=1, largest=10):
    """(model, images) of a random network with so many rows and columns; images lie on halves of
    the input's steps, so that many are ties."""
    made = _Random(seed, smallest, largest)
    kinds = [made.conv, made.conv, made.pool, made.whole, made.add, made.constant, made.concat,
             made.move, made.table]
    for _ in range(operations):
        kinds[made.rng.integers(len(kinds))]()
    images = made.rng.integers(-400, 400, (3, *made.builder.shape)).astype(np.float32) / 16
    return made.model(), images


def random_large_maps(seed, operations=7):
    """(model, images) of a random network that works on rows, of maps of 12 to 29 rows and
    columns; every map is a result."""
    made = _Random(seed, 12, 30)
    kinds = [made.conv, made.conv, made.pool, made.add, made.constant, made.table]
    for _ in range(operations):
        kinds[made.rng.integers(len(kinds))]()
    images = made.rng.integers(-400, 400, (1, *made.builder.shape)).astype(np.float32) / 16
    return made.builder.model(*made.maps[1:] or made.maps), images
