"""Constants of layers as the kernels read them: chunks of channels, scales in front."""

from dataclasses import dataclass
from math import prod

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Sign

from .scales import LayerScales, packed_scales
from .storage import pack_lanes, storage_of
from .strips import layer_kind, strips_of

__all__ = ["Chunk", "channel_unit", "channel_words", "chunk_sizes", "layer_chunks", "layer_kind",
           "layer_scales", "layer_words", "sign_numbers"]

# Channels that the kernels make at once.
_GROUP = 4


@dataclass(frozen=True)
class Chunk:
    """Channels first..first + count - 1 of a layer: ``words`` from word ``begin`` of its data."""

    first: int
    count: int
    begin: int
    words: int


def channel_unit(step):
    """Channels of which a chunk has multiples: whole words of the output, whole groups of 4."""
    return max(_GROUP, 32 // step.output.lane)


def chunk_sizes(step):
    """Channels of a chunk that are possible, the largest first."""
    unit = channel_unit(step)
    sizes = [len(step.node.weights)]
    while sizes[-1] > unit:
        sizes.append(max(unit, -(-sizes[-1] // 2 // unit) * unit))
    return list(dict.fromkeys(sizes))


def sign_numbers(rule, reach):
    """(multiplier, addend) of a Sign in 32 bits; ``reach``: largest sum."""
    multiplier, addend = np.broadcast_arrays(rule.multiplier, rule.addend)
    far = np.abs(addend) > reach
    return (np.where(far, 0, multiplier),
            np.where(far, np.sign(addend), addend))


def layer_scales(step):
    """:class:`LayerScales` of a layer, or None when it stores its sums."""
    rule = step.rule
    if rule is None:
        return None
    channels = len(step.node.weights)
    if isinstance(rule, FixedPoint):
        found = packed_scales(step)
        if found is not None:
            return found
        pair = rule.multipliers[0], rule.addend
    else:
        assert isinstance(rule, Sign)
        pair = sign_numbers(rule, (1 << 31) - 1)
    multiplier, addend = (np.broadcast_to(np.ravel(each), channels) for each in pair)
    return LayerScales(multiplier, addend)


def _grouped(values):
    """(channels, ...) -> (groups of 4, 4, ...), zeros behind."""
    short = -len(values) % 4
    padded = np.pad(values, ((0, short), *((0, 0),) * (values.ndim - 1)))
    return padded.reshape(-1, 4, *values.shape[1:])


def _scale_words(scales, part):
    """uint32 words of the scales of some channels: for each group of 4 multipliers and addends."""
    if scales is None:
        return np.zeros(0, np.uint32)
    pair = np.stack([scales.multiplier[part], scales.addend[part]], 1)
    return _grouped(pair).transpose(0, 2, 1).astype(np.int32).ravel().view(np.uint32)


def _lanes(source):
    """Lanes of a word of a map."""
    return 32 // storage_of(source).bits


def _single_lanes(node, source):
    """(channels, taps, lanes of a word): weights of a depthwise layer beside zeros, so that the
    products with the word that holds a channel are those of the channel."""
    lanes, multiple = _lanes(source), len(node.weights) // node.groups
    taps = node.weights[:, 0].reshape(len(node.weights), -1)
    made = np.zeros((*taps.shape, lanes), np.int64)
    channels = np.arange(len(taps))
    made[channels, :, channels // multiple % lanes] = taps
    return made


def _strip_words(node, down):
    """uint32 (channels, lines of the window) of net_depthwise_strips."""
    taps = node.weights[:, 0]
    taps = np.pad(taps.transpose(0, 2, 1) if down else taps,
                  [(0, 0), (0, 0), (0, 4 - node.weights.shape[2 if down else 3])])
    return pack_lanes(taps.reshape(len(taps), -1), 8)


def _words_of_channels(node, source):
    """uint32 (channels, words) of a layer's weights in the order of its sums."""
    if layer_kind(node) == "depthwise":
        weights = _single_lanes(node, source)
    else:
        weights = np.transpose(node.weights, (0, 2, 3, 1))
    if layer_kind(node) == "convolve":
        storage = storage_of(source)
        lanes = storage.pixel_words * _lanes(source)
        weights = np.pad(weights, [(0, 0)] * 3 + [(0, lanes - weights.shape[-1])])
    return pack_lanes(weights.reshape(len(weights), -1), node.weight_bits)


def channel_words(node, source):
    """Words of one channel's weights."""
    taps = prod(node.weights.shape[2:])
    kind = layer_kind(node)
    if kind == "convolve":
        values = taps * storage_of(source).pixel_words * _lanes(source)
    elif kind == "depthwise":
        values = taps * _lanes(source)
    else:
        values = prod(node.weights.shape[1:])
    return -(-values * node.weight_bits // 32)


def layer_chunks(step, size):
    """The Chunks of a layer's constants, of ``size`` channels each."""
    node, found, begin = step.node, [], 0
    assert isinstance(node, ir.Convolution)
    strips = strips_of(step)
    words = strips.rows if strips else channel_words(node, step.sources[0])
    words += (2 if step.rule is not None else 0)
    for first in range(0, len(node.weights), size):
        count = min(size, len(node.weights) - first)
        found.append(Chunk(first, count, begin, words * 4 * -(-count // 4)))
        begin += found[-1].words
    return found


def layer_words(step, chunks):
    """uint32 words of a layer's constants in Chunks."""
    node = step.node
    assert isinstance(node, ir.Convolution)
    scales, parts = layer_scales(step), []
    strips = strips_of(step)
    channels = (_strip_words(node, strips.down) if strips
                else _words_of_channels(node, step.sources[0]))
    for chunk in chunks:
        part = slice(chunk.first, chunk.first + chunk.count)
        # Groups of 4 channels, word by word.
        words = _grouped(channels[part])
        words = np.concatenate([_scale_words(scales, part), words.transpose(0, 2, 1).ravel()])
        assert len(words) == chunk.words
        parts.append(words)
    return np.concatenate(parts)
