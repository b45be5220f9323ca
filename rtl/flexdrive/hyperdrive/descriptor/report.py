"""What a chip tells about each descriptor, and its state."""

from collections.abc import Sequence

from amaranth.hdl import unsigned
from amaranth.lib import data

__all__ = ["Report", "decode_report"]


class Report(data.Struct):
    """One word per descriptor, in their order, sent when the operation is complete or refused.
    When a link fails, the chip stops: it sends one more report, with a code that names the side,
    for the operation under way or, between two, the next one; and nothing after it until reset.

    Cycles count from the one in which the operation is taken to the one in which it is complete,
    both included. ``active`` counts cycles with an addition of the convolution in every tile;
    ``weight_stalls`` and ``tail_stalls`` cycles in which it waited for weights or for the tail.
    """

    index: unsigned(16)         # descriptors since reset, this one not counted, modulo 65,536
    code: unsigned(8)           # flexdrive.hyperdrive.descriptor.fields.Code
    operation: unsigned(4)      # 0: a stop between two operations, ``index`` is the next one's
    link_error: unsigned(4)     # of a stop: flexdrive.hyperdrive.link.LinkError
    cycles: unsigned(32)
    active: unsigned(32)
    weight_stalls: unsigned(32)
    tail_stalls: unsigned(32)


def decode_report(chunks: Sequence[int]) -> dict[str, int]:
    """The fields of a :class:`Report` in 32-bit words, least significant word first."""
    word = sum(int(chunk) << 32 * place for place, chunk in enumerate(chunks))
    return {name: word >> field.offset & (1 << field.width) - 1
            for name, field in data.Layout.cast(Report)}
