"""Networks for every reason for which a node does not run on the chip, and the same with the
advice followed. The node in question is called "it"."""

from dataclasses import replace

import numpy as np

from .test_import import CONFIG

__all__ = ["CASES", "CHANNELWISE", "CONFIG", "FOLLOWED", "NEVER_LEFT", "ONE_IMAGE", "OPERATIONS",
           "OPSETS", "SHAPE", "bipolar", "conv", "it", "pool"]

CHANNELWISE = replace(CONFIG, channelwise=True)
LEAKY = replace(CONFIG, leaky=True)
SHAPE = (4, 6, 6)


def it(b, operation, *inputs, **attributes):
    """The node that a case is about."""
    made = b.node(operation, *inputs, name="it", **attributes)
    return made if isinstance(made, str) else made[0]


def conv(b, x="x", **options):
    return b.conv(x, 4, 4, **options)


def valid(b):
    return b.node("Conv", "x", b.constant(b.signs(4, 4, 3, 3)), name="it", auto_pad="VALID")


def pixel(b):
    """A map of one pixel."""
    return conv(b, conv(b, conv(b, stride=2), stride=2), stride=2)


def pool(b, operation="MaxPool", kernel=3, stride=2, x=None, pads=(1, 1, 1, 1), **attributes):
    return it(b, operation, conv(b) if x is None else x, kernel_shape=[kernel] * 2,
              strides=[stride] * 2, pads=list(pads), **attributes)


def mean(b, x=None, **attributes):
    return it(b, "ReduceMean", conv(b) if x is None else x, **{"axes": [2, 3]} | attributes)


def norm(b, x, count=4, **attributes):
    parameters = attributes.pop("parameters", None) or [b.constant(np.ones(count))] * 4
    return it(b, "BatchNormalization", x, *parameters, **attributes)


def shuffle(b, x, perm=(0, 2, 1, 3, 4)):
    x = it(b, "Reshape", x, b.constant([1, 2, 2, 6, 6], np.int64))
    x = b.node("Transpose", x, perm=list(perm))
    return b.node("Reshape", x, b.constant([1, *SHAPE], np.int64))


def clip(b, low, high=None):
    return it(b, "Clip", conv(b), b.constant(low) if isinstance(low, float) else low,
              *([b.constant(high)] if high else []))


def resize(b, factor, **attributes):
    # The region is no option before opset 13.
    return it(b, "Resize", conv(b), b.constant(np.zeros(0)),
              b.constant([1, 1, factor, factor], np.float32),
              mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
              **attributes)


def relu(b, x=None):
    return b.node("Relu", conv(b) if x is None else x)


def scaled(b, values, x=None):
    return it(b, "Mul", conv(b) if x is None else x, b.constant(values))


def zeros(b):
    weights = b.signs(4, 4, 3, 3)
    weights[1, 2] = 0
    return conv(b, weights=weights, name="it")


def variable(b, *shape):
    """Something that the host computes, of this shape, the same for each image: NonZero is not
    folded, since the shape of its result depends on the data."""
    places = b.node("Cast", b.node("NonZero", b.constant(np.ones(3))), to=1)
    return b.node("Expand", b.node("ReduceMax", places, keepdims=0), b.constant(shape, np.int64))


def late_addition(b):
    x = b.node("Reshape", conv(b), b.constant([1, 2, 2, 6, 6], np.int64))
    x = b.node("Reshape", b.node("Transpose", x, perm=[0, 2, 1, 3, 4]),
               b.constant([1, *SHAPE], np.int64))
    return it(b, "Add", x, "x")


def large(b):
    b.shape = (4, 32, 32)
    return conv(b)


def bipolar(b, scale=1.0):
    made = it(b, "BipolarQuant", conv(b), b.constant(scale))
    b.nodes[-1].domain = "qonnx.custom_op.general"
    return made


