"""Depthwise layers as strips: which ones, in which direction, how cores divide them
(firmware/network/strips.c)."""

from dataclasses import dataclass

from .scales import packed_scales
from .storage import canonical
from .strip_kernel import STRIP_TAPS, StripKernel

__all__ = ["Division", "Strips", "layer_kind", "strips_of"]

# Of a core's words, four columns of words of the output at most (strips.c).
_WORDS, _WIDEST = 360, 4
# Lines of a window that leave room for more of the output.
_MOST_ROWS = 8
# Instructions that turn 4 pixels of 4 channels.
_TURN = 18


def layer_kind(node):
    """"convolve", "depthwise" or "grouped"."""
    if node.groups == 1:
        return "convolve"
    return "depthwise" if node.weights.shape[1] == 1 else "grouped"


def _share(units, parts):
    return -(-units // parts)


@dataclass(frozen=True, order=True)
class Strips:
    """``rows``: lines of the window; ``step``: of the window along a line; ``down``: lines are
    columns of the map."""

    rows: int
    step: int
    down: bool

    @property
    def name(self):
        return f"{self.rows}s{self.step}{'d' * self.down}"


@dataclass(frozen=True)
class Division:
    """How a map of ``width`` pixels of ``height`` lines is divided: in blocks of ``quads`` words,
    strips of ``rows`` lines."""

    width: int
    height: int
    quads: int
    blocks: int
    rows: int
    strips: int

    @classmethod
    def of(cls, strips, width, height, stride, groups, cores):
        """``width``, ``height``: along lines, of lines; ``stride``: from line to line."""
        quads = _share(width, 4)
        blocks = _share(quads, _WIDEST // strips.step)
        most = _share(quads, blocks)
        rows = (_WORDS // 4 // (strips.step * most + 1) - strips.rows) // stride + 1
        count = _share(height, rows)
        if count * blocks * groups < cores:
            count = min(height, _share(cores, blocks * groups))
        rows = _share(height, count)
        return cls(width, height, most, blocks, rows, _share(height, rows))


def strips_of(step):
    """The :class:`Strips` of a step, or None."""
    node = step.node
    if (layer_kind(node) != "depthwise" or len(node.weights) != node.groups
            or tuple(node.dilations) != (1, 1) or step.sources[0].lane != 8
            or packed_scales(step) is None):
        return None
    size, kernel = canonical(step.output.shape)[1:], node.weights.shape[2:]
    found = []
    for down in (False, True):
        (lines, width), (rows, taps), (stride, along) = (
            tuple(pair)[::-1 if down else 1] for pair in (size, kernel, node.strides))
        if taps > STRIP_TAPS or along > 2 or rows > _MOST_ROWS:
            continue
        quads = _share(width, 4)
        cycles = (lines * quads * StripKernel(rows, along, 8).tile_cycles
                  + ((lines - 1) * stride + rows) * (along * quads + 1) * _TURN)
        found.append((cycles, Strips(rows, along, down)))
    return min(found)[1] if found else None
