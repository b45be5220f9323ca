"""Sums of maps by kernels: small multipliers that are right for every pair, and the kernels."""

from itertools import product

import numpy as np
import pytest

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.storage import Storage
from flexdrive_deploy.flexv.compiler.sums import sums_of
from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive.network import ClusterNetwork, SimulatedNetwork
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder

WIDTHS = (8, 4, 2)


class _Sums:
    """Sums and copies of maps of one shape, each of them shown."""

    def __init__(self, shape, seed, powers_of_two):
        self.rng, self.powers = np.random.default_rng(seed), powers_of_two
        self.builder, self.shown = QuantisedBuilder(shape, seed), []
        self.shape, self._maps = shape, {}

    def quantised(self, x, bits):
        rng = self.rng
        signed = bool(rng.integers(2))
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        zero = int(rng.choice([low, high, rng.integers(low, high + 1)]))
        scale = 2.0 ** (8 - bits - int(rng.integers(0, 3))) if self.powers else (
            float(np.float32(rng.uniform(0.3, 1.5) * (1 << 8 - bits))))
        return self.builder.quantised(x, scale, zero, np.int8 if signed else np.uint8,
                                      None if bits == 8 else (low, high))

    def map(self, bits, which):
        if (bits, which) not in self._maps:
            self._maps[bits, which] = self.quantised("x", bits)
        return self._maps[bits, which]

    def add(self, a, b, to):
        made = self.builder.node("Add", self.map(a, 0), self.map(b, 1))
        self.shown.append(self.quantised(made, to))

    def copy(self, a, to):
        self.shown.append(self.quantised(self.map(a, 0), to))

    def network(self):
        """(network, images), every value about as often."""
        images = self.rng.integers(-600, 600, (1, *self.shape)).astype(np.float32) / 4
        return load_network(self.builder.model(*self.shown)), images


def every_sum(shape, seed, powers_of_two):
    sums = _Sums(shape, seed, powers_of_two)
    for widths in product(WIDTHS, repeat=3):
        sums.add(*widths)
    for widths in product(WIDTHS, repeat=2):
        sums.copy(*widths)
    return sums.network()


def _steps(network):
    return [step for step in compile_network(network).steps.steps
            if isinstance(step.node, ir.Requantise)
            and all(each.lane <= 8 for each in step.sources)]


def _half_even(number, shift):
    low, rest = number >> shift, number & (1 << shift) - 1
    half = 1 << shift - 1
    return low + (rest > half or (rest == half and low % 2 == 1))


def _defined(step, values):
    """What the rule stores of a value of each source, in integers of any size."""
    rule, output = step.rule, step.output
    total = int(rule.addend.flat[0]) << rule.addend_shift
    for value, zero, multiplier in zip(values, step.node.zeros, rule.multipliers, strict=True):
        total += (value - zero) * int(np.ravel(multiplier)[0])
    made = {"NEAREST": lambda: total >> rule.shift,
            "HALF_EVEN": lambda: _half_even(total, rule.shift)}[rule.rounding]()
    return min(max(made + rule.added, output.low), output.high) - output.low


def _kernel(numbers, stored, bits):
    """What the instructions make of what memory holds of both values."""
    limit = 1 << numbers.bits - 1
    assert all(-limit <= each < limit for each in numbers.terms)
    assert -(1 << 31) <= numbers.multiplier < 1 << 31
    assert -(1 << 31) <= numbers.addend < 1 << 31
    acc = sum(a * b for a, b in zip(stored, numbers.terms, strict=True))
    total = acc * numbers.multiplier + (numbers.addend << numbers.addend_shift)
    assert -(1 << 63) <= total < 1 << 63
    made = total >> numbers.shift
    if numbers.ties and total % (1 << numbers.shift) == 0 and made % 2 != (numbers.ties == "ODD"):
        made -= 1
    return min(max(made, 0), (1 << bits) - 1)


@pytest.mark.parametrize(("seed", "powers_of_two"), [(0, False), (1, True), (2, False), (3, True)])
def test_every_pair_of_values_has_the_result_of_the_rule(seed, powers_of_two):
    network, _ = every_sum((16, 1, 1), seed, powers_of_two)
    steps, found = _steps(network), set()
    for step in steps:
        sums = sums_of(step)
        if len(step.sources) == 1 and not isinstance(step.rule, FixedPoint):
            continue                                          # of equal steps: values only move
        assert sums is not None, step.name
        found.add((step.rule.rounding, sums.numbers.ties != ""))
        ranges = [range(each.low, each.high + 1) for each in step.sources]
        if len(ranges) == 2 and len(ranges[0]) * len(ranges[1]) > 1 << 14:
            ranges[1] = ranges[1][::5]
        for values in product(*ranges):
            stored = [value - each.low for value, each in zip(values, step.sources, strict=True)]
            assert _kernel(sums.numbers, stored, step.output.lane) == _defined(step, values), (
                step.name, values)
    assert len(steps) >= 27
    assert (("HALF_EVEN", True) in found) == powers_of_two
    assert ("HALF_EVEN", False) not in found


_unpack = Storage.unpack


def _unpacked(storage, words):
    """The same, where lanes behind the last channel are zeros, as every kernel leaves them."""
    used = storage.channels * storage.bits - 32 * (storage.pixel_words - 1)
    last = np.reshape(words, (-1, storage.pixel_words))[:, -1]
    assert not (np.asarray(last, np.uint64) >> np.uint64(used)).any()
    return _unpack(storage, words)


def _difference(engine, shape, seed, powers_of_two, place, monkeypatch, **options):
    network, images = every_sum(shape, seed, powers_of_two)
    compiled = compile_network(network)
    (name,) = network.inputs
    monkeypatch.setattr(Storage, "unpack", _unpacked)
    made = engine(compiled, place, **options).run({name: images})
    return first_difference(compiled, made, run(network, {name: images}, None)[1])


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "seed", "powers_of_two"), [
    ((16, 3, 5), 2, False), ((48, 2, 1), 3, True), ((5, 4, 3), 4, False), ((1, 1, 1), 5, True)])
def test_sums_on_the_instruction_set_simulator(shape, seed, powers_of_two, tmp_path,
                                                  monkeypatch):
    assert _difference(SimulatedNetwork, shape, seed, powers_of_two, tmp_path, monkeypatch) is None


@pytest.mark.slow
def test_sums_on_the_cluster(tmp_path, monkeypatch):
    assert _difference(ClusterNetwork, (32, 3, 3), 6, True, tmp_path, monkeypatch,
                       cores=8) is None


def test_pixels_with_other_units_have_no_kernel():
    """16 lanes of 2 bits, 12 of which are no channel's: words of bytes are fewer."""
    network, _ = every_sum((4, 1, 2), 7, False)
    kernels = {(*(each.lane for each in step.sources), step.output.lane): sums_of(step) is not None
               for step in _steps(network) if len(step.sources) == 2}
    assert kernels[8, 8, 8]
    assert kernels[2, 2, 2]
    assert not kernels[8, 2, 8]
