"""Which core makes a value: the shares of firmware/network/dots.c, strips.c, share.h and
kernels.c."""

from flexdrive_deploy.flexv.network import ir

from .dots import dots_of
from .lines import Lines, owner_of
from .storage import canonical, storage_of
from .stripes import rows_of, stripe_storage
from .strips import STRIP_CORES, Division
from .sums import sums_of

__all__ = ["core_of"]


class _Maps:
    """Source and output of the kernel call that makes a row of a step."""

    def __init__(self, compiled, step, row):
        steps, plan = compiled.steps, compiled.plan
        rows = plan.rows.get(step)
        _, height, self.width = canonical(step.output.shape)
        begin = 0 if rows is None else row // rows * rows
        self.height = height if rows is None else min(rows, height - begin)
        self.row = row - begin
        self.output = plan.storages[steps.place(step.output).name]
        source = step.sources[0]
        place = steps.place(source).name
        outside = place in plan.outside
        self.source = (stripe_storage(step, source, rows_of(step, begin, self.height).count,
                                      steps.borders) if outside else plan.storages[place])


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
    node, maps = step.node, _Maps(compiled, step, row)
    if isinstance(node, ir.Convolution):
        dots = dots_of(step)
        if dots is None:
            return maps.row % cores
        chunks = compiled.plan.chunks[step][1]
        chunk = next(each for each in chunks if each.first <= channel < each.first + each.count)
        return _dots(step, maps, chunks, chunk, dots, channel, column, cores)
    if isinstance(node, ir.Concat | ir.Pad):
        return None
    storage = storage_of(step.sources[0] if isinstance(node, ir.WindowSum) else step.output)
    words, lanes = storage.pixel_words, 32 // storage.bits
    sums = sums_of(step)
    if sums is not None:
        words, lanes = words // sums.unit_words, sums.kernel.values
    return owner_of(maps.height * maps.width * words,
                  (maps.row * maps.width + column) * words + channel // lanes, cores)
