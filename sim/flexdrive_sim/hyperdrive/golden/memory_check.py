"""Whose map every word of the memories is: checks the memory plan of a program, word by word.

Works on the descriptors as the chip reads them and on what the program says of them, not on the
planner's own bookkeeping: a map must be found whole wherever a descriptor reads it.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive.descriptor.fields import Operation

from .descriptor_rules import border_regions

__all__ = ["PlanError", "check_plan"]

_FEATURES = "word {} of the feature-map memory"
_BORDERS = ("line {} of the west and east border memories",
            "line {} of the north and south border memories", "word {} of the corner memories")


class PlanError(FlexdriveError, ValueError):
    """A program that reads something else than it says."""


@dataclass(frozen=True, eq=False)
class _Access:
    """``words`` of ``memory`` (array of addresses) that a descriptor reads or writes as one of the
    maps ``names``."""

    memory: str
    words: np.ndarray
    names: tuple


def _addresses(base, pixels, channels, pitch, step=1):
    return (base + np.arange(pixels)[:, None] * pitch + np.arange(channels) * step).ravel()


def _lines(words, channels, pitch, step):
    """Addresses of a region (first, end) of a border memory."""
    pixels = (words[1] - words[0] - 1 - (channels - 1) * step) // pitch + 1
    return _addresses(words[0], pixels, channels, pitch, step)


def _bypasses(program, index):
    """Maps that the bypass of a descriptor may be: that of the layer, or what the piece of the
    layer before has made."""
    entry = program.entries[index]
    continues = index > 0 and program.entries[index - 1] == entry
    return tuple(name for name in (entry.bypass, entry.writes if continues else None) if name)


def _accesses(program, index, d):
    """(reads, writes) of one descriptor."""
    entry, reads, writes = program.entries[index], [], []
    source = _Access(_FEATURES, _addresses(
        d.in_base, d.in_tile_rows * d.in_tile_columns, d.in_channels, d.in_pitch),
        (entry.reads or entry.writes,))
    (writes if entry.operation == Operation.LOAD else reads).append(source)
    if entry.operation == Operation.CONV:
        pixels = d.tile_rows * d.tile_columns
        writes.append(_Access(_FEATURES, _addresses(d.out_base, pixels, *d.made),
                              (entry.writes,)))
        if d.bypass:
            reads.append(_Access(_FEATURES, _addresses(d.bypass_base, pixels, *d.made),
                                 _bypasses(program, index)))
    if program.config.mesh:
        read, made = border_regions(d, program.config)
        for parts, shape, name, into in (
                (read, (d.in_channels, d.in_pitch, 1), entry.reads, reads),
                (made, d.made, entry.writes, writes)):
            into += [_Access(memory, _lines(words, *shape), (name,))
                     for memory, words in zip(_BORDERS, parts or (), strict=False)]
    return reads, writes


class _Places:
    """Which map may lie at which word, by the places that the program says."""

    def __init__(self, program):
        self.maps = program.maps
        self.numbers = {name: number for number, name in enumerate(program.maps)}
        self.made = {entry.writes for entry in program.entries}

    def parts(self, name):
        """Maps that are written where ``name`` is read: itself, or those that it is joined of."""
        if name in self.made:
            return [name]
        whole = self.maps[name]
        return [part for part, place in self.maps.items()
                if part in self.made and place.pitch == whole.pitch and place.tile == whole.tile
                and place.base - place.first == whole.base - whole.first]

    def outside(self, access):
        """The first word of a written map that does not belong to its place, or None."""
        place, words = self.maps[access.names[0]], access.words
        right = self._inside(place, words) & (words >= place.base) & (
            words < place.base + place.words)
        return None if right.all() else int(words[np.argmin(right)])

    @staticmethod
    def _inside(place, words):
        channel = (words - (place.base - place.first)) % place.pitch - place.first
        return (channel >= 0) & (channel < place.shape[0])

    def allowed(self, names, words, owners):
        """Whether each of ``words`` of the feature-map memory, which ``owners`` wrote, holds the
        channel of a map of ``names`` that belongs there."""
        right = np.zeros(len(words), bool)
        for name in (part for whole in names for part in self.parts(whole)):
            right |= (owners == self.numbers[name]) & self._inside(self.maps[name], words)
        return right


class _Memory:
    """Map and descriptor that wrote each word; -1 where nothing was written."""

    def __init__(self, words):
        self.map = np.full(words, -1, np.int32)
        self.step = np.full(words, -1, np.int32)
        self.history = {}

    def write(self, access, number, step):
        self.map[access.words] = number
        self.step[access.words] = step
        self.history.setdefault(access.names[0], set()).update(access.words.tolist())


def _wrong(places, memory, access):
    """The first word of an access that does not hold its map, or None."""
    owners = memory.map[access.words]
    if access.memory == _FEATURES:
        right = places.allowed(access.names, access.words, owners)
    elif access.names[0] in places.made:
        right = owners == places.numbers[access.names[0]]
    else:               # joined of parts, whose lines lie between each other
        right = owners >= 0
    return None if right.all() else int(access.words[np.argmin(right)])


def _called(program, index):
    entry = program.entries[index]
    return f"{entry.operation.name} {entry.name} (descriptor {index})"


def _explain(program, index, access, memory, word, parts):
    """The sentence of a word that does not hold what a descriptor wants."""
    place = access.memory.format(word)
    needed = f"{_called(program, index)} reads map {access.names[0]}, but {place} of each tile"
    if memory.step[word] < 0:
        return f"{needed} was never written"
    other = _called(program, int(memory.step[word]))
    if any(word in memory.history.get(part, ()) for part in parts):
        return f"{needed} was overwritten by {other} while it was still needed"
    return f"{needed} was written by {other}, which does not make that map"


def check_plan(program):
    """Follow the maps of a program through the memories of a tile.

    Parameters
    ----------
    program : flexdrive_deploy.hyperdrive.program.Program.

    Raises
    ------
    PlanError
        when a descriptor reads a word that does not hold the map that the program names: names
        the map, both descriptors and the word; or when it writes outside of the map's place.
    """
    misplaced = None
    config, places = program.config, _Places(program)
    sizes = {_FEATURES: config.fm_words, _BORDERS[0]: config.border_words,
             _BORDERS[1]: config.border_words, _BORDERS[2]: config.corner_words}
    memories = {text: _Memory(words) for text, words in sizes.items()}
    for index, descriptor in enumerate(program.descriptors):
        reads, writes = _accesses(program, index, descriptor)
        for access in reads:
            memory = memories[access.memory]
            word = _wrong(places, memory, access)
            if word is not None:
                parts = [part for name in access.names for part in places.parts(name)]
                raise PlanError(_explain(program, index, access, memory, word, parts))
        for access in writes:
            memories[access.memory].write(access, places.numbers[access.names[0]], index)
            word = places.outside(access) if access.memory == _FEATURES else None
            if word is not None:
                misplaced = misplaced or (index, access, word)
    # Whoever misses the words is the better message, where there is one.
    if misplaced:
        index, access, word = misplaced
        raise PlanError(f"{_called(program, index)} writes map {access.names[0]} to "
                        f"{_FEATURES.format(word)} of each tile, which is outside of its place")
