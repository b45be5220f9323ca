"""Golden model of the whole chip: a program stream in, feature maps and status codes out."""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import StreamError
from flexdrive.hyperdrive.descriptor.encoding import Descriptor, iterate
from flexdrive.hyperdrive.descriptor.fields import Activation, Code, Operation

from .convolution import averages, channelwise, convolve
from .descriptor_rules import blocks, check

__all__ = ["Beyond", "GoldenChip", "Report", "StreamError", "check", "convolve"]


@dataclass(frozen=True)
class Report:
    """What becomes of one command: its place in the program, itself, the chip's code."""

    index: int
    descriptor: Descriptor
    payload: np.ndarray
    code: Code


@dataclass(frozen=True, eq=False)
class Beyond:
    """Words of one descriptor that are infinite or NaN.

    Attributes
    ----------
    index : of the descriptor in the program; descriptor : itself.
    words : bool (channels, height, width) of what it loads, makes (before its activation as well,
        which may hide it) or sends as averages.
    """

    index: int
    descriptor: Descriptor
    words: np.ndarray


def _infinite(words):
    """bool (channels, height, width): which binary16 patterns (height, width, channels) are
    infinite or NaN."""
    return (words & 0x7C00 == 0x7C00).transpose(2, 0, 1)


class _Stream:
    """A cursor over an array whose first axis is time."""

    def __init__(self, name, array):
        self._name, self._array, self._taken = name, array, 0

    def take(self, count, purpose):
        end = self._taken + count
        if end > len(self._array):
            raise StreamError(f"The {self._name} end after {len(self._array)} words; {purpose} "
                              f"needs {end - len(self._array)} more")
        self._taken, start = end, self._taken
        return self._array[start:end]

    @property
    def left(self):
        return len(self._array) - self._taken

    def finish(self):
        if self.left:
            raise StreamError(f"{self.left} {self._name} of {len(self._array)} are left at the "
                              "end of the program")


def _array(name, array, dtype, width=None):
    array = np.asarray(array)
    axes = 1 if width is None else 2
    if array.dtype != dtype or array.ndim != axes or (width and array.shape[1] != width):
        wanted = f"(n, {width})" if width else "(n,)"
        raise StreamError(f"The {name} have type {array.dtype} and shape {array.shape}, expected "
                          f"{np.dtype(dtype).name} and {wanted}")
    return array


def _addresses(base, tile, channels, pitch, step):
    """Address in a tile of each word of a map: (tile rows, tile columns, channels)."""
    pixels = np.arange(tile[0] * tile[1]).reshape(*tile, 1)
    return base + pixels * pitch + np.arange(channels) * step


