"""Which core makes a value: the shares of firmware/network/lines.c, strips.c, share.h and
kernels.c."""

from flexdrive_deploy.flexv.network import ir

from .dots import dots_of
from .storage import canonical, storage_of
from .stripes import rows_of, stripe_storage
from .strips import Division, owner_of
from .sums import sums_of

__all__ = ["core_of", "tiles_of_line", "ways_of"]


def ways_of(cores):
    """(rows of cores for tiles, cores of a row for groups); of equal costs the first is taken, with
    the most rows."""
    return [(cores >> i, cores // (cores >> i)) for i in range(cores.bit_length())]


def _part(tiles, tile, groups, group, cores):
    """Core of a tile and a group of channels: part_of of lines.c."""
    rows, columns = min(ways_of(cores), key=lambda way: -(-tiles // way[0]) * -(-groups // way[1]))
    return owner_of(tiles, tile, rows) + rows * owner_of(groups, group, columns)


def tiles_of_line(length, pixels):
    """Tiles of a line of pixels."""
    return (2 if length == 3 else 1) if length < pixels else -(-length // pixels)


class _Maps:
    """Source and output of the kernel call that makes a row of a step."""

    def __init__(self, compiled, step, row):
        steps, plan = compiled.steps, compiled.plan
        rows = plan.rows.get(step)
        _, height, self.width = canonical(step.output.shape)
        begin = 0 if rows is None else row // rows * rows
        self.height = height if rows is None else min(rows, height - begin)
        self.row = row - begin
        self.down = plan.storages[steps.place(step.output).name].down
        source = step.sources[0]
        place = steps.place(source).name
        outside = place in plan.outside
        self.source = (stripe_storage(step, source, rows_of(step, begin, self.height).count,
                                      steps.borders) if outside else plan.storages[place])


def _dots(step, maps, chunk, dots, channel, column, cores):
    """Core of a value of a layer of dot products."""
    node, source = step.node, maps.source
    for strips in dots.strips:
        order, groups = -1 if strips.down else 1, -(-chunk.count // 4)
        (lines, width), (line, index) = (pair[::order] for pair in (
            (maps.height, maps.width), (maps.row, column)))
        division = Division.of(strips, width, lines, node.strides[int(strips.down)], groups, cores)
        return division.core_of(line, index, (channel - chunk.first) // 4)
    most = 4 if dots.a_bits >= dots.w_bits else 2
    height, width, place = maps.height, maps.width, (maps.row, column)
    across, down = node.strides[1] * source.pixel_words, node.strides[0] * source.row_words
    if step.planar_output:
        count, length, line, index = ((width, height, place[1], place[0]) if maps.down else
                                      (height, width, place[0], place[1]))
    elif height == 1 or down == width * across:
        count, length, line, index = 1, height * width, 0, place[0] * width + place[1]
    elif width * tiles_of_line(height, most) < height * tiles_of_line(width, most):
        count, length, line, index = width, height, place[1], place[0]
    else:
        count, length, line, index = height, width, place[0], place[1]
    pixels = most
    while pixels > length:
        pixels //= 2
    groups, per_line = -(-chunk.count // 4), -(-length // pixels)
    tile = line * per_line + index // pixels
    bits = storage_of(step.output).bits
    shared = 8 // bits if dots.out_bits == 32 and bits < 8 else 1
    words = -(-groups // shared)
    return _part(count * per_line, tile, words, (channel - chunk.first) // 4 // shared, cores)


def core_of(compiled, step, channel, row, column, cores):
    """Number of the core that makes a value of a step's output, or None of what several passes
    make. Where two tiles overlap both make it; this is the first."""
    node, maps = step.node, _Maps(compiled, step, row)
    if isinstance(node, ir.Convolution):
        dots = dots_of(step)
        if dots is None:
            return maps.row % cores
        chunk = next(each for each in compiled.plan.chunks[step][1]
                     if each.first <= channel < each.first + each.count)
        return _dots(step, maps, chunk, dots, channel, column, cores)
    if isinstance(node, ir.Concat | ir.Pad):
        return None
    storage = storage_of(step.sources[0] if isinstance(node, ir.WindowSum) else step.output)
    words, lanes = storage.pixel_words, 32 // storage.bits
    sums = sums_of(step)
    if sums is not None:
        words, lanes = words // sums.unit_words, sums.kernel.values
    return owner_of(maps.height * maps.width * words,
                  (maps.row * maps.width + column) * words + channel // lanes, cores)
