"""Which core makes a value: the shares of firmware/network/dots.c, strips.c, share.h and
kernels.c."""

from flexdrive_deploy.flexv.network import ir

from .dots import dots_of
from .lines import Lines, owner_of
from .pieces import cut_storage, parts_of
from .storage import canonical, storage_of
from .strips import STRIP_CORES, Division
from .sums import sums_of

__all__ = ["core_of"]


class _Maps:
    """Source and output of the kernel call that makes a row of a step."""

    def __init__(self, compiled, step, row, chunk):
        steps, plan = compiled.steps, compiled.plan
        cut = plan.cuts.get(step)
        _, height, self.width = canonical(step.output.shape)
        begin = 0 if cut is None else row // cut.rows * cut.rows
        self.height = height if cut is None else min(cut.rows, height - begin)
        self.row = row - begin

        def storage(tensor, rows):
            place = steps.place(tensor).name
            return (cut_storage(step, tensor, rows, cut, chunk, steps.borders)
                    if place in plan.outside else plan.storages[place])
        self.output = storage(step.output, self.height)
        self.source = storage(step.sources[0], cut.rows if cut else height)


def _dots(step, maps, chunks, chunk, dots, channel, column, cores):
    """Core of a value of a layer of dot products."""
    group, groups = (channel - chunk.first) // 4, -(-chunk.count // 4)
    for strips in dots.strips:
        order = -1 if strips.down else 1
        (lines, width), (line, index) = (pair[::order] for pair in (
            (maps.height, maps.width), (maps.row, column)))
        division = Division.of(strips, width, lines, step.node.strides[int(strips.down)],
                               -(-chunks[0].count // 4), STRIP_CORES)
        return division.shared(groups, cores).core_of(line, index, group)
    lines = Lines.of(step.node, maps.source, maps.output, dots.kernels("flexv")[0].pixels,
                     maps.height)
    bits = storage_of(step.output).bits
    shared = 8 // bits if dots.out_bits == 32 and bits < 8 else 1
    return lines.core_of(lines.tile_of(maps.row, column, maps.width), -(-groups // shared),
                         group // shared, cores)


def core_of(compiled, step, channel, row, column, cores):
    """Number of the core that makes a value of a step's output, or None of what several passes
    make. Where two tiles overlap both make it; this is the first."""
    node = step.node
    chunks, cut = compiled.plan.chunks.get(step, (0, ()))[1], compiled.plan.cuts.get(step)
    chunks = chunks if cut is None else parts_of(step, cut, chunks)
    chunk = next((each for each in chunks if each.first <= channel < each.first + each.count), None)
    maps = _Maps(compiled, step, row, chunk)
    if isinstance(node, ir.Convolution):
        dots = dots_of(step)
        if dots is None:
            return maps.row % cores
        return _dots(step, maps, chunks, chunk, dots, channel, column, cores)
    if isinstance(node, ir.Concat | ir.Pad):
        return None
    storage = storage_of(step.sources[0] if isinstance(node, ir.WindowSum) else step.output)
    words, lanes = storage.pixel_words, 32 // storage.bits
    if cut is not None and cut.channels and chunk is not None:
        words, channel = -(-chunk.count // lanes), channel - chunk.first
    sums = sums_of(step)
    if sums is not None:
        words, lanes = words // sums.unit_words, sums.kernel.values
    return owner_of(maps.height * maps.width * words,
                  (maps.row * maps.width + column) * words + channel // lanes, cores)
