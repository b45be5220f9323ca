"""What the engine ``lanes`` does with many equal parts: vectors, rows of memories, choices whose
other side is not computed, loops that are left out. Every port, every cycle, against Amaranth's
simulator."""

import numpy as np
import pytest

from flexdrive_sim.engine import Model

from .farm import Farm
from .simulated import on_simulator

CYCLES = 150


def stimuli(seed):
    """Values that change in every cycle, and ones that stay for some, enabled and not."""
    random = np.random.default_rng(seed)
    value = 0
    for _ in range(CYCLES):
        kind = random.random()
        if kind < 0.3:
            value = int(random.integers(1 << 32))
        elif kind < 0.4:
            value ^= 1 << int(random.integers(12))
        elif kind < 0.45:
            value &= ~3
        elif kind < 0.75:               # enabled in one cycle, held in the next, and again
            value ^= 2
        yield value


def on_model(model, seed):
    random = np.random.default_rng(seed)
    log = []
    for value in stimuli(seed):
        if random.random() < 0.2:       # another evaluation of the same cycle
            model.set("a", int(random.integers(1 << 32)))
            model.settle()
        model.set("a", value)
        for _ in range(int(random.integers(1, 3))):
            model.settle()
        log.append((model.get("y"), model.get("z")))
        model.edge()
    return log


@pytest.mark.slow
@pytest.mark.parametrize("count", [
    17, 32, *(pytest.param(count, marks=pytest.mark.thorough) for count in (1, 5, 16, 49))])
def test_many_parts(count):
    """One lane, some, a vector, not quite two."""
    model = Model(Farm(count))
    text = (model.built.path.parent / "design.cc").read_text()
    assert ("VECTORS(" in text) == (count >= 16)
    if count >= 16:
        assert ".valid && " in text
        assert "} else {" in text
    for seed in range(3):
        expected = on_simulator(Farm(count), ({"a": value} for value in stimuli(seed)))
        assert len(set(expected)) > CYCLES // 5
        assert on_model(Model(model.built), seed) == expected


@pytest.mark.slow
def test_power_up_is_that_of_every_lane():
    """A farm that nothing enables shows what its registers and memories began with."""
    first, again, other = (
        on_model(Model(Farm(17), power_up=seed, reset=False), 0) for seed in (1, 1, 2))
    assert first == again
    assert first != other
