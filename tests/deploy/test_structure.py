"""Groups, channel shuffle, concatenation, partial sums, channelwise layers and pooling from ONNX,
exactly as onnxruntime."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph, Concat
from flexdrive_deploy.hyperdrive.partition import analyse
from flexdrive_deploy.hyperdrive.splitting import split_inputs

from .networks import evaluate, half, random_layer
from .onnx_models import integer_builder
from .test_import import CONFIG, agree


def grouped(b, x, c_in, c_out, groups, kernel=3, stride=1):
    weights = b.signs(c_out, c_in // groups, kernel, kernel)
    return b.conv(x, c_in, c_out, kernel, stride, weights=weights, group=groups)


def shuffle(b, x, channels, size, groups):
    split = b.node("Reshape", x, b.constant([1, groups, channels // groups, *size], np.int64))
    turned = b.node("Transpose", split, perm=[0, 2, 1, 3, 4])
    return b.node("Reshape", turned, b.constant([1, channels, *size], np.int64))


@pytest.mark.parametrize(("c_in", "c_out", "groups"), [
    (6, 4, 2), (6, 6, 6), (3, 9, 3), (10, 5, 5), (12, 24, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_groups_and_depthwise(c_in, c_out, groups, stride):
    b, image = integer_builder((c_in, 5, 7), groups)
    x = b.node("Relu", b.batch_norm(grouped(b, "x", c_in, c_out, groups, 3, stride), c_out))
    deployment = agree(b.model(x), image, "chip")
    convolutions = deployment.programs[0].descriptors[1:-1]
    assert [d.in_channels for d in convolutions] == [c_in // groups] * groups


@pytest.mark.parametrize(("groups", "ways"), [(2, 2), (3, 2), (1, 3), (6, 6), (2, 3)])
def test_channel_shuffle(groups, ways):
    b, image = integer_builder((6, 4, 5), ways)
    x = grouped(b, "x", 6, 6, groups, 1)
    x = shuffle(b, b.node("Relu", x), 6, (4, 5), ways)
    # A shuffle of as many groups as channels changes nothing, and is gone.
    gone = ["host"] * 3 if ways == 6 else ["chip"] * 3
    agree(b.model(grouped(b, x, 6, 4, 2)), image, ["chip", "chip", *gone, "chip"])


def test_a_residual_unit_of_shufflenet():
    b, image = integer_builder((6, 5, 5), 4)
    image[np.abs(image) > 1] = 0
    y = b.node("Relu", grouped(b, "x", 6, 6, 3, 1))
    y = grouped(b, shuffle(b, y, 6, (5, 5), 3), 6, 6, 6)
    y = grouped(b, y, 6, 6, 3, 1)
    agree(b.model(b.node("Relu", b.node("Add", y, "x"))), image, "chip")


def test_concat_of_layers_an_input_and_another_concat():
    b, image = integer_builder((3, 6, 5), 5)
    image[np.abs(image) > 1] = 0
    first = b.node("Concat", b.conv("x", 3, 5), "x", axis=1)
    second = b.node("Concat", b.conv(first, 8, 2, 1), first, axis=1)     # as in DenseNet
    deployment = agree(b.model(b.conv(second, 10, 4, 3, 2)), image, "chip")
    (program,) = deployment.programs
    pitches = {d.in_pitch for d in program.descriptors[:-1]}
    assert pitches == {10}      # nothing is moved: all maps lie in one of 10 channels


def test_concat_that_leaves_the_chip():
    b, image = integer_builder((2, 4, 4), 6)
    left, right = b.conv("x", 2, 3, 1), b.node("Relu", b.conv("x", 2, 2))
    agree(b.model(b.node("Concat", left, right, axis=1), right), image, "chip")


@pytest.mark.parametrize(("build", "reason"), [
    (lambda b, y: b.node("Concat", b.node("Add", b.conv(y, 4, 4), "x"), y, axis=1), "a sum"),
    (lambda b, y: b.node("Concat", y, y, axis=1), "joined twice"),
    (lambda b, y: b.node("Concat", y, "x", axis=2), "another axis"),
    (lambda b, y: b.node("Concat", y, b.constant(np.ones((1, 1, 4, 4))), axis=1), "a constant"),
    (lambda b, y: b.node("Reshape", y, b.constant([1, 2, 2, 4, 4], np.int64)), "no channel sh"),
])
def test_what_the_chip_does_not_join_runs_on_the_host(build, reason):
    b, image = integer_builder((4, 4, 4), 7)
    model = b.model(build(b, b.conv("x", 4, 4)))
    (refused,) = [p for p in analyse(load_graph(model), CONFIG).placements if p.where == "host"]
    assert reason in refused.reason
    assert refused.rewrite
    if refused.operation == "Concat":
        wheres = [p.where for p in analyse(load_graph(model), CONFIG).placements]
        agree(model, image, wheres)


@pytest.mark.parametrize(("weight_words", "parts"), [(54, (6, 6)), (36, (4, 4, 4)), (9, (1,) * 12)])
def test_more_inputs_than_the_weight_buffer_holds(weight_words, parts):
    """Exact data, so that the rounding of partial sums does not show."""
    config = replace(CONFIG, weight_words=weight_words)
    b, image = integer_builder((12, 6, 6), 8, factors=(0.5, 1.0))
    x = b.node("Add", b.batch_norm(b.conv("x", 12, 12), 12), "x")
    deployment = agree(b.model(b.node("Relu", x)), image, "chip", config=config)
    convolutions = deployment.programs[0].descriptors[1:-1]
    assert tuple(d.in_channels for d in convolutions) == parts
    assert all(d.bypass for d in convolutions)
    assert [d.activation for d in convolutions] == [0] * (len(parts) - 1) + [1]


def test_partial_sums_are_rounded_one_by_one():
    rng = np.random.default_rng(0)
    layer = random_layer(rng, "a", "x", 12, 5)
    graph = ChipGraph({"x": (12, 6, 6)}, [layer], ["a.out"])
    config = replace(CONFIG, weight_words=54)
    image = {"x": half(rng, 12, 6, 6)}
    whole, split = (evaluate(g, image)["a.out"] for g in (graph, split_inputs(graph, config)))
    assert (whole != split).any()


def test_memory_of_joined_maps_is_theirs_together():
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (2, 4, 4)}, [
        random_layer(rng, "a", "x", 2, 3), random_layer(rng, "b", "x", 2, 2),
        random_layer(rng, "c", "j", 5, 1)], ["c.out"], [Concat("j", ("a.out", "b.out"), "j")])
    config = replace(CONFIG, rows=1, columns=1)
    program = lower(graph, config)
    assert program.peak_words == 16 * (2 + 3 + 2)       # x and both parts; then c in x's place
    assert program.maps["b.out"].base - program.maps["a.out"].base == 3


def test_leaky_relu():
    config = replace(CONFIG, leaky=True)
    b, image = integer_builder((3, 5, 5), 9)
    x = b.node("LeakyRelu", b.conv("x", 3, 6), alpha=0.25)      # exact in binary16
    model = b.model(b.conv(x, 6, 4))
    agree(model, image, "chip", config=config)
    agree(model, image, ["chip", "host", "chip"])
    refused = analyse(load_graph(model), CONFIG).placements[1]
    assert (refused.reason, refused.rewrite) == (
        "the chip has no leaky ReLU", "a chip with leaky = true, or Relu")


CHANNELWISE = replace(CONFIG, channelwise=True)


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (2, 9), (8, 8)])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2)])
def test_depthwise_is_channelwise(size, kernel, stride):
    b, image = integer_builder((6, *size), kernel)
    x = b.node("Relu", b.batch_norm(grouped(b, "x", 6, 6, 6, kernel, stride), 6))
    deployment = agree(b.model(b.conv(x, 6, 3, 1)), image, "chip", config=CHANNELWISE)
    first = deployment.programs[0].descriptors[1]
    assert (first.channelwise, first.in_channels) == (1, 6)


@pytest.mark.parametrize("size", [(6, 8), (5, 7), (1, 1), (2, 3)])
@pytest.mark.parametrize(("kernel", "stride", "pads"), [
    (2, 1, (0, 0, 1, 1)), (2, 2, (0, 0, 1, 1)), (3, 1, (1, 1, 1, 1)), (3, 2, (1, 1, 1, 1)),
    (1, 2, (0, 0, 0, 0))])
def test_max_pooling(size, kernel, stride, pads):
    if (kernel, stride) == (2, 2):
        pads = (0, 0, size[0] % 2, size[1] % 2)
    b, image = integer_builder((3, *size), kernel)
    x = b.node("MaxPool", b.conv("x", 3, 5), kernel_shape=[kernel] * 2, strides=[stride] * 2,
               pads=pads)
    x = b.node("Relu", b.node("Mul", x, b.constant([-0.5])))
    agree(b.model(x), image, "chip", config=CHANNELWISE)


@pytest.mark.parametrize(("size", "kernel", "stride", "attributes"), [
    ((6, 8), 2, 2, {}), ((5, 3), 2, 2, {"pads": [0, 0, 1, 1], "count_include_pad": 1})])
def test_average_pooling(size, kernel, stride, attributes):
    """Averages of four are exact in binary16; of nine they are not."""
    b, image = integer_builder((3, *size), 5)
    x = b.node("AveragePool", b.conv("x", 3, 4), kernel_shape=[kernel] * 2, strides=[stride] * 2,
               **attributes)
    agree(b.model(x), image, "chip", config=CHANNELWISE)


def pool(b, operation, kernel, stride, outputs=1, **attributes):
    made = b.node(operation, b.conv("x", 4, 4), kernel_shape=[kernel] * 2, strides=[stride] * 2,
                  outputs=outputs, **attributes)
    return made if outputs == 1 else made[0]


@pytest.mark.parametrize(("build", "config", "reason"), [
    (lambda b: pool(b, "MaxPool", 2, 2), CONFIG, "the chip has no pooling"),
    (lambda b: pool(b, "MaxPool", 3, 3), CHANNELWISE, "stride 3x3"),
    (lambda b: pool(b, "MaxPool", 5, 1, pads=[2] * 4), CHANNELWISE, "kernel 5x5"),
    (lambda b: pool(b, "MaxPool", 2, 2, pads=[1] * 4), CHANNELWISE, "padding"),
    (lambda b: pool(b, "MaxPool", 3, 1, pads=[2] * 4), CHANNELWISE, "its padding makes its map"),
    (lambda b: pool(b, "MaxPool", 2, 2, 2), CHANNELWISE, "also gives the places"),
    (lambda b: pool(b, "AveragePool", 3, 1, pads=[1] * 4), CHANNELWISE, "fewer pixels at the rim"),
])
def test_pooling_that_stays_on_the_host(build, config, reason):
    b, _ = integer_builder((4, 6, 6), 1)
    placement = analyse(load_graph(b.model(build(b))), config).placements[-1]
    assert placement.where == "host"
    assert reason in placement.reason
    assert placement.rewrite or "made by the host" in reason


def test_a_map_of_the_host_is_pooled_there():
    b, image = integer_builder((3, 8, 8), 2)
    x = b.node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])
    agree(b.model(b.conv(x, 3, 4)), image, ["host", "chip"], config=CHANNELWISE)


@pytest.mark.parametrize("size", [(3, 5), (1, 1), (4, 4)])
@pytest.mark.parametrize("way", [("asymmetric", "floor"), ("half_pixel", "round_prefer_floor")])
def test_upsampling(size, way):
    b, image = integer_builder((3, *size), 3)
    scales = b.constant([1, 1, 2, 2], np.float32)
    x = b.node("Resize", b.conv("x", 3, 5), "", scales, mode="nearest",
               coordinate_transformation_mode=way[0], nearest_mode=way[1])
    y = b.conv(x, 5, 2)
    agree(b.model(b.node("Concat", x, y, axis=1)), image, "chip", config=CHANNELWISE)


@pytest.mark.parametrize(("scale", "attributes"), [
    (3, {"mode": "nearest"}), (2, {"mode": "linear"}),
    (2.3, {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}),
    (2, {"mode": "nearest", "nearest_mode": "ceil"})])
def test_upsampling_that_stays_on_the_host(scale, attributes):
    b, _ = integer_builder((2, 4, 4), 3)
    scales = b.constant([1, 1, scale, scale], np.float32)
    model = b.model(b.node("Resize", b.conv("x", 2, 3), "", scales, **attributes))
    placement = analyse(load_graph(model), CHANNELWISE).placements[-1]
    assert (placement.where, placement.reason) == (
        "host", "does not repeat every pixel twice in both directions")


def test_a_network_in_the_style_of_yolo_stays_on_the_chip():
    config = replace(CHANNELWISE, leaky=True)
    b, image = integer_builder((3, 8, 8), 4, factors=(1.0,))
    image[np.abs(image) > 1] = 0

    def conv(x, c_in, c_out, kernel=3):
        return b.node("LeakyRelu", b.batch_norm(b.conv(x, c_in, c_out, kernel), c_out), alpha=0.5)

    route = conv("x", 3, 4)
    x = b.node("MaxPool", route, kernel_shape=[2, 2], strides=[2, 2])
    x = conv(x, 4, 2, 1)
    x = b.node("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
    x = b.node("Resize", x, "", b.constant([1, 1, 2, 2], np.float32), mode="nearest",
               coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = b.node("Concat", x, route, axis=1)
    agree(b.model(b.conv(x, 6, 3, 1)), image, "chip", config=config)


@pytest.mark.parametrize("size", [(4, 4), (2, 8), (1, 1), (16, 16)])
def test_global_average_pooling(size):
    """As many pixels as a power of two, so that means are exact; the map itself leaves as well in
    one of two."""
    b, image = integer_builder((3, *size), 5)
    x = b.node("Relu", b.conv("x", 3, 6))
    mean = b.node("GlobalAveragePool", x)
    agree(b.model(mean), image, "chip", config=CHANNELWISE, layer_check=False)
    agree(b.model(mean, x), image, "chip", config=CHANNELWISE)
    deployment = agree(b.model(mean), image, "chip", config=CHANNELWISE)
    entry, _ = next(row for row in deployment.programs[0].stores if not row[0].probe)
    assert deployment.programs[0].stored_shape(entry) == (6, 1, 1)


def test_averages_that_a_layer_reads_go_through_the_host():
    """Squeeze and excite: the mean is loaded again as a map of one pixel."""
    b, image = integer_builder((3, 4, 4), 6)
    x = b.conv("x", 3, 8)
    y = b.conv(b.node("GlobalAveragePool", x), 8, 4, 1)
    deployment = agree(b.model(b.node("Mul", y, b.conv(x, 8, 4, 1))), image,
                       ["chip"] * 4 + ["host"], config=CHANNELWISE)
    assert len(deployment.programs) == 2


@pytest.mark.parametrize(("size", "config", "build", "reason"), [
    ((4, 4), CONFIG, lambda b: b.conv("x", 3, 4), "the chip has no pooling"),
    ((4, 4), CHANNELWISE, lambda b: b.node("Sigmoid", b.conv("x", 3, 4)),
     "its map is not made by a layer of the chip"),
    ((16, 17), CHANNELWISE, lambda b: b.conv("x", 3, 4),
     "averages 272 pixels; sums of more than 256 lose too much in binary16")])
def test_averages_of_the_host(size, config, build, reason):
    b, _ = integer_builder((3, *size), 7)
    placement = analyse(load_graph(b.model(b.node("GlobalAveragePool", build(b)))),
                        config).placements[-1]
    assert (placement.where, placement.reason) == ("host", reason)


def ternary(b, *shape, magnitude=1.0):
    weights = b.rng.integers(-1, 2, shape) * magnitude
    weights[0] = 0          # a channel of nothing else
    return weights


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_ternary_weights(groups):
    """Groups of one channel run channelwise."""
    b, image = integer_builder((4, 5, 7), groups, factors=(1.0,))
    x = b.conv("x", 4, 8, weights=ternary(b, 8, 4, 3, 3, magnitude=0.5))
    x = b.conv(b.node("Relu", b.batch_norm(x, 8)), 8, 4, 1, weights=ternary(b, 4, 8, 1, 1))
    model = b.model(b.conv(x, 4, 4, weights=ternary(b, 4, 4 // groups, 3, 3), group=groups))
    config = replace(CHANNELWISE, ternary=True)
    agree(model, image, "chip", config=config)
    refused = analyse(load_graph(model), CONFIG).placements[0]
    assert (refused.where, refused.reason, refused.rewrite) == (
        "host", "weights of zero beside others (in output channel 1)",
        "a chip with ternary = true")


def test_a_slope_that_binary16_cannot_hold_stays_on_the_host():
    b, _ = integer_builder((3, 5, 5), 9)
    model = b.model(b.node("LeakyRelu", b.conv("x", 3, 6), alpha=1e6))
    placement = analyse(load_graph(model), replace(CONFIG, leaky=True)).placements[-1]
    assert (placement.where, placement.reason) == ("host", "its alpha 1e+06 exceeds binary16")


def test_weights_that_are_no_numbers_are_named():
    b, _ = integer_builder((3, 5, 5), 9)
    model = b.model(b.conv("x", 3, 2, weights=np.full((2, 3, 3, 3), np.nan)))
    (placement,) = analyse(load_graph(model), CONFIG).placements
    assert (placement.where, placement.reason) == (
        "host", "weights that are infinite or no numbers")
