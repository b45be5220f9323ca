"""Which word every tile takes, and what a chip keeps of a fault on its links, each block alone."""

from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.control.fault_register import FaultRegister
from flexdrive.hyperdrive.control.operand_fetch import OperandRequest
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive.hyperdrive.link import LinkError

from .bench import Bench, drive, output_names

CHIP = ChipConfig(rows=3, columns=4, channels=1, fm_words=256, fm_banks=1, weight_words=16)
LANES = replace(CHIP, channelwise=True, channelwise_lanes=4, channels=4, fm_banks=4)
MESH = replace(CHIP, mesh=True, border_words=64, corner_words=64, halo=2)
OWN, BEFORE, AFTER = range(3)
# Cycles behind the step (docs/architecture.md, "One pixel"): request, row and column of the words
# that the tiles take, and whether they count.
REQUEST, ROWS, COLUMNS = 2, 5, 6


def takers(tiles, source, at, full, last, before, after):
    """Along one axis: the tiles for which the operand lies inside the map, as bits. ``before``: the
    map goes on in front of the array; ``after``: coordinates of it behind the array."""
    found = 0
    for tile in range(tiles):
        holder = tile + {OWN: 0, BEFORE: -1, AFTER: 1}[source]
        if holder < 0:
            inside = before
        elif holder == tiles:
            inside = at < after
        else:
            inside = holder < full or (holder == full and at < last)
        found |= bool(inside) << tile
    return found


def draw_layer(config, random):
    size = int(random.integers(1, 5))
    layer = {"size": size}
    for axis, tiles in (("rows", config.rows), ("columns", config.columns)):
        full = int(random.integers(tiles + 1))
        layer[f"full_{axis}"] = full
        layer[f"last_{axis}"] = int(random.integers(size)) if full < tiles else 0
    if config.mesh:
        layer |= {"north": int(random.integers(2)), "west": int(random.integers(2)),
                  "south": int(random.integers(4)), "east": int(random.integers(4)),
                  "in_border_columns": int(random.integers(99)),
                  "in_corner": int(random.integers(99))}
    return layer


@pytest.mark.parametrize("config", [CHIP, MESH, LANES], ids=["chip", "mesh", "lanes"])
def test_every_tile_takes_the_word_that_lies_inside_the_map(config):
    request, random = OperandRequest(config), np.random.default_rng(config.mesh)
    checked = set()

    def axis(size):
        return {"at": int(random.integers(size)), "tile": int(random.integers(3)),
                **{name: int(random.integers(1 << 16))
                   for name in ("address", "border", "halo", "corner")}}

    def expected(layer, y, x, channel, words):
        edges = [layer.get(name, 0) for name in ("north", "south", "west", "east")]
        made = {
            "read": (REQUEST, 1), "address": (REQUEST, y["address"] + x["address"] + channel),
            "shift_rows": (ROWS, y["tile"]), "shift_columns": (COLUMNS, x["tile"]),
            "row_valid": (COLUMNS, takers(config.rows, y["tile"], y["at"], layer["full_rows"],
                                          layer["last_rows"], *edges[:2])),
            "column_valid": (COLUMNS, takers(
                config.columns, x["tile"], x["at"], layer["full_columns"], layer["last_columns"],
                *edges[2:])),
        }
        if words:
            made["read_words"] = REQUEST, words
        if config.mesh:
            made |= {f"border_{name}": (REQUEST, value) for name, value in {
                "valid": 1, "from_rows": y["tile"], "from_columns": x["tile"],
                "row_line": y["border"] + x["halo"] + channel,
                "column_line": layer["in_border_columns"] + x["address"] + y["halo"] + channel,
                "corner": layer["in_corner"] + y["corner"] + x["corner"] + channel}.items()}
        return made

    def stimulus():
        for _ in range(8):
            layer = draw_layer(config, random)
            fields = {name: value for name, value in layer.items() if name != "size"}
            due = deque([{} for _ in range(COLUMNS + 1)])
            for step in range(40):
                y, x, channel = axis(layer["size"]), axis(layer["size"]), int(random.integers(99))
                valid = step < 33 and random.random() < 0.8
                words = int(random.integers(1, 5)) if config.channelwise_lanes > 1 else None
                made = expected(layer, y, x, channel, words) if valid else {
                    "read": (REQUEST, 0), "row_valid": (COLUMNS, 0), "column_valid": (COLUMNS, 0),
                    **({"border_valid": (REQUEST, 0)} if config.mesh else {})}
                for name, (cycles, value) in made.items():
                    due[cycles][name] = value & 0xFFFF
                seen = yield {"layer": fields, "valid": valid, "place": {"y": y, "x": x},
                              "channel": channel, **({"words": words} if words else {})}
                for name, value in due.popleft().items():
                    got = seen[name]
                    assert int(getattr(got, "value", got)) == value, name
                    checked.add(name)
                due.append({})

    drive(request, stimulus())
    assert checked == output_names(request)


def test_the_first_error_of_the_links_stays():
    """Of several in one cycle that of the first side; what comes later changes nothing."""
    register, random = FaultRegister(), np.random.default_rng(0)
    assert output_names(register) == {"fault", "code", "error"}
    sides = (Code.LINK_NORTH, Code.LINK_SOUTH, Code.LINK_WEST, Code.LINK_EAST)

    def stimulus():
        for _ in range(5):
            seen = yield {"link_errors": [LinkError.NONE] * 4}
            assert not seen["fault"]
        kept = None
        for first in ([0, 0, 0, 0], errors, [0, 0, 0, 0],
                      *random.integers(len(LinkError), size=(20, 4)).tolist()):
            seen = yield {"link_errors": [LinkError(error) for error in first]}
            assert seen["fault"] == (kept is not None)
            if kept is not None:
                assert (seen["code"], seen["error"]) == kept
            elif any(first):
                kept = next((side, LinkError(error))
                            for side, error in zip(sides, first, strict=True) if error)

    bench = Bench(register)
    for _ in range(12):
        errors = (random.integers(1, len(LinkError), 4) * random.integers(2, size=4)).tolist()
        if any(errors):
            bench.run(stimulus())
