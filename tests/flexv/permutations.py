"""Shuffles and packs as lists of chosen lanes, for :mod:`test_instructions`."""

import numpy as np

__all__ = ["permuted"]


def _parts(words, width):
    kind = {16: "<u2", 8: "u1"}[width]
    return words.astype("<u4").view(kind).reshape(len(words), -1)


def _chosen(parts, selectors):
    return np.take_along_axis(parts, selectors.astype(np.int64), axis=1)


def permuted(name, a, b, c):
    """Result of instruction ``name`` on arrays of uint32: rs1, second operand, old rd."""
    width = 16 if name.endswith(".h") or name == "pv.pack" else 8
    x, y, z = (_parts(words, width) for words in (a, b, c))
    operation = name.split(".")[1]
    if operation.startswith("shufflei"):
        last = int(operation[-1])
        selectors = np.stack([b >> 2 * i & 3 for i in range(3)] + [np.full_like(b, last)], axis=1)
        parts = _chosen(x, selectors)
    elif name == "pv.shuffle.sci.h":
        parts = _chosen(x, np.stack([b & 1, b >> 1 & 1], axis=1))
    elif operation == "shuffle":
        parts = _chosen(x, y & (32 // width - 1))
    elif operation == "shuffle2":
        parts = _chosen(np.concatenate([z, x], axis=1), y & (64 // width - 1))
    elif operation in ("pack", "pack.h"):
        half = int(name == "pv.pack.h")
        parts = np.stack([y[:, half], x[:, half]], axis=1)
    else:
        pair = [y[:, 0], x[:, 0]]
        rest = [z[:, i] for i in range(4)]
        parts = np.stack(rest[:2] + pair if operation == "packhi" else pair + rest[2:], axis=1)
    return np.ascontiguousarray(parts).view("<u4").reshape(-1)
