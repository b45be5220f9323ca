"""The second opinion: how far binary16 is from the model, layer by layer."""

import math

import numpy as np
import pytest

from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.reference import (
    LayerDifference,
    declared_values,
    first_beyond,
    layer_differences,
)
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import integer_builder
from .test_import import CONFIG


def differences(builder, image, output, beside=None):
    graph = load_graph(builder.model(output))
    deployment = compile_graph(analyse(graph, CONFIG), CONFIG, name="net", layer_check=True)
    (chip,) = Session(deployment).run(image).chips
    return layer_differences(graph, deployment, chip.maps, image if beside is None else beside)


def test_every_layer_by_hand():
    """One pixel, one channel: 2049 becomes 2048 in binary16, and twice that after the Mul."""
    b, _ = integer_builder((1, 1, 1))
    x = b.conv("x", 1, 1, 1, weights=np.ones((1, 1, 1, 1)), name="exact")
    x = b.conv(x, 1, 2, 1, weights=np.ones((2, 1, 1, 1)), bias=np.array([2048.0, 0]), name="odd")
    x = b.conv(x, 2, 1, 1, weights=np.full((1, 2, 1, 1), 2.0), name="twice")
    found, engine = differences(b, np.ones((1, 1, 1, 1), np.float32), x)
    assert engine == "onnxruntime"
    assert found == [LayerDifference("exact", 0, 0, 1), LayerDifference("odd", 1, 0.5, 2049),
                     LayerDifference("twice", 4, 4, 4100)]
    assert first_beyond(found, 0.0004) == found[1]
    assert first_beyond(found, 0.0009) == found[2]
    assert first_beyond(found, 0.001) is None


def test_overflow_leaves_every_bound():
    """65536 is infinite in binary16; infinities of both sides agree, one side's do not."""
    b, _ = integer_builder((1, 1, 1))
    x = b.conv("x", 1, 1, 1, magnitude=32768.0, weights=np.full((1, 1, 1, 1), 32768.0), name="big")
    found, _ = differences(b, np.full((1, 1, 1, 1), 2, np.float32), x)
    assert math.isinf(found[0].largest)
    assert first_beyond(found, 1e9) is found[0]
    assert first_beyond([LayerDifference("nan", math.nan, math.nan, 1.0)], 1e9) is not None
    found, _ = differences(b, np.full((1, 1, 1, 1), np.inf, np.float32), x)
    assert found[0].largest == 0


@pytest.mark.parametrize(("dtype", "engine"), [
    (np.float32, "onnxruntime"), (np.float16, "onnxruntime"),
    (np.float64, "onnxruntime, double as float32")])
def test_models_of_every_precision_are_evaluated(dtype, engine):
    """onnxruntime has no convolution of doubles; the comparison says how it was made."""
    b, image = integer_builder((3, 5, 5), dtype=dtype)
    kernel = b.rng.integers(-2, 3, (4, 3, 5, 5)).astype(float)
    x = b.conv("x", 3, 4, weights=kernel, pads=[0] * 4, name="real")
    graph = load_graph(b.model(b.conv(b.node("Relu", x), 4, 1, 1, name="binary")))
    values, said = declared_values(graph, ["real:0"], image)
    assert said == engine
    wanted = np.einsum("nchw,ochw->no", image.astype(float), kernel)[:, :, None, None]
    np.testing.assert_array_equal(values["real:0"], wanted)


def test_the_second_opinion_reads_the_file_not_the_import():
    """Weights that the import got wrong show: the model is evaluated as it was given."""
    b, image = integer_builder((3, 5, 5))
    graph = load_graph(b.model(b.conv("x", 3, 4, name="only")))
    before, _ = declared_values(graph, ["only:0"], image)
    for name in graph.constants:
        graph.constants[name] = graph.constants[name] + 1
    after, _ = declared_values(graph, ["only:0"], image)
    np.testing.assert_array_equal(before["only:0"], after["only:0"])


def test_an_evaluation_that_fails_is_one_error():
    b, image = integer_builder((3, 5, 5))
    with pytest.raises(ModelError, match=r"cannot be evaluated as it stands: .*[Ii]nvalid") as info:
        differences(b, image, b.conv("x", 3, 4), image[:, :, :4])
    assert "\n" not in str(info.value)
