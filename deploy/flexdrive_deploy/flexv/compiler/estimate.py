"""Cycles of each layer on the cluster, estimated from the plan.

A layer takes as long as the core with the most to do: instructions of the kernels' loops, counted
from their text, and what comes once a group, a tile, a call, measured on the RTL
(docs/results/flexv-networks.md has the errors). Its weights may come later than the layer before
ends. Cores do not disturb each other here: where their loads wait beside the pipeline that costs
about one cycle in a hundred, which is in the numbers below. Those are of the cluster that networks
run on (flexdrive_sim.flexv.drive.network.CLUSTER).
"""

from dataclasses import replace

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Ratio

from .dot_layer import Geometry
from .dots import dots_of
from .lines import Lines, part_of
from .scales import even_mean
from .storage import canonical, storage_of
from .strip_kernel import StripKernel
from .strips import STRIP_CORES, Division, layer_kind
from .sums import sums_of
from .weights import channel_words

__all__ = ["call_cycles", "estimated_cycles", "transfer_cycles"]

# Cycles of a core with 8 cores, 16 banks, XOR: a call of a layer, of one of a pixel; a further
# table of tiles, an entry that it fills, one whose pixels lie in several rows, a group of channels
# of a table.
_CALL, _PIXEL_CALL, _TABLE, _ENTRY, _ROWS_ENTRY, _GROUP = 874, 864, 700, 13, 73, 67
# What a tile waits for others, and each of its words; a word of a tile of one pixel.
_WAITS, _WORD_WAITS, _PIXEL_WAITS = 7, 0.09, 2.7
# Of depthwise layers as strips: a call, a block of 4 channels, a column of words of its source, of
# its output, 4 pixels of 4 channels there; what a tile waits for others, by the step along lines.
_STRIPS_CALL, _BLOCK, _TURNED, _QUADS, _TURN, _STRIP_WAITS, _STRIP_WAITS_2 = (
    873, 59, 32, 42, 18, 4, 9)
# Of planar maps: what a tile takes longer that makes one, a line of a channel and its border.
_PLANAR_TILE, _PLANAR_LINE = 0.3, 9
# What a unit of sums waits, by the bits of multipliers. A value that is requantised by one number,
# by rq.pack.c, exactly by a quotient; a word of a mean, of a pixel of its window; calls of these.
_SUM_WAITS, _VALUE, _PACKED, _EXACT, _MEAN, _TAP = {8: 2, 16: 0.3}, 135, 22, 370, 53, 1.9
_OTHER_CALL, _PACKED_CALL, _MEAN_CALL = 390, 450, 285
# A product in C.
_PLAIN = 12
# What comes from outside when a function is called for the first time: one of these, of dot
# products of tiles, of a pixel, of sums that C finishes, and the first of all.
_NEW, _NEW_DOTS, _NEW_PIXEL, _NEW_SUMS, _FIRST = 400, 220, 325, 550, 725
# A border, and a word of it.
_BORDER, _BORDER_WORD = 505, 2.1
# Weights: bytes a cycle, cycles until the first come; cycles of a call that come in front of them.
_WIDTH, _LATENCY, _PREPARED = 8.0, 140, 860


