"""Programs and networks on disk: what is written is read; what is damaged is refused."""

import json

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import FileError
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.program import Program, config_hash

from .networks import random_layer
from .onnx_models import integer_builder

CONFIG = PRESETS["tiny"]


@pytest.fixture
def program():
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (2, 4, 4)}, [random_layer(rng, "a", "x", 2, 5),
                                         random_layer(rng, "b", "a.out", 5, 5, bypass="a.out")],
                      ["b.out"])
    return lower(graph, CONFIG, layer_check=True)


@pytest.fixture
def saved(program, tmp_path):
    program.save(tmp_path / "program")
    return tmp_path / "program"


def test_a_program_survives(program, saved):
    again = Program.load(saved, CONFIG)
    assert (again.config, again.entries, again.maps, again.peak_words) == (
        program.config, program.entries, program.maps, program.peak_words)
    np.testing.assert_array_equal(again.words, program.words)
    np.testing.assert_array_equal(again.weights, program.weights)
    assert again.words.dtype == again.weights.dtype == np.uint32


def test_hashes_differ_between_chips():
    assert len({config_hash(config) for config in PRESETS.values()}) == len(PRESETS)


def test_other_chip(saved):
    with pytest.raises(FileError, match=r"was made for another chip: rows = 2, not 4.*Compile it"):
        Program.load(saved, PRESETS["digits"])


@pytest.mark.parametrize("name", ["words.npy", "weights.npy"])
def test_damaged_data(saved, name):
    whole = (saved / name).read_bytes()
    for damaged in (whole[:-1], whole[:20], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        (saved / name).write_bytes(damaged)
        with pytest.raises(FileError, match=rf"{name} is truncated or changed"):
            Program.load(saved)
    (saved / name).unlink()
    with pytest.raises(FileError, match=rf"{name}: no such file"):
        Program.load(saved)


@pytest.mark.parametrize(("change", "message"), [
    (lambda m: "{", "cannot read manifest.json"),
    (lambda m: "[]", "does not say so"),
    (lambda m: json.dumps({**m, "format": "flexdrive-network"}), "is not a flexdrive-program"),
    (lambda m: json.dumps({**m, "format_version": 1}), "has format version 1, this .* version 6"),
    (lambda m: json.dumps({key: m[key] for key in m if key != "maps"}), "manifest is damaged"),
    (lambda m: json.dumps({**m, "files": {}}), "manifest is damaged"),
    (lambda m: json.dumps({**m, "entries": [{"name": "a", "operation": "JUMP"}]}), "is damaged"),
    (lambda m: json.dumps({**m, "config": {**m["config"], "rows": 0}}), "manifest is damaged"),
    (lambda m: json.dumps({**m, "config": {**m["config"], "rows": 3}}), "does not have the hash"),
])
def test_damaged_manifest(saved, change, message):
    file = saved / "manifest.json"
    file.write_text(change(json.loads(file.read_text())))
    with pytest.raises(FileError, match=message):
        Program.load(saved)


def test_missing_directory(tmp_path):
    with pytest.raises(FileError, match=r"none is not a flexdrive-program directory"):
        Program.load(tmp_path / "none")


def test_nothing_half_written(program, tmp_path, monkeypatch):
    """A disk that fills up leaves the older directory as it was."""
    program.save(tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(FileError, match=r"Cannot write .*out: .*No space left"):
        program.save(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_network_survives(tmp_path):
    builder, image = integer_builder((3, 6, 6))
    x = builder.conv(builder.node("Abs", "x"), 3, 4)
    model = builder.model(builder.node("Flatten", builder.node("Relu", x)))
    made = compile_model(model, CONFIG, name="small")
    made.save(tmp_path / "net")
    again = Deployment.load(tmp_path / "net", CONFIG)
    assert (again.name, again.inputs, again.outputs) == ("small", made.inputs, made.outputs)
    assert [type(part) for part in again.parts] == [type(part) for part in made.parts]
    np.testing.assert_array_equal(again.parts[0].run({"x": image})["abs0:0"], np.abs(image))
    with pytest.raises(FileError, match="is not a flexdrive-program"):
        Program.load(tmp_path / "net")
