"""Descriptors that a chip must refuse, drawn near legal ones."""

from dataclasses import replace

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import DESCRIPTOR_WORDS, FIELDS, Code, Operation

from ..golden.descriptor_rules import check
from .random_layer import random_layer_stimulus

__all__ = ["refused_descriptors"]

# Of a descriptor that is not extended; its bounds are those of the activation.
_PLAIN = {field.name: None if field.name in ("low", "high") else 0 for field in FIELDS
          if field.word >= DESCRIPTOR_WORDS}


def refused_descriptors(config, count, seed):
    """``count`` descriptors that break at least one rule, drawn near legal ones.

    Each starts legal and has one to three fields replaced by a value from the edges of its range
    or near its legal bounds, so all rules are met alone and together.
    """
    random = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        legal = random_layer_stimulus(config, int(random.integers(1 << 31)), special=False)
        drawn = [command.descriptor for command in iterate(legal.words)]
        descriptor = next(d for d in drawn if d.operation == Operation.CONV)
        if random.integers(4) == 0:
            descriptor = drawn[0]
        for changed in random.choice(np.array(FIELDS, dtype=object),
                                     int(random.integers(1, 4)), replace=False):
            near = (getattr(descriptor, changed.name) or 0) + int(random.integers(-2, 3))
            edges = [0, 1, (1 << changed.width) - 1, int(random.integers(1 << changed.width)), near,
                     config.fm_words, config.weight_words]
            value = int(random.choice(edges)) & (1 << changed.width) - 1
            if changed.name != "payload":
                descriptor = replace(descriptor, **{changed.name: value})
        descriptor = replace(descriptor, **_provocation(random, config, descriptor))
        if not descriptor.extended:
            descriptor = replace(descriptor, **_PLAIN)
        if check(descriptor, config) != Code.OK:
            found.append(descriptor)
    return found


def _provocation(random, config, descriptor):
    """Changes that lead to the rules which single fields hardly break."""
    kernel = int(random.choice(config.kernels[1:]))
    inputs = config.weight_words // kernel**2 + int(random.integers(2))
    extent = (descriptor.out_channels - 1) * descriptor.out_step + 1
    wide = max(descriptor.in_channels + extent + int(random.integers(-1, 3)), 0) & 0xFFFF
    return [
        {"payload": descriptor.payload ^ 1},
        {"out_base": min(0xFFFF, descriptor.in_base + int(random.integers(4)))},
        {"bypass": 1, "bypass_base": min(0xFFFF, max(
            0, descriptor.out_base + int(random.choice([-1, 1]))))},
        # Reaches beyond the next tile.
        {"kernel": max(config.kernels), "tile_rows": 1, "stride": 1},
        # Few pixels and many inputs: fits the memory, not the weight buffer.
        {"kernel": kernel, "stride": 1, "tile_rows": 1, "tile_columns": config.adder_depth + 1,
         "in_base": 0, "out_base": config.fm_words - 2 * config.adder_depth, "out_channels": 1,
         "payload": 1, "bypass": 0, "full_rows": 1, "last_rows": 0, "full_columns": 1,
         "last_columns": 0,
         "in_channels": inputs, "in_pitch": inputs, "out_pitch": 1, "out_step": 1},
        {"in_pitch": max(0, descriptor.in_channels - int(random.integers(2)))},
        {"out_pitch": min(0xFFFF, max(0, extent - int(random.integers(2))))},
        {"out_step": int(random.integers(3))},
        # Different channels of one map, or nearly.
        {"stride": 1, "in_pitch": wide, "out_pitch": wide, "bypass": 0, "out_base": int(np.clip(
            descriptor.in_base + random.choice([descriptor.in_channels, -extent])
            + random.integers(-1, 2), 0, 0xFFFF))},
        {"channelwise": 1}, {"channelwise": 1, "maximum": 1, "interleave": config.adder_depth},
        {"kernel": 2}, {"upsample": 1}, {"upsample": 1, "channelwise": 1, "kernel": 1,
                                         "interleave": config.adder_depth, "stride": 1},
        # In place, or nearly.
        {"kernel": 1, "out_base": int(np.clip(
            descriptor.in_base + random.integers(-2, 2), 0, 0xFFFF)),
         "out_pitch": int(np.clip(descriptor.in_pitch + random.integers(-1, 2), 0, 0xFFFF)),
         "bypass": 0, "interleave": int(random.choice(config.interleaves))},
        {"average": 1}, {"average": 1, "operation": Operation.STORE, "payload": 0},
        # Taps of any kind.
        *[{"extended": 1, "row_taps": int(rows), "column_taps": int(columns)}
          for rows, columns in random.integers(0, 4 << max(config.kernels), (3, 2)) & 255],
        *[{}] * 8,
    ][random.integers(28)]