def _share(units, cores):
    return int(-(-units // cores))


def _dots(step, dots, geometry, channels, cores, instructions):
    """Cycles of a call for so many channels."""
    kernels = dots.kernels(instructions)
    lines = Lines.of(step.node, geometry.source, geometry.output, kernels[0].pixels,
                     geometry.height)
    kernel = next(each for each in kernels if each.pixels == lines.pixels)
    words = channel_words(step.node, step.sources[0]) // max(1, dots.w_bits // dots.a_bits)
    tile = words * kernel.word_cycles + kernel.tile_cycles + _PLANAR_TILE * dots.planar
    # One pixel takes a word a cycle.
    tile += words * _PIXEL_WAITS if lines.pixels == 1 else _WAITS + words * _WORD_WAITS
    call = _CALL if lines.tiles > 1 else _PIXEL_CALL
    groups = _share(channels, 4)
    rows, columns = part_of(lines.tiles, groups, cores)
    tables, groups = _share(lines.tiles, lines.table_tiles(cores)), _share(groups, columns)
    tiles, own = _share(lines.tiles, rows), _share(lines.tiles, cores)
    if dots.out_bits == 32:
        # C finishes each sum.
        return call + tiles * groups * (tile + _GROUP + 60 * lines.pixels)
    entry = _ENTRY if lines.width == lines.length else _ROWS_ENTRY
    return (call + (tables - 1) * _TABLE + tables * groups * _GROUP + own * entry
            + tiles * groups * tile)


def _by_strips(step, strips, geometry, channels, cores):
    order, node = -1 if strips.down else 1, step.node
    height, width = (geometry.height, geometry.output.width)[::order]
    stride, taps = node.strides[::order][0], node.weights.shape[2:][::order][1]
    groups = _share(channels, 4)
    division = Division.of(strips, width, height, stride, groups, STRIP_CORES).shared(groups, cores)
    units = division.units
    # Means of the blocks.
    rows, quads = height / division.strips, _share(width, 4) / division.blocks
    words = _share((width / division.blocks - 1) * strips.step + taps, 4)
    lines = (rows - 1) * stride + strips.rows
    tile = StripKernel(strips.rows, strips.step, 8).tile_cycles
    tile += _STRIP_WAITS if strips.step == 1 else _STRIP_WAITS_2
    turn = 0 if strips.planar else words * (_TURNED + lines * _TURN)
    return _STRIPS_CALL + units * (_BLOCK + turn
                                   + quads * (_QUADS + rows * tile))


def _others(step, height, cores, channels=0):
    output = storage_of(step.output)
    output = replace(output, height=height, channels=channels or output.channels)
    words = output.height * output.width * output.pixel_words
    if isinstance(step.node, ir.WindowSum):
        source = replace(storage_of(step.sources[0]), channels=output.channels)
        share = _share(output.height * output.width * source.pixel_words, cores)
        value = _MEAN + step.node.kernel[0] * step.node.kernel[1] * _TAP
        return _MEAN_CALL + share * value * (32 // source.bits)
    sums = sums_of(step)
    if sums is not None:
        units = _share(words // sums.unit_words, cores)
        return _OTHER_CALL + units * (sums.kernel.unit_cycles + _SUM_WAITS[sums.kernel.bits])
    call, value = _OTHER_CALL, _EXACT if isinstance(step.rule, Ratio) else _VALUE
    if even_mean(step) is not None or (isinstance(step.rule, FixedPoint) and output.bits <= 8
                                       and step.rule.rounding == "NEAREST"
                                       and step.sources[0].lane == 32):
        call, value = _PACKED_CALL, _PACKED
    return call + _share(words, cores) * value * min(output.channels, 32 // output.bits)


def _border(compiled, step, cores):
    """Cycles of the border around a step's output."""
    storage = compiled.plan.storages[compiled.steps.place(step.output).name]
    border = storage.border
    if not border:
        return 0
    if storage.planar:
        lines = storage.lines[0] * 4 * _share(storage.channels, 4)
        return _BORDER + _share(lines, cores) * _PLANAR_LINE
    around = ((border.top + storage.height + border.bottom)
              * (border.left + storage.width + border.right) - storage.height * storage.width)
    return _BORDER + around / cores * _BORDER_WORD * storage.pixel_words


def call_cycles(step, geometry, channels, cores=8, instructions="flexv"):
    """Cycles of a call of a step's kernel; of kernels in C alone a guess.

    Parameters
    ----------
    step : of a network. geometry : :class:`.dot_layer.Geometry` of its maps.
    channels : that are made, 0 of a step without weights for all. cores : that work.
    instructions : as of compile_network.
    """
    dots = dots_of(step)
    if dots is None and isinstance(step.node, ir.Convolution):
        pixels = geometry.height / canonical(step.output.shape)[1]
        share = pixels * channels / len(step.node.weights)
        return _CALL + step.node.macs * share * _PLAIN / cores
    if dots is None:
        return _others(step, geometry.height, cores, channels)
    for strips in dots.strips:
        return _by_strips(step, strips, geometry, channels, cores)
    return _dots(step, dots, geometry, channels, cores, instructions)


def transfer_cycles(size):
    """Cycles of a transfer of so many bytes."""
    return _LATENCY + size / _WIDTH


def _call(compiled, step, channels, cores):
    source, output = (compiled.plan.storages[compiled.steps.place(each).name]
                      for each in (step.sources[0], step.output))
    geometry = Geometry(source, output, canonical(step.output.shape)[1], 0)
    return call_cycles(step, geometry, channels, cores, compiled.instructions)


def _first_call(step, known):
    """Cycles in which instructions come that no step before has needed, in front of a layer and
    within its kernel; adds to ``known``."""
    dots, pixel = dots_of(step), canonical(step.output.shape)[1:] == (1, 1)
    kind = type(step.node), len(step.sources), dots and dots.strips
    first = 0 if known else _FIRST
    code = 0 if kind in known else _NEW
    new = dots is not None and (dots, pixel) not in known
    known |= {kind, (dots, pixel)}
    sums = dots is not None and dots.out_bits == 32
    return code, first + (_NEW_PIXEL if pixel else _NEW_DOTS) * new + _NEW_SUMS * sums


class _Weights:
    """When chunks of weights are there: one after the other, one or two on their way."""

    def __init__(self, compiled):
        plan = compiled.plan
        self._chunks = [(step in plan.deep, 4 * chunk.words) for step in compiled.steps.steps
                        for chunk in plan.chunks.get(step, (0, ()))[1]]
        self._ready, self._used, self._free = [], 0, 0
        self._start(0)

    def _start(self, now):
        """Those that may come: the next one, and one more where it is deep."""
        while len(self._ready) < len(self._chunks):
            deep, size = self._chunks[len(self._ready)]
            if len(self._ready) > self._used + deep:
                break
            self._free = max(self._free, now + _LATENCY) + size / _WIDTH
            self._ready.append(self._free)

    def begin(self, now):
        """Cycle in which the next chunk is used."""
        now = max(now, self._ready[self._used])
        self._used += 1
        self._start(now)
        return now


def _calls(compiled, step, own, now, weights, cores):
    """Cycle in which the calls of a step that begins in cycle ``now`` end, and its output's border
    is written; ``own``: its chunks."""
    plan = compiled.plan
    if step in plan.cuts:
        # Chunks but the first come in the cycles of the pieces.
        begins = [weights.begin(now) for _ in own] or [now]
        if step in plan.late:
            begins[0] = max(begins[0], now + transfer_cycles(4 * own[0].words))
        return begins[0] + plan.cut_cycles[step]
    now += _border(compiled, step, cores)
    for chunk in own or (None,):
        cycles = _call(compiled, step, chunk.count if chunk else 0, cores)
        if chunk is not None:
            # A call prepares itself while its weights come.
            prepared = min(cycles, _PREPARED)
            now, cycles = weights.begin(now + prepared), cycles - prepared
        now += cycles
    return now


def estimated_cycles(compiled, cores=8):
    """Cycles of each step of a CompiledNetwork, in order; None for steps whose kernels are C alone,
    and with other numbers of cores for those in pieces."""
    found, now, known = [], 0, set()
    weights = _Weights(compiled)
    for step in compiled.steps.steps:
        begin = now
        # A kernel's instructions come when it runs.
        code, kernel = _first_call(step, known)
        now = kernel + _calls(compiled, step, compiled.plan.chunks.get(step, (0, ()))[1],
                              now + code, weights, cores)
        plain = isinstance(step.node, ir.Convolution) and (
            dots_of(step) is None or layer_kind(step.node) == "grouped")
        none = plain or (cores != STRIP_CORES and step in compiled.plan.cuts)
        found.append(None if none else round(now - begin))
    return found
