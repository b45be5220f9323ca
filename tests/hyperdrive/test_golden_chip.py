"""Programs on the golden chip: memory layout, weight order, bypass, refusals, short streams."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Activation, Code, Operation
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip, StreamError, check, convolve

CONFIG = ChipConfig(rows=2, columns=3, channels=4, fm_words=512, fm_banks=4, weight_words=72,
                    adder_depth=2)


def extent(size, edge):
    return size // edge, size % edge


def map_fields(height, width, rows, columns):
    """Fields of a map of height x width in (input) tiles of rows x columns pixels."""
    (full_rows, last_rows), (full_columns, last_columns) = extent(height, rows), extent(
        width, columns)
    return {"full_rows": full_rows, "last_rows": last_rows, "full_columns": full_columns,
            "last_columns": last_columns}


def weight_words(weights, config, interleave):
    """The weight stream, word by word, as the descriptor's description reads."""
    c_out, c_in, kernel, _ = weights.shape
    blocks = -(-c_out // config.channels)
    words = []
    for first in range(0, blocks, interleave):
        for dy in range(kernel):
            for dx in range(kernel):
                for ci in range(c_in):
                    for block in range(first, min(first + interleave, blocks)):
                        lanes = weights[block * config.channels:][:config.channels, ci, dy, dx]
                        words.append(sum(int(bit) << c for c, bit in enumerate(lanes)))
    chunks = -(-config.channels // 32)
    return np.array([[word >> 32 * i & 0xFFFFFFFF for i in range(chunks)] for word in words],
                    np.uint32).reshape(-1, chunks)


def program(*parts):
    words = []
    for descriptor, *payload in parts:
        words += descriptor.words()
        if payload:
            alpha, beta = payload
            words += [int(b) << 16 | int(a) for a, b in zip(alpha, beta, strict=True)]
    return np.array(words, np.uint32)


def random_layer(rng, c_in, c_out, kernel):
    def half(*shape):
        return rng.standard_normal(shape).astype(np.float16).view(np.uint16)
    return (rng.integers(0, 2, (c_out, c_in, kernel, kernel)).astype(np.uint8), half(c_out),
            half(c_out))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 6), (3, 5), (2, 1), (1, 6)])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 2)])
@pytest.mark.parametrize("config", [CONFIG, ChipConfig(
    rows=3, columns=1, channels=40, fm_words=4096, fm_banks=1, weight_words=100)])
