"""The parser: every field of a decoded descriptor by its own arithmetic, and every rule at the
very edge of what it allows, along each axis and of each region."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.decoder import Parser, check_cycles
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.descriptor.layer import layer_layout

from .bench import Bench, output_names

CHIP = ChipConfig(rows=2, columns=3, channels=4, fm_words=512, fm_banks=1, weight_words=100,
                  adder_depth=2, halo=2, mesh=True, channelwise=True, border_words=256,
                  corner_words=64)
# 3 x 4 x 4 pixels to 3 x 4 x 6: 48 words to 72.
CONV = Descriptor(payload=6, kernel=3, in_channels=4, out_base=100, out_channels=6, tile_rows=3,
                  tile_columns=4, full_rows=2, full_columns=3)
# The same, received by the neighbours and from them.
SENT = replace(CONV, halo=1, border_rows=12, border_columns=16, border_corner=4)
LOAD = Descriptor(operation=Operation.LOAD, in_channels=4, tile_rows=3, tile_columns=4,
                  full_rows=2, full_columns=3)
# Input and output are the halves of one map of 10 channels.
BESIDE = replace(CONV, in_pitch=10, out_pitch=10, out_base=4)
BEHIND = replace(BESIDE, in_base=6, out_base=0)
IN_PLACE = replace(CONV, kernel=1, out_base=0, in_channels=5, out_channels=4, payload=4,
                   in_pitch=5, out_pitch=5)
ALL_TAPS = {"extended": 1, "row_taps": 0b111, "column_taps": 0b111}
TAPPED = replace(CONV, **ALL_TAPS)
# Two pixels before the centre to three behind it.
WIDE = replace(TAPPED, kernel=6, stride=2, row_taps=0b100100, column_taps=0b010001, out_base=200)
EACH = replace(CONV, channelwise=1, interleave=2, out_channels=4, payload=4, out_pitch=4)
DOUBLED = replace(EACH, upsample=1, kernel=1, tile_rows=4)

# Legal descriptors, and what breaks a rule by one.
EDGES = {
    Code.MAGIC: [(CONV, {"magic": CONV.magic ^ 1}), (CONV, {"version": CONV.version + 1})],
    Code.OPERATION: [(CONV, {"operation": 0}), (LOAD, {"operation": 4})],
    Code.RESERVED: [(TAPPED, {"reserved12": 1}), (TAPPED, {"reserved12": 1 << 15}),
                    (LOAD, ALL_TAPS), (replace(LOAD, operation=Operation.STORE), ALL_TAPS)],
    Code.KERNEL: [(CONV, {"kernel": kernel}) for kernel in (0, 2, 4, 7)]
    + [(replace(EACH, kernel=2), changes) for changes in ({"kernel": 4}, ALL_TAPS)]
    # Beyond the window, or all behind its centre, or none.
    + [(replace(TAPPED, **{name: legal}), {name: broken}) for name in ("row_taps", "column_taps")
       for legal, broken in ((0b111, 0b1111), (0b010, 0b100), (0b001, 0), (0b110, 0b1000010))]
    + [(replace(TAPPED, kernel=5, row_taps=0b11100), {"row_taps": 0b11000}),
       (replace(TAPPED, kernel=1, row_taps=1, column_taps=1), {"column_taps": 2}),
       (replace(TAPPED, kernel=2, row_taps=0b01, column_taps=0b11), {"row_taps": 0b10}),
       (WIDE, {"stride": 1}), (replace(WIDE, row_taps=0b111), {"row_taps": 0b1000})],
    Code.STRIDE: [(CONV, {"stride": 0}), (CONV, {"stride": 3})],
    Code.ACTIVATION: [(replace(CONV, activation=2), {"activation": 3}), (CONV, {"activation": 4}),
                      (replace(TAPPED, low=0x7C00), {"low": 0x7C01}),
                      (replace(TAPPED, low=0xFC00), {"low": 0xFC01}),
                      (replace(TAPPED, high=0x7C00), {"high": 0x7E00}),
                      (replace(TAPPED, high=0xFC00), {"high": 0xFFFF})],
    Code.INTERLEAVE: [(replace(CONV, interleave=2), {"interleave": 3}), (CONV, {"interleave": 0})],
    Code.PAYLOAD: [(CONV, {"payload": 5}), (CONV, {"payload": 7}), (LOAD, {"payload": 1})],
    Code.ZERO: [(CONV, {"tile_rows": 0}), (CONV, {"tile_columns": 0}), (CONV, {"in_channels": 0}),
                (CONV, {"out_channels": 0, "payload": 0}), (LOAD, {"tile_rows": 0}),
                (LOAD, {"in_channels": 0}), (DOUBLED, {"tile_rows": 1}),
                (DOUBLED, {"tile_columns": 1})],
    Code.EXTENT: [
        (CONV, {"full_rows": 3}), (CONV, {"last_rows": 1}), (CONV, {"full_columns": 4}),
        (CONV, {"last_columns": 1}), (replace(CONV, full_rows=1, last_rows=2), {"last_rows": 3}),
        (replace(CONV, full_columns=2, last_columns=3), {"last_columns": 4}),
        # Of the input, which is twice as large.
        (replace(CONV, stride=2, full_rows=1, last_rows=5, out_base=200), {"last_rows": 6}),
        (replace(CONV, stride=2, full_columns=0, last_columns=7, out_base=200),
         {"last_columns": 8})],
    Code.INPUT_RANGE: [(replace(CONV, in_base=464), {"in_base": 465}),
                       (replace(LOAD, in_base=464), {"in_base": 465}),
                       # 11 pixels of 5 words and 4 more.
                       (replace(LOAD, in_base=453, in_pitch=5), {"in_base": 454})],
    Code.OUTPUT_RANGE: [(replace(CONV, out_base=440), {"out_base": 441}),
                        # 11 pixels of 12 words, then 11.
                        (replace(CONV, out_base=369, out_step=2, out_pitch=12),
                         {"out_base": 370})],
    Code.BYPASS_RANGE: [(replace(CONV, bypass=1, bypass_base=440), {"bypass_base": 441})],
    Code.OVERLAP: [
        (replace(CONV, out_base=48), {"out_base": 47}),
        (replace(CONV, in_base=172), {"in_base": 171}),
        (BESIDE, {"out_base": 3}), (BESIDE, {"out_base": 5}), (BESIDE, {"out_pitch": 11}),
        (BEHIND, {"in_base": 5}), (BEHIND, {"in_base": 7}), (BEHIND, {"stride": 2}),
        (IN_PLACE, {"kernel": 3}), (IN_PLACE, {"out_channels": 5, "payload": 5}),
        (replace(IN_PLACE, interleave=2, out_channels=5, payload=5), {"interleave": 1}),
        (IN_PLACE, {"out_base": 1}), (IN_PLACE, {"out_pitch": 6})],
    Code.BYPASS_OVERLAP: [
        (replace(CONV, bypass=1, bypass_base=100), {"bypass_base": 101}),
        (replace(CONV, bypass=1, bypass_base=172), {"bypass_base": 171}),
        (replace(CONV, bypass=1, bypass_base=28), {"bypass_base": 29})],
    Code.WEIGHT_DEPTH: [
        (replace(CONV, in_channels=11, in_pitch=12, out_base=300), {"in_channels": 12}),
        (replace(CONV, kernel=5), {"in_channels": 5, "in_pitch": 5}),
        (replace(CONV, interleave=2), {"in_channels": 6, "in_pitch": 6}),
        # 3 rows of 2 taps, then of 3; 2 of 5.
        (replace(TAPPED, in_channels=12, in_pitch=12, out_base=300, column_taps=0b101),
         {"column_taps": 0b111}),
        (replace(TAPPED, kernel=5, in_channels=10, in_pitch=10, out_base=300, row_taps=0b10001,
                 column_taps=0b11111, tile_rows=4, full_rows=1), {"in_channels": 11,
                                                                  "in_pitch": 11}),
        # As many pixels as are interleaved use each weight once.
        (replace(CONV, in_channels=12, in_pitch=12, tile_columns=2, tile_rows=1, full_rows=0,
                 full_columns=1, last_rows=0, out_base=300), {"tile_columns": 3})],
    Code.MESH: [(replace(CONV, **{side: 1}), {"neighbours": 15 ^ 1 << bit})
                for bit, side in enumerate(("north", "south", "west", "east"))]
    + [(replace(SENT, halo=2, border_rows=64, border_columns=64), {"halo": 3}),
       (replace(LOAD, halo=1), {"operation": Operation.STORE})],
    Code.BORDER_RANGE: [
        (replace(CONV, in_border_rows=244), {"in_border_rows": 245}),
        (replace(CONV, in_border_columns=240), {"in_border_columns": 241}),
        (replace(CONV, in_corner=60), {"in_corner": 61}),
        (replace(SENT, border_rows=238), {"border_rows": 239}),
        (replace(SENT, border_columns=232), {"border_columns": 233}),
        (replace(SENT, border_corner=58), {"border_corner": 59}),
        (replace(SENT, halo=2, border_rows=220), {"border_rows": 221}),
        (replace(SENT, halo=2, border_columns=208), {"border_columns": 209}),
        (replace(SENT, halo=2, border_corner=40), {"border_corner": 41})],
    Code.BORDER_OVERLAP: [(SENT, {"border_rows": 11}), (SENT, {"border_columns": 15}),
                          (SENT, {"border_corner": 3}),
                          (replace(SENT, in_border_rows=30), {"in_border_rows": 29})],
    Code.REACH: [
        (replace(CONV, kernel=5, tile_rows=2), {"tile_rows": 1}),
        (replace(CONV, kernel=5, tile_columns=2), {"tile_columns": 1}),
        (WIDE, {"column_taps": 0b100001}),      # further than two halos from each other
        # Before the centre, behind it, and from one to the next, along one axis each.
        *[(replace(TAPPED, kernel=5, **{"row_taps": 0b00100, "column_taps": 0b00100}
                   | {f"{axis}_taps": taps, f"tile_{axis}s": edge, other: 1}),
           {f"tile_{axis}s": edge - 1})
          for axis, other in (("row", "tile_columns"), ("column", "tile_rows"))
          for taps, edge in ((0b00001, 2), (0b10100, 2), (0b01010, 2), (0b10010, 3), (0b10001, 4))],
        (replace(LOAD, halo=2, tile_rows=2), {"tile_rows": 1}),
        (replace(LOAD, halo=2, tile_columns=2), {"tile_columns": 1})],
    Code.PITCH: [(LOAD, {"in_pitch": 3}), (CONV, {"out_step": 0}), (CONV, {"out_pitch": 5}),
                 (replace(CONV, out_step=2, out_pitch=11), {"out_pitch": 10})],
    Code.CHANNELWISE: [
        (EACH, {"in_channels": 3}), (EACH, {"interleave": 1}), (LOAD, {"channelwise": 1}),
        (replace(EACH, maximum=1), {"channelwise": 0}), (CONV, {"average": 1}),
        (LOAD, {"average": 1}),
        (replace(LOAD, operation=Operation.STORE, average=1), {"operation": Operation.LOAD})],
    Code.UPSAMPLE: [(DOUBLED, {"kernel": 3}), (DOUBLED, {"stride": 2}), (DOUBLED, {"tile_rows": 3}),
                    (DOUBLED, {"tile_columns": 3}),
                    (replace(DOUBLED, channelwise=0, upsample=0), {"upsample": 1})],
}


@pytest.fixture(scope="module")
def parser():
    return Bench(Parser(CHIP))


def parse(descriptor, neighbours=15):
    """Send it, take it, drop its payload; returns the decoded layer."""
    for word in descriptor.words():
        seen = yield {"i_valid": 1, "i_payload": word, "neighbours": neighbours, "take": 0,
                      "parameters_ready": 1}
        assert seen["i_ready"]
        assert not seen["valid"]
    for _ in range(check_cycles(CHIP) - 1):
        seen = yield {"i_valid": 0}
        assert (seen["i_ready"], seen["valid"], seen["reading"]) == (0, 0, 1)
    seen = yield {"take": 1}
    assert (seen["valid"], seen["reading"]) == (1, 1)
    layer = seen["layer"]
    for number in range(descriptor.payload):
        seen = yield {"take": 0, "i_valid": 1, "i_payload": number << 16 | 7}
        passed = layer.code == Code.OK
        assert (seen["i_ready"], seen["parameters_valid"]) == (1, passed)
        if passed:
            parameter = seen["parameters_payload"]
            assert (parameter.scale, parameter.bias) == (7, number)
    seen = yield {"take": 0, "i_valid": 0}
    if descriptor.payload:      # over one cycle after its last word
        seen = yield {}
    assert (seen["i_ready"], seen["valid"], seen["reading"]) == (1, 0, 0)
    assert not seen["parameters_valid"]
    return layer


@pytest.mark.slow
def test_every_rule_at_its_edge(parser):
    assert set(EDGES) == {code for code in Code if not code.stops} - {Code.OK}
    assert output_names(parser.component) == {
        "i_ready", "layer", "valid", "reading", "parameters_valid", "parameters_payload"}
    found = []

    def stimulus():
        for code, cases in EDGES.items():
            for legal, changes in cases:
                neighbours = changes.get("neighbours", 15)
                broken = replace(legal, **{k: v for k, v in changes.items() if k != "neighbours"})
                for descriptor, there, expected in ((legal, 15, Code.OK),
                                                    (broken, neighbours, code)):
                    layer = yield from parse(descriptor, there)
                    if layer.code != expected:
                        found.append((expected.name, Code(layer.code).name, legal, changes))

    parser.run(stimulus())
    assert found == []


def expected_taps(d):
    """Fields of the taps, from the bits of the masks."""
    window = (1 << d.kernel) - 1
    masks = {"rows": d.row_taps if d.extended else window,
             "columns": d.column_taps if d.extended else window}
    fields = {}
    for axis, mask in masks.items():
        places = [at for at in range(8) if mask >> at & 1] if d.operation == Operation.CONV else [0]
        centre = (d.kernel - 1) // 2 if d.operation == Operation.CONV else 0
        fields[f"before_{axis}"] = centre - places[0]
        fields[f"later_{axis}"] = sum(1 << at - places[0] - 1 for at in places[1:])
        if axis == "columns":
            fields["span_columns"] = places[-1] - places[0]
    return fields


def expected_activation(d):
    """Every kind as a slope, bounds and whether it is a sign."""
    low, high = {0: (0xFC00, 0x7C00), 1: (0, 0x7C00), 2: (0xBC00, 0x3C00),
                 3: (0xFC00, 0x7C00)}[d.activation]
    if d.extended:
        low, high = d.low, d.high
    factor = d.slope if d.operation != Operation.CONV or d.activation == 3 else 0x3C00
    return {"sign": d.activation == 2, "low": low, "high": high, "slope": factor}


def expected_layer(d):
    """Every field of the layer, from the docstrings of the descriptor and of the layer."""
    conv = d.operation == Operation.CONV
    stride, doubled = (d.stride, d.upsample) if conv else (1, 0)

    def made(count):
        return -(-count // stride) << doubled

    in_rows, in_columns = (edge * stride >> doubled for edge in (d.tile_rows, d.tile_columns))
    pitch = d.out_pitch if conv else d.in_pitch
    return {
        **{name: getattr(d, name) for name in (
            "operation", "channelwise", "maximum", "average", "bypass", "late", "in_base",
            "in_channels", "out_base", "out_channels", "bypass_base", "tile_rows", "tile_columns",
            "full_rows", "full_columns", "last_rows", "last_columns", "in_pitch", "out_pitch",
            "out_step", "halo", "north", "west", "south", "east", "in_border_rows",
            "in_border_columns", "in_corner", "border_rows", "border_columns", "border_corner")},
        "code": Code.OK, **expected_activation(d),
        "reach": (d.kernel - (d.extended and stride == 2)) // 2 if conv else 0,
        **expected_taps(d),
        "upsample": doubled, "two": stride == 2, "blocks": d.interleave != 1,
        "in_tile_rows": in_rows, "in_tile_columns": in_columns, "in_row": in_columns * d.in_pitch,
        "in_size": in_rows * in_columns * d.in_pitch, "area": d.tile_rows * d.tile_columns,
        "out_last_rows": made(d.last_rows), "out_last_columns": made(d.last_columns),
        "made_south": min(made(d.south), d.halo), "made_east": min(made(d.east), d.halo),
        "side": in_rows * d.in_pitch, "made_channels": d.out_channels if conv else d.in_channels,
        "made_pitch": pitch, "made_step": d.out_step if conv else 1,
        "made_side": d.tile_rows * pitch, "made_cap": d.tile_columns * pitch,
    }


def test_every_field_of_a_layer(parser):
    assert set(expected_layer(CONV)) == {name for name, _ in layer_layout(CHIP)}
    random = np.random.default_rng(4)
    bases = [CONV, SENT, LOAD, BESIDE, EACH, DOUBLED, replace(EACH, maximum=1, kernel=2),
             replace(LOAD, operation=Operation.STORE, average=1),
             replace(LOAD, halo=2, border_rows=9), replace(SENT, halo=2, border_corner=7),
             replace(CONV, interleave=2, activation=2, bypass=1, bypass_base=300),
             replace(TAPPED, kernel=5, row_taps=0b10010, column_taps=0b00101, tile_columns=3),
             replace(EACH, **ALL_TAPS | {"row_taps": 0b011, "column_taps": 0b101}),
             replace(TAPPED, row_taps=0b001, column_taps=0b010), WIDE]

    def stimulus():
        for number in range(60):
            d = base = bases[number % len(bases)]
            rows, columns = d.in_tile_rows, d.in_tile_columns
            d = replace(
                d, full_rows=1, last_rows=int(random.integers(rows)),
                full_columns=int(random.integers(3)), last_columns=int(random.integers(columns)),
                **{side: int(random.integers(most)) for side, most in (
                    ("north", 2), ("west", 2), ("south", 7), ("east", 7))},
                slope=int(random.integers(1 << 16)), late=int(random.integers(2)),
                activation=int(random.integers(3)))
            if d.extended:
                d = replace(d, low=int(random.integers(0x7C00)), high=int(random.integers(
                    0x8000, 0xFC00)))
            if d.operation == Operation.CONV and number % 3 == 0 and base not in (BESIDE, DOUBLED):
                d = replace(d, stride=2, out_base=200, border_rows=100, border_columns=100)
            layer = yield from parse(d)
            wanted = expected_layer(d)
            assert {name: int(getattr(getattr(layer, name), "value", getattr(layer, name)))
                    for name in wanted} == wanted, d

    parser.run(stimulus())
