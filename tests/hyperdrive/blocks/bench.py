"""A block alone in Amaranth's simulator: inputs in, outputs out, cycle by cycle."""

from amaranth.lib import wiring
from amaranth.sim import Simulator

__all__ = ["HOLD", "Bench", "drive", "output_names"]

# As an input: look at the outputs, and stay in this cycle for what answers them.
HOLD = "hold"


def _ports(component, flow):
    return {"_".join(map(str, path)): value
            for path, member, value in component.signature.flatten(component)
            if member.flow == flow}


def output_names(component):
    """Flat names of all outputs, also of streams: what a test of every output must cover."""
    return set(_ports(component, wiring.Out))


class Bench:
    """``component`` in a simulator that is built once."""

    def __init__(self, component):
        self.component = component
        self._simulator = Simulator(component)
        self._simulator.add_clock(1e-8, if_exists=True)
        self._simulator.add_testbench(self._testbench)
        self._stimulus = None

    def run(self, stimulus):
        """Run ``stimulus``, a generator, from reset.

        It yields {input: value} for a cycle (inputs keep their values; a structure takes a dict
        of fields) and gets {output: value} of that cycle, before its clock edge, which does not
        come after :data:`HOLD`. Ends with it.
        """
        if self._stimulus is not None:
            self._simulator.reset()
        self._stimulus = stimulus
        self._simulator.run()

    async def _testbench(self, ctx):
        inputs, outputs = (_ports(self.component, flow) for flow in (wiring.In, wiring.Out))
        now, seen = {}, None
        while True:
            try:
                given = self._stimulus.send(seen)
            except StopIteration:
                return
            hold = given.pop(HOLD, 0)
            for name, value in given.items():
                # The simulator settles the whole block after every one.
                if now.get(name) != value:
                    ctx.set(inputs[name], value)
                    now[name] = value
            seen = {name: ctx.get(value) for name, value in outputs.items()}
            if not hold:
                await ctx.tick()


def drive(component, stimulus):
    """Run ``stimulus`` on ``component``, see :meth:`Bench.run`."""
    Bench(component).run(stimulus)
