"""Words of maps in beats: by hand, and back."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError, StreamError
from flexdrive.hyperdrive import PRESETS, ChipConfig
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.pixel_beats import PixelBeats, beat_chunks, chunk_beats
from flexdrive_deploy.hyperdrive.streams import chip_vectors


def _config(lanes):
    return ChipConfig(fm_banks=8, stream_words=lanes)


def test_a_pixel_begins_a_beat():
    beats = PixelBeats(_config(4), [(1, 2, 5), (1, 1, 4), (0, 0, 3), (1, 1, 1)])
    joined = beats.join(np.arange(1, 16, dtype=np.uint16))
    assert joined.tolist() == [[1, 2, 3, 4], [5, 0, 0, 0], [6, 7, 8, 9], [10, 0, 0, 0],
                               [11, 12, 13, 14], [15, 0, 0, 0]]
    assert beats.count == 6
    assert beats.spread(np.arange(6)).tolist() == [0] * 4 + [1] + [2] * 4 + [3] + [4] * 4 + [5]
    # Of a stream that broke off.
    assert beats.split(joined[:2]).tolist() == [1, 2, 3, 4, 5]
    assert beats.spread(np.arange(1)).tolist() == [0] * 4


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_back_and_forth(lanes):
    random, config = np.random.default_rng(lanes), _config(lanes)
    shapes = [tuple(int(n) for n in random.integers(0, 6, 3)) for _ in range(20)]
    words = random.integers(1, 1 << 16, sum(np.prod(shape) for shape in shapes), np.uint16)
    beats = PixelBeats(config, shapes)
    joined = beats.join(words)
    assert joined.shape == (sum(h * w * -(-c // lanes) for h, w, c in shapes), lanes)
    chunks = beat_chunks(joined)
    assert chunks.shape == (len(joined), -(-lanes // 2))
    assert (chunks[:, 0] & 0xFFFF == joined[:, 0]).all()
    np.testing.assert_array_equal(chunk_beats(chunks, config), joined)
    np.testing.assert_array_equal(beats.split(joined), words)


def test_other_numbers_of_words_are_refused():
    with pytest.raises(StreamError, match="The maps have 5 words, not 4"):
        PixelBeats(_config(2), [(1, 1, 5)]).join(np.zeros(4, np.uint16))


@pytest.mark.parametrize(("words", "banks", "rule"), [
    (3, 8, "1, 2, 4 or 8"), (0, 8, "1, 2, 4 or 8"), (16, 16, "1, 2, 4 or 8"),
    (8, 4, "the words of a beat lie in as many of the fm_banks = 4 banks")])
def test_widths_that_no_chip_has(words, banks, rule):
    with pytest.raises(ConfigurationError, match=f"stream_words = {words} is not possible: {rule}"):
        ChipConfig(stream_words=words, fm_banks=banks)


@pytest.mark.parametrize("mesh", [None, (1, 2)])
def test_vectors_are_beats(mesh):
    config = replace(PRESETS["tiny"], mesh=mesh is not None, stream_words=2)
    program = lower(ChipGraph({"x": (3, 8, 8)}, [], ["x"]), config, mesh=mesh)
    words = np.arange(192, dtype=np.uint16)
    vectors = chip_vectors(program, words, words)
    image = words.reshape(8, 8, 3)
    parts = {"0-0-": image[:, :4], "0-1-": image[:, 4:]} if mesh else {"": image}
    assert vectors.keys() == {f"{at}{name}" for at in parts for name in ("pixels", "expected")}
    for at, part in parts.items():
        for name in ("pixels", "expected"):
            found = vectors[f"{at}{name}"]
            assert found.width == 32
            pixels = part.reshape(-1, 3).astype(np.uint32)
            wanted = np.stack([pixels[:, 0] | pixels[:, 1] << 16, pixels[:, 2]], axis=1)
            assert found.data.ravel().tolist() == wanted.ravel().tolist()
