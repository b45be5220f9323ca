"""Frames as bytes: docs/board-link.md, the host's side."""

import struct
import zlib
from dataclasses import dataclass

from flexdrive.boards.frame import ADDRESS_BITS, PROTOCOL, Kind, Space

__all__ = ["Reply", "Splitter", "cobs_decode", "cobs_encode", "framed", "request"]

_GROUP = 254


def cobs_encode(content):
    """Bytes without zeros (Cheshire and Baker 1999), without the zero at the end."""
    encoded, group = bytearray(), bytearray()
    for byte in content:
        if byte:
            group.append(byte)
        if not byte or len(group) == _GROUP:
            encoded += bytes([len(group) + 1]) + group
            group.clear()
    last_is_zero = not content or content[-1] == 0
    if group or last_is_zero:
        encoded += bytes([len(group) + 1]) + group
    return bytes(encoded)


def cobs_decode(encoded):
    """The inverse; None for what :func:`cobs_encode` never makes."""
    content, at = bytearray(), 0
    while at < len(encoded):
        code = encoded[at]
        group = encoded[at + 1:at + code]
        if code == 0 or len(group) != code - 1 or 0 in group:
            return None
        content += group
        at += code
        if code != _GROUP + 1 and at < len(encoded):
            content.append(0)
    return bytes(content)


def request(kind, tag, session, space, address, words):
    """Bytes of a request, the zero at the end included; ``words`` of 32 bits."""
    head = PROTOCOL | kind.value << 4 | tag << 8 | session << 16
    return framed([head, address | space.value << ADDRESS_BITS, *map(int, words)])


def framed(words):
    """Bytes of a frame of ``words``."""
    content = struct.pack(f"<{len(words)}I", *words)
    return cobs_encode(content + struct.pack("<I", zlib.crc32(content))) + b"\0"


@dataclass(frozen=True)
class Reply:
    """A good frame from the board."""

    kind: Kind
    tag: int
    session: int
    space: Space
    address: int
    words: tuple

    @classmethod
    def parse(cls, encoded):
        """Of the bytes between two zeros; None when they are no good frame."""
        content = cobs_decode(encoded)
        if content is None or len(content) % 4 or len(content) < 12:
            return None
        if zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "little"):
            return None
        head, place, *words = struct.unpack(f"<{len(content) // 4 - 1}I", content[:-4])
        try:
            kind, space = Kind(head >> 4 & 15), Space(place >> ADDRESS_BITS)
        except ValueError:
            return None
        if head & 15 != PROTOCOL or kind.value < Kind.DONE.value:
            return None
        return cls(kind, head >> 8 & 255, head >> 16, space, place & (1 << ADDRESS_BITS) - 1,
                   tuple(words))


class Splitter:
    """Bytes as they come to replies.

    Attributes
    ----------
    damaged : frames that were none.
    """

    # Longer than any frame: what has no zero for so long is not kept.
    _LONGEST = 1024

    def __init__(self):
        self._rest = bytearray()
        self.damaged = 0

    def feed(self, received):
        """List of :class:`Reply` that end in ``received``."""
        self._rest += received
        *frames, rest = bytes(self._rest).split(b"\0")
        self._rest = bytearray(rest[-self._LONGEST:])
        replies = [Reply.parse(frame) for frame in frames if frame]
        self.damaged += replies.count(None)
        return [reply for reply in replies if reply is not None]
