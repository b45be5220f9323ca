"""Where a network leaves the numbers: the maps of a run with words that are infinite or NaN."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Operation

__all__ = ["Overflow", "of_program", "of_values"]


@dataclass(frozen=True)
class Overflow:
    """A map with values that are infinite or no numbers.

    Attributes
    ----------
    what : what it is, for people: "layer conv1", "map x, as it enters the chip".
    count, size : how many of how many values.
    place : index of the first of them, (channel, row, column) on the chip.
    """

    what: str
    count: int
    size: int
    place: tuple

    def __str__(self):
        names = ("channel", "row", "column")
        at = (", ".join(f"{name} {index}" for name, index in zip(names, self.place, strict=True))
              if len(self.place) == len(names) else str(self.place))
        return (f"{self.what}: {self.count:,} of {self.size:,} values are infinite or no numbers, "
                f"the first at {at}")


def _overflow(what, words):
    place = tuple(int(index) for index in np.argwhere(words)[0])
    return Overflow(what, int(words.sum()), words.size, place)


def of_program(program, beyond):
    """Overflows of a program in the order of its descriptors; one for each layer, whose pieces
    belong together.

    Parameters
    ----------
    program : flexdrive_deploy.hyperdrive.program.Program.
    beyond : list of :class:`~.chip.Beyond` that it left.
    """
    found = {}
    for one in beyond:
        entry = program.entries[one.index]
        if entry.operation == Operation.CONV:
            place = program.maps[entry.writes]
            words = found.setdefault(f"layer {entry.name}", np.zeros(place.shape, bool))
            channels = one.descriptor.out_base - place.base + np.arange(
                one.descriptor.out_channels) * one.descriptor.out_step
            # The chip also makes what lies beyond a map that is smaller than its input.
            words[channels] |= one.words[:, :place.shape[1], :place.shape[2]]
        elif entry.operation == Operation.LOAD:
            found[f"map {entry.name}, as it enters the chip"] = one.words
        else:
            found[f"average {entry.name}"] = one.words
    return [_overflow(what, words) for what, words in found.items() if words.any()]


def of_values(values):
    """Overflows among ``values``, name -> array, that the host made."""
    found = []
    for name, array in values.items():
        array = np.asarray(array)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            found.append(_overflow(f"{name}, which the host makes", ~np.isfinite(array)))
    return found
