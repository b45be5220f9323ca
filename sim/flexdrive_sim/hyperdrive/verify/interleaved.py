"""Random programs whose operations take turns in parts of the memory of their own, so that many may
run beside each other, and many may not."""

from dataclasses import replace

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import Command, encode, iterate
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hyperdrive.mesh_borders import whole_config

from ..drive.mesh import random_chain
from ..drive.stimuli import Stimulus
from .random_layer import random_layer_stimulus

__all__ = ["random_interleaved", "random_interleaved_mesh"]

# Fields that say where something lies, by the memory.
_BASES = {"fm_words": ("in_base", "out_base", "bypass_base"),
          "border_words": ("in_border_rows", "in_border_columns", "border_rows", "border_columns"),
          "corner_words": ("in_corner", "border_corner")}


def _operations(stimulus, offsets):
    """(words, weights, pixels) of each operation of a legal program, ``offsets`` {memory: words}
    further on."""
    weights, pixels = iter(stimulus.weights), iter(stimulus.pixels)
    for d, payload in iterate(np.array(stimulus.words, np.uint32)):
        moved = replace(d, **{name: getattr(d, name) + offset
                              for memory, offset in offsets.items() for name in _BASES[memory]
                              if d.operation == Operation.CONV or not name.startswith(
                                  ("out_", "bypass_"))})
        takes = d.operation == Operation.CONV and not d.maximum
        yield (encode([Command(moved, payload)]), [next(weights)] if takes else [],
               [next(pixels)] if d.operation == Operation.LOAD else [])


def _interleaved(config, programs, random):
    """One :class:`~..drive.stimuli.Stimulus` of several (offsets, program), each of which keeps
    its order."""
    merged = Stimulus(config, out_words=sum(program.out_words for _, program in programs))
    queues = [list(_operations(program, offsets)) for offsets, program in programs]
    while any(queues):
        queue = random.choice([at for at, queue in enumerate(queues) if queue])
        words, weights, pixels = queues[queue].pop(0)
        merged.words += words
        merged.weights += weights
        merged.pixels += pixels
    return merged


def random_interleaved(config, seed):
    """Two or three programs of one or two random layers."""
    random = np.random.default_rng([seed, 21])
    count = int(random.integers(2, 4))
    part = config.fm_words // count // config.fm_banks * config.fm_banks
    small, programs = replace(config, fm_words=part), []
    for number in range(count):
        program = Stimulus(config)
        for _ in range(int(random.integers(1, 3))):
            program.extend(random_layer_stimulus(small, int(random.integers(1 << 31))))
        # The last one not always on bank 0.
        rest = config.fm_words - part * count if number == count - 1 else 0
        programs.append(({"fm_words": part * number + int(random.integers(rest + 1))}, program))
    return _interleaved(config, programs, random)


def random_interleaved_mesh(config, height, width, seed):
    """Two chains of layers, each in its halves of the memories."""
    random = np.random.default_rng([seed, 22])
    halves = {memory: getattr(config, memory) // 2 for memory in _BASES}
    small = replace(config, **halves)
    programs = [({memory: number * words for memory, words in halves.items()},
                 random_chain(small, height, width, int(random.integers(1 << 31))))
                for number in range(2)]
    return _interleaved(whole_config(config, height, width), programs, random)
