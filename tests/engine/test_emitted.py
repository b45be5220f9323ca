"""What is emitted is kept, and is made anew for whatever it depends on."""

from dataclasses import replace

import pytest

from flexdrive.emit import emit_rtlil
from flexdrive.fp16 import Adder
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive_sim.engine import emitted as module
from flexdrive_sim.engine.emitted import emitted


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Components that were translated."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    components = []

    def emit(component):
        components.append(component)
        return emit_rtlil(component)

    monkeypatch.setattr(module, "emit_rtlil", emit)
    return components


def test_equal_components_are_translated_once(made):
    expected = emit_rtlil(Adder(depth=1))
    assert emitted(Adder(depth=1)) == expected
    assert emitted(Adder()) == expected
    assert len(made) == 1


def test_another_argument_is_another_circuit(made):
    assert emitted(Adder(depth=1)) != emitted(Adder(depth=2))
    assert len(made) == 2


def test_changed_sources_are_another_circuit(made, monkeypatch):
    emitted(Adder())
    monkeypatch.setattr(module, "_sources", lambda: "changed")
    emitted(Adder())
    assert len(made) == 2


def test_components_of_others_are_translated_each_time(made):
    class Mine(Adder):
        pass

    for _ in range(2):
        emitted(Mine())
    assert len(made) == 2


@pytest.mark.slow
def test_a_chip_says_all_of_its_arguments(made):
    tiny, other = (emitted(Chip(replace(PRESETS["tiny"], weight_words=words)))
                   for words in (32, 64))
    assert tiny != other
    assert emitted(Chip(replace(PRESETS["tiny"], weight_words=32))) == tiny
    assert len(made) == 2
