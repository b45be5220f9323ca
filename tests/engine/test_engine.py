"""The two engines on the same stimuli: every port, every cycle."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from amaranth.hdl import Format, Module, Print
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared
from flexdrive_sim.engine import (
    EngineError,
    Gate,
    Model,
    Sink,
    Source,
    build,
    run_streams,
    simulate,
)


class Increment(Shared):
    """One register stage with back-pressure that adds 1; ready depends on ready."""

    def __init__(self, width):
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))},
                         w=width)

    def elaborate(self, platform):
        m = Module()
        with m.If(~self.o.valid | self.o.ready):
            m.d.comb += self.i.ready.eq(1)
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload + 1)]
        return m


class Twice(wiring.Component):
    i: In(stream.Signature(40))
    o: Out(stream.Signature(40))

    def elaborate(self, platform):
        m = Module()
        m.submodules.first = first = Increment(40)
        m.submodules.second = second = Increment(40)
        wiring.connect(m, wiring.flipped(self.i), first.i)
        wiring.connect(m, first.o, second.i)
        wiring.connect(m, second.o, wiring.flipped(self.o))
        return m


@pytest.mark.slow
@pytest.mark.parametrize("gates", [
    (Gate.always(), Gate.always()),
    (Gate.every(3), Gate.always()),
    (Gate.random(0.5, 1), Gate.random(0.6, 2)),
])
def test_streams_agree_between_engines(gates):
    words = np.random.default_rng(0).integers(0, 2**32, (200, 2), dtype=np.uint32)
    words[:, 1] &= 0xFF
    ends = {"i": Source(words, gates[0]), "o": Sink(200, gates[1])}
    compiled, builtin = (run_streams(Twice(), ends, cycles=5000, engine=engine)
                         for engine in ("compiled", "pysim"))
    assert compiled.finished
    assert builtin.finished
    assert compiled.cycles == builtin.cycles
    for name in ends:
        assert (compiled.times[name] == builtin.times[name]).all()
    assert (compiled.words["o"] == builtin.words["o"]).all()
    expected = words.astype(np.uint64) @ np.array([1, 2**32], np.uint64) + np.uint64(2)
    got = compiled.words["o"].astype(np.uint64) @ np.array([1, 2**32], np.uint64)
    assert (got == expected % np.uint64(2**40)).all()


@pytest.mark.slow
def test_one_testbench_runs_on_both_engines(tmp_path):
    logs = {}
    for engine in ("pysim", "compiled"):
        log = logs[engine] = []

        async def testbench(ctx, dut, log=log):
            random = np.random.default_rng(3)
            for _ in range(200):
                ctx.set(dut.i.payload, int(random.integers(2**40)))
                ctx.set(dut.i.valid, int(random.integers(2)))
                ctx.set(dut.o.ready, int(random.integers(2)))
                log.append((ctx.get(dut.o.payload), ctx.get(dut.o.valid), ctx.get(dut.i.ready)))
                await ctx.tick()

        simulate(Twice(), testbench, engine=engine, vcd=tmp_path / f"{engine}.vcd")
    assert logs["pysim"] == logs["compiled"]
    assert any(valid for _, valid, _ in logs["pysim"])
    for engine in logs:
        text = (tmp_path / f"{engine}.vcd").read_text()
        assert "first" in text
        assert "$var" in text


class Printing(wiring.Component):
    o: Out(8)

    def elaborate(self, _):
        m = Module()
        m.d.sync += [self.o.eq(self.o + 1), Print(Format("at {:d}", self.o))]
        return m


@pytest.mark.slow
@pytest.mark.parametrize(("component", "library"), [(Printing, True), (Twice, False)])
def test_the_library_is_for_designs_that_print(monkeypatch, component, library):
    calls = []

    def compiler(arguments, **_):
        calls.append(arguments)
        if len(calls) == 2:
            raise EngineError("linked")

    monkeypatch.setattr(build, "cxx", compiler)
    monkeypatch.setattr(build, "kept", lambda _, key, make: make(Path(place)))
    with TemporaryDirectory() as place, pytest.raises(EngineError, match="linked"):
        Model(component(), backend="cxxrtl")
    assert ("-DFLEXDRIVE_LIBRARY" in calls[0]) == library
    assert ("-nostdlib++" in calls[1]) != library


# The C++ library is built for it: two minutes of a core.
@pytest.mark.slow
@pytest.mark.thorough
def test_a_design_that_prints_has_the_library(capfd):
    with pytest.raises(EngineError, match=r"cannot simulate the cell \$print .*'cxxrtl' can$"):
        Model(Printing())
    model = Model(Printing(), backend="cxxrtl")
    model.run(3)
    del model
    # CXXRTL prints when a model is made, too.
    assert set(capfd.readouterr().out.split()) == {"at", "0", "1", "2"}


@pytest.mark.slow
def test_a_waveform_that_is_not_whole_is_told():
    async def testbench(ctx, dut):
        await ctx.tick().repeat(3)

    with pytest.raises(EngineError, match=r"^Cannot write all waveforms to /dev/full: "):
        simulate(Twice(), testbench, engine="compiled", vcd="/dev/full")


def test_unknown_port_is_named():
    with pytest.raises(EngineError, match=r"no port 'nothing'; it has i_payload, "):
        Model(Twice()).get("nothing")
