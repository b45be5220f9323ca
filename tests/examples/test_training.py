"""What the programs of examples/training have written runs on the chip as it was trained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import flexdrive as fd
from flexdrive.hyperdrive import PRESETS

_TRAINING = Path(__file__).parents[2] / "examples/training"
# Held-out digits right, as the training program has printed.
_RIGHT = {"plain": 322, "plain_dynamo": 322, "brevitas_binary": 318, "brevitas_ternary": 327}


@pytest.fixture(scope="module")
def heldout():
    stored = np.load(_TRAINING.parent / "digits/heldout.npz")
    return (stored["images"][:, None] / 16).astype(np.float32), stored["labels"]


def test_every_file_is_here():
    assert sorted(path.stem for path in _TRAINING.glob("*.onnx")) == sorted(_RIGHT)


@pytest.mark.slow
@pytest.mark.parametrize("name", _RIGHT)
def test_all_layers_run_on_the_chip_and_as_many_digits_are_right(name, heldout):
    images, labels = heldout
    path = _TRAINING / f"{name}.onnx"
    chip = replace(PRESETS["digits"], ternary=name == "brevitas_ternary")
    where = {node.operation: node.where for node in fd.check(path, chip=chip).placements}
    assert (where["Conv"], where["Relu"]) == ("chip", "chip")
    assert where["Gemm"] == "host"
    session = fd.InferenceSession(fd.compile(path, chip=chip))
    (logits,) = session.run(None, {session.get_inputs()[0].name: images})
    assert (logits.argmax(axis=1) == labels).sum() == _RIGHT[name]
    if name.startswith("plain"):        # nothing that onnxruntime does not know
        other = onnxruntime.InferenceSession(path)
        expected = [other.run(None, {"image": image[None]})[0].argmax() for image in images]
        assert logits.argmax(axis=1).tolist() == expected
