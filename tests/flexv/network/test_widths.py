"""Kernels that are no convolutions: every combination of widths of what they read and write."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import ClusterNetwork, LibraryNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder

WIDTHS = (8, 4, 2)


class _Layers:
    """A network of single layers behind one input; each method adds one and shows its result."""

    def __init__(self, shape, seed):
        self.rng, self.shape = np.random.default_rng(seed), shape
        self.builder, self.shown = QuantisedBuilder(shape, seed), []
        self.x = self.quantised("x", 8, 1)
        self._maps = {}

    def quantised(self, x, bits, coarser=1.0):
        """All values of ``bits`` bits, signed or not, about any zero point."""
        signed = bool(self.rng.integers(2))
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        zero = int(self.rng.choice([low, high, self.rng.integers(low, high + 1)]))
        return self.builder.quantised(x, 0.37 * coarser * 256 / (1 << bits), zero,
                                      np.int8 if signed else np.uint8,
                                      None if bits == 8 else (low, high))

    def map(self, bits):
        """A map of the input's shape; the same one for each width."""
        if bits not in self._maps:
            self._maps[bits] = self.quantised(self.x, bits)
        return self._maps[bits]

    def show(self, y, bits, coarser=1.0):
        self.shown.append(self.quantised(y, bits, coarser))

    def copy(self, a, to):
        self.show(self.map(a), to, 0.7)

    def same_copy(self, a, to):
        """A pool of one pixel, which nothing else reads: a map as it is."""
        self.show(self.builder.node("MaxPool", self.map(a), kernel_shape=[1, 1]), to)

    def max_pool(self, a, to):
        kernel = [int(self.rng.integers(1, min(3, n) + 1)) for n in self.shape[1:]]
        pads = [int(self.rng.integers(k)) for k in (*kernel, *kernel)]
        self.show(self.builder.node("MaxPool", self.map(a), kernel_shape=kernel, pads=pads,
                                    strides=[int(n) for n in self.rng.integers(1, 3, 2)]), to)

    def average_pool(self, a, to):
        kernel = [int(self.rng.integers(1, min(3, n) + 1)) for n in self.shape[1:]]
        self.show(self.builder.node("AveragePool", self.map(a), kernel_shape=kernel), to, 0.6)

    def whole_average(self, a, to):
        self.show(self.builder.node("GlobalAveragePool", self.map(a)), to, 0.5)

    def upsample(self, a, to):
        scales = self.builder.constant([1, 1, *self.rng.integers(1, 4, 2)])
        self.show(self.builder.node(
            "Resize", self.map(a), "", scales, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric"), to)

    def border(self, a, to):
        builder, pads = self.builder, self.rng.integers(0, 3, 4)
        sizes = builder.constant([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64)
        self.show(builder.node("Pad", self.map(a), sizes, builder.constant(0.0)), to)

    def axes(self, a, to):
        self.show(self.builder.node("Transpose", self.map(a), perm=[0, 2, 3, 1]), to)

    def order(self, a, to):
        c, h, w = self.shape
        sizes = self.builder.constant([1, h, w, c], np.int64)
        self.show(self.builder.node("Reshape", self.map(a), sizes), to)

    def concat(self, a, b, to):
        """Of different scales; the second one first, too."""
        names = [self.map(a), self.map(b)]
        self.show(self.builder.node("Concat", *names, *names[:1], axis=1), to)

    def add(self, a, b, to):
        self.show(self.builder.node("Add", self.map(a), self.map(b)), to, 1.6)

    def linear(self, a, w, to):
        builder, outputs = self.builder, int(self.rng.integers(1, 10))
        flat = builder.node("Flatten", self.map(a))
        weights = builder.weights(int(np.prod(self.shape)), outputs, bits=w, axis=1)
        self.show(builder.node("MatMul", flat, weights), to, 0.5 * (1 << w) / 16)

    def network(self):
        """(network, images)"""
        images = self.rng.integers(-800, 800, (1, *self.shape)).astype(np.float32) / 16
        return load_network(self.builder.model(*self.shown)), images


OF_TWO = ("copy", "same_copy", "max_pool", "average_pool", "whole_average", "upsample", "border",
          "axes", "order")
OF_THREE = ("concat", "add", "linear")


def every_combination(seed):
    """(network, images): each kernel for each combination of 8, 4 and 2 bits."""
    rng = np.random.default_rng(1000 + seed)
    shape = (int(rng.integers(1, 11)), *(int(n) for n in rng.integers(1, 6, 2)))
    layers = _Layers(shape, seed)
    for names, operands in ((OF_TWO, 2), (OF_THREE, 3)):
        for name, widths in product(names, product(WIDTHS, repeat=operands)):
            getattr(layers, name)(*widths)
    return layers.network()


def _difference(engine, network, images, place, **options):
    compiled = compile_network(network)
    (name,) = network.inputs
    made = engine(compiled, place, **options).run({name: images})
    assert len(made) >= len(network.outputs)
    return first_difference(compiled, made, run(network, {name: images}, None)[1])


def test_steps_write_every_width():
    network, _ = every_combination(0)
    assert {each.storage.bits for each in compile_network(network).outputs} == {*WIDTHS}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_kernels_on_this_machine(seed, tmp_path):
    assert _difference(LibraryNetwork, *every_combination(seed), tmp_path) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 5, *(pytest.param(seed, marks=pytest.mark.thorough)
                                          for seed in range(6, 16))])
def test_kernels_on_the_instruction_set_simulator(seed, tmp_path):
    assert _difference(SimulatedNetwork, *every_combination(seed), tmp_path) is None


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "cores"), [
    (20, 8), pytest.param(21, 3, marks=pytest.mark.thorough)])
def test_kernels_on_the_cluster(seed, cores, tmp_path):
    assert _difference(ClusterNetwork, *every_combination(seed), tmp_path, cores=cores) is None


@st.composite
def one_layer(draw):
    """(name, widths, shape, seed) of a single layer."""
    name = draw(st.sampled_from(OF_TWO + OF_THREE))
    widths = draw(st.tuples(*[st.sampled_from(WIDTHS)] * (3 if name in OF_THREE else 2)))
    shape = draw(st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9)))
    return name, widths, shape, draw(st.integers(0, 9))


@pytest.mark.slow
@pytest.mark.thorough
@settings(max_examples=60, deadline=None, derandomize=True,
          phases=(Phase.explicit, Phase.generate, Phase.shrink),
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(one_layer())
def test_random_shapes_shrink(tmp_path_factory, layer):
    name, widths, shape, seed = layer
    layers = _Layers(shape, seed)
    getattr(layers, name)(*widths)
    place = tmp_path_factory.mktemp("layer")
    assert _difference(SimulatedNetwork, *layers.network(), place) is None
