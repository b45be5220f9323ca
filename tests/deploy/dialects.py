"""A collection of small networks in the dialects in which people export them.

Each computes with small integers, so that binary16, float32 and every order of additions agree, and
every word of the chip can be compared with onnxruntime. What each means says its docstring; the
names of exporters are those of the forms, which are written here node by node.
"""

import numpy as np

from .onnx_models import integer_builder

__all__ = ["DIALECTS", "NEEDS_HARDWARE", "build"]

C, H, W = 4, 8, 8
SHAPE = (C, H, W)


def conv(b, x="x", c_in=C, c_out=C, kernel=3, **options):
    return b.conv(x, c_in, c_out, kernel, **options)


def relu(b, x):
    return b.node("Relu", x)


def integers(b, values):
    return b.constant(np.asarray(values), np.int64)


def reshape(b, x, *shape):
    return b.node("Reshape", x, integers(b, shape))


def pool(b, operation, x, kernel=2, stride=2, pads=None, axes=2, **attributes):
    pads = {} if pads is None else {"pads": list(pads)}
    return b.node(operation, x, kernel_shape=[kernel] * axes, strides=[stride] * axes, **pads,
                  **attributes)


def split(b, x, sizes, axis=1):
    return b.node("Split", x, integers(b, sizes), axis=axis, outputs=len(sizes))


def part(b, x, first, stop, step=1, axis=1):
    return b.node("Slice", x, integers(b, [first]), integers(b, [stop]), integers(b, [axis]),
                  integers(b, [step]))


