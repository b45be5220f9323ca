"""Descriptors on the host's side: encoded, decoded, and whole programs as streams of words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, make_dataclass
from typing import Any, NamedTuple, Protocol

from ...errors import StreamError
from .fields import (
    DESCRIPTOR_WORDS,
    EXTENDED_WORDS,
    FIELDS,
    Activation,
    Operation,
    width_of,
)

__all__ = ["Command", "Descriptor", "encode", "iterate", "tap_fields"]

_EXTENDED = next(field for field in FIELDS if field.name == "extended")
# Pitches that are not given are the channels of that map.
_PITCHES = {"in_pitch": "in_channels", "out_pitch": "out_channels"}
# Bounds that are not given are those of the activation.
_BOUNDS = ("low", "high")
_Fields = make_dataclass(
    "_Fields", [(field.name, int, None if field.name in (*_PITCHES, *_BOUNDS) else field.default)
                for field in FIELDS], frozen=True, kw_only=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class Descriptor(_Fields):
    """A descriptor; every attribute is the field of that name
    (:data:`~flexdrive.hyperdrive.descriptor.fields.FIELDS`). Pitches that are not given are the
    channels: the map lies alone. Bounds that are not given are those of the activation; they are
    None where the descriptor is not extended (:attr:`bounds`)."""

    def __post_init__(self):
        for pitch, channels in _PITCHES.items():
            if getattr(self, pitch) is None:
                object.__setattr__(self, pitch, getattr(self, channels))
        if self.extended:
            for name, bound in zip(_BOUNDS, self.bounds, strict=True):
                object.__setattr__(self, name, bound)

    def __repr__(self):
        said = (f"{field.name}={getattr(self, field.name)}" for field in FIELDS
                if getattr(self, field.name) not in (field.default, None))
        return f"Descriptor({', '.join(said)})"

    def words(self):
        """The words of the descriptor.

        Raises
        ------
        ValueError
            when a value does not fit its field, or has none because the descriptor is not extended.
        """
        words = [0] * EXTENDED_WORDS
        for field in FIELDS:
            value = getattr(self, field.name)
            if value is None:       # a bound that the activation implies
                continue
            value = int(value)
            if not 0 <= value < 1 << field.width:
                raise ValueError(f"Descriptor field {field.name} = {value} does not fit "
                                 f"{field.width} bits")
            if field.word >= self.length and (value or field.name in _BOUNDS):
                raise ValueError(f"Descriptor field {field.name} = {value} needs extended = 1")
            words[field.word] |= value << field.lsb
        return words[:self.length]

    @classmethod
    def from_words(cls, words):
        """The inverse of :meth:`words`."""
        return cls(**{field.name: int(words[field.word]) >> field.lsb & (1 << field.width) - 1
                      for field in FIELDS if field.word < len(words)})

    @property
    def length(self):
        """Words of the descriptor."""
        return EXTENDED_WORDS if self.extended else DESCRIPTOR_WORDS

    @property
    def bounds(self):
        """(low, high) of a CONV's activation, binary16 patterns."""
        kind = (Activation(self.activation) if self.activation in tuple(Activation)
                else Activation.NONE)
        return tuple(own if given is None else given for own, given in zip(
            kind.bounds, (self.low, self.high), strict=True))

    @property
    def tap_rows(self):
        """Rows of a CONV's taps, from its centre."""
        return self._displacements(self.row_taps)

    @property
    def tap_columns(self):
        """Columns of a CONV's taps, from its centre."""
        return self._displacements(self.column_taps)

    def _displacements(self, mask):
        if not self.extended:
            return tuple(range(-((self.kernel - 1) // 2), self.kernel // 2 + 1))
        return tuple(bit - (self.kernel - 1) // 2 for bit in range(width_of("row_taps"))
                     if mask >> bit & 1)

    @property
    def taps(self):
        """Number of a CONV's taps."""
        return len(self.tap_rows) * len(self.tap_columns)

    @property
    def in_tile_rows(self):
        """Rows of a tile of the input map (CONV) or of the map (LOAD, STORE)."""
        return self._input(self.tile_rows)

    @property
    def in_tile_columns(self):
        """Columns of a tile of the input map (CONV) or of the map (LOAD, STORE)."""
        return self._input(self.tile_columns)

    def _input(self, edge):
        if self.operation != Operation.CONV:
            return edge
        return edge * self.stride >> self.upsample

    @property
    def in_tile_pixels(self):
        """Pixels of a tile of the input map."""
        area = self.tile_rows * self.tile_columns
        if self.operation != Operation.CONV:
            return area
        return area * self.stride ** 2 >> 2 * self.upsample

    def made_pixels(self, count):
        """Rows or columns of the map that is made, of ``count`` of the input."""
        if self.operation != Operation.CONV:
            return count
        return 2 * count if self.upsample else -(-count // self.stride)

    @property
    def height(self):
        """Rows of the (input) map."""
        return self.full_rows * self.in_tile_rows + self.last_rows

    @property
    def width(self):
        """Columns of the (input) map."""
        return self.full_columns * self.in_tile_columns + self.last_columns

    def stored(self, rows, columns):
        """(height, width, channels) of what a STORE sends from chips of ``rows`` x ``columns``
        tiles: the map, or with ``average`` a pixel from each chip that holds some of it."""
        if not self.average:
            return self.height, self.width, self.in_channels
        tiles = (self.full_rows + (self.last_rows > 0), self.full_columns + (self.last_columns > 0))
        chips = -(-tiles[0] // rows), -(-tiles[1] // columns)
        return (*(chips if all(chips) else (0, 0)), self.in_channels)

    @property
    def made(self):
        """(channels, pitch, step) of the map that LOAD or CONV makes."""
        if self.operation == Operation.CONV:
            return self.out_channels, self.out_pitch, self.out_step
        return self.in_channels, self.in_pitch, 1

    @property
    def weight_channels(self):
        """Weight words of a tap and block: input channels, 1 when channelwise, 0 of a maximum."""
        return 0 if self.maximum else 1 if self.channelwise else self.in_channels

    @property
    def reach(self):
        """Pixels that the kernel of a CONV reaches beyond a tile."""
        if self.operation != Operation.CONV:
            return 0
        # With stride 2 the last centre has a pixel more behind it.
        return (self.kernel - (self.extended and self.stride == 2)) // 2

    @property
    def made_south(self):
        """Rows of the map that is made in the neighbour below, as far as they are received."""
        return min(self.halo, self.made_pixels(self.south))

    @property
    def made_east(self):
        """The same of columns in the neighbour to the right."""
        return min(self.halo, self.made_pixels(self.east))


def tap_fields(rows, columns, *, stride=1, channelwise=False, extended=False):
    """Fields of a CONV whose kernel has taps at these rows and columns, ascending, from its centre:
    the smallest window, the taps when they do not fill it or it is ``extended`` anyway, and the
    stride."""
    edge = len(rows)
    around = tuple(range(-((edge - 1) // 2), edge // 2 + 1))
    if not extended and tuple(rows) == tuple(columns) == around and (
            edge % 2 or (channelwise and edge == 2)):
        return {"kernel": edge, "stride": stride}
    last = max(*rows, *columns)
    reach = max(0, -rows[0], -columns[0], last - (stride - 1))
    return {"kernel": 2 * reach + 1 + (last > reach), "stride": stride, "extended": 1,
            "row_taps": sum(1 << at + reach for at in rows),
            "column_taps": sum(1 << at + reach for at in columns)}


class Words(Protocol):
    """Numbers in order: a tuple, a list, an array."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[int]: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class Command(NamedTuple):
    """A descriptor and its payload, 32-bit words (of a CONV scale and bias of each output
    channel)."""

    descriptor: Descriptor
    payload: Words = ()


def iterate(words: Words) -> Iterator[Command]:
    """The commands in a stream of 32-bit words, framed as the chip frames them; payloads are slices
    of ``words``.

    Raises
    ------
    StreamError
        when the stream ends within a descriptor or a payload.
    """
    position = index = 0
    while position < len(words):
        begin = position + DESCRIPTOR_WORDS
        _complete(words, begin, f"descriptor {index}")
        if int(words[position + _EXTENDED.word]) >> _EXTENDED.lsb & 1:
            begin = position + EXTENDED_WORDS
            _complete(words, begin, f"descriptor {index}")
        descriptor = Descriptor.from_words(words[position:begin])
        position = begin + descriptor.payload
        _complete(words, position, f"the payload of descriptor {index}")
        yield Command(descriptor, words[begin:position])
        index += 1


def _complete(words, end, purpose):
    if end > len(words):
        raise StreamError(f"The program words end after {len(words)} words; {purpose} needs "
                          f"{end - len(words)} more")


def encode(commands: Iterable[Command]) -> list[int]:
    """The inverse of :func:`iterate`: 32-bit words."""
    return [int(word) for descriptor, payload in commands
            for word in (*descriptor.words(), *payload)]
