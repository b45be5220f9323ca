"""Cycles of each layer on the cluster, estimated from the plan.

A layer takes as long as the core with the most to do: instructions of the kernels' loops, counted
from their text, and what comes once a group, a tile, a call, measured on the RTL
(docs/results/flexv-networks.md has the errors). Its weights may come later than the layer before
ends. Cores do not disturb each other here: where their loads wait beside the pipeline that costs
about one cycle in a hundred, which is in the numbers below. Those are of the cluster that networks
run on (flexdrive_sim.flexv.drive.network.CLUSTER).
"""

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import Ratio

from .dot_kernel import DotKernel
from .dots import dots_of
from .lines import part_of, tiles_of_line
from .storage import canonical, storage_of
from .strip_kernel import StripKernel
from .strips import Division, layer_kind
from .sums import sums_of
from .weights import channel_words

__all__ = ["estimated_cycles"]

# Cycles of a core with 8 cores, 16 banks, XOR: a call of a layer, of one of a pixel; a table of 16
# tiles, an entry of it, a group of 4 channels of a table, what a tile waits for others.
_CALL, _PIXEL_CALL, _TABLE, _ENTRY, _GROUP, _WAITS = 1850, 1300, 75, 35, 67, 9
# Of depthwise layers as strips: a call, a block of 4 channels, a column of words of its source, of
# its output, 4 pixels of 4 channels there; what a tile waits for others, by the step along lines.
_STRIPS_CALL, _BLOCK, _TURNED, _QUADS, _TURN, _STRIP_WAITS = 1900, 60, 18, 42, 18, (2, 6)
# Of planar maps: what a tile takes longer that makes one, 4 lines of the border.
_PLANAR_TILE, _PLANAR_BORDER = 5, 35
# A value that is requantised by one number, exactly by a quotient, a word of a mean and of a pixel
# of its window; a call of these, of a kernel of sums.
_VALUE, _EXACT, _MEAN, _TAP, _OTHER_CALL, _MEAN_CALL, _SUMS_CALL = 88, 370, 345, 7.8, 700, 190, 700
# What comes from outside when a function is called for the first time: one of these, of dot
# products of tiles, of a pixel, and the first of all.
_NEW, _NEW_DOTS, _NEW_PIXEL, _FIRST = 500, 450, 700, 1100
# A pixel of a border, and a word of it.
_BORDER_PIXEL, _BORDER_WORD = 10, 2
# Weights: bytes a cycle, cycles until the first come.
_WIDTH, _LATENCY = 6.3, 110
_TILES = 16


