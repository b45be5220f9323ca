"""The rules that a legal descriptor keeps: golden side of the chip's refusal logic."""

from itertools import pairwise

from flexdrive.hyperdrive.descriptor.fields import MAGIC, VERSION, Code, Operation

__all__ = ["blocks", "border_regions", "check", "regions"]


def blocks(descriptor, config):
    """Output-channel blocks of a CONV: ceil(out_channels / channels of the chip)."""
    return -(-descriptor.out_channels // config.channels)


def regions(descriptor):
    """Memory that the descriptor names, as (first, end) word of each tile: input, output,
    bypass. Output and bypass are empty for LOAD and STORE, bypass also when it is not used."""
    d = descriptor
    conv = d.operation == Operation.CONV
    in_words = _words(d.in_tile_pixels, d.in_channels, d.in_pitch, 1)
    out_words = _words(d.tile_rows * d.tile_columns, *d.made) if conv else 0
    bypass_words = out_words if d.bypass else 0
    return ((d.in_base, d.in_base + in_words), (d.out_base, d.out_base + out_words),
            (d.bypass_base, d.bypass_base + bypass_words))


def _words(pixels, channels, pitch, step):
    """Words from the first of a map, or of a slice, to the last."""
    return (pixels - 1) * pitch + (channels - 1) * step + 1


def _meet(one, other):
    return max(one[0], other[0]) < min(one[1], other[1])


def _side_by_side(d):
    """Input and output are different channels of one map."""
    ahead, extent = d.out_base - d.in_base, _words(1, *d.made)
    return (d.operation == Operation.CONV and d.stride == 1 and d.in_pitch == d.out_pitch and (
        d.in_channels <= ahead <= d.out_pitch - extent
        or extent <= -ahead <= d.in_pitch - d.in_channels))


def _in_place(d, config):
    """Every pixel is read once, before anything is written to it or behind it."""
    once = blocks(d, config) <= (1 if d.interleave == 1 else config.adder_depth)
    return (once and d.kernel == 1 and not d.channelwise and d.out_base <= d.in_base
            and d.out_pitch <= d.in_pitch)


def _bad_extent(full, last, edge, tiles):
    return full > tiles or (full == tiles and last != 0) or last >= edge


def _keeps_too_many(d, config):
    """More weights than the buffer holds, in a layer that needs each of them more than once."""
    members = min(d.interleave, blocks(d, config))
    again = d.tile_rows * d.tile_columns > config.adder_depth // d.interleave
    return again and d.in_channels * d.taps * members > config.weight_words


def _bad_taps(d):
    """Outside of the window, or none before its centre or on it."""
    return d.kernel == 0 or any(mask >> d.kernel or mask % (2 << (d.kernel - 1) // 2) == 0
                                for mask in (d.row_taps, d.column_taps))


def _leaves(taps, edge, config):
    """Whether taps lie further than the next tile, or too far from each other."""
    return max(map(abs, taps)) > edge or any(
        after - before > min(edge, 2 * config.halo) for before, after in pairwise(taps))


def _bad_kernel(d, config):
    if d.extended:
        return d.kernel > max(config.kernels) + (d.stride == 2) or _bad_taps(d)
    return d.kernel not in (*config.kernels, 2 if d.channelwise else 1)


def _rules(d, config, neighbours):
    """(code, broken) in the order of the codes; later rules may assume the earlier ones."""
    conv = d.operation == Operation.CONV
    yield Code.MAGIC, (d.magic, d.version) != (MAGIC, VERSION)
    yield Code.OPERATION, d.operation not in list(Operation)
    yield Code.RESERVED, d.reserved12 or (d.extended and not conv)
    if conv:
        yield Code.KERNEL, _bad_kernel(d, config)
        yield Code.STRIDE, d.stride not in (1, 2)
        yield Code.ACTIVATION, d.activation not in config.activations or (
            d.extended and any(bound & 0x7FFF > 0x7C00 for bound in (d.low, d.high)))
        yield Code.INTERLEAVE, d.interleave not in config.interleaves
    yield Code.PAYLOAD, d.payload != (d.out_channels if conv else 0)
    sizes = [d.tile_rows, d.tile_columns, d.in_tile_rows, d.in_tile_columns, d.in_channels]
    if not config.mesh:
        sizes += [d.full_rows | d.last_rows, d.full_columns | d.last_columns]
    yield Code.ZERO, 0 in sizes or (conv and d.out_channels == 0)
    yield Code.EXTENT, (
        _bad_extent(d.full_rows, d.last_rows, d.in_tile_rows, config.rows)
        or _bad_extent(d.full_columns, d.last_columns, d.in_tile_columns, config.columns))
    source, target, bypass = regions(d)
    yield Code.INPUT_RANGE, source[1] > config.fm_words
    if conv:
        yield Code.OUTPUT_RANGE, target[1] > config.fm_words
        yield Code.BYPASS_RANGE, d.bypass and bypass[1] > config.fm_words
        yield Code.OVERLAP, _meet(source, target) and not (
            _side_by_side(d) or _in_place(d, config))
        yield Code.BYPASS_OVERLAP, d.bypass and bypass != target and _meet(bypass, target)
        yield Code.WEIGHT_DEPTH, not d.channelwise and _keeps_too_many(d, config)
    yield from _border_rules(d, config, neighbours)
    yield Code.REACH, ((conv and (_leaves(d.tap_rows, d.in_tile_rows, config)
                                 or _leaves(d.tap_columns, d.in_tile_columns, config)))
                       or d.halo > min(d.tile_rows, d.tile_columns))
    yield Code.PITCH, d.in_pitch < d.in_channels or (
        conv and (d.out_step == 0 or (d.out_channels - 1) * d.out_step + 1 > d.out_pitch))
    if d.channelwise:
        yield Code.CHANNELWISE, (not conv or not config.channelwise
                                 or d.in_channels != d.out_channels
                                 or d.interleave != config.adder_depth)
    else:
        yield Code.CHANNELWISE, d.maximum
    yield Code.CHANNELWISE, d.average and not (
        d.operation == Operation.STORE and config.channelwise)
    yield Code.UPSAMPLE, d.upsample and not (
        d.channelwise and (d.kernel, d.stride) == (1, 1)
        and d.tile_rows % 2 == d.tile_columns % 2 == 0)


def _beyond(count, bases, rows, columns, shape, halo):
    """Regions of ``count`` rows and columns beyond the rim, of tiles of ``rows`` x ``columns``;
    ``shape``: channels, pitch, step."""
    corner = (count - 1) * halo + count
    sizes = (_words(pixels, *shape) for pixels in (count * rows, count * columns, corner))
    return tuple((base, base + size) for base, size in zip(bases, sizes, strict=True))


def border_regions(d, config):
    """(first, end) of the lines of side and cap memories and of the words of corner memories:
    those that are read, those that are received; None for memories that are not used."""
    read = made = None
    if d.reach:
        read = _beyond(d.reach, (d.in_border_rows, d.in_border_columns, d.in_corner),
                       d.in_tile_rows, d.in_tile_columns, (d.in_channels, d.in_pitch, 1),
                       config.halo)
    if d.halo:
        made = _beyond(d.halo, (d.border_rows, d.border_columns, d.border_corner), d.tile_rows,
                       d.tile_columns, d.made, config.halo)
    return read, made


def _border_rules(d, config, neighbours):
    sides = (d.north, d.south, d.west, d.east)
    if not config.mesh:
        yield Code.MESH, any((*sides, d.halo, d.in_border_rows, d.in_border_columns,
                              d.in_corner, d.border_rows, d.border_columns, d.border_corner))
        return
    yield Code.MESH, (d.halo and d.operation == Operation.STORE) or d.halo > config.halo or any(
        side and not there for side, there in zip(sides, neighbours, strict=True))
    read, made = border_regions(d, config)
    limits = (config.border_words, config.border_words, config.corner_words)
    yield Code.BORDER_RANGE, any(
        end > limit for region in (read, made) if region
        for (_, end), limit in zip(region, limits, strict=True))
    yield Code.BORDER_OVERLAP, bool(read and made) and any(
        _meet(one, other) and not (_side_by_side(d) and other[0] - one[0] == d.out_base - d.in_base)
        for one, other in zip(read, made, strict=True))


def check(descriptor, config, neighbours=(False,) * 4):
    """The code that a chip of this configuration answers: OK, or the lowest broken rule.

    Parameters
    ----------
    descriptor : flexdrive.hyperdrive.descriptor.fields.Descriptor.
    config : flexdrive.hyperdrive.config.ChipConfig.
    neighbours : whether the chip has a neighbour to the north, south, west, east.
    """
    for code, broken in _rules(descriptor, config, neighbours):
        if broken:
            return code
    return Code.OK
