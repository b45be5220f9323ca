"""Weight buffer and scale and bias buffer against lists."""

from collections import deque

import numpy as np
import pytest

from flexdrive.hyperdrive.memory.scale_bias_buffer import ParameterBuffer
from flexdrive.hyperdrive.memory.weight_buffer import WeightBuffer

from .bench import drive, output_names


@pytest.mark.parametrize(("words", "most"), [(5, 1), (8, 2), (13, 4)])
@pytest.mark.parametrize("rate", [0.2, 0.6, 1.0])
def test_weights_pass_by_pass(words, most, rate):
    """Blocks of words of which each is taken in several passes, given back in the last one."""
    buffer, random = WeightBuffer(16, words, most), np.random.default_rng(words)
    sent = iter(range(1 << 16))

    def stimulus():
        ring, at = deque(), 0       # words that are here; the next one of the pass
        length, passes, word = 1, 1, None
        coming = next(sent)
        for _ in range(400):
            valid, take = random.random() < rate, at < len(ring) and random.random() < rate
            keep = passes > 1
            seen = yield {"i_payload": coming, "i_valid": valid, "take": take, "keep": keep,
                          "rewind": take and at == length - 1 and keep}
            assert seen["i_ready"] == (len(ring) < words)
            assert seen["ahead"] == sum(1 << bit for bit in range(most) if len(ring) - at > bit)
            if word is not None:
                assert seen["word"] == word
            accepted = valid and len(ring) < words
            if take:
                word = ring[at]
                if keep:
                    at += 1
                    if at == length:
                        at, passes = 0, passes - 1
                else:
                    ring.popleft()
                    length -= 1
                    if length == 0:
                        length, passes = (int(random.integers(1, n)) for n in (words + 1, 4))
            if accepted:
                ring.append(coming)
                coming = next(sent)

    drive(buffer, stimulus())
    assert output_names(buffer) == {"i_ready", "ahead", "word"}


@pytest.mark.parametrize("words", [2, 8, 32])
def test_parameters_by_index(words):
    buffer, random = ParameterBuffer(words), np.random.default_rng(words)

    def stimulus():
        ring, word, number = deque(), None, 0
        for _ in range(400):
            valid = random.random() < 0.7
            released = int(random.integers(len(ring) + 1)) if random.random() < 0.3 else None
            index = int(random.integers(len(ring))) if ring and random.random() < 0.6 else None
            seen = yield {
                "i_payload": {"scale": number & 0xFFFF, "bias": ~number & 0xFFFF},
                "i_valid": valid, "index": index or 0, "read": index is not None,
                "release": released is not None, "released": released or 0}
            assert seen["i_ready"] == (len(ring) < words)
            assert seen["stored"] == len(ring)
            if word is not None:
                assert (int(seen["word"].scale), int(seen["word"].bias)) == (
                    word & 0xFFFF, ~word & 0xFFFF)
            accepted = valid and len(ring) < words
            if index is not None:
                word = ring[index]
            for _ in range(released or 0):
                ring.popleft()
            if accepted:
                ring.append(number)
                number += 1

    drive(buffer, stimulus())
    assert output_names(buffer) == {"i_ready", "stored", "word"}
