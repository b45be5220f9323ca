"""Random networks of the operators that the passes rewrite, on the chip and in onnxruntime: equal
in every value of every result."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_sim.hyperdrive.drive.inference_session import Session

from .onnx_models import Builder
from .test_import import CONFIG

CHIPS = {"options": replace(CONFIG, channelwise=True, ternary=True, fm_words=8192,
                            weight_words=4096),
         "none": replace(CONFIG, fm_words=8192, weight_words=4096)}


class Network:
    """Maps of one size, joined by random operators; values stay small integers."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.size = tuple(int(edge) for edge in self.rng.integers(2, 7, 2))
        self.b = Builder((4, *self.size), self.rng, factors=(1.0, -1.0))
        self.maps = [("x", 4)]

    def pick(self, channels=None):
        """A map, of so many channels, mostly a late one; None when there is none."""
        found = [one for one in self.maps if channels in (None, one[1])]
        return found[-1 - min(int(self.rng.geometric(0.5)) - 1, len(found) - 1)] if found else None

    def conv(self):
        (x, count), kernel = self.pick(), int(self.rng.choice([1, 3]))
        made, groups = int(self.rng.choice([2, 4, 6])), 1
        if self.rng.integers(4) == 0:
            made, groups = count, int(self.rng.choice([count, 2 if count % 2 == 0 else 1]))
        weights = self.b.signs(made, count // groups, kernel, kernel)
        # Values are brought back to small ones at once.
        x = self.b.conv(x, count, made, kernel, weights=weights, group=groups)
        return self.b.node("Clip", x, self.b.constant(-1.0), self.b.constant(2.0)) \
            if self.rng.integers(8) == 0 else x, made

    def step(self):
        x, count = self.pick()
        b, rng = self.b, self.rng
        constant = b.constant(rng.choice([1.0, -1.0, 2.0], (count, 1, 1)))
        kind = rng.integers(9)
        if kind == 0:
            return b.batch_norm(x, count), count
        if kind == 1:
            return b.node("Mul", x, constant), count
        if kind == 2:
            return b.node(str(rng.choice(["Add", "Sub"])), *(
                (x, constant) if rng.integers(2) else (constant, x))), count
        if kind == 3:
            return b.node("Neg", x), count
        if kind == 4:
            flat = b.node("Reshape", x, b.constant([1, count, -1], np.int64))
            return b.node("Reshape", b.node("Relu", flat), b.constant(
                [1, count, *self.size], np.int64)), count
        if kind == 5:
            return b.node("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4), count
        return b.node("Relu", x), count

    def two(self):
        x, count = self.pick()
        y, _ = self.pick(count)
        return self.b.node(str(self.rng.choice(["Add", "Sub", "Sum"])), x, y), count

    def joined(self):
        parts = [self.pick() for _ in range(int(self.rng.integers(2, 4)))]
        return (self.b.node("Concat", *(name for name, _ in parts), axis=1),
                sum(count for _, count in parts))

    def chosen(self):
        x, count = self.pick()
        order = self.rng.integers(0, count, 4) if self.rng.integers(2) else np.arange(
            int(self.rng.integers(count)), count)
        return self.b.node("Gather", x, self.b.constant(order, np.int64), axis=1), len(order)

    def turned(self):
        x, count = self.pick()
        split = self.b.node("Reshape", x, self.b.constant(
            [1, 2, count // 2, *self.size] if count % 2 == 0 else [1, 1, count, *self.size],
            np.int64))
        return self.b.node("Reshape", self.b.node("Transpose", split, perm=[0, 2, 1, 3, 4]),
                           self.b.constant([1, count, *self.size], np.int64)), count

    def model(self):
        """A model of several results, whose first layer is a convolution."""
        self.maps.append(self.conv())
        ways = [self.conv, self.conv, self.step, self.step, self.step, self.two, self.joined,
                self.chosen, self.turned]
        for _ in range(int(self.rng.integers(4, 12))):
            made = ways[self.rng.integers(len(ways))]()
            if made[1] <= 16:
                self.maps.append(made)
        read = {name for node in self.b.nodes for name in node.input}
        ends = [name for name, _ in self.maps if name not in read]
        model = self.b.model(*(ends or [self.maps[-1][0]]))
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
        return model


def run(model, image):
    """Results of a model, by onnxruntime, in their order."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(
        None, {"x": image})


def exact(model, image):
    """What onnxruntime makes of every value: results, or None when a number leaves what binary16
    holds exactly, in whatever order it is summed."""
    whole = type(model)()
    whole.CopyFrom(model)
    names = [value.name for value in model.graph.output]
    made = run(model, image)
    inner = [value for value in whole.graph.value_info if value.name not in names
             and value.type.tensor_type.elem_type == 1]
    whole.graph.output.extend(inner)
    largest = max(np.abs(values).max(initial=0) for values in run(whole, image))
    # A sum of 3 x 3 x 16 products of numbers up to 8 is below 2048.
    return dict(zip(names, made, strict=True)) if largest <= 256 else None


def check(seed, config):
    """Whether a random network ran; an AssertionError when a value differs."""
    network = Network(seed)
    model = network.model()
    image = network.rng.integers(-1, 2, (1, 4, *network.size)).astype(np.float32)
    wanted = exact(model, image)
    if wanted is None:
        return False
    try:
        deployment = compile_model(model, config)
    except ModelError as error:
        if "No layer" in str(error) or "feature-map words" in str(error):
            return False
        raise
    result = Session(deployment).run(image)
    assert result.difference is None, seed
    for name, value in wanted.items():
        np.testing.assert_array_equal(result.outputs[name].astype(value.dtype), value,
                                      err_msg=f"network {seed}, {name}")
    return True


@pytest.mark.slow
@pytest.mark.parametrize("chip", CHIPS)
def test_random_networks(chip):
    ran = sum(check(seed, CHIPS[chip]) for seed in range(12))
    assert ran >= 8


@pytest.mark.thorough
@pytest.mark.parametrize("chip", CHIPS)
def test_more_random_networks(chip):
    assert sum(check(seed, CHIPS[chip]) for seed in range(12, 100)) >= 60
