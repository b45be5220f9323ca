"""Every file from outside comes through one door: damaged in any place, it is one clear line."""

import json
import random
import shutil

import numpy as np
import onnx
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.arrays import load_array, save_results
from flexdrive_deploy.chip_choice import read_config
from flexdrive_deploy.compiled_model import Deployment
from flexdrive_deploy.compiler import compile_graph, compile_model
from flexdrive_deploy.errors import FileError, ModelError
from flexdrive_deploy.frontend.graph import load_graph, load_model
from flexdrive_deploy.hyperdrive.partition import analyse

from .damage import damaged
from .onnx_models import integer_builder
from .test_import import CONFIG

TEXT = ("json", "textproto", "onnxtxt")


def original():
    """A network with most of what the import looks into."""
    b, _ = integer_builder((4, 8, 8))
    weights = b.node("Quant", b.constant(b.rng.standard_normal((4, 4, 3, 3))), b.constant(0.5),
                     b.constant(0.0), b.constant(1.0), name="quant")
    b.nodes[-1].domain = "onnx.brevitas"
    b.nodes[-1].attribute.append(onnx.helper.make_attribute("rounding_mode", "ROUND"))
    x = b.node("Relu", b.batch_norm(b.conv("x", 4, 4), 4))
    x = b.node("Conv", x, weights, pads=[1] * 4, strides=[1, 1], kernel_shape=[3, 3])
    pads = b.node("Concat", b.constant([0, 0, 1, 1], np.int64), b.constant(
        [0, 0, 1, 1], np.int64), axis=0)
    x = b.conv(b.node("Pad", x, pads), 4, 4, pads=[0] * 4)
    x = b.node("Resize", x, "", b.constant([1, 1, 2, 2], np.float32), mode="nearest")
    x = b.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Concat", x, b.node("LeakyRelu", x, alpha=0.1), axis=1)
    x = b.node("Flatten", b.node("GlobalAveragePool", x))
    return b.model(b.node("Gemm", x, b.constant(np.ones((8, 3)))), domains=["onnx.brevitas"])


def verdict(action):
    """Message of the error of ours, or None; any other error is the test's."""
    try:
        action()
    except FlexdriveError as error:
        message = str(error)
        assert message.isprintable(), message
        return message
    return None


def imported(path):
    graph = load_graph(load_model(path))
    compile_graph(analyse(graph, CONFIG), CONFIG, name="net")


def spoiled(content, rng):
    """Some bytes changed, or cut off."""
    if rng.random() < 0.3:
        return content[:rng.randrange(len(content))]
    made = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


@pytest.mark.slow
def test_damaged_models(tmp_path):
    rng, content = random.Random(1), original().SerializeToString()
    path = tmp_path / "net.onnx"
    verdicts = []
    for _ in range(200):
        path.write_bytes(damaged(content, rng)[0])
        verdicts.append(verdict(lambda: imported(path)))
    assert sum(text is not None for text in verdicts) > 100


@pytest.mark.parametrize("suffix", TEXT)
def test_damaged_models_as_text(tmp_path, suffix):
    rng, path = random.Random(2), tmp_path / f"net.{suffix}"
    b, _ = integer_builder((2, 4, 4))
    onnx.save(b.model(b.node("Relu", b.conv("x", 2, 2))), path)
    assert verdict(lambda: imported(path)) is None
    whole = path.read_bytes()
    for content in (b"", b"\xff\xfe", b"{", b"[" * 5000, *(spoiled(whole, rng) for _ in range(30))):
        path.write_bytes(content)
        verdict(lambda: imported(path))
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ModelError, match=f"net.{suffix} is not an ONNX file"):
        load_model(path)


@pytest.mark.parametrize(("change", "words"), [
    (lambda g: g.initializer[0].dims.append(2), r"not a valid ONNX model: .*size"),
    (lambda g: setattr(g.initializer[0], "data_type", 99), "not a valid ONNX model"),
    (lambda g: setattr(g.node[0], "name", "a\x1b[31m"), "characters that cannot be printed"),
    (lambda g: setattr(g.node[1].attribute[0], "s", b"\xff"), "rounding_mode"),
])
def test_what_is_damaged_is_said(tmp_path, change, words):
    model = original()
    quant = next(i for i, node in enumerate(model.graph.node) if node.op_type == "Quant")
    nodes = [model.graph.node[0], model.graph.node[quant]]
    change(type("Some", (), {"initializer": model.graph.initializer, "node": nodes}))
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=words):
        imported(path)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_damaged_arrays(tmp_path, suffix):
    rng, path = random.Random(3), tmp_path / f"x.{suffix}"
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    if suffix == "npy":
        save_results(path, {"images": array})
    else:
        np.savez_compressed(path, images=array)
    np.testing.assert_array_equal(load_array(path), array)
    whole = path.read_bytes()
    for _ in range(300):
        path.write_bytes(spoiled(whole, rng))
        verdict(lambda: load_array(path))


def test_archives_of_several_arrays_and_pickles(tmp_path):
    np.savez(tmp_path / "two.npz", one=np.zeros(1), other=np.zeros(1))
    with pytest.raises(FileError, match=r"two.npz holds 2 arrays \(one, other\), expected one"):
        load_array(tmp_path / "two.npz")
    np.save(tmp_path / "object.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(FileError, match=r"object\.npy is not a whole .npy file"):
        load_array(tmp_path / "object.npy")


def test_damaged_configurations(tmp_path):
    rng, path = random.Random(4), tmp_path / "chip.toml"
    whole = b"[chip]\nrows = 3\nchannels = 2\nleaky = true\nfm_words = 1024\n"
    for content in (b"\xff", b"rows = [1]", b"chip = 3", b"rows = 1e400", b"mesh = 'x'",
                    b"x = " + b"[" * 3000, *(spoiled(whole, rng) for _ in range(300))):
        path.write_bytes(content)
        verdict(lambda: read_config(path))


def changed(value, rng):
    """A copy of a JSON value with one place of it replaced."""
    if isinstance(value, dict | list) and value and rng.random() < 0.9:
        copy = value.copy()
        key = rng.choice(list(copy)) if isinstance(copy, dict) else rng.randrange(len(copy))
        if rng.random() < 0.1:
            del copy[key]
        else:
            copy[key] = changed(copy[key], rng)
        return copy
    return rng.choice([None, -1, 0, 1 << 70, 1.5, "", "../x", "CONV", [], {}, [None], {"a": 1},
                       True])


@pytest.mark.slow
def test_damaged_directories(tmp_path):
    rng = random.Random(5)
    b, _ = integer_builder((4, 6, 6))
    model = b.model(b.conv(b.node("Sigmoid", b.conv("x", 4, 4)), 4, 2))
    saved, copy = tmp_path / "saved", tmp_path / "copy"
    compile_model(model, CONFIG).save(saved)
    whole = json.loads((saved / "manifest.json").read_text())
    shutil.copytree(saved, copy)
    for _ in range(400):
        (copy / "manifest.json").write_text(json.dumps(changed(whole, rng)))
        verdict(lambda: Deployment.load(copy))
    for name in whole["files"]:
        (copy / "manifest.json").write_text(json.dumps(whole))
        content = (saved / name).read_bytes()
        (copy / name).write_bytes(spoiled(content, rng))
        with pytest.raises(FileError, match=name):
            Deployment.load(copy)
        (copy / name).write_bytes(content)
