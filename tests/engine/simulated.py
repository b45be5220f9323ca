"""What a circuit shows on Amaranth's own simulator, the second opinion on every engine."""

from amaranth.sim import Simulator

__all__ = ["on_simulator"]


def on_simulator(component, stimuli):
    """[(y, z)] of each cycle; ``stimuli``: for each a dict of inputs."""
    log = []

    async def bench(ctx):
        for values in stimuli:
            for name, value in values.items():
                ctx.set(getattr(component, name), value)
            log.append((ctx.get(component.y), ctx.get(component.z)))
            await ctx.tick()

    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return log
