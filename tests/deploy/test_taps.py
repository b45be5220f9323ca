"""Kernels and padding of any kind from ONNX: what the chip takes is what the standard says of them,
computed here pixel by pixel, and by onnxruntime."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import FitError, ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .networks import random_layer
from .onnx_models import integer_builder
from .test_import import CONFIG, agree

# Kernel, dilations, pads, strides, taps; on maps of 8 x 7 pixels.
KERNELS = {
    "1x3": ((1, 3), (1, 1), (0, 1, 0, 1), 1, 3),
    "3x1 to a smaller map": ((3, 1), (1, 1), (0, 0, 2, 0), 1, 3),
    "2x2 behind": ((2, 2), (1, 1), (0, 0, 1, 1), 1, 4),
    "2x2 before": ((2, 2), (1, 1), (1, 1, 0, 0), 1, 4),
    "2x2 without padding": ((2, 2), (1, 1), (0, 0, 0, 0), 2, 4),
    "TensorFlow's stride 2": ((3, 3), (1, 1), (0, 0, 1, 1), 2, 9),
    "4x4 of stride 2": ((4, 4), (1, 1), (1, 1, 1, 1), 2, 16),
    "2x3 dilated": ((2, 3), (2, 1), (1, 1, 1, 1), 1, 6),
    "3x3 dilated": ((3, 3), (2, 2), (2, 2, 2, 2), 1, 9),
    "3x3 without padding": ((3, 3), (1, 1), (0, 0, 0, 0), 1, 9),
    "3x3 all padding before": ((3, 3), (1, 1), (2, 2, 0, 0), 1, 9),
    "1x7": ((1, 7), (1, 1), (0, 3, 0, 3), 1, 7),
}


def convolution(x, weights, dilations, pads, stride):
    """Conv of the standard, in integers: x (c, h, w)."""
    made = [(edge + pads[axis] + pads[axis + 2] - (kernel - 1) * dilation - 1) // stride + 1
            for axis, (edge, kernel, dilation) in enumerate(
                zip(x.shape[1:], weights.shape[2:], dilations, strict=True))]
    y = np.zeros((len(weights), *made), np.int64)
    for channel, row, column in np.ndindex(*y.shape):
        for source, dy, dx in np.ndindex(*weights.shape[1:]):
            at = (row * stride - pads[0] + dy * dilations[0],
                  column * stride - pads[1] + dx * dilations[1])
            if 0 <= at[0] < x.shape[1] and 0 <= at[1] < x.shape[2]:
                y[channel, row, column] += weights[channel, source, dy, dx] * x[source, *at]
    return y


def network(name, c_out=6):
    """(model of two layers of this kernel, image, what it makes, taps of a layer)."""
    kernel, dilations, pads, stride, taps = KERNELS[name]
    b, image = integer_builder((3, 8, 7), len(name))
    x, wanted, inputs = "x", image[0].astype(np.int64), 3
    for outputs in (c_out, 5):
        weights = b.signs(outputs, inputs, *kernel)
        x = b.node("Relu", b.node("Conv", x, b.constant(weights), strides=[stride] * 2,
                                  pads=list(pads), dilations=list(dilations)))
        wanted = np.maximum(convolution(wanted, weights.astype(np.int64), dilations, pads, stride),
                            0)
        inputs = outputs
    return b.model(x), image, wanted, taps


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name):
    model, image, wanted, taps = network(name)
    deployment = agree(model, image, "chip", config=replace(CONFIG, halo=3, weight_words=600))
    (program,) = deployment.programs
    convolutions = [(entry, d) for entry, d in zip(program.entries, program.descriptors,
                                                   strict=True) if d.out_channels]
    assert [d.taps for _, d in convolutions] == [taps, taps]
    blocks = [-(-d.out_channels // CONFIG.channels) for _, d in convolutions]
    assert [program.weight_words(*one) for one in convolutions] == [
        count * taps * channels for count, channels in zip(blocks, (3, 6), strict=True)]
    got = Session(deployment).run(image)
    np.testing.assert_array_equal(*got.outputs.values(), wanted[None])


@pytest.mark.slow
@pytest.mark.parametrize("name", [
    "1x3", "2x2 behind", "2x2 before", "2x2 without padding", "TensorFlow's stride 2",
    "4x4 of stride 2"])
def test_kernels_on_the_rtl(name):
    """Every word of every layer; a chip of halo 1 is enough for these."""
    model, image, wanted, _ = network(name)
    deployment = compile_model(model, PRESETS["tiny"], layer_check=True)
    assert [placement.where for placement in analyse(
        load_graph(model), PRESETS["tiny"]).placements] == ["chip"] * 4
    result = Session(deployment, "rtl").run(image)
    assert result.difference is None
    assert all(chip.model_holds for chip in result.chips)
    np.testing.assert_array_equal(*result.outputs.values(), wanted[None])


@pytest.mark.parametrize(("operation", "attributes"), [
    ("MaxPool", {"kernel_shape": [2, 3], "pads": [0, 1, 1, 1]}),
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2]}),
    ("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2], "pads": [1, 1, 1, 1]}),
    ("AveragePool", {"kernel_shape": [1, 2], "strides": [2, 2]}),
    ("AveragePool", {"kernel_shape": [4, 2], "pads": [1, 0, 2, 1], "count_include_pad": 1})])
def test_pools(operation, attributes):
    b, image = integer_builder((4, 7, 6), 3)
    x = b.node(operation, b.conv("x", 4, 4, magnitude=8.0), **attributes)
    agree(b.model(b.conv(x, 4, 4)), image, "chip",
          config=replace(CONFIG, halo=2, channelwise=True))


@pytest.mark.parametrize("name", ["1x3", "3x1 to a smaller map", "2x3 dilated"])
def test_depthwise(name):
    kernel, dilations, pads, stride, _ = KERNELS[name]
    b, image = integer_builder((5, 8, 7), 5)
    x = b.node("Conv", "x", b.constant(b.signs(5, 1, *kernel)), pads=list(pads), group=5,
               strides=[stride] * 2, dilations=list(dilations))
    agree(b.model(b.conv(x, 5, 4)), image, "chip",
          config=replace(CONFIG, halo=2, channelwise=True))


def test_networks_without_padding():
    """The convolutions of a network whose maps become smaller, down to one pixel, and their
    residuals."""
    b, image = integer_builder((3, 14, 13), 4)
    config = replace(CONFIG, halo=2, channelwise=True)
    image = np.sign(image) * (np.abs(image) > 2)    # sums stay below 2048
    x = "x"
    for channels, outputs in ((3, 2), (2, 3)):
        x = b.node("Relu", b.conv(x, channels, outputs, pads=[0] * 4))
    x = b.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    beside = b.conv(x, 3, 2, pads=[0] * 4)
    x = b.node("Add", b.conv(x, 3, 2, 2, pads=[0] * 4, dilations=[2, 2]), beside)
    agree(b.model(b.conv(x, 2, 5, 2, pads=[0] * 4)), image, "chip", config=config)


def test_what_lies_beyond_a_smaller_map_does_not_overflow():
    """2 x 2 without padding: the last row and column are made of two pixels each, and left."""
    b, image = integer_builder((1, 4, 4), 1)
    image[:] = 0
    image[0, 0, 2:, 3] = 60000.0, -60000.0
    weights = np.array([1, -1, -1, -1.0]).reshape(1, 1, 2, 2)
    for edge, layers in ((3, []), (4, ["layer conv0"])):
        model = b.model(b.node("Conv", "x", b.constant(weights), name="conv0",
                               pads=[0, 0, edge - 3, edge - 3]))
        b.nodes.clear()
        found = Session(compile_model(model, CONFIG)).run(image).overflows
        assert [one.what for one in found] == layers


def test_a_row_of_pixels_needs_no_rows_for_a_wide_kernel():
    """Conv1d: a tile has as many columns as its taps reach, and one row."""
    b, image = integer_builder((3, 1, 9), 2)
    x = b.node("Conv", "x", b.constant(b.signs(4, 3, 1, 7)), pads=[0, 3, 0, 3])
    deployment = agree(b.model(x), image, "chip", config=replace(CONFIG, halo=3))
    assert deployment.programs[0].maps["x"].tile == (1, 3)


@pytest.mark.parametrize(("changes", "rule"), [
    ({"taps": ((0,), (0,))}, "a kernel of 3x3 pixels has taps"),
    ({"taps": ((-1, 0, 1), (1, 2, 3))}, "the first not behind the centre"),
    ({"taps": ((-1, 0, 1), (-1, 1, 0))}, "ascending"),
    ({"taps": ((-1, 0, 4), (-1, 0, 1))}, "from -3 to 3"),
    ({"size": (5, 4)}, "makes 5x4 pixels, the chip 1x1 to 4x4"),
    ({"size": (0, 4)}, "makes 0x4 pixels, the chip 1x1 to 4x4")])
def test_layers_that_no_chip_has(changes, rule):
    layer = random_layer(np.random.default_rng(0), "a", "x", 2, 3)
    with pytest.raises(ModelError, match=rule):
        ChipGraph({"x": (2, 4, 4)}, [replace(layer, **changes)], ["a.out"])


def test_maps_that_cannot_be_aligned():
    """Of equal size, one by a stride and one without padding."""
    rng = np.random.default_rng(0)
    taps = ((0, 1, 2), (0, 1, 2))
    graph = ChipGraph({"x": (2, 4, 4)}, [
        random_layer(rng, "a", "x", 2, 3, stride=2),
        random_layer(rng, "b", "x", 2, 3, taps=taps, size=(2, 2), bypass="a.out")], ["b.out"])
    with pytest.raises(FitError, match=r"Maps a\.out and b\.out meet after different numbers"):
        lower(graph, replace(CONFIG, halo=2))
