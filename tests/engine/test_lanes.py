"""The engine ``lanes`` against yosys' CXXRTL and Amaranth's simulator: every port, every cycle."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared
from flexdrive_sim.engine import EngineError, Model

from .random_logic import RandomLogic
from .simulated import on_simulator

CYCLES = 60


def stimuli(seed):
    random = np.random.default_rng(seed)
    for _ in range(CYCLES):
        wide = int(random.integers(2**62)) << 8 | int(random.integers(256))
        yield {"a": int(random.choice((wide, 0, 2**70 - 1, 1 << int(random.integers(70))))),
               "b": int(random.integers(2**33)), "c": int(random.integers(128))}


def on_model(component, seed, backend):
    model = Model(component, backend=backend)
    log = []
    for values in stimuli(seed):
        for name, value in values.items():
            model.set(name, value)
        model.settle()
        log.append((model.get("y"), model.get("z")))
        model.edge()
    return log


@pytest.mark.slow
@pytest.mark.parametrize("seed", [
    *range(6), *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(6, 12))])
def test_random_circuits(seed):
    def circuit():
        return RandomLogic(seed, nodes=60)

    expected = on_simulator(circuit(), stimuli(seed))
    assert len(set(expected)) > CYCLES // 2
    assert on_model(circuit(), seed, "lanes") == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [
    12, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (13, 14))])
def test_random_circuits_on_all_engines(seed):
    def circuit():
        return RandomLogic(seed, nodes=60, depths=(4, 16))

    expected = on_simulator(circuit(), stimuli(seed))
    assert on_model(circuit(), seed, "lanes") == expected
    assert on_model(circuit(), seed, "cxxrtl") == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("chained", [False, True])
def test_many_instances_of_one_module(seed, chained):
    """More lanes than a vector holds, two levels of them; chains whose instances wait for each
    other."""
    def circuit():
        return RandomLogic(100 + seed, nodes=20, children=(
            (200 + seed, 5, chained, ((400 + seed, 2, False, ()),)), (300 + seed, 1, False, ())))

    assert on_model(circuit(), seed, "lanes") == on_simulator(circuit(), stimuli(seed))


@pytest.mark.slow
def test_power_up_contents_are_random_and_repeatable():
    first, again, other = (
        [Model(RandomLogic(1), power_up=seed).get(name) for name in "yz"] for seed in (1, 1, 2))
    assert first == again
    assert first != other


class Gate(Shared):
    a: In(1)
    b: In(1)
    y: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.y.eq(~(self.a & self.b))
        return m


class Latch(wiring.Component):
    """Two gates, each waiting for the other: Amaranth sees no loop across shared modules."""

    a: In(2)
    y: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.one = one = Gate()
        m.submodules.other = other = Gate()
        m.d.comb += [one.a.eq(self.a[0]), one.b.eq(other.y), other.a.eq(self.a[1]),
                     other.b.eq(one.y), self.y.eq(one.y)]
        return m


def test_a_combinational_loop_is_named():
    with pytest.raises(EngineError, match=r"combinational loop through Gate.*backend='cxxrtl'"):
        Model(Latch())


class FallingEdge(wiring.Component):
    a: In(1)
    y: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(clk_edge="neg")
        m.d.sync += self.y.eq(self.a)
        return m


def test_an_unsupported_circuit_is_named():
    with pytest.raises(EngineError, match="'lanes' cannot simulate a falling clock edge"):
        Model(FallingEdge())
