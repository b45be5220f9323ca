"""How a step may be done: channels of a chunk, rows of a stripe, what stays, and what that takes of
L1 and of time."""

from dataclasses import dataclass, field, replace
from typing import Any

from flexdrive_deploy.flexv.network import ir

from .dot_layer import Geometry
from .estimate import call_cycles, transfer_cycles
from .pieces import Cut, cut_storage, may_slice, parts_of, pieces_of, stripe_count
from .plan import units_of
from .storage import canonical
from .stripes import rows_of
from .strips import layer_kind

__all__ = ["Way", "way_cycles", "ways_of"]

# Cycles of a piece beside its call: transfers are started, another barrier.
_PIECE = 600
# Rows of a transfer, which are pixels where channels come alone.
_MOST_PIXELS = (1 << 16) - 1


@dataclass(eq=False)
class Way:
    """A way to do a step: Chunks, :class:`.pieces.Cut` or None, and buffers: name of a tensor
    outside, or None for weights -> (units, how many); ``late``: its first weights come when it
    begins."""

    chunks: tuple = ()
    cut: Cut | None = None
    buffers: dict = field(default_factory=dict)
    cycles: float = 0
    late: bool = False

    @property
    def total(self):
        """Units of all buffers."""
        return sum(size * count for size, count in self.buffers.values())

    @property
    def calls(self):
        """Calls of the kernel."""
        return max(1, len(self.chunks))


def _row_counts(step):
    """Rows of stripes of which there are different numbers, the most first."""
    height = canonical(step.output.shape)[1]
    return sorted({-(-height // count) for count in range(1, height + 1)}, reverse=True)


def _channel_cuts(step, names, place, rows):
    """Cuts of a step without weights that makes each channel by itself."""
    source, (channels, _, width) = step.sources[0], canonical(step.sources[0].shape)
    if (not isinstance(step.node, ir.WindowSum) or place(source).name not in names
            or canonical(source.shape)[1] * width > _MOST_PIXELS):
        return
    size, unit = channels, max(4, 32 // source.lane)
    while size > unit:
        size = max(unit, -(-size // 2 // unit) * unit)
        yield Cut(rows, False, place(step.output).name in names, True, size)


def _cuts(step, away, place, chunks, rows):
    """Cuts into stripes of ``rows`` rows."""
    node, names = step.node, {place(each).name for each in away}
    slices = may_slice(step) and len(chunks) > 1
    out = slices and place(step.output).name in names
    source = (slices and layer_kind(node) == "depthwise"
              and place(step.sources[0]).name in names)
    width = max(canonical(each.shape)[2] for each in (step.output, step.sources[0]))
    if (out or source) and rows * width > _MOST_PIXELS:
        return
    yield from _channel_cuts(step, names, place, rows)
    yield Cut(rows, False, out, source)
    # Results of a stripe lie together until all chunks are done.
    if len(chunks) > 1 and (out or place(step.output).name not in names):
        yield Cut(rows, True, out, source)


def _largest(step, tensor, cut, chunk, borders):
    """Words of the largest piece."""
    ends = ((True, True),) if stripe_count(step, cut) == 1 else ((True, False), (False, True))
    return max(cut_storage(step, tensor, cut.rows, cut, chunk, borders, each).words
               for each in ends)


def _buffers(step, way, away, steps, most):
    found, cut, chunks = {}, way.cut, way.chunks
    if chunks:
        found[None] = units_of(max(each.words for each in chunks)), min(most, len(chunks))
    if cut is None:
        return found
    last, parts = pieces_of(step, cut, chunks)[-1], parts_of(step, cut, chunks)
    for tensor in away:
        words = _largest(step, tensor, cut, parts[0] if parts else None, steps.borders)
        numbers = last.out if tensor is step.output else last.source
        turns = numbers and (tensor is step.output or not cut.alone)
        found[steps.place(tensor).name] = units_of(words), 2 if turns else 1
    return found


def _kinds(total, size):
    """(size of a part, how many such) of a total in parts of a size."""
    rest = total % size
    return [(size, total // size)] * (total >= size) + [(rest, 1)] * (rest > 0)


def _by_count(chunks) -> list[tuple[Any, int]]:
    """(a Chunk, how many have as many channels); (None, 1) without any."""
    counts = [each.count for each in chunks]
    kinds = {each.count: each for each in chunks}
    return [(each, counts.count(count)) for count, each in kinds.items()] or [(None, 1)]


def way_cycles(step, way, away, steps):
    """About what a step takes in pieces: the longer of its products and of its transfers."""
    cut, borders = way.cut, steps.borders
    chunks, changes = parts_of(step, cut, way.chunks), pieces_of(step, cut, way.chunks)[-1].source
    height, stripes = canonical(step.output.shape)[1], stripe_count(step, cut)
    source, total, brought, waited = step.sources[0], 0.0, 0.0, 0.0
    for chunk, times in _by_count(chunks):
        for rows, stripes_of in _kinds(height, cut.rows):
            maps = [cut_storage(step, each, rows, cut, chunk, borders)
                    for each in (source, step.output)]
            geometry = Geometry(maps[0], maps[1], rows, rows_of(step, 0, rows).above)
            work = _PIECE + call_cycles(step, geometry, chunk.count if chunk else 0)
            comes = 0.0
            for tensor in away:
                size = transfer_cycles(4 * cut_storage(step, tensor, rows, cut, chunk,
                                                       borders).words)
                if cut.alone and tensor is not step.output:
                    waited = max(waited, size)
                    continue
                # What comes once for several calls.
                stays = (not cut.out if tensor is step.output else not cut.source
                         and not (cut.stays and stripes > 1))
                comes += size / (len(chunks) if stays and chunks else 1)
            if len(way.chunks) > 1:
                comes += transfer_cycles(4 * chunk.words) / (stripes if cut.stays else 1)
            total += times * stripes_of * max(work, comes)
            brought = max(brought, comes)
    # The first comes, the last goes while nothing is made.
    return total + max(brought, waited) + waited * changes


def _alone(step, chunks, cuts):
    """Cuts, and the same with one buffer for a source where that is worth trying."""
    for cut in cuts:
        yield cut
        if len(chunks) > 1 and not (cut.stays or cut.source) and stripe_count(step, cut) > 1:
            yield replace(cut, alone=True)


def ways_of(step, away, steps, chunkings, most):
    """The :class:`Way` s to do a step.

    Parameters
    ----------
    step : of Steps ``steps``. away : its tensors outside of L1.
    chunkings : ways to cut its weights into Chunks, or [()]. most : buffers of its weights.
    """
    found = []
    for chunks in map(tuple, chunkings):
        for rows in _row_counts(step) if away else [None]:
            for cut in ([None] if rows is None else
                        _alone(step, chunks, _cuts(step, away, steps.place, chunks, rows))):
                way = Way(chunks, cut)
                way.buffers = _buffers(step, way, away, steps, most)
                found.append(way)
    return found
