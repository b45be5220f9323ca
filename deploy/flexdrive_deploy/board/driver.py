"""A Hyperdrive chip behind a cable: load a program, run images."""

import zlib
from dataclasses import dataclass

import numpy as np

from flexdrive.boards.frame import Space
from flexdrive.boards.registers import Design, Fault
from flexdrive.boards.streams import items_per_word

from .device import Device
from .errors import BoardError

__all__ = ["REPORT_WORDS", "Board", "BoardRun", "pack_items"]

REPORT_WORDS = 5
_STREAMS = ("descriptors", "weights", "pixels", "results", "reports")


def pack_items(items, width):
    """Items of ``width`` bits to words of the link.

    Parameters
    ----------
    items : uint32 (n,) or (n, chunks), lowest chunk first.

    Returns
    -------
    uint32 (words,); the last one is filled with zeros.
    """
    items = np.ascontiguousarray(items, np.uint32)
    if width > 32:
        return items.ravel()
    lanes = items_per_word(width)
    flat = items.ravel()
    flat = np.concatenate([flat, np.zeros(-len(flat) % lanes, np.uint32)]).reshape(-1, lanes)
    shifts = (np.arange(lanes) * width).astype(np.uint32)
    return np.bitwise_or.reduce(flat << shifts, axis=1).astype(np.uint32)


@dataclass(frozen=True, eq=False)
class BoardRun:
    """What an image gave: pixels, uint16 (n,), and reports, uint32 (descriptors, 5)."""

    pixels: np.ndarray
    reports: np.ndarray


class Board(Device):
    """A board with a chip, in a session of its own: making it resets the board.

    Parameters
    ----------
    transport, options : see :class:`~.link.Link`.

    Attributes
    ----------
    identity : :class:`~.identity.Identity`.
    streamed : spaces that are sent again for each image, since the store does not hold them.
    """

    design = Design.HYPERDRIVE

    def __init__(self, transport, **options):
        super().__init__(transport, **options)
        self.streamed = ()

    def _begun(self):
        super()._begun()
        self._images = 0

    def load(self, words, weights, *, weight_bits, inputs, outputs, reports):
        """Bring a program to the board.

        Parameters
        ----------
        words : descriptors and payloads, uint32.
        weights : uint32 (n, chunks).
        weight_bits : bits of a weight word.
        inputs, outputs : pixels of an image to and from the chip. reports : descriptors.
        """
        self.begin()
        self._outputs, self._reports = outputs, reports
        self._words = {Space.PROGRAM: np.asarray(words, np.uint32),
                       Space.WEIGHTS: pack_items(weights, weight_bits)}
        depth = {space: self.identity[f"{space.name}_DEPTH"] for space in self._words}
        self.streamed = tuple(space for space, content in self._words.items()
                              if len(content) > depth[space])
        replay = sum(1 << at for at, space in enumerate(self._words) if space not in self.streamed)
        for name, value in (("REPLAY", replay), ("PROGRAM_ITEMS", len(words)),
                            ("WEIGHTS_ITEMS", len(weights)), ("PIXELS_ITEMS", inputs),
                            ("REPORTS_ITEMS", reports)):
            self.set(name, value)
        self._run([self._writing(space, content) for space, content in self._words.items()
                   if space not in self.streamed])

    def run(self, images):
        """Compute images, the next one's pixels under way while one is computed.

        Parameters
        ----------
        images : list of uint16 (inputs,).

        Returns
        -------
        list of :class:`BoardRun`

        Raises
        ------
        BoardError
            when there is no result; never a wrong one.
        """
        pixels = [pack_items(image, 16) for image in images]
        jobs = [self._writing(space, np.tile(self._words[space], len(images)))
                for space in self.streamed]
        jobs.append(self._writing(Space.PIXELS, np.concatenate(pixels)))
        size = -(-self._outputs // 2) + 1, REPORT_WORDS * self._reports + 1
        results, reports = (self._reading(space, count * len(images)) for space, count in
                            zip((Space.RESULTS, Space.REPORTS), size, strict=True))
        self._images += len(images)
        self.set("RUN", self._images)
        self._run([*jobs, results, reports])
        if self.get("FAULT"):
            raise BoardError(f"{self.link.transport.name}: {self.waits()}; there is no result")
        found = []
        for at in range(len(images)):
            words, rows = (self._checked(job, at, count) for job, count in
                           zip((results, reports), size, strict=True))
            found.append(BoardRun(words.astype("<u4").view("<u2")[:self._outputs],
                                  rows.reshape(-1, REPORT_WORDS)))
        return found

    def waits(self):
        """What the chip's streams wait for, in words."""
        fault, fields = self.get("FAULT"), self.fields("STATUS")
        if fault:
            return "the chip has a fault: " + ", ".join(
                name.lower() for name, flag in Fault.__members__.items() if fault & flag)
        if not fields["busy"]:
            return "the chip is idle"
        found = []
        for name in _STREAMS:
            valid, ready = fields[f"{name}_valid"], fields[f"{name}_ready"]
            if valid != ready:
                found.append(f"{name} are on offer and not taken" if valid else
                             f"{name} are wanted and not there")
        return f"the chip waits: {', '.join(found)}" if found else "the chip computes"

    def _checked(self, job, at, count):
        """Words of image ``at`` without their CRC."""
        words = job.words[at * count:(at + 1) * count]
        crc = zlib.crc32(words[:-1].astype("<u4").tobytes())
        if crc != words[-1]:
            raise BoardError(f"{self.link.transport.name}: {job.space.name} of image {at} are not "
                             f"what the board sent (CRC {crc:08x}, not {words[-1]:08x})")
        return words[:-1]