def test_layers_of_odd_sizes(config, height, width, kernel, stride):
    rng = np.random.default_rng(height * 10 + width + kernel)
    c_in, c_out = 3, config.channels + 3
    out_height, out_width = -(-height // stride), -(-width // stride)
    rows, columns = -(-out_height // config.rows), -(-out_width // config.columns)
    in_words = stride * stride * rows * columns * c_in
    x = rng.standard_normal((height, width, c_in)).astype(np.float16).view(np.uint16)
    other = rng.standard_normal((out_height, out_width, c_out)).astype(np.float16).view(np.uint16)
    weights, alpha, beta = random_layer(rng, c_in, c_out, kernel)
    source = map_fields(height, width, stride * rows, stride * columns)
    target = map_fields(out_height, out_width, rows, columns)
    for interleave in config.interleaves:
        conv = Descriptor(
            payload=c_out, kernel=kernel, stride=stride, activation=Activation.RELU,
            interleave=interleave, bypass=1, in_base=5, in_channels=c_in, out_base=5 + in_words,
            out_channels=c_out, bypass_base=5 + in_words, tile_rows=rows, tile_columns=columns,
            **source)
        load = Descriptor(operation=Operation.LOAD, in_base=5, in_channels=c_in,
                          tile_rows=stride * rows, tile_columns=stride * columns, **source)
        again = Descriptor(operation=Operation.LOAD, in_base=5 + in_words, in_channels=c_out,
                           tile_rows=rows, tile_columns=columns, **target)
        chip = GoldenChip(config)
        got = chip.execute(
            program((load,), (again,), (conv, alpha, beta),
                    (replace(again, operation=Operation.STORE),)),
            weight_words(weights, config, interleave), np.concatenate([x.ravel(), other.ravel()]))
        assert [report.code for report in chip.reports] == [Code.OK] * 4
        wanted = convolve(x.transpose(2, 0, 1), weights, alpha, beta, stride=stride,
                          activation=Activation.RELU, bypass=other.transpose(2, 0, 1))
        np.testing.assert_array_equal(got, wanted.transpose(1, 2, 0).ravel())


def test_memory_layout():
    """Channel c of local pixel (y, x) lies at base + (y*tile_columns + x)*channels + c."""
    rows, columns, channels, base = 3, 2, 5, 7
    height, width = 4, 5
    x = np.arange(1, height * width * channels + 1, dtype=np.uint16)
    load = Descriptor(operation=Operation.LOAD, in_base=base, in_channels=channels,
                      tile_rows=rows, tile_columns=columns,
                      **map_fields(height, width, rows, columns))
    chip = GoldenChip(CONFIG)
    chip.execute(program((load,)), np.empty((0, 1), np.uint32), x)
    wanted = np.zeros_like(chip.memory)
    for i, value in enumerate(x):
        pixel, c = divmod(i, channels)
        row, column = divmod(pixel, width)
        place = base + (row % rows * columns + column % columns) * channels + c
        wanted[row // rows, column // columns, place] = value
    np.testing.assert_array_equal(chip.memory, wanted)


LEGAL = Descriptor(payload=6, kernel=3, stride=2, activation=Activation.RELU, interleave=2,
                   bypass=1, in_base=10, in_channels=4, out_base=90, out_channels=6,
                   bypass_base=90, tile_rows=2, tile_columns=2, full_rows=1, full_columns=2,
                   last_rows=3, last_columns=3)       # input 64 words a tile, output 24


def changed(change):
    """LEGAL with other fields; pitches follow the channels unless they are given."""
    return replace(LEGAL, **({"in_pitch": None, "out_pitch": None} | change))


BROKEN = [
    (Code.OVERLAP, {"stride": 1, "in_pitch": 10, "out_pitch": 10, "out_base": 13, "bypass": 0,
                    "last_rows": 1, "last_columns": 1}),
    (Code.OVERLAP, {"stride": 1, "in_pitch": 9, "out_pitch": 9, "out_base": 14, "bypass": 0,
                    "last_rows": 1, "last_columns": 1}),
    (Code.OVERLAP, {"stride": 1, "in_pitch": 10, "out_pitch": 11, "out_base": 14, "bypass": 0,
                    "last_rows": 1, "last_columns": 1}),
    (Code.CHANNELWISE, {"channelwise": 1}), (Code.CHANNELWISE, {"maximum": 1}),
    (Code.CHANNELWISE, {"channelwise": 1, "kernel": 2, "maximum": 1}),
    # Input tiles of 1 x 1 pixels then.
    (Code.UPSAMPLE, {"upsample": 1, "stride": 1, "full_rows": 2, "last_rows": 0, "full_columns": 2,
                     "last_columns": 0, "kernel": 1}),
    (Code.PITCH, {"in_pitch": 3}), (Code.PITCH, {"in_pitch": 0}), (Code.PITCH, {"out_pitch": 5}),
    (Code.PITCH, {"out_step": 0}), (Code.PITCH, {"out_step": 2, "out_pitch": 10}),
    # 16 pixels of 7 words, less the 3 behind the last one; 4 pixels of 11 words.
    (Code.INPUT_RANGE, {"in_pitch": 7, "in_base": 404}),
    (Code.OUTPUT_RANGE, {"out_pitch": 11, "out_step": 2, "out_base": 469, "bypass_base": 469}),
    (Code.MAGIC, {"magic": 0xFC}), (Code.MAGIC, {"version": 1}),
    (Code.MAGIC, {"version": 0, "operation": 9, "kernel": 2}),
    (Code.OPERATION, {"operation": 0}), (Code.OPERATION, {"operation": 4, "extended": 1}),
    (Code.RESERVED, {"extended": 1, "reserved12": 1}),
    (Code.RESERVED, {"extended": 1, "reserved12": 1, "kernel": 0}),
    (Code.MESH, {"halo": 1}), (Code.MESH, {"in_corner": 1}), (Code.MESH, {"border_rows": 8}),
    (Code.KERNEL, {"kernel": 2}), (Code.KERNEL, {"kernel": 5, "stride": 0}),
    (Code.STRIDE, {"stride": 0}), (Code.STRIDE, {"stride": 3}),
    (Code.ACTIVATION, {"activation": 3, "interleave": 0}), (Code.ACTIVATION, {"activation": 4}),
    (Code.INTERLEAVE, {"interleave": 0}), (Code.INTERLEAVE, {"interleave": 3, "payload": 0}),
    (Code.PAYLOAD, {"payload": 5}), (Code.PAYLOAD, {"payload": 0, "tile_rows": 0}),
    (Code.ZERO, {"tile_rows": 0}), (Code.ZERO, {"tile_columns": 0}),
    (Code.ZERO, {"in_channels": 0}),
    (Code.ZERO, {"out_channels": 0, "payload": 0}), (Code.ZERO, {"full_rows": 0, "last_rows": 0}),
    (Code.ZERO, {"full_columns": 0, "last_columns": 0, "last_rows": 100}),
    (Code.EXTENT, {"full_rows": 3}), (Code.EXTENT, {"full_rows": 2}),
    (Code.EXTENT, {"last_rows": 4}), (Code.EXTENT, {"full_columns": 4, "last_columns": 0}),
    (Code.EXTENT, {"full_columns": 3}), (Code.EXTENT, {"last_columns": 4, "in_base": 500}),
    (Code.INPUT_RANGE, {"in_base": 449}), (Code.INPUT_RANGE, {"in_base": 0xFFFF}),
    (Code.OUTPUT_RANGE, {"out_base": 489}), (Code.BYPASS_RANGE, {"bypass_base": 489}),
    (Code.OVERLAP, {"out_base": 73}), (Code.OVERLAP, {"in_base": 113}),
    (Code.OVERLAP, {"out_base": 20, "bypass_base": 21}),
    (Code.BYPASS_OVERLAP, {"bypass_base": 91}), (Code.BYPASS_OVERLAP, {"bypass_base": 67}),
    (Code.WEIGHT_DEPTH, {"in_channels": 5}),
    (Code.WEIGHT_DEPTH, {"in_channels": 9, "interleave": 1, "out_base": 200}),
]
PASSING = [
    # Channels 4 to 9 of a map of 10 beside channels 0 to 3; the same with a step.
    {"stride": 1, "in_pitch": 10, "out_pitch": 10, "out_base": 14, "bypass": 0, "last_rows": 1,
     "last_columns": 1},
    {"stride": 1, "in_pitch": 15, "out_pitch": 15, "out_base": 14, "bypass": 0, "last_rows": 1,
     "last_columns": 1, "out_step": 2},
    {"stride": 1, "in_pitch": 10, "out_pitch": 10, "out_base": 4, "bypass": 0, "last_rows": 1,
     "last_columns": 1},
    {"in_pitch": 7, "in_base": 403, "out_base": 0, "bypass_base": 0},
    {"out_pitch": 11, "out_step": 2, "out_base": 468, "bypass_base": 468},
    {}, {"out_base": 74, "bypass_base": 74}, {"in_base": 114}, {"in_base": 448}, {"out_base": 488},
    {"bypass_base": 10}, {"bypass_base": 66}, {"bypass_base": 114}, {"bypass_base": 488},
    {"bypass": 0, "bypass_base": 0xFFFF}, {"bypass": 0, "bypass_base": 91},
    {"full_rows": 2, "last_rows": 0}, {"full_rows": 0, "last_rows": 1}, {"kernel": 1},
    {"in_channels": 8, "interleave": 1, "out_base": 200, "bypass_base": 200},
    {"in_channels": 8, "out_channels": 4, "payload": 4, "out_base": 200, "bypass_base": 200},
    # Every weight is used once: one pixel a tile, or two when two of them are interleaved.
    {"in_channels": 40, "tile_rows": 1, "tile_columns": 1, "out_base": 200, "bypass_base": 200,
     "last_rows": 1, "last_columns": 1},
    {"in_channels": 40, "tile_rows": 1, "interleave": 1, "out_base": 400, "bypass_base": 400,
     "last_rows": 1},
]


@pytest.mark.parametrize(("code", "change"), BROKEN)
def test_illegal_descriptors(code, change):
    """The lowest broken rule is named; nothing is touched or taken; the next one works."""
    broken = changed(change)
    assert check(broken, CONFIG) == code
    load = Descriptor(operation=Operation.LOAD, in_channels=1, tile_rows=1, tile_columns=1,
                      full_rows=1, full_columns=1)
    chip = GoldenChip(CONFIG)
    chip.memory[...] = np.arange(chip.memory.size, dtype=np.uint32).reshape(
        chip.memory.shape) & 0xFFFF
    before = chip.memory.copy()
    words = broken.words() + [0xFFFFFFFF] * broken.payload + load.words()
    chip.execute(np.array(words, np.uint32), np.empty((0, 1), np.uint32),
                 np.array([0xABCD], np.uint16))
    assert [report.code for report in chip.reports] == [code, Code.OK]
    before[0, 0, 0] = 0xABCD
    np.testing.assert_array_equal(chip.memory, before)


@pytest.mark.parametrize("change", PASSING)
def test_legal_descriptors(change):
    assert check(changed(change), CONFIG) == Code.OK


def test_load_and_store_keep_fewer_rules():
    for operation in (Operation.LOAD, Operation.STORE):
        odd = replace(LEGAL, operation=operation, payload=0, kernel=9, stride=7, activation=5,
                      interleave=0, out_base=10, bypass_base=0xFFFF, out_channels=0,
                      last_rows=1, last_columns=1)
        assert check(odd, CONFIG) == Code.OK
        assert check(replace(odd, payload=1), CONFIG) == Code.PAYLOAD
        assert check(replace(odd, last_rows=2), CONFIG) == Code.EXTENT   # stride does not count
        assert check(replace(odd, in_base=497), CONFIG) == Code.INPUT_RANGE
        assert check(replace(odd, in_base=496), CONFIG) == Code.OK


def test_streams_of_wrong_length_or_type():
    load = Descriptor(operation=Operation.LOAD, in_channels=1, tile_rows=1, tile_columns=1,
                      full_rows=1, full_columns=1)
    words, none = program((load,)), np.empty((0, 1), np.uint32)
    pixel = np.zeros(1, np.uint16)
    chip = GoldenChip(CONFIG)
    with pytest.raises(StreamError, match=r"pixels end after 0 words; descriptor 0 \(LOAD\)"):
        chip.execute(words, none, pixel[:0])
    with pytest.raises(StreamError, match="1 pixels of 2 are left at the end"):
        chip.execute(words, none, np.zeros(2, np.uint16))
    with pytest.raises(StreamError, match="program words end after 7 words; descriptor 0 needs 5"):
        chip.execute(words[:7], none, pixel)
    with pytest.raises(StreamError, match=r"weight words have type uint32 and shape \(0, 2\), exp"):
        chip.execute(words, np.empty((0, 2), np.uint32), pixel)
    with pytest.raises(StreamError, match="1 weight words of 1 are left"):
        chip.execute(words, np.zeros((1, 1), np.uint32), pixel)


def test_stored_words_are_those_of_their_time():
    """On a single tile too, where a map in memory and its image have the same order."""
    config = ChipConfig(rows=1, columns=1, channels=1, fm_words=16, fm_banks=1, weight_words=9)
    load = Descriptor(operation=Operation.LOAD, in_channels=2, tile_rows=1, tile_columns=2,
                      full_rows=1, full_columns=1)
    store = replace(load, operation=Operation.STORE)
    words = program((load,), (store,), (load,), (store,))
    pixels = np.arange(8, dtype=np.uint16)
    got = GoldenChip(config).execute(words, np.empty((0, 1), np.uint32), pixels)
    np.testing.assert_array_equal(got, pixels)
