"""The constants of a layer of dot products: ``struct net_dots`` and ``net_strips_layer`` of
firmware/network/dots.h, for maps of some storage."""

from dataclasses import dataclass

from flexdrive.flexv.formats import format_code

from .dots import dots_of
from .lines import Lines
from .scales import packed_rounding
from .storage import Storage
from .strips import STRIP_CORES, Division, layer_kind
from .weights import channel_words

__all__ = ["Geometry", "dot_layer"]


@dataclass(frozen=True)
class Geometry:
    """Maps of a kernel call: Storages of the source and of the output, rows that are made of it,
    rows of border above the first window."""

    source: Storage
    output: Storage
    height: int
    top: int


def _initialiser(fields):
    return ",\n\t".join(
        f".{name} = {{\n\t{_initialiser(value)}}}" if isinstance(value, dict) else
        f".{name} = {value}" for name, value in fields.items())


def _control(step, dots):
    if dots.out_bits == 32:
        return "0"
    return (f"NET_RQ_CONTROL({step.rule.shift - dots.unused}, {dots.out_bits}, "
            f"{step.rule.addend_shift}, NET_{packed_rounding(step)})")


def _results(dots, output):
    """Where groups of channels lie in the output."""
    fields = {"group_step": 4 * output.group_words if output.planar else dots.out_bits // 2}
    used, width = -(-output.channels // 4) * dots.out_bits // 2, 4 * output.pixel_words
    if not output.planar and used < width:
        fields |= {"tail": used, "width": width}
    return fields


def _tiles(step, dots, geometry, instructions):
    node, source, output = step.node, geometry.source, geometry.output
    most = dots.kernels(instructions)
    lines = Lines.of(node, source, output, most[0].pixels, geometry.height)
    height, width = node.weights.shape[2:]
    pixel, single = 4 * source.pixel_words, layer_kind(node) == "depthwise"
    # A row of the window: words one behind the other, or one of each column.
    dilated = node.dilations[1] > 1 and width > 1
    words = width if single else width * source.pixel_words
    word = node.dilations[1] * pixel if single or dilated else 4
    row = 4 * node.dilations[0] * source.row_words
    back = word - (lines.pixels - 1) * lines.a_pixel
    taps = channel_words(node, step.sources[0])
    return {
        "kernel": next(each.symbol for each in most if each.pixels == lines.pixels),
        "format": format_code(dots.a_bits, dots.w_bits), "control": _control(step, dots),
        "lines": {
            "count": lines.count, "length": lines.length, "pixels": lines.pixels,
            "per_line": lines.per_line, "width": lines.width,
            "begin": -geometry.top * 4 * source.row_words - node.pads[1] * pixel,
            "a_pixel": lines.a_pixel, "a_line": lines.a_line, "out_pixel": lines.out_pixel,
            "out_line": lines.out_line, "out_step": lines.out_step,
            "out_begin": output.around[1] if output.planar else 0},
        "row_words": words, "rows": height, "back": back, "next_row": back + row - words * word,
        "words": taps, "iterations": taps // max(1, dots.w_bits // dots.a_bits),
        "out_bits": dots.out_bits, **_results(dots, output),
        **({"a_bits": source.bits, "multiple": len(node.weights) // node.groups}
           if single else {})}


def _strips(step, dots, geometry, channels):
    (strips,), node = dots.strips, step.node
    source, output = geometry.source, geometry.output
    order = -1 if strips.down else 1
    (lines, width), (rows, taps), (stride, along) = (
        tuple(pair)[::order] for pair in (
            (geometry.height, output.width), node.weights.shape[2:], node.strides))
    in_steps, out_steps = ((4 * each.row_words, 4 * each.pixel_words)[::order]
                           for each in (source, output))
    division = Division.of(strips, width, lines, stride, -(-channels // 4), STRIP_CORES)
    if strips.planar:
        pitch, group = 4 * source.row_words, 4 * source.group_words
        before = node.pads[1] if strips.down else geometry.top
        down, begin, group_word = 4 * pitch, -4 * pitch * before, group
    else:
        pitch, group = 4 * (strips.step * division.quads + 1), 4
        down, group_word = in_steps[0], 4 * in_steps[1]
        begin = -4 * (geometry.top * source.row_words + node.pads[1] * source.pixel_words)
    return {
        "kernel": dots.strip_kernel.symbol, "format": format_code(8, 8),
        "control": _control(step, dots),
        "along": {"size": width, "kernel": taps, "stride": along, "in": in_steps[1],
                  "out": out_steps[1]},
        "down": {"size": lines, "kernel": rows, "stride": stride, "in": down, "out": out_steps[0]},
        "quads": division.quads, "rows": division.rows, "blocks": division.blocks,
        "strips": division.strips, "pitch": pitch, "begin": begin, "in_group": group,
        "in_word": group_word, **_results(dots, output)}


def dot_layer(step, geometry, channels, instructions):
    """(name of the struct, symbol of the kernel, initialiser) in C.

    Parameters
    ----------
    step : with dot products. geometry : Geometry. channels : of its first chunk.
    instructions : as of :func:`~.compiled.compile_network`.
    """
    dots = dots_of(step)
    assert dots is not None
    strips = bool(dots.strips)
    fields = (_strips(step, dots, geometry, channels) if strips else
              _tiles(step, dots, geometry, instructions))
    return "net_strips_layer" if strips else "net_dots", fields["kernel"], _initialiser(fields)