class GoldenChip:
    """Executes programs as the chip does, map by map, in numpy.

    Parameters
    ----------
    config : flexdrive.hyperdrive.config.ChipConfig.
    chip : (rows, columns) of tiles of a chip, when the array is that of a whole mesh: averages are
        those of each chip's pixels.

    Attributes
    ----------
    memory : uint16 (rows, columns, fm_words), binary16 patterns. What a chip leaves outside the
        real extent of a map is unspecified; here it stays as it was.
    reports : list of Report of the last program.
    beyond : list of Beyond, of those descriptors of the last program that have such words.
    """

    def __init__(self, config, chip=None):
        self.config = config
        self.chip = chip or (config.rows, config.columns)
        self.memory = np.zeros((config.rows, config.columns, config.fm_words), np.uint16)
        self.reports, self.beyond = [], []

    def execute(self, words, weights, pixels):
        """Run one program to its end.

        Parameters
        ----------
        words : uint32 (n,), descriptors and their payloads.
        weights : uint32 (n, weight_chunks), weight words, least significant chunk first.
        pixels : uint16 (n,), the maps of the LOADs one after the other.

        Returns
        -------
        uint16 (m,), the maps of the STOREs one after the other.

        Raises
        ------
        StreamError
            when a stream has the wrong shape or is shorter or longer than the program says.
        """
        return self.run(self.checked(iterate(_array("program words", words, np.uint32))),
                        weights, pixels)

    def checked(self, commands):
        """What becomes of each command: list of Report, for :meth:`run`."""
        return [Report(index, descriptor, np.asarray(payload, np.uint32),
                       check(descriptor, self.config))
                for index, (descriptor, payload) in enumerate(commands)]

    def run(self, program, weights, pixels):
        """:meth:`execute` for a program that is checked already, a list of Report."""
        weights = _Stream("weight words", _array("weight words", weights, np.uint32,
                                                 self.config.weight_chunks))
        pixels = _Stream("pixels", _array("pixels", pixels, np.uint16))
        self.reports, self.beyond, sent = program, [], [np.empty(0, np.uint16)]
        for step in program:
            if step.code != Code.OK:
                continue
            if step.descriptor.operation == Operation.LOAD:
                self._load(step.index, step.descriptor, pixels)
            elif step.descriptor.operation == Operation.STORE:
                sent.append(self._store(step.index, step.descriptor).ravel())
            else:
                self._conv(step.index, step.descriptor, step.payload, weights)
        weights.finish()
        pixels.finish()
        return np.concatenate(sent)

    def read(self, base, tile, shape, pitch, step=1):
        """The map (height, width, channels) at word ``base``, in tiles of ``tile`` = (rows,
        columns) pixels, ``pitch`` and ``step`` words from pixel to pixel and from channel to
        channel: uint16 of that shape."""
        height, width, channels = shape
        words = self.memory[:, :, _addresses(base, tile, channels, pitch, step)]
        canvas = words.transpose(0, 2, 1, 3, 4).reshape(
            self.config.rows * tile[0], self.config.columns * tile[1], channels)
        return canvas[:height, :width]

    def write(self, base, tile, image, pitch, step=1):
        """Put ``image`` (height, width, channels) at word ``base``, in tiles as in ``read``."""
        (rows, columns), (height, width, channels) = tile, image.shape
        shape = (self.config.rows * rows, self.config.columns * columns, channels)
        canvas = self.read(base, tile, shape, pitch, step)
        canvas[:height, :width] = image
        tiles = canvas.reshape(self.config.rows, rows, self.config.columns, columns, channels)
        self.memory[:, :, _addresses(base, tile, channels, pitch, step)] = tiles.transpose(
            0, 2, 1, 3, 4)

    def _input(self, d):
        return self.read(d.in_base, (d.in_tile_rows, d.in_tile_columns),
                         (d.height, d.width, d.in_channels), d.in_pitch)

    def _watch(self, index, d, words):
        if words.any():
            self.beyond.append(Beyond(index, d, words))

    def _store(self, index, d):
        image = self._input(d)
        if not d.average:
            return image
        patch = self.chip[0] * d.tile_rows, self.chip[1] * d.tile_columns
        made = averages(image, patch, d.slope)
        self._watch(index, d, _infinite(made))
        return made

    def _load(self, index, d, pixels):
        shape = (d.height, d.width, d.in_channels)
        image = pixels.take(d.height * d.width * d.in_channels, f"descriptor {index} (LOAD)")
        self._watch(index, d, _infinite(image.reshape(shape)))
        self.write(d.in_base, (d.tile_rows, d.tile_columns), image.reshape(shape), d.in_pitch)

    def _weights(self, index, d, stream):
        """The weights of a layer in the order of the stream -> uint8 (c_out, c_in, p, q) of 0
        (minus), 1 (plus) and 2 (zero), with one input when channelwise."""
        lanes, count = self.config.channels, blocks(d, self.config)
        taps, inputs = d.taps, d.weight_channels
        words = stream.take(count * taps * inputs, f"descriptor {index} (CONV)")
        octets = np.ascontiguousarray(words).astype("<u4").view(np.uint8)
        bits = np.unpackbits(octets, axis=1, bitorder="little")
        if self.config.ternary:
            bits = np.where(bits[:, lanes:2 * lanes], np.uint8(2), bits[:, :lanes])
        bits = bits[:, :lanes]
        kernel = np.empty((count, lanes, inputs, taps), np.uint8)
        start = 0
        interleave = 1 if d.channelwise else d.interleave
        for first in range(0, count, interleave):
            members = min(interleave, count - first)
            group = bits[start:start + taps * inputs * members]
            start += len(group)
            group = group.reshape(taps, inputs, members, lanes)
            kernel[first:first + members] = group.transpose(2, 3, 1, 0)
        shape = (count * lanes, inputs, len(d.tap_rows), len(d.tap_columns))
        return kernel.reshape(shape)[:d.out_channels]

    def _conv(self, index, d, payload, weights):
        tile = (d.tile_rows, d.tile_columns)
        shape = (d.made_pixels(d.height), d.made_pixels(d.width), d.out_channels)
        placed = d.out_pitch, d.out_step
        bypass = (self.read(d.bypass_base, tile, shape, *placed).transpose(2, 0, 1)
                  if d.bypass else None)
        source = self._input(d).transpose(2, 0, 1)
        if d.upsample:
            source = source.repeat(2, 1).repeat(2, 2)
        kernel = self._weights(index, d, weights)
        factors = (payload & 0xFFFF).astype(np.uint16), (payload >> 16).astype(np.uint16)
        options = {"stride": d.stride, "taps": (d.tap_rows, d.tap_columns),
                   "activation": Activation(d.activation), "slope": d.slope,
                   "bounds": (d.low, d.high) if d.extended else None, "bypass": bypass,
                   "late": bool(d.late), "watch": lambda words: self._watch(index, d, words)}
        result = (channelwise(source, None if d.maximum else kernel, *factors,
                              kernel=(len(d.tap_rows), len(d.tap_columns)), **options)
                  if d.channelwise else convolve(source, kernel, *factors, **options))
        self.write(d.out_base, tile, result.transpose(1, 2, 0), *placed)
