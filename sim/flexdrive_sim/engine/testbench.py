"""One testbench function on either engine."""

from contextlib import nullcontext

from amaranth.hdl import ClockDomain, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from .library import Model

__all__ = ["simulate"]


class _Proxy(wiring.Component):
    """Same ports as the component, no circuit: the compiled model computes its outputs."""

    def __init__(self, component):
        super().__init__(component.signature)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        # The domain needs one user, or the simulator does not know it.
        m.d.sync += Signal(name="proxy_clocked").eq(1)
        return m


def _members(component):
    return [("_".join(map(str, path)), member, Value.cast(value))
            for path, member, value in component.signature.flatten(component)]


def simulate(component, testbench, *, engine="pysim", vcd=None, model=None, notify=None):
    """Run ``testbench`` to its end.

    Parameters
    ----------
    component : the design under test; its domain is ``sync``.
    testbench : ``async def testbench(ctx, dut)`` in Amaranth's testbench language. ``dut`` has
        the ports of ``component``, and only ports may be used.
    engine : ``"pysim"`` (Amaranth's simulator) or ``"compiled"``.
    vcd : path of a waveform file.
    model : an already built :class:`Model` for the compiled engine.
    """
    if engine == "pysim":
        _run(component, testbench, vcd)
        return
    if engine != "compiled":
        raise ValueError(f"Engine must be 'pysim' or 'compiled', not {engine!r}")
    model = model or Model(component, debug=vcd is not None, notify=notify)
    model.reset()
    proxy = _Proxy(component)
    inputs = [(n, v) for n, member, v in _members(proxy) if member.flow == wiring.In]
    outputs = [(n, v) for n, member, v in _members(proxy) if member.flow == wiring.Out]

    def drive(values):
        for (name, _), value in zip(inputs, values, strict=True):
            model.set(name, value)

    async def follow_inputs(ctx):
        async for values in ctx.changed(*(v for _, v in inputs)):
            drive(values)
            model.settle()
            for name, value in outputs:
                ctx.set(value, model.get(name))

    async def follow_clock(ctx):
        async for _, _, *values in ctx.tick().sample(*(v for _, v in inputs)):
            drive(values)
            model.settle()
            model.edge()
            model.settle()
            for name, value in outputs:
                ctx.set(value, model.get(name))

    processes = [follow_clock, *([follow_inputs] if inputs else [])]
    with model.write_vcd(vcd) if vcd is not None else nullcontext():
        _run(proxy, testbench, None, processes)


def _run(component, testbench, vcd, processes=()):
    simulator = Simulator(component)
    simulator.add_clock(1e-8, if_exists=True)
    for process in processes:
        simulator.add_process(process)

    async def bench(ctx):
        await testbench(ctx, component)

    simulator.add_testbench(bench)
    with simulator.write_vcd(str(vcd)) if vcd is not None else nullcontext():
        simulator.run()
