"""Steps whose maps lie outside of L1, cut into pieces: some rows of the output by a chunk of its
channels.

Either all chunks of weights come for each stripe of rows, or all stripes for each chunk, whichever
moves less and leaves more for a call. Where a kernel makes some channels as if there were no others
(`may_slice`), pieces of the output, and of a depthwise layer's source, have these channels alone.
"""

from dataclasses import dataclass, replace

from flexdrive_deploy.flexv.network import ir

from .storage import Border, canonical, storage_of
from .stripes import stripe_storage
from .strips import layer_kind
from .weights import Chunk, channel_unit

__all__ = ["Cut", "Piece", "cut_storage", "may_slice", "parts_of",
           "pieces_of", "stripe_count"]


@dataclass(frozen=True)
class Cut:
    """``rows`` of a stripe; ``stays``: each chunk of weights stays while all stripes pass;
    ``out``, ``source``: their pieces have the channels of the chunk alone; ``channels`` of a piece
    of a step without weights, 0 for all; ``alone``: there is one buffer for a source, so that what
    comes is waited for."""

    rows: int
    stays: bool = False
    out: bool = False
    source: bool = False
    channels: int = 0
    alone: bool = False


@dataclass(frozen=True)
class Piece:
    """``count`` rows of the output from ``first`` on; number of its chunk; numbers of what comes
    or goes with it, the same as those of the piece before where that is still there: ``weights``,
    ``source``, ``out``."""

    first: int
    count: int
    chunk: int
    weights: int
    source: int
    out: int


def may_slice(step):
    """Whether the kernel of a step makes the channels of a chunk as if there were no others."""
    node = step.node
    if not isinstance(node, ir.Convolution):
        return False
    kind = layer_kind(node)
    if kind == "depthwise":
        return (len(node.weights) == node.groups
                and channel_unit(step) * step.sources[0].lane % 32 == 0)
    return kind == "convolve"


def stripe_count(step, cut):
    """Stripes of a step."""
    return -(-canonical(step.output.shape)[1] // cut.rows)


def parts_of(step, cut, chunks):
    """The Chunks of the pieces: those of the weights, or of a step without them."""
    if chunks or not cut.channels:
        return chunks
    channels = canonical(step.output.shape)[0]
    return tuple(Chunk(first, min(cut.channels, channels - first), 0, 0)
                 for first in range(0, channels, cut.channels))


def pieces_of(step, cut, chunks):
    """The :class:`Piece` s of a step in order; ``chunks``: of its weights."""
    height, stripes = canonical(step.output.shape)[1], stripe_count(step, cut)
    chunks = range(max(1, len(parts_of(step, cut, chunks))))
    order = ([(stripe, chunk) for chunk in chunks for stripe in range(stripes)] if cut.stays else
             [(stripe, chunk) for stripe in range(stripes) for chunk in chunks])
    found, numbers, before = [], [-1, -1, -1], (None, None, None)
    for stripe, chunk in order:
        keys = (chunk, (stripe, chunk) if cut.source else stripe,
                (stripe, chunk) if cut.out else stripe)
        numbers = [number + (key != old) for number, key, old in
                   zip(numbers, keys, before, strict=True)]
        before, first = keys, stripe * cut.rows
        found.append(Piece(first, min(cut.rows, height - first), chunk, *numbers))
    return found


def _planar_storage(step, tensor, rows, borders, ends):
    """Of lines of a planar map: of a source with those of its border, which come with it; of the
    output with the border in front of the first rows, behind the last ones."""
    border = borders.get(tensor.name, Border())
    if tensor is step.output:
        sides = replace(border, top=border.top * ends[0], bottom=border.bottom * ends[1])
        return replace(storage_of(tensor, sides, False), height=rows)
    storage = stripe_storage(step, tensor, rows, borders)
    return replace(storage_of(tensor, replace(border, top=0, bottom=0), False),
                   height=storage.height)


def cut_storage(step, tensor, rows, cut, chunk: Chunk | None, borders, ends=(False, False)):
    """Storage of a piece of ``rows`` rows of the output, or of what they read of a source.

    Parameters
    ----------
    step, tensor : of a map outside. cut : Cut. chunk : its Chunk, or None.
    borders : of Steps. ends : whether the rows are the first, the last ones.
    """
    output = tensor is step.output
    storage = (_planar_storage(step, tensor, rows, borders, ends)
               if (step.planar_output if output else step.planar_source) else
               stripe_storage(step, tensor, rows, borders))
    if chunk is None or not (cut.out if output else cut.source):
        return storage
    return replace(storage, channels=chunk.count)
