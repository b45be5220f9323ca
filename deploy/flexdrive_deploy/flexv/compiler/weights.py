"""Constants of layers as the kernels read them: chunks of channels, scales in front."""

from dataclasses import dataclass
from math import prod

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Sign

from .storage import pack_lanes, storage_of

__all__ = ["Chunk", "chunk_sizes", "layer_chunks", "layer_kind", "layer_words", "sign_numbers"]

# Channels of a chunk: whole words of any output, whole groups of 4.
_STEP = 16


@dataclass(frozen=True)
class Chunk:
    """Channels first..first + count - 1 of a layer: ``words`` from word ``begin`` of its data."""

    first: int
    count: int
    begin: int
    words: int


def layer_kind(node):
    """"convolve", "depthwise" or "grouped"."""
    if node.groups == 1:
        return "convolve"
    return "depthwise" if node.weights.shape[1] == 1 else "grouped"


def chunk_sizes(node):
    """Channels of a chunk that are possible, the largest first."""
    channels = len(node.weights)
    sizes = [channels]
    while sizes[-1] > _STEP:
        sizes.append(-(-sizes[-1] // 2 // _STEP) * _STEP if sizes[-1] // 2 > _STEP else _STEP)
    return list(dict.fromkeys(sizes))


def sign_numbers(rule, reach):
    """(multiplier, addend) of a Sign in 32 bits; ``reach``: largest sum."""
    multiplier, addend = np.broadcast_arrays(rule.multiplier, rule.addend)
    far = np.abs(addend) > reach
    return (np.where(far, 0, multiplier),
            np.where(far, np.sign(addend), addend))


def _scales(step):
    """int32 (channels, 2) of multiplier and addend, or None."""
    rule = step.rule
    if rule is None:
        return None
    channels = len(step.node.weights)
    if isinstance(rule, Sign):
        pair = sign_numbers(rule, (1 << 31) - 1)
    else:
        assert isinstance(rule, FixedPoint)
        pair = rule.multipliers[0], rule.addend
    return np.stack([np.broadcast_to(np.ravel(each), channels) for each in pair],
                    1).astype(np.int32)


def _words_of_channels(node, source):
    """uint32 (channels, words) of the weights of a convolution in the order of its sums."""
    weights = np.transpose(node.weights, (0, 2, 3, 1))
    if layer_kind(node) == "convolve":
        storage = storage_of(source)
        lanes = storage.pixel_words * 32 // storage.bits
        padded = np.zeros((*weights.shape[:3], lanes), np.int64)
        padded[..., :weights.shape[3]] = weights
        weights = padded
    return pack_lanes(weights.reshape(len(weights), -1), node.weight_bits)


def _channel_words(node, source):
    """Words of one channel's weights, of a kind that has each channel by itself."""
    if layer_kind(node) == "convolve":
        storage = storage_of(source)
        values = prod(node.weights.shape[2:]) * storage.pixel_words * 32 // storage.bits
    else:
        values = prod(node.weights.shape[1:])
    return -(-values * node.weight_bits // 32)


def layer_chunks(step, size):
    """The Chunks of a layer's constants, of ``size`` channels each."""
    node, found, begin = step.node, [], 0
    assert isinstance(node, ir.Convolution)
    scaled = 2 if step.rule is not None else 0
    for first in range(0, len(node.weights), size):
        count = min(size, len(node.weights) - first)
        if layer_kind(node) == "depthwise":
            words = prod(node.weights.shape[2:]) * -(-count * node.weight_bits // 32)
        else:
            words = count * _channel_words(node, step.sources[0])
        found.append(Chunk(first, count, begin, words + scaled * count))
        begin += found[-1].words
    return found


def layer_words(step, chunks):
    """uint32 words of a layer's constants in Chunks."""
    node = step.node
    assert isinstance(node, ir.Convolution)
    scales, parts = _scales(step), []
    single = layer_kind(node) == "depthwise"
    channels = None if single else _words_of_channels(node, step.sources[0])
    for chunk in chunks:
        part = slice(chunk.first, chunk.first + chunk.count)
        if channels is None:
            taps = node.weights[part, 0].reshape(chunk.count, -1).T
            words = pack_lanes(taps, node.weight_bits).ravel()
        else:
            # Groups of 4 channels, word by word.
            own = channels[part]
            words = np.concatenate([own[at:at + 4].T.ravel() for at in range(0, chunk.count, 4)])
        if scales is not None:
            words = np.concatenate([scales[part].reshape(-1).view(np.uint32), words])
        assert len(words) == chunk.words
        parts.append(words)
    return np.concatenate(parts)
