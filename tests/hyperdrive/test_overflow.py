"""Networks that leave the numbers of binary16 say in which map first, even where an activation
hides it. Which words those are follows from the construction of each network."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from ..deploy.onnx_models import integer_builder
from ..deploy.test_import import CONFIG

FULL = replace(CONFIG, leaky=True, channelwise=True)


def overflows(b, result, image, config=FULL):
    """Overflows of one image, whose results must equal those of the layers one by one."""
    outcome = Session(compile_model(b.model(result), config)).run(image)
    assert outcome.difference is None
    assert list(outcome.overflows) == [one for one in outcome.overflows if one.count]
    return outcome.overflows


def doubling(scale, size=(4, 5)):
    """A builder, an image with one pixel of 8 among zeros (channel 1, row 2, column 3), and a 1x1
    layer that makes ``scale`` times 8 of it in every channel."""
    b, image = integer_builder((2, *size))
    image[...] = 0
    image[0, 1, 2, 3] = 8
    return b, image, b.conv("x", 2, 4, 1, weights=np.full((4, 2, 1, 1), float(scale)), name="big")


@pytest.mark.parametrize(("scale", "count"), [(8000, 0), (8189, 0), (8190, 4), (-8190, 4)])
def test_the_first_number_that_rounds_to_infinity(scale, count):
    """8 x 8190 = 65520; half an ulp above 65504."""
    b, image, x = doubling(scale)
    found = overflows(b, x, image)
    assert [(one.what, one.count, one.size, one.place) for one in found] == (
        [("layer big", count, 80, (0, 2, 3))] if count else [])


@pytest.mark.parametrize("hide", ["Relu", "LeakyRelu", "sum"])
def test_what_the_activation_hides_is_said(hide):
    """-inf becomes 0, or stays; the sum of an inf and its map is inf as well."""
    b, image, x = doubling(-9000)
    x = b.node("Add", x, b.constant(1.0)) if hide == "sum" else b.node(hide, x)
    (found,) = overflows(b, x, image)
    assert (found.what, found.count, found.place) == ("layer big", 4, (0, 2, 3))


def test_the_first_layer_of_several_is_the_first_named():
    b, image, x = doubling(100)
    x = b.conv(x, 4, 6, 3, magnitude=100.0, name="second")      # 8e4 and more around the pixel
    x = b.conv(b.node("Relu", x), 6, 2, 1, name="third")
    found = overflows(b, x, image)
    assert [one.what for one in found] == ["layer second", "layer third"]


def test_groups_and_partial_sums_are_one_layer():
    config = replace(CONFIG, weight_words=4)
    b, image = integer_builder((8, 4, 4))
    image[...] = 0
    image[0, :, 1, 2] = 5000
    weights = np.ones((4, 4, 1, 1))
    weights[3] = [[[1]], [[-1]], [[1]], [[-1]]]                 # sums to nothing
    x = b.conv("x", 8, 4, 1, weights=4 * weights, group=2, name="grouped")
    (found,) = overflows(b, x, image, config)
    assert (found.what, found.count, found.size, found.place) == (
        "layer grouped", 3, 64, (0, 1, 2))


def test_maps_that_enter_and_averages_that_leave():
    b, image = integer_builder((2, 4, 4))
    image[...] = 8000
    found = overflows(b, b.node("GlobalAveragePool", b.conv("x", 2, 2, 1, weights=np.array(
        [[[[1.0]], [[-1.0]]], [[[1.0]], [[1.0]]]]), name="layer")), image)
    assert [(one.what, one.count, one.size) for one in found] == [
        ("average globalaveragepool1", 1, 2)]
    image[0, 1, 3, 0] = 70000
    found = overflows(b, "globalaveragepool1:0", image)
    assert (found[0].what, found[0].count, found[0].place) == (
        "map x, as it enters the chip", 1, (1, 3, 0))


def test_what_the_host_makes():
    b, image = integer_builder((2, 4, 4))
    image[...] = 2
    image[0, 0, 0, 1] = -1
    found = overflows(b, b.conv(b.node("Log", "x", name="log"), 2, 2, 1), image)
    assert (found[0].what, found[0].count) == ("log:0, which the host makes", 1)
    assert str(found[0]) == ("log:0, which the host makes: 1 of 32 values are infinite or no "
                             "numbers, the first at (0, 0, 0, 1)")