def _share(units, cores):
    return int(-(-units // cores))


def _lines(step, source, most, output):
    """(lines, their length, pixels of a tile)."""
    if output.planar:
        return (*((output.width, output.height) if output.down else (output.height, output.width)),
                most)
    node, (_, height, width) = step.node, canonical(step.output.shape)
    across, down = node.strides[1] * source.pixel_words, node.strides[0] * source.row_words
    if height == 1 or down == width * across:
        count, length = 1, height * width
    elif width * tiles_of_line(height, most) < height * tiles_of_line(width, most):
        count, length = width, height
    else:
        count, length = height, width
    pixels = most
    while pixels > length:
        pixels //= 2
    return count, length, pixels


def _dots(compiled, step, dots, channels, cores):
    """Cycles of a call for so many channels."""
    source = compiled.plan.storages[compiled.steps.place(step.sources[0]).name]
    node = step.node
    count, length, pixels = _lines(step, source, 4 if dots.a_bits >= dots.w_bits else 2,
                                   compiled.plan.storages[compiled.steps.place(step.output).name])
    kernel = DotKernel(dots.a_bits, dots.w_bits, dots.out_bits, pixels, dots.single, dots.unused,
                       stores=compiled.instructions == "flexv")
    words = channel_words(node, step.sources[0]) // max(1, dots.w_bits // dots.a_bits)
    tile = words * kernel.word_cycles + kernel.tile_cycles + _WAITS * (pixels > 1)
    tile += _PLANAR_TILE * dots.planar
    call = _CALL if count * length > 1 else _PIXEL_CALL
    tiles, groups = count * _share(length, pixels), _share(channels, 4)
    rows, columns = part_of(tiles, groups, cores)
    tiles, groups = _share(tiles, rows), _share(groups, columns)
    tables = _share(tiles, _TILES)
    if dots.out_bits == 32:
        # C finishes each sum.
        return call + tiles * groups * (tile + _GROUP + 60 * pixels)
    return (call + tables * (_TABLE + groups * _GROUP) + tiles * _ENTRY
            + tiles * groups * tile)


def _by_strips(step, strips, channels, cores):
    order, node = -1 if strips.down else 1, step.node
    height, width = canonical(step.output.shape)[1:][::order]
    stride, taps = node.strides[::order][0], node.weights.shape[2:][::order][1]
    groups = _share(channels, 4)
    division = Division.of(strips, width, height, stride, groups, cores)
    units = division.units
    # Means of the blocks.
    rows, quads = height / division.strips, _share(width, 4) / division.blocks
    words = _share((width / division.blocks - 1) * strips.step + taps, 4)
    lines = (rows - 1) * stride + strips.rows
    tile = StripKernel(strips.rows, strips.step, 8).tile_cycles + _STRIP_WAITS[strips.step - 1]
    turn = 0 if strips.planar else words * (_TURNED + lines * _TURN)
    return _STRIPS_CALL + units * (_BLOCK + turn
                                   + quads * (_QUADS + rows * tile))


def _others(step, cores):
    output = storage_of(step.output)
    words = output.height * output.width * output.pixel_words
    if isinstance(step.node, ir.WindowSum):
        source = storage_of(step.sources[0])
        share = _share(output.height * output.width * source.pixel_words, cores)
        return _MEAN_CALL + share * (_MEAN + step.node.kernel[0] * step.node.kernel[1] * _TAP)
    sums = sums_of(step)
    if sums is not None:
        return _SUMS_CALL + _share(words // sums.unit_words, cores) * sums.kernel.unit_cycles
    value = _EXACT if isinstance(step.rule, Ratio) else _VALUE
    return _OTHER_CALL + _share(words, cores) * value * min(output.channels, 32 // output.bits)


def _border(compiled, step, cores):
    """Cycles of the border around a step's output."""
    storage = compiled.plan.storages[compiled.steps.place(step.output).name]
    border = storage.border
    if not border:
        return 0
    if storage.planar:
        return _share(storage.lines[0] * _share(storage.channels, 4), cores) * _PLANAR_BORDER
    around = ((border.top + storage.height + border.bottom)
              * (border.left + storage.width + border.right) - storage.height * storage.width)
    return around / cores * (_BORDER_PIXEL + _BORDER_WORD * storage.pixel_words)


def _call(compiled, step, channels, cores):
    dots = dots_of(step)
    if dots is None:
        return _others(step, cores)
    for strips in dots.strips:
        return _by_strips(step, strips, channels, cores)
    return _dots(compiled, step, dots, channels, cores)


def _first_call(step, known):
    """Cycles in which instructions come that no step before has needed; adds to ``known``."""
    dots, pixel = dots_of(step), canonical(step.output.shape)[1:] == (1, 1)
    kind = type(step.node), len(step.sources), dots and dots.strips
    cycles = 0 if known else _FIRST
    for key, new in ((kind, _NEW), ((dots, pixel), _NEW_PIXEL if pixel else _NEW_DOTS)):
        if key not in known and not (key == (dots, pixel) and dots is None):
            cycles += new
        known.add(key)
    return cycles


def estimated_cycles(compiled, cores=8):
    """Cycles of each step of a CompiledNetwork whose maps lie in L1, in order; None for steps that
    work on stripes, or whose kernels are C alone."""
    found, now, known = [], 0, set()
    # When the weights that are asked for next will be there.
    ready = 0
    chunks = [(step, chunk) for step in compiled.steps.steps
              for chunk in compiled.plan.chunks.get(step, (0, ()))[1]]
    if chunks:
        ready = _LATENCY + 4 * chunks[0][1].words / _WIDTH
    left = chunks[1:]
    for step in compiled.steps.steps:
        begin = now
        own = compiled.plan.chunks.get(step, (0, ()))[1]
        for chunk in own or (None,):
            if chunk is not None:
                now = max(now, ready)
                if left:
                    ready = now + _LATENCY + 4 * left.pop(0)[1].words / _WIDTH
            now += _call(compiled, step, chunk.count if chunk else 0, cores)
        now += _border(compiled, step, cores) + _first_call(step, known)
        plain = isinstance(step.node, ir.Convolution) and (
            dots_of(step) is None or layer_kind(step.node) == "grouped")
        found.append(None if plain or step in compiled.plan.rows else round(now - begin))
    return found