def signs1d(b, x, c_in, c_out, kernel=3, **attributes):
    attributes = {"pads": [kernel // 2] * 2} | attributes
    return b.node("Conv", x, b.constant(b.signs(c_out, c_in, kernel)), **attributes)


def gemm(b, x, rows, columns, **attributes):
    weights = b.signs(columns, rows) if attributes.get("transB") else b.signs(rows, columns)
    return b.node("Gemm", x, b.constant(weights), b.constant(np.arange(columns)), **attributes)


# The networks. A function takes a Builder with input "x" of SHAPE and returns its results.

def plain(b):
    """Convolution, normalisation, ReLU."""
    return relu(b, b.batch_norm(conv(b), C))


def relu_behind_concat(b):
    """A fire module: the ReLU once, behind the Concat of both branches."""
    return conv(b, relu(b, b.node("Concat", conv(b), conv(b, kernel=1), axis=1)), 2 * C)


def norm_behind_concat(b):
    """An inception module with one normalisation for all branches."""
    x = b.node("Concat", conv(b), conv(b, kernel=1), conv(b, c_out=2), axis=1)
    return relu(b, b.batch_norm(x, 2 * C + 2))


def scale_behind_concat(b):
    """Mul and Add of constants (1, C, 1, 1) behind a Concat."""
    x = b.node("Concat", conv(b), conv(b, kernel=1), axis=1)
    x = b.node("Mul", x, b.constant(np.arange(1, 9).reshape(1, 8, 1, 1)))
    return b.node("Add", x, b.constant(np.arange(8).reshape(8, 1, 1)))


def relu_behind_pool(b):
    """Convolution, MaxPool, ReLU."""
    return relu(b, pool(b, "MaxPool", conv(b)))


def relu_behind_shuffle(b):
    """A channel shuffle whose activation comes behind it."""
    return conv(b, relu(b, _shuffle5(b, conv(b))))


def relu_behind_flatten(b):
    """The activation behind a Flatten, at the end."""
    return relu(b, b.node("Flatten", conv(b)))


def twice_relu(b):
    """ReLU of a ReLU."""
    return relu(b, relu(b, conv(b)))


def norm_before(b):
    """A normalisation of one factor before the convolution, which has no bias to move."""
    x = b.node("Mul", relu(b, conv(b)), b.constant(0.5))
    return conv(b, x)


def norm_before_pointwise(b):
    """Pre-activation: BatchNormalization without ReLU in front of a 1x1 convolution."""
    y = relu(b, conv(b))
    ones = np.full(C, 2.0)
    x = b.node("BatchNormalization", y, b.constant(ones * [1, -1, 1, -1]), b.constant(np.arange(C)),
               b.constant(np.ones(C)), b.constant(np.ones(C)), epsilon=0.0)
    return conv(b, x, kernel=1)


def preactivation_block(b):
    """ResNet v2: BN, ReLU, convolution, twice, and a residual addition of what came before."""
    x = conv(b)
    for _ in range(2):
        y = conv(b, relu(b, b.batch_norm(x, C)))
        x = b.node("Add", x, y)
    return relu(b, b.batch_norm(x, C))


def linear_bottleneck(b):
    """MobileNetV2: 1x1 and ReLU, depthwise and ReLU, 1x1 and the addition, without activation."""
    x = conv(b)
    y = relu(b, conv(b, x, kernel=1, c_out=8))
    y = relu(b, b.conv(y, 8, 8, 3, weights=b.signs(8, 1, 3, 3), group=8))
    return conv(b, b.node("Add", conv(b, y, 8, kernel=1), x))


def dense_block(b):
    """DenseNet: BN and ReLU of the Concat of all before, then the convolution."""
    x = conv(b)
    count = C
    for _ in range(2):
        y = conv(b, relu(b, b.batch_norm(x, count)), count, 2)
        x, count = b.node("Concat", x, y, axis=1), count + 2
    return conv(b, x, count)


def add_after_relu(b):
    """YOLOv3: the shortcut is added to what the activation made."""
    x = relu(b, conv(b))
    y = relu(b, conv(b, relu(b, conv(b, x, kernel=1, c_out=2)), 2))
    return conv(b, b.node("Add", x, y))


def gemm_head(b):
    """Mean, Flatten, Gemm with binary weights (transB, as torch writes Linear)."""
    x = relu(b, conv(b))
    x = b.node("Flatten", b.node("GlobalAveragePool", x))
    return gemm(b, x, C, 5, transB=1)


def flatten_gemm(b):
    """Flatten of a whole map, two binary Gemm with ReLU between them."""
    x = b.node("Flatten", pool(b, "MaxPool", relu(b, conv(b))))
    return gemm(b, relu(b, gemm(b, x, C * 16, 8)), 8, 3)


def matmul_norm(b):
    """MatMul, Add, BatchNormalization of (N, C): a layer of a binary multilayer perceptron."""
    x = reshape(b, relu(b, conv(b)), 1, C * H * W)
    x = b.node("MatMul", x, b.constant(b.signs(C * H * W, 6)))
    x = relu(b, b.batch_norm(b.node("Add", x, b.constant(np.arange(6))), 6))
    return b.node("MatMul", x, b.constant(b.signs(6, 3)))


def gemm_scaled(b):
    """Gemm with alpha and beta."""
    x = b.node("Flatten", b.node("GlobalAveragePool", conv(b)))
    return gemm(b, x, C, 6, alpha=0.5, beta=2.0)


def squeeze_pair(b):
    """Unsqueeze and Squeeze of an axis, in between an activation."""
    x = b.node("Unsqueeze", conv(b), integers(b, [0]))
    x = b.node("Squeeze", relu(b, x), integers(b, [0]))
    return conv(b, x)


def reshape_pair(b):
    """Flatten of the pixels and back, in between a ReLU."""
    x = reshape(b, conv(b), 1, C, H * W)
    return conv(b, reshape(b, relu(b, x), 1, C, H, W))


def transpose_pair(b):
    """Channels last and back, as converters from TensorFlow leave it, in between a ReLU."""
    x = b.node("Transpose", conv(b), perm=[0, 2, 3, 1])
    return conv(b, b.node("Transpose", relu(b, x), perm=[0, 3, 1, 2]))


def split_concat(b):
    """CSP block: one half passes through, the other takes a convolution."""
    left, right = split(b, relu(b, conv(b, c_out=8)), [4, 4])
    return conv(b, b.node("Concat", left, conv(b, right), axis=1), 8)


def split_branches(b):
    """Split of a map into what two convolutions read."""
    left, right = split(b, conv(b, c_out=6), [4, 2])
    return b.node("Concat", conv(b, left), conv(b, right, 2), axis=1)


def slices(b):
    """Two slices of a map, as torch writes x[:, :4] and x[:, 4:]."""
    x = relu(b, conv(b, c_out=8))
    big = np.iinfo(np.int64).max
    return b.node("Add", conv(b, part(b, x, 0, 4)), conv(b, part(b, x, 4, big)))


def even_channels(b):
    """x[:, ::2] and x[:, 1::2]."""
    x = relu(b, conv(b, c_out=8))
    return b.node("Add", conv(b, part(b, x, 0, 8, 2)), conv(b, part(b, x, 1, 8, 2)))


def chunk_of_pooled(b):
    """A Split behind normalisation, ReLU and MaxPool."""
    x = pool(b, "MaxPool", relu(b, b.batch_norm(conv(b, c_out=8), 8)))
    left, right = split(b, x, [4, 4])
    return b.node("Concat", conv(b, left), conv(b, right), axis=1)


def _shuffle5(b, x, groups=2, count=C):
    x = reshape(b, x, 1, groups, count // groups, H, W)
    return reshape(b, b.node("Transpose", x, perm=[0, 2, 1, 3, 4]), 1, count, H, W)


def shuffle_5d(b):
    """Reshape to (1, G, C/G, H, W), Transpose, Reshape, between grouped convolutions."""
    x = conv(b, weights=b.signs(C, C // 2, 3, 3), group=2)
    return conv(b, _shuffle5(b, x), weights=b.signs(C, C // 2, 3, 3), group=2)


def shuffle_4d(b):
    """The same with the pixels in one axis: (1, G, C/G, H*W)."""
    x = conv(b, weights=b.signs(C, C // 2, 3, 3), group=2)
    x = b.node("Transpose", reshape(b, x, 1, 2, C // 2, H * W), perm=[0, 2, 1, 3])
    return conv(b, reshape(b, x, 1, C, H, W))


def shuffle_of_batch(b):
    """The batch and the groups in one axis: (G, C/G, H, W), Transpose of both."""
    x = conv(b, weights=b.signs(C, C // 2, 3, 3), group=2)
    x = b.node("Transpose", reshape(b, x, 2, C // 2, H, W), perm=[1, 0, 2, 3])
    return conv(b, reshape(b, x, 1, C, H, W))


def shuffle_gather(b):
    """A Gather of the channels in another order."""
    x = conv(b, weights=b.signs(C, C // 2, 3, 3), group=2)
    return conv(b, b.node("Gather", x, integers(b, [0, 2, 1, 3]), axis=1))


def shuffle_free(b):
    """A Gather in an order that is no shuffle."""
    return conv(b, b.node("Gather", relu(b, b.batch_norm(conv(b), C)), integers(b, [3, 0, 2, 1]),
                          axis=1))


def shuffle_split(b):
    """Split into channels and a Concat of them in another order."""
    parts = split(b, conv(b), [2, 2])
    return conv(b, b.node("Concat", parts[1], parts[0], axis=1))


def conv1d(b):
    """Convolutions over time with normalisation and pooling."""
    x = relu(b, b.batch_norm(signs1d(b, "x", 4, 6), 6))
    x = pool(b, "MaxPool", x, axes=1)
    return relu(b, signs1d(b, x, 6, 4, strides=[2]))


def conv1d_residual(b):
    """A residual block over time."""
    x = relu(b, signs1d(b, "x", 4, 4))
    return relu(b, b.node("Add", b.batch_norm(signs1d(b, x, 4, 4), 4), x))


def conv1d_mean(b):
    """Convolution over time, average of pairs, mean over time."""
    x = relu(b, signs1d(b, "x", 4, 6))
    x = pool(b, "AveragePool", x, axes=1)
    return b.node("GlobalAveragePool", x)


def pool_of_input(b):
    """A block that pools the network's input, which a convolution reads as well."""
    return b.node("Concat", conv(b, stride=2), conv(b, pool(b, "MaxPool", "x")), axis=1)


def resize_of_host(b):
    """A map of the host, repeated, then a convolution."""
    x = b.node("Resize", b.node("Abs", "x"), "", b.constant([1, 1, 2, 2], np.float32),
               mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return conv(b, x)


def average_never_padded(b):
    """AveragePool whose excluded padding no window reads."""
    x = conv(b, magnitude=4.0)
    return pool(b, "AveragePool", x, pads=[0, 0, 1, 1], count_include_pad=0)


def average_of_two_pixels(b):
    """AveragePool 3x3 of a map of 2x2: every window has the same four pixels."""
    x = pool(b, "MaxPool", pool(b, "MaxPool", conv(b, magnitude=4.0)))
    return pool(b, "AveragePool", x, 3, 1, [1] * 4)


def average_whole(b):
    """AveragePool as large as the map."""
    x = pool(b, "MaxPool", pool(b, "MaxPool", conv(b, magnitude=4.0)))
    return conv(b, pool(b, "AveragePool", x, 2, 1), kernel=1)


def reduce_mean(b):
    """The mean as torch's newer exporter writes it."""
    return b.node("ReduceMean", _small(b), axes=[-1, -2], keepdims=1)


def reduce_mean_flat(b):
    """x.mean((2, 3)): without the axes."""
    return b.node("ReduceMean", _small(b), axes=[2, 3], keepdims=0)


def _small(b):
    return conv(b, magnitude=64.0)


def concat_twice(b):
    """The same map twice in one Concat."""
    y = relu(b, conv(b))
    return conv(b, b.node("Concat", y, y, axis=1), 2 * C)


def concat_of_two_concats(b):
    """A map that lies in two Concats."""
    y, z = conv(b), conv(b, kernel=1)
    first = conv(b, b.node("Concat", y, z, axis=1), 2 * C)
    return conv(b, b.node("Concat", first, y, axis=1), 2 * C)


def concat_of_sum(b):
    """A residual sum in a Concat."""
    y = conv(b)
    z = relu(b, b.node("Add", conv(b, y), y))
    return conv(b, b.node("Concat", z, conv(b, z), axis=1), 2 * C)


def concat_of_inputs(b):
    """Inputs joined before the first convolution."""
    return conv(b, b.node("Concat", "x", b.node("Abs", "x"), axis=1), 2 * C)


def sub_of_maps(b):
    """A difference of two branches."""
    return relu(b, b.node("Sub", conv(b), conv(b, kernel=1)))


def sum_of_three(b):
    """Sum of three maps."""
    return relu(b, b.node("Sum", conv(b), conv(b, kernel=1), "x"))


def add_itself(b):
    """A map added to itself."""
    y = conv(b)
    return relu(b, b.node("Add", y, y))


def negative(b):
    """Neg behind a convolution."""
    return relu(b, b.node("Neg", conv(b)))


def sub_from_constant(b):
    """1 - x."""
    return b.node("Sub", b.constant(1.0), conv(b))


def scale_behind_sum(b):
    """A residual sum times a constant."""
    x = conv(b)
    return relu(b, b.node("Mul", b.node("Add", conv(b, x), x), b.constant(0.5)))


def scale_behind_relu(b):
    """Mul behind ReLU, then a ReLU of another layer."""
    return conv(b, b.node("Mul", relu(b, conv(b)), b.constant([2.0])))


def three_readers(b):
    """A map whose normalisation and itself are read."""
    x = conv(b)
    y = relu(b, b.batch_norm(x, C))
    return conv(b, b.node("Add", conv(b, y), x))


def sign_where(b):
    """The sign of a map as Where(x >= 0, 1, -1)."""
    test = b.node("GreaterOrEqual", conv(b), b.constant(0.0))
    return conv(b, b.node("Where", test, b.constant(1.0), b.constant(-1.0)))


def two_inputs(b):
    """A network with two inputs."""
    b.more["y"] = SHAPE
    return b.node("Add", conv(b), conv(b, "y"))


def two_outputs(b):
    """A U-Net's two heads."""
    x = relu(b, conv(b))
    return conv(b, x), conv(b, x, kernel=1)


def output_inside(b):
    """A result that is read further on as well."""
    x = conv(b)
    return x, conv(b, relu(b, x))


def u_net(b):
    """Down, up by two, Concat with what was before, in between ReLU behind the Concat."""
    x = relu(b, conv(b))
    y = relu(b, conv(b, pool(b, "MaxPool", x), c_out=8))
    y = b.node("Resize", y, "", b.constant([1, 1, 2, 2], np.float32), mode="nearest",
               coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    return conv(b, relu(b, b.node("Concat", x, conv(b, y, 8), axis=1)), 8)


def weights_where(b):
    """Weights as Where(w >= 0, a, -a), computed in the graph."""
    w = b.constant(b.rng.standard_normal((C, C, 3, 3)))
    test = b.node("GreaterOrEqual", w, b.constant(0.0))
    w = b.node("Where", test, b.constant(1.0), b.constant(-1.0))
    return relu(b, b.node("Conv", "x", w, pads=[1] * 4))


def weights_clip_sign(b):
    """Weights as Sign of a Clip of them, times a scale."""
    w = b.node("Clip", b.constant(b.rng.standard_normal((C, C, 3, 3))), b.constant(-1.0),
               b.constant(1.0))
    w = b.node("Div", b.node("Mul", b.node("Sign", w), b.constant(1.0)), b.constant(2.0))
    return relu(b, b.node("Conv", "x", w, pads=[1] * 4))


def weights_of_input_channels(b):
    """Weights with a factor for each input channel behind a convolution of these channels."""
    x = relu(b, conv(b))
    factors = np.array([1, 2, 0.5, 1]).reshape(1, C, 1, 1)
    return conv(b, x, weights=b.signs(C, C, 3, 3) * factors)


def weights_of_groups(b):
    """A grouped convolution with a scale for each group."""
    weights = b.signs(C, 2, 3, 3) * np.array([1, 1, 2, 2]).reshape(C, 1, 1, 1)
    return relu(b, conv(b, weights=weights, group=2))


def pad_of_torch(b):
    """A Pad whose amounts are a chain of constants, as torch's older exporter writes it."""
    pads = reshape(b, b.constant([1, 1, 1, 1, 0, 0, 0, 0], np.int64), -1, 2)
    pads = b.node("Slice", pads, integers(b, [-1]), integers(b, [np.iinfo(np.int64).min]),
                  integers(b, [0]), integers(b, [-1]))
    pads = reshape(b, b.node("Transpose", pads, perm=[1, 0]), -1)
    x = b.node("Pad", "x", b.node("Cast", pads, to=7), b.constant(0.0))
    return conv(b, x, pads=[0] * 4)


def identities(b):
    """Identity, Dropout, a Pad of nothing, a Concat of one, a Cast to the same type."""
    x = b.node("Identity", conv(b))
    x = b.node("Concat", b.node("Dropout", x), axis=1)
    x = b.node("Pad", x, integers(b, [0] * 8))
    return relu(b, b.node("Cast", x, to=1))


# Windows that are no square around their centre; clamps.

def valid(b):
    """A convolution without padding."""
    return conv(b, pads=[0] * 4)


def relu6(b):
    """Clip from 0 to 6."""
    return conv(b, b.node("Clip", conv(b), b.constant(0.0), b.constant(6.0)))


def rectangle(b):
    """A kernel 1x3."""
    return b.node("Conv", "x", b.constant(b.signs(C, C, 1, 3)), pads=[0, 1, 0, 1])


def dilated(b):
    """A dilated kernel."""
    return conv(b, dilations=[2, 2], pads=[2] * 4)


def tensorflow_stride(b):
    """Stride 2 with padding behind only (SAME of TensorFlow on even sizes)."""
    return conv(b, stride=2, pads=[0, 0, 1, 1])


# What only another chip can do: a halo of 2, a clamp.
NEEDS_HARDWARE = {function.__name__: function for function in (valid, dilated, relu6)}
DIALECTS = {function.__name__: function for function in (
    plain, relu_behind_concat, norm_behind_concat, scale_behind_concat, relu_behind_pool,
    relu_behind_shuffle, relu_behind_flatten, twice_relu, norm_before, norm_before_pointwise,
    preactivation_block, linear_bottleneck, dense_block, add_after_relu, gemm_head, flatten_gemm,
    matmul_norm, gemm_scaled, squeeze_pair, reshape_pair, transpose_pair, split_concat,
    split_branches, slices, even_channels, chunk_of_pooled, shuffle_5d, shuffle_4d,
    shuffle_of_batch, shuffle_gather, shuffle_free, shuffle_split, conv1d, conv1d_residual,
    conv1d_mean, pool_of_input, resize_of_host, average_never_padded, average_of_two_pixels,
    average_whole, reduce_mean, reduce_mean_flat, concat_twice, concat_of_two_concats,
    concat_of_sum, concat_of_inputs, sub_of_maps, sum_of_three, add_itself, negative,
    sub_from_constant, scale_behind_sum, scale_behind_relu, three_readers, sign_where, two_inputs,
    two_outputs, output_inside, u_net, weights_where, weights_clip_sign,
    weights_of_input_channels, weights_of_groups, pad_of_torch, identities, rectangle,
    tensorflow_stride,
)} | NEEDS_HARDWARE
# Of inputs with one axis of pixels.
_OVER_TIME = ("conv1d", "conv1d_residual", "conv1d_mean")


def build(name, seed=0):
    """(model, input name -> image of small integers) of a network of the collection; for one
    image, as an exporter without dynamic axes writes it."""
    b, image = integer_builder((C, 8) if name in _OVER_TIME else SHAPE, seed, factors=(1.0, -1.0))
    image[np.abs(image) > 1] = 0
    made = DIALECTS[name](b)
    model = b.model(*(made if isinstance(made, tuple) else [made]))
    feeds = {"x": image}
    for other, shape in b.more.items():
        feeds[other] = b.rng.integers(-1, 2, (1, *shape)).astype(np.float32)
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return model, feeds
