"""Where received words belong, against loops over the sender's rim in the order in which its
tiles make the words."""

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.border.walk import BorderWalk, CornerWalk
from flexdrive.hyperdrive.descriptor.fields import Operation

from .bench import drive, output_names


def _chip(channels, depth, halo, channelwise=False):
    return ChipConfig(rows=2, columns=3, channels=channels, fm_words=256, fm_banks=1,
                      weight_words=100, adder_depth=depth, halo=halo, mesh=True,
                      channelwise=channelwise)


CONFIGS = [_chip(2, 1, 1), _chip(3, 2, 2), _chip(6, 2, 2, True), _chip(6, 3, 3, True),
           _chip(4, 3, 1, True), _chip(3, 4, 1, True)]
FALLING = ("north", "west")     # of these the farthest row or column comes first


def draw_layer(config, random):
    rows, columns = (int(n) for n in random.integers(config.halo, 5, 2))
    pitch, channels, step = int(random.integers(20, 25)), int(random.integers(1, 14)), 1
    conv, halo = bool(random.integers(2)), int(random.integers(1, config.halo + 1))
    channelwise = conv and config.channelwise and bool(random.integers(4))
    if conv:
        channels, step = channels // 2 + 1, int(random.integers(1, 3))

    def extent(tiles, edge):
        full = int(random.integers(edge == 1, tiles + 1))
        rest = 0 if full == tiles else int(random.integers(full == 0, edge))
        return full, rest

    full_rows, rest_rows = extent(config.rows, rows)
    full_columns, rest_columns = extent(config.columns, columns)
    # CONV: those of the output count, LOAD: those of its map; the others are misleading.
    names = ("out_last_rows", "out_last_columns"), ("last_rows", "last_columns")
    own, others = names if conv else names[::-1]
    return {
        "operation": Operation.CONV if conv else Operation.LOAD, "halo": halo,
        "channelwise": channelwise,
        "blocks": config.adder_depth > 1 and (channelwise or bool(random.integers(2))),
        "tile_rows": rows, "tile_columns": columns, "full_rows": full_rows,
        "full_columns": full_columns, **dict(zip(own, (rest_rows, rest_columns), strict=True)),
        **dict(zip(others, (1, 1), strict=True)),
        "made_channels": channels, "made_pitch": pitch, "made_step": step,
        "made_south": int(random.integers(1, halo + 1)),
        "made_east": int(random.integers(1, halo + 1)),
        "made_side": rows * pitch, "made_cap": columns * pitch,
        **{f"border_{name}": int(random.integers(100)) for name in ("rows", "columns", "corner")},
    }


def chunks(config, layer):
    """Channels that are made together."""
    channels, lanes, depth = range(layer["made_channels"]), config.channels, config.adder_depth
    if layer["operation"] == Operation.LOAD:
        return [channels]
    if layer["channelwise"]:
        blocks = [channels[at:at + lanes] for at in range(0, len(channels), lanes)]
        return [block[at:at + depth] for block in blocks for at in range(0, len(block), depth)]
    size = lanes * depth if layer["blocks"] else lanes
    return [channels[at:at + size] for at in range(0, len(channels), size)]


def distances(layer, side):
    """Rows or columns beyond the rim, in the order in which they come."""
    count = {"south": layer["made_south"], "east": layer["made_east"]}.get(side, layer["halo"])
    return range(count)[::-1] if side in FALLING else range(count)


def received(config, layer, side):
    """(tile, line, first, last) of each word; tile None where no tile has a pixel."""
    axis, lanes = (("columns", config.columns) if side in ("north", "south")
                   else ("rows", config.rows))
    edge, full = layer[f"tile_{axis}"], layer[f"full_{axis}"]
    conv = layer["operation"] == Operation.CONV
    rest = layer[f"out_last_{axis}" if conv else f"last_{axis}"]

    def word(tile, h, at, channel):
        line = layer[f"border_{axis}"] + (h * edge + at) * layer["made_pitch"] + (
            channel * layer["made_step"])
        return (tile, line, tile == 0 and at < layer["halo"],
                tile == lanes - 1 and at >= edge - layer["halo"])

    far, along, vertical = distances(layer, side), range(edge), axis == "columns"
    if not conv:
        tiles = range(full + (rest > 0))
        everything = ([(h, tile) for h in far for tile in tiles] if vertical
                      else [(None, tile) for tile in tiles])
        for h, tile in everything:
            for at in along[:edge if tile < full else rest]:
                for distance in [h] if vertical else far:
                    for channel in range(layer["made_channels"]):
                        yield word(tile, distance, at, channel)
        return
    for chunk in chunks(config, layer):
        for h, at in ([(h, at) for h in far for at in along] if vertical
                      else [(h, at) for at in along for h in far]):
            tiles = [*range(full), *([full] if at < rest else [])]
            for channel in chunk:
                for tile in tiles or [None]:
                    yield word(tile, h, at, channel)


def corner_words(config, layer, north, west):
    for chunk in chunks(config, layer):
        for y in distances(layer, "north" if north else "south"):
            for x in distances(layer, "west" if west else "east"):
                for channel in chunk:
                    yield (layer["border_corner"] + (y * config.halo + x) * layer["made_pitch"]
                           + channel * layer["made_step"])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"c{c.channels}l{c.adder_depth}")
@pytest.mark.parametrize("side", ["north", "south", "west", "east"])
def test_a_neighbours_rim(config, side):
    walk, random = BorderWalk(config, side), np.random.default_rng(config.channels)
    checked = set()

    def stimulus():
        for _ in range(10):
            layer = draw_layer(config, random)
            words = list(received(config, layer, side))
            yield {"layer": layer, "start": 1, "step": 0}
            for number, (tile, line, first, last) in enumerate(words):
                if random.random() < 0.2:
                    seen = yield {"start": 0, "step": 0}
                seen = yield {"start": 0, "step": 1}
                expected = {"empty": tile is None, "end": number == len(words) - 1}
                if tile is not None:
                    expected |= {"tile": tile, "line": line, "first": first, "last": last}
                assert {name: seen[name] for name in expected} == expected, (number, layer)
                checked.update(expected)

    drive(walk, stimulus())
    assert checked == output_names(walk)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"c{c.channels}l{c.adder_depth}")
@pytest.mark.parametrize(("north", "west"), [(True, True), (False, False), (True, False)])
def test_a_diagonal_neighbours_corner(config, north, west):
    walk, random = CornerWalk(config, north=north, west=west), np.random.default_rng(2)

    def stimulus():
        for _ in range(10):
            layer = draw_layer(config, random)
            words = list(corner_words(config, layer, north, west))
            yield {"layer": layer, "start": 1, "step": 0}
            for number, line in enumerate(words):
                seen = yield {"start": 0, "step": 1}
                assert (seen["line"], seen["end"]) == (line, number == len(words) - 1)

    drive(walk, stimulus())
    assert output_names(walk) == {"line", "end"}
