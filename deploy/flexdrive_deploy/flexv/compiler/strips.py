"""Depthwise layers as strips: which ones, in which direction, how cores divide them
(firmware/network/strips.c)."""

from dataclasses import dataclass, replace

from flexdrive_deploy.flexv.network import ir

from .lines import SCRATCH, owner_of, part_of
from .scales import packed_scales
from .storage import canonical
from .strip_kernel import STRIP_TAPS, StripKernel

__all__ = ["STRIP_CORES", "Division", "Strips", "layer_kind", "possible_strips", "strips_of"]

# Columns of words of the source behind the first where lines do not all fit a core's scratch.
_WIDEST = 4
# Cores for which blocks are made; others share the same.
STRIP_CORES = 8
# Lines of a window that leave room for more of the output.
_MOST_ROWS = 8
# Instructions that turn 4 pixels of 4 channels.
_TURN = 18
# Cycles of 4 pixels of 4 channels, for a pixel of the window, by words with one weight beside
# zeros; by what strips that turn more than they make have to be better.
_WORDS, _GAIN = 32, 1.5


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
    columns of the map; ``planar``: the source has them."""

    rows: int
    step: int
    down: bool
    planar: bool = False


@dataclass(frozen=True)
class Division:
    """How a map is divided: in ``blocks`` of ``quads`` words of a line, ``strips`` of ``rows``
    lines, for ``groups`` of 4 channels; of ``cores`` cores ``ways`` share blocks of strips, the
    others groups. ``units``: such blocks and groups of the core with the most."""

    quads: int
    blocks: int
    rows: int
    strips: int
    ways: int
    groups: int
    cores: int
    units: int

    @classmethod
    def of(cls, strips, width, height, stride, groups, cores):
        """``width``, ``height``: along lines, of lines; ``stride``: from line to line."""
        quads = _share(width, 4)
        fits = SCRATCH // 4 // ((height - 1) * stride + strips.rows)
        blocks = 1 if strips.planar else _share(quads, max(fits - 1, _WIDEST) // strips.step)
        most = _share(quads, blocks)
        words = strips.step * most + 1
        fewest = 1 if strips.planar else _share(
            height, (SCRATCH // 4 // words - strips.rows) // stride + 1)
        best = None
        for count in range(fewest, min(height, fewest + 3) + 1):
            rows = _share(height, count)
            count = _share(height, rows)
            ways, columns = part_of(blocks * count, groups, cores)
            units = _share(blocks * count, ways) * _share(groups, columns)
            lines = (rows - 1) * stride + strips.rows
            cost = units * (150 + most * (60 + 27 * strips.rows * rows)
                            + (0 if strips.planar else _TURN * lines * words))
            if best is None or cost < best[0]:
                best = cost, cls(most, blocks, rows, count, ways, groups, cores, units)
            if units * cores == count * blocks * groups:
                break
        assert best is not None
        return best[1]

    def shared(self, groups, cores):
        """The same blocks for other groups and cores."""
        ways, columns = part_of(self.blocks * self.strips, groups, cores)
        units = _share(self.blocks * self.strips, ways) * _share(groups, columns)
        return replace(self, ways=ways, groups=groups, cores=cores, units=units)

    def core_of(self, line, index, group):
        """The core that makes a pixel of a line, channels of a group."""
        place = line // self.rows * self.blocks + index // (4 * self.quads)
        return (owner_of(self.strips * self.blocks, place, self.ways)
                + self.ways * owner_of(self.groups, group, self.cores // self.ways))


def possible_strips(step, planar):
    """The :class:`Strips` of a step with a ``planar`` source or another, or None."""
    node = step.node
    if (not step.funnel or not isinstance(node, ir.Convolution) or layer_kind(node) != "depthwise"
            or len(node.weights) != node.groups or tuple(node.dilations) != (1, 1)
            or step.sources[0].lane != 8 or packed_scales(step) is None):
        return None
    size, kernel = canonical(step.output.shape)[1:], node.weights.shape[2:]
    found = []
    for down in (False, True):
        (lines, width), (rows, taps), (stride, along) = (
            tuple(pair)[::-1 if down else 1] for pair in (size, kernel, node.strides))
        if taps > STRIP_TAPS or along > 2 or rows > _MOST_ROWS:
            continue
        quads = _share(width, 4)
        cycles = lines * quads * StripKernel(rows, along, 8).tile_cycles
        if not planar:
            cycles += ((lines - 1) * stride + rows) * (along * quads + 1) * _TURN
            if max(stride, along) > 1 and _GAIN * cycles > lines * quads * _WORDS * rows * taps:
                continue
        found.append((cycles, Strips(rows, along, down, planar)))
    return min(found)[1] if found else None


def strips_of(step):
    """The :class:`Strips` of a step, or None."""
    return possible_strips(step, step.planar_source)