# Reason -> (advice, (network, chip) with the reason, (network, chip) with the advice followed).
CASES = {
    "real-valued weights": (
        "plus or minus one value", (lambda b: conv(b, weights=b.rng.standard_normal((4, 4, 3, 3)),
                                                   name="it"), CONFIG),
        (lambda b: conv(b, name="it"), CONFIG)),
    "infinite or no numbers": (
        "finite weights", (lambda b: conv(b, magnitude=np.inf, name="it"), CONFIG),
        (lambda b: conv(b, name="it"), CONFIG)),
    "weights of zero": ("ternary = true", (zeros, CONFIG), (zeros, replace(CONFIG, ternary=True))),
    "kernel 5x5 needs a halo of 2": (
        "a chip with halo = 2", (lambda b: conv(b, kernel=5, name="it"), CONFIG),
        (lambda b: conv(b, kernel=5, name="it"), replace(CONFIG, halo=2))),
    "kernel 3x3 needs a halo of 2": (
        "a chip with halo = 2", (valid, CONFIG), (valid, replace(CONFIG, halo=2))),
    "kernel 9x9 needs a halo of 4": (
        "3x3 convolutions in sequence", (lambda b: conv(b, kernel=9, name="it"), CONFIG),
        (lambda b: conv(b, conv(b), name="it"), CONFIG)),
    "stride 3x3; the chip has 1 and 2": (
        "strides = [2, 2]",
        (lambda b: pool(b, stride=3, pads=[1] * 4), CHANNELWISE), (pool, CHANNELWISE)),
    "its padding makes its map larger": (
        "pads = [1, 1, 1, 1]",
        (lambda b: conv(b, pads=[2] * 4, name="it"), replace(CONFIG, halo=2)),
        (lambda b: conv(b, name="it"), replace(CONFIG, halo=2))),
    "takes a maximum of padding alone": (
        "dilations = [1, 1], pads = [0, 0, 1, 1]",
        (lambda b: pool(b, kernel=2, stride=1, x=pixel(b), dilations=[2, 2]), CHANNELWISE),
        (lambda b: pool(b, kernel=2, stride=1, x=pixel(b), pads=[0, 0, 1, 1]), CHANNELWISE)),
    "a map of another size than the model says": (
        "ceil_mode = 0",
        (lambda b: pool(b, kernel=2, pads=[0, 0, 1, 1], ceil_mode=1), CHANNELWISE),
        (lambda b: pool(b, kernel=2, pads=[0, 0, 1, 1]), CHANNELWISE)),
    "averages fewer pixels": (
        "count_include_pad = 1",
        (lambda b: pool(b, "AveragePool"), CHANNELWISE),
        (lambda b: pool(b, "AveragePool", count_include_pad=1), CHANNELWISE)),
    "weights are not constants": (
        "stored in the model",
        (lambda b: b.node("Conv", "x", variable(b, 4, 4, 3, 3), pads=[1] * 4, name="it"), CONFIG),
        (lambda b: conv(b, name="it"), CONFIG)),
    "not a map (1, C, H, W)": (
        "a map (N, C, H, W)",
        (lambda b: b.node("Conv", b.node("Reshape", "x", b.constant([1, 4, 1, 6, 6], np.int64)),
                          b.constant(b.signs(4, 4, 1, 1, 1)), name="it"), CONFIG),
        (lambda b: conv(b, name="it"), CONFIG)),
    "places of its maxima": ("one output", (lambda b: pool(b, outputs=2), CHANNELWISE),
                             (pool, CHANNELWISE)),
    "does not repeat every pixel twice": (
        "Resize by exactly 2 with mode nearest, asymmetric, floor",
        (lambda b: resize(b, 2.3), CHANNELWISE), (lambda b: resize(b, 2), CHANNELWISE)),
    "the chip has no upsampling": ("channelwise = true", (lambda b: resize(b, 2), CONFIG),
                                   (lambda b: resize(b, 2), CHANNELWISE)),
    "the chip has no pooling; stride 3x3": (
        "a chip with channelwise = true, and strides = [2, 2], and a layer of the "
        "chip before", (lambda b: pool(b, stride=3, x="x"), CONFIG), (pool, CHANNELWISE)),
    "its map is made by the host": ("a layer of the chip before it",
                                    (lambda b: pool(b, x="x"), CHANNELWISE), (pool, CHANNELWISE)),
    "comes after a channel shuffle": (
        "shuffle last", (late_addition, CONFIG),
        (lambda b: shuffle(b, relu(b)), CONFIG)),
    "is a second activation": (
        "one activation", (lambda b: it(b, "LeakyRelu", relu(b), alpha=0.5), LEAKY),
        (lambda b: it(b, "LeakyRelu", conv(b), alpha=0.5), LEAKY)),
    "comes after the activation, which is the chip's last step": (
        "convolution, scale, addition, bias, then activation",
        (lambda b: it(b, "Add", relu(b), b.constant(2.0)), CONFIG),
        (lambda b: relu(b, it(b, "Add", conv(b), b.constant(2.0))), CONFIG)),
    "not one constant, or one per channel": (
        "shape (C, 1, 1)", (lambda b: scaled(b, np.arange(6)), CONFIG),
        (lambda b: scaled(b, np.arange(4).reshape(4, 1, 1)), CONFIG)),
    "scales after the residual addition": (
        "scale both operands",
        (lambda b: scaled(b, 2.0, b.node("Add", conv(b), "x")), CONFIG),
        (lambda b: b.node("Add", scaled(b, 2.0), b.node("Mul", "x", b.constant(2.0))), CONFIG)),
    "divides a constant": (
        "Mul by the reciprocal", (lambda b: it(b, "Div", conv(b), b.constant([0.0])), CONFIG),
        (lambda b: scaled(b, 4.0), CONFIG)),
    "parameters are not constants": (
        "parameters stored",
        (lambda b: norm(b, conv(b), parameters=[variable(b, 4)] * 4), CONFIG),
        (lambda b: norm(b, conv(b)), CONFIG)),
    "normalizes every pixel": ("spatial = 1", (lambda b: norm(
        b, conv(b), spatial=0, parameters=[b.constant(np.ones(SHAPE))] * 4), CONFIG),
                               (lambda b: norm(b, conv(b), spatial=1), CONFIG)),
    "is in training mode": (
        "inference form", (lambda b: norm(b, conv(b), training_mode=1, outputs=3), CONFIG),
        (lambda b: norm(b, conv(b)), CONFIG)),
    "is the second map added": (
        "one addition a convolution",
        (lambda b: it(b, "Add", b.node("Add", conv(b), "x"), relu(b, "x")), CONFIG),
        (lambda b: it(b, "Add", conv(b), relu(b, "x")), CONFIG)),
    "adds (1, 1, 6, 6) to (1, 4, 6, 6)": (
        "maps of equal shape", (lambda b: it(b, "Add", conv(b), b.node(
            "ReduceMax", "x", axes=[1], keepdims=1)), CONFIG),
        (lambda b: it(b, "Add", conv(b), b.node("Abs", "x")), CONFIG)),
    "its bounds are not constants": ("Relu", (lambda b: clip(b, variable(b, 1)), CONFIG),
                                     (lambda b: it(b, "Relu", conv(b)), CONFIG)),
    "its bounds are no numbers": (
        "Relu", (lambda b: clip(b, 0.0, np.nan), CONFIG), (lambda b: clip(b, 0.0, 6.0), CONFIG)),
    "is no maximum of a map and one constant": (
        "Relu", (lambda b: it(b, "Max", conv(b), "x"), CONFIG),
        (lambda b: it(b, "Max", conv(b), b.constant(1.0)), CONFIG)),
    "has several bounds; the chip has one for all channels": (
        "Relu", (lambda b: it(b, "Min", conv(b), b.constant(np.arange(4).reshape(4, 1, 1))),
                 CONFIG), (lambda b: it(b, "Min", conv(b), b.constant(1.0)), CONFIG)),
    "makes 0 of a sum of maps that is 0": (
        "BipolarQuant of scale 1", (lambda b: it(b, "Sign", b.node("Add", conv(b), "x")), CONFIG),
        (lambda b: bipolar(b), CONFIG)),
    "makes 0 of a sum of -3 in output channel 1": (
        "BipolarQuant of scale 1", (lambda b: it(b, "Sign", b.node("Add", conv(b), b.constant(
            np.array([0.3, 3, 0, 1]).reshape(4, 1, 1)))), CONFIG),
        (lambda b: it(b, "Sign", b.node("Add", conv(b), b.constant(
            np.array([0.3, 3.001, -1e-9, 0.1]).reshape(4, 1, 1)))), CONFIG)),
    "has several slopes": (
        "one slope for all channels, and a chip with leaky = true, or Relu",
        (lambda b: it(b, "PRelu", conv(b), b.constant(np.ones((4, 1, 1)) * [[[1], [2]] * 3])),
         CONFIG), (lambda b: it(b, "PRelu", conv(b), b.constant([0.5])), LEAKY)),
    "the chip has no leaky ReLU; its alpha 1e+06": (
        "a chip with leaky = true, or Relu, and alpha = 65504.0",
        (lambda b: it(b, "LeakyRelu", conv(b), alpha=1e6), CONFIG),
        (lambda b: it(b, "LeakyRelu", conv(b), alpha=65504.0), LEAKY)),
    "is no channel shuffle": (
        "axes 1 and 2", (lambda b: shuffle(b, conv(b), (0, 2, 1, 4, 3)), CONFIG),
        (lambda b: shuffle(b, conv(b)), CONFIG)),
    "shuffles a sum": (
        "a layer of the chip before it",
        (lambda b: shuffle(b, b.node("Add", conv(b), "x")), CONFIG),
        (lambda b: shuffle(b, conv(b, b.node("Add", conv(b), "x"))), CONFIG)),
    "converts to a type": ("to = 1", (lambda b: it(b, "Cast", conv(b), to=6), CONFIG),
                           (lambda b: it(b, "Cast", conv(b), to=10), CONFIG)),
    "exceeds binary16": (
        "magnitudes up to 65504", (lambda b: conv(b, magnitude=1e5, name="it"), CONFIG),
        (lambda b: conv(b, magnitude=65504.0, name="it"), CONFIG)),
    "joins maps along another axis": ("axis = 1", (lambda b: it(
        b, "Concat", conv(b), "x", axis=2), CONFIG), (lambda b: it(
            b, "Concat", conv(b), "x", axis=1), CONFIG)),
    "joins a constant": (
        "maps", (lambda b: it(b, "Concat", conv(b), b.constant(np.ones((1, 1, 6, 6))), axis=1),
                 CONFIG), (lambda b: it(b, "Concat", conv(b), "x", axis=1), CONFIG)),
    "joined twice": ("one Concat only", (lambda b: it(b, "Concat", *[conv(b)] * 2, axis=1), CONFIG),
                     (lambda b: it(b, "Concat", conv(b), conv(b), axis=1), CONFIG)),
    "joins a sum of maps": (
        "a convolution between",
        (lambda b: it(b, "Concat", b.node("Add", conv(b), "x"), conv(b), axis=1), CONFIG),
        (lambda b: it(b, "Concat", conv(b, b.node("Add", conv(b), "x")), conv(b), axis=1),
         CONFIG)),
    "joins maps of the host": (
        "a layer of the chip before it",
        (lambda b: it(b, "Concat", b.node("Abs", "x"), "x", axis=1), CONFIG),
        (lambda b: it(b, "Concat", conv(b), "x", axis=1), CONFIG)),
    "is no mean of rows and columns": ("axes 2 and 3 with keepdims = 1", (
        lambda b: mean(b, axes=[1]), CHANNELWISE), (mean, CHANNELWISE)),
    "the chip has no pooling; its map is not made by a layer": (
        "channelwise = true, and a layer of the chip before it",
        (lambda b: mean(b, "x"), CONFIG), (mean, CHANNELWISE)),
    "averages 1024 pixels": (
        "AveragePool before it, with kernel and stride 2", (lambda b: mean(b, large(b)),
                                                            CHANNELWISE),
        (lambda b: mean(b, b.node("AveragePool", large(b), kernel_shape=[2, 2], strides=[2, 2])),
         CHANNELWISE)),
    "is a result of the network as well": (
        "a result behind this node", (lambda b: (it(b, "Relu", x := conv(b)), x), CONFIG),
        (lambda b: it(b, "Relu", conv(b)), CONFIG)),
    "has 2 readers": (
        "a second convolution", (lambda b: (it(b, "Relu", x := conv(b)), b.node("Abs", x)), CONFIG),
        (lambda b: (it(b, "Relu", conv(b)), b.node("Abs", conv(b))), CONFIG)),
}
# Advice for operations that no layer has -> a network that follows it.
FOLLOWED = {
    "Relu": lambda b: it(b, "Relu", conv(b)), "Add": lambda b: it(b, "Add", conv(b), "x"),
    "Mul by -1": lambda b: scaled(b, -1.0), "BatchNormalization": lambda b: norm(b, conv(b)),
    "GlobalAveragePool, on a chip with channelwise = true": lambda b: it(
        b, "GlobalAveragePool", conv(b)),
    "pads = kernel//2 of the convolution behind it": lambda b: conv(b, name="it"),
    "Resize by exactly 2 with mode nearest, asymmetric, floor on a chip with channelwise = true, "
    "then a convolution": lambda b: conv(b, resize(b, 2)),
    "nothing: the host computes it": lambda b: it(b, "Ceil", conv(b)),
    "nothing, at the end of a network": lambda b: it(b, "Flatten", conv(b)),
    "weights of plus or minus one value per output, for one row a time": lambda b: conv(
        b, b.node("Reshape", b.node("MatMul", b.node("Flatten", b.node(
            "GlobalAveragePool", conv(b))), b.constant(b.signs(4, 4))), b.constant(
                [1, 4, 1, 1], np.int64)), kernel=1, name="it"),
    "convolutions that mix all channels": lambda b: conv(b, conv(b), name="it"),
    "BipolarQuant of scale 1, the sign that makes 0 to +1": bipolar,
}
# Reasons that only networks of another opset can have.
# What no batch of several images may have.
ONE_IMAGE = {"is in training mode"}
OPSETS = {"normalizes every pixel": 8, "is in training mode": 15}


