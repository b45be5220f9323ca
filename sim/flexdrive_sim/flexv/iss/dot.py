"""Golden model of the dot-product unit: integers, lane by lane, from the definition."""

import numpy as np

__all__ = ["dot", "lanes"]


def lanes(words, width, is_signed):
    """Split uint32 words (any shape) into lanes of ``width`` bits, least significant first.

    Returns int64 of shape (..., 32 / width).
    """
    words = np.asarray(words, np.uint32).astype(np.int64)[..., None]
    values = (words >> np.arange(0, 32, width)) & ((1 << width) - 1)
    return np.where(values >= 1 << (width - 1), values - (1 << width), values) \
        if is_signed else values


def dot(a, w, accumulator, *, a_bits, w_bits, slice_index, a_signed, w_signed):
    """``accumulator + sum(a_l * w_l)`` modulo 2**32 for arrays of uint32 words.

    ``slice_index`` is an integer; the narrower word holds ``max/min`` slices, slice i being its
    lanes ``[i*N, (i+1)*N)`` with N = 32 / max(a_bits, w_bits).
    """
    count = 32 // max(a_bits, w_bits)
    terms = []
    for words, bits, is_signed in ((a, a_bits, a_signed), (w, w_bits, w_signed)):
        all_lanes = lanes(words, bits, is_signed)
        first = slice_index % (all_lanes.shape[-1] // count) * count
        terms.append(all_lanes[..., first:first + count])
    total = (terms[0] * terms[1]).sum(axis=-1) + np.asarray(accumulator, np.uint32).astype(np.int64)
    return (total & 0xFFFFFFFF).astype(np.uint32)
