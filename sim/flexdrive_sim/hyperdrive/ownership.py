"""Whose map every word of the memories is: checks the memory plan of a program, word by word.

Works on the descriptors as the chip reads them and on what the program says of them, not on the
planner's own bookkeeping: a map must be found whole wherever a descriptor reads it.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive.descriptor import Operation

from .rules import border_regions, regions

__all__ = ["PlanError", "check_plan"]

_FEATURES = "word {} of the feature-map memory"
_BORDERS = ("line {} of the west and east border memories",
            "line {} of the north and south border memories", "word {} of the corner memories")


class PlanError(FlexdriveError, ValueError):
    """A program that reads something else than it says."""


@dataclass(frozen=True)
class _Access:
    """``words`` (first, end) of ``memory`` that a descriptor reads or writes as ``name``."""

    memory: str
    words: tuple
    name: str


def _accesses(entry, descriptor, config):
    """(reads, writes) of one descriptor."""
    source, target, bypass = regions(descriptor)
    reads, writes = [], []
    if entry.operation == Operation.LOAD:
        writes.append(_Access(_FEATURES, source, entry.writes))
    else:
        reads.append(_Access(_FEATURES, source, entry.reads))
    if entry.operation == Operation.CONV:
        writes.append(_Access(_FEATURES, target, entry.writes))
        if entry.bypass is not None:
            reads.append(_Access(_FEATURES, bypass, entry.bypass))
    read, made = border_regions(descriptor, config) if config.mesh else (None, None)
    for parts, name, into in ((read, entry.reads, reads), (made, entry.writes, writes)):
        into += [_Access(memory, words, name)
                 for memory, words in zip(_BORDERS, parts, strict=True)] if parts else []
    return reads, writes


class _Memory:
    """Map and descriptor that wrote each word; -1 where nothing was written."""

    def __init__(self, text, words):
        self.text = text
        self.map = np.full(words, -1, np.int32)
        self.step = np.full(words, -1, np.int32)

    def write(self, words, number, step):
        self.map[slice(*words)] = number
        self.step[slice(*words)] = step

    def wrong(self, words, number):
        """The first of ``words`` that does not hold map ``number``, or None."""
        found = np.flatnonzero(self.map[slice(*words)] != number)
        return int(found[0]) + words[0] if len(found) else None


def _explain(program, step, access, memory, word, written):
    """The sentence of a word that does not hold what a descriptor wants."""
    def called(index):
        entry = program.entries[index]
        return f"{entry.operation.name} {entry.name} (descriptor {index})"

    place = access.memory.format(word)
    needed = f"{called(step)} reads map {access.name}, but {place} of each tile"
    if memory.step[word] < 0:
        return f"{needed} was never written"
    other = called(int(memory.step[word]))
    if any(first <= word < end for first, end in written.get((access.memory, access.name), ())):
        return f"{needed} was overwritten by {other} while it was still needed"
    return f"{needed} was written by {other}, which does not make that map"


def check_plan(program):
    """Follow the maps of a program through the memories of a tile.

    Parameters
    ----------
    program : flexdrive_deploy.program.Program.

    Raises
    ------
    PlanError
        when a descriptor reads a word that does not hold the map that the program names: names
        the map, both descriptors and the word.
    """
    config = program.config
    sizes = {_FEATURES: config.fm_words, _BORDERS[0]: config.border_words,
             _BORDERS[1]: config.border_words, _BORDERS[2]: config.corner_words}
    memories = {text: _Memory(text, words) for text, words in sizes.items()}
    numbers = {name: number for number, name in enumerate(program.maps)}
    written = {}
    for step, (entry, descriptor) in enumerate(
            zip(program.entries, program.descriptors(), strict=True)):
        reads, writes = _accesses(entry, descriptor, config)
        for access in reads:
            memory = memories[access.memory]
            word = memory.wrong(access.words, numbers[access.name])
            if word is not None:
                raise PlanError(_explain(program, step, access, memory, word, written))
        for access in writes:
            memories[access.memory].write(access.words, numbers[access.name], step)
            written.setdefault((access.memory, access.name), []).append(access.words)