def abs_of_input(b):
    return b.node("Abs", "x")


def flat(b):
    return b.node("Flatten", b.node("GlobalAveragePool", conv(b)))


# Operations that no layer has -> a network with one; opset 18, where there is no other.
OPERATIONS = {
    name: lambda b, name=name: it(b, name, conv(b)) for name in (
        "Abs", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Mish", "Selu",
        "Sigmoid", "Softplus", "Softsign", "Tanh", "ThresholdedRelu", "Flatten", "LogSoftmax",
        "Softmax", "GlobalMaxPool", "Ceil")} | {
    "ArgMax": lambda b: it(b, "ArgMax", conv(b), axis=1),
    "Squeeze": lambda b: it(b, "Squeeze", conv(b), b.constant([0], np.int64)),
    "Gemm": lambda b: it(b, "Gemm", flat(b), b.constant(np.arange(12).reshape(4, 3))),
    "MatMul": lambda b: it(b, "MatMul", flat(b), b.constant(np.arange(12).reshape(4, 3))),
    "Reshape": lambda b: conv(b, it(b, "Reshape", abs_of_input(b), b.constant(
        [1, 4, 4, 9], np.int64))),
    "Transpose": lambda b: it(b, "Transpose", conv(b), perm=[0, 1, 3, 2]),
    "ConvTranspose": lambda b: it(b, "ConvTranspose", conv(b), b.constant(np.ones((4, 3, 2, 2))),
                                  strides=[2, 2]),
    "InstanceNormalization": lambda b: it(b, "InstanceNormalization", conv(b), b.constant(
        np.ones(4)), b.constant(np.ones(4))),
    "LRN": lambda b: it(b, "LRN", conv(b), size=3),
    "LayerNormalization": lambda b: it(b, "LayerNormalization", conv(b), b.constant(np.ones(6))),
    "Pad": lambda b: conv(b, it(b, "Pad", conv(b), b.constant([0, 0, 1, 1] * 2, np.int64),
                                mode="edge"), pads=[0] * 4),
}
# Of those in INSTEAD_OF: what a pass or a step of a layer takes first, and what inference gives no
# type.
NEVER_LEFT = {"Clip", "Max", "Neg", "Sign", "Sum", "GroupNormalization"}
