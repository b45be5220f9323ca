"""Which maps are planar: those that a depthwise layer alone reads, from a layer whose tiles are not
many more then."""

from flexdrive_deploy.flexv.network import ir

from .dot_kernel import DotKernel
from .dots import dots_of
from .lines import tiles_of_line
from .storage import Border, canonical, storage_of
from .strips import Division, layer_kind, possible_strips
from .weights import channel_words

__all__ = ["mark_planar", "planar_maps"]

# Bytes in front of a line's first pixel leave it in its first word.
_MOST_PADDING = 3
_CORES, _TURN, _TURNED = 8, 18, 18
# A tile's stores beyond those of pixels, 4 lines of a border.
_STORES, _BORDER = 8, 45


def _share(units, parts):
    return -(-units // parts)


def _saved(step, strips):
    """Cycles of a core that turn the source of a depthwise layer."""
    order = -1 if strips.down else 1
    height, width = canonical(step.output.shape)[1:][::order]
    (stride, along), taps = step.node.strides[::order], step.node.weights.shape[2:][::order][1]
    plain = possible_strips(step, False)
    if plain is None:
        # Products of words with one weight beside zeros: a quarter of them counts.
        tiles = _share(height * _share(width, 4) * _share(len(step.node.weights), 4), _CORES)
        return tiles * 16 * 2 * strips.rows * taps
    division = Division.of(plain, width, height, stride, _share(len(step.node.weights), 4), _CORES)
    words = _share((4 * division.quads - 1) * along + taps, 4)
    return division.units * words * (_TURNED + _TURN * ((division.rows - 1) * stride + plain.rows))


def _costs(steps, step, strips):
    """Cycles of a core by which the layer in front of it takes longer."""
    node, size = step.node, canonical(step.output.shape)
    lines, length = size[:0:-1] if strips.down else size[1:]
    source = storage_of(step.sources[0], steps.borders.get(step.sources[0].name, Border()))
    across, down = node.strides[1] * source.pixel_words, node.strides[0] * source.row_words
    plain = min(size[1] * tiles_of_line(size[2], 4), size[2] * tiles_of_line(size[1], 4))
    if size[1] == 1 or down == size[2] * across:
        plain = _share(size[1] * size[2], 4)
    dots = dots_of(step)
    assert dots is not None
    kernel = DotKernel(dots.a_bits, dots.w_bits, 8, 4)
    words = channel_words(node, step.sources[0])
    tile = words * kernel.word_cycles + kernel.tile_cycles
    tiles, groups = lines * _share(length, 4), _share(len(node.weights), 4)
    border = lines + 2
    # Stores of words that are not aligned take a cycle more.
    return _share(groups * ((tiles - plain) * tile + _STORES * tiles + _BORDER * border), _CORES)


def _makes_planar(step, length):
    node, dots = step.node, dots_of(step)
    return (isinstance(node, ir.Convolution) and layer_kind(node) == "convolve" and dots is not None
            and dots.out_bits == 8 and not dots.unused and dots.a_bits >= dots.w_bits
            and length >= 4)


def _pays(steps, source, readers, strips):
    """Whether what is in front of depthwise layers writes their source so, and that is worth it."""
    if source.name in {tensor.name for _, tensor in steps.inputs}:
        return True
    makers = [each for each in steps.steps if each.output.name == source.name]
    length = canonical(source.shape)[1 if strips.down else 2]
    return (len(makers) == 1 and _makes_planar(makers[0], length)
            and _costs(steps, makers[0], strips) < sum(_saved(each, strips) for each in readers))


def planar_maps(steps):
    """Name of a planar map of Steps -> whether its lines are columns."""
    fixed = {steps.place(tensor).name for tensor in steps.outputs}
    fixed |= {tensor.name for tensor in steps.alias.values()} | set(steps.columns)
    found = {}
    for step in steps.steps:
        source, strips = step.sources[0], possible_strips(step, True)
        if strips is None or source.name in fixed:
            continue
        readers = [each for each in steps.steps if source in each.sources]
        # Lines of one direction, whose pixels begin at one byte.
        ways = {wanted and (wanted.down, reader.node.pads[0 if wanted.down else 1])
                for reader in readers for wanted in (possible_strips(reader, True),)}
        padding = step.node.pads[0 if strips.down else 1]
        if (ways == {(strips.down, padding)} and padding <= _MOST_PADDING
                and _pays(steps, source, readers, strips)):
            found[source.name] = strips.down
    return found


def mark_planar(steps, name, planar):
    """Tell all Steps that touch a map whether it is planar."""
    for step in steps.steps:
        if step.output.name == name:
            step.planar_output = planar
        if step.sources[0].name == name:
            step.planar_source = planar
