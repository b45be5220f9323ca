"""The rules that a legal descriptor keeps: golden side of the chip's refusal logic."""

from flexdrive.hyperdrive.descriptor import MAGIC, VERSION, Activation, Code, Operation

__all__ = ["blocks", "check", "regions"]


def blocks(descriptor, config):
    """Output-channel blocks of a CONV: ceil(out_channels / channels of the chip)."""
    return -(-descriptor.out_channels // config.channels)


def regions(descriptor):
    """Memory that the descriptor names, as (first, end) word of each tile: input, output,
    bypass. Output and bypass are empty for LOAD and STORE, bypass also when it is not used."""
    d = descriptor
    pixels = d.tile_rows * d.tile_columns
    conv = d.operation == Operation.CONV
    in_words = d.in_tile_rows * d.in_tile_columns * d.in_channels
    out_words = pixels * d.out_channels if conv else 0
    bypass_words = out_words if d.bypass else 0
    return ((d.in_base, d.in_base + in_words), (d.out_base, d.out_base + out_words),
            (d.bypass_base, d.bypass_base + bypass_words))


def _meet(one, other):
    return max(one[0], other[0]) < min(one[1], other[1])


def _bad_extent(full, last, edge, tiles):
    return full > tiles or (full == tiles and last != 0) or last >= edge


def _keeps_too_many(d, config):
    """More weights than the buffer holds, in a layer that needs each of them more than once."""
    members = min(d.interleave, blocks(d, config))
    again = d.tile_rows * d.tile_columns > config.adder_depth // d.interleave
    return again and d.in_channels * d.kernel ** 2 * members > config.weight_words


def _rules(d, config):
    """(code, broken) in the order of the codes; later rules may assume the earlier ones."""
    conv = d.operation == Operation.CONV
    yield Code.MAGIC, (d.magic, d.version) != (MAGIC, VERSION)
    yield Code.OPERATION, d.operation not in list(Operation)
    yield Code.RESERVED, d.reserved1 or d.reserved4 or d.reserved6
    if conv:
        yield Code.KERNEL, d.kernel not in (1, 3)
        yield Code.STRIDE, d.stride not in (1, 2)
        yield Code.ACTIVATION, d.activation not in list(Activation)
        yield Code.INTERLEAVE, d.interleave not in config.interleaves
    yield Code.PAYLOAD, d.payload != (d.out_channels if conv else 0)
    sizes = [d.tile_rows, d.tile_columns, d.in_channels, d.height, d.width]
    yield Code.ZERO, 0 in sizes or (conv and d.out_channels == 0)
    yield Code.EXTENT, (
        _bad_extent(d.full_rows, d.last_rows, d.in_tile_rows, config.rows)
        or _bad_extent(d.full_columns, d.last_columns, d.in_tile_columns, config.columns))
    source, target, bypass = regions(d)
    yield Code.INPUT_RANGE, source[1] > config.fm_words
    if conv:
        yield Code.OUTPUT_RANGE, target[1] > config.fm_words
        yield Code.BYPASS_RANGE, d.bypass and bypass[1] > config.fm_words
        yield Code.OVERLAP, _meet(source, target)
        yield Code.BYPASS_OVERLAP, d.bypass and bypass != target and _meet(bypass, target)
        yield Code.WEIGHT_DEPTH, _keeps_too_many(d, config)


def check(descriptor, config):
    """The code that a chip of this configuration answers: OK, or the lowest broken rule.

    Parameters
    ----------
    descriptor : flexdrive.hyperdrive.descriptor.Descriptor.
    config : flexdrive.hyperdrive.config.ChipConfig.
    """
    for code, broken in _rules(descriptor, config):
        if broken:
            return code
    return Code.OK
