"""One frame after the other: the maps of the next one are sent while this one is computed.

A chip with ``overlap`` begins operations in the order of the program, so that order says what can
run beside what. Here the LOADs of the next frame go as far ahead as the memory lets them.
"""

import numpy as np

from flexdrive.hyperdrive.descriptor.encoding import encode
from flexdrive.hyperdrive.descriptor.fields import Operation

__all__ = ["Frames"]


class Frames:
    """A program for several frames, whose streams are those of the frames one after the other.

    Parameters
    ----------
    program : :class:`~.program.Program` of one frame.

    Attributes
    ----------
    loads : commands at its beginning that are LOADs.
    early : commands of a frame, without those, before which the next frame's LOADs stand. Behind
        them nothing touches the words that they fill.
    """

    def __init__(self, program):
        self.program = program
        operations = [entry.operation for entry in program.entries]
        self.loads = next((at for at, operation in enumerate(operations)
                           if operation != Operation.LOAD), len(operations))
        self.early = self._early(program.entries[self.loads:])

    def _words(self, name):
        place = self.program.maps[name]
        return place.base, place.base + place.words

    def _early(self, entries):
        filled = [self._words(entry.writes) for entry in self.program.entries[:self.loads]]
        for at in range(len(entries), 0, -1):
            entry = entries[at - 1]
            names = (entry.reads, entry.writes, entry.bypass)
            touched = [self._words(name) for name in names if name is not None]
            if entry.operation == Operation.LOAD or any(
                    first < end and begin < behind
                    for first, behind in touched for begin, end in filled):
                return at
        return 0

    def commands(self, count):
        """The commands of ``count`` frames."""
        commands = self.program.commands
        loads, frame = commands[:self.loads], commands[self.loads:]
        middle = [*frame[:self.early], *loads, *frame[self.early:]]
        return [*loads, *middle * (count - 1), *frame] if count else []

    def words(self, count):
        """uint32 (n,), the descriptor stream of ``count`` frames."""
        return np.array(encode(self.commands(count)), np.uint32)

    def weights(self, count):
        """uint32 (n, weight_chunks), the weight stream of ``count`` frames."""
        return np.tile(self.program.weights, (count, 1))
