"""Matrix products, values that move, slices of channels, channel shuffles."""

import numpy as np

from .parts import C, H, W, conv, gemm, integers, part, pool, relu, reshape, shuffled5, split

__all__ = ["NETWORKS"]


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


def sign_product(b):
    """MatMul, BatchNormalization, the sign: a layer of BinaryNet."""
    x = reshape(b, conv(b), 1, C * H * W)
    x = b.batch_norm(b.node("MatMul", x, b.constant(b.signs(C * H * W, 6))), 6)
    x = b.node("Where", b.node("GreaterOrEqual", x, b.constant(0.0)), b.constant(1.0),
               b.constant(-1.0))
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


def shuffle_5d(b):
    """Reshape to (1, G, C/G, H, W), Transpose, Reshape, between grouped convolutions."""
    x = conv(b, weights=b.signs(C, C // 2, 3, 3), group=2)
    return conv(b, shuffled5(b, x), weights=b.signs(C, C // 2, 3, 3), group=2)


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


NETWORKS = (
    gemm_head, flatten_gemm, matmul_norm, sign_product, gemm_scaled, squeeze_pair, reshape_pair,
    transpose_pair, split_concat, split_branches, slices, even_channels, chunk_of_pooled,
    shuffle_5d, shuffle_4d, shuffle_of_batch, shuffle_gather, shuffle_free, shuffle_split,
)
