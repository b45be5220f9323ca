"""Whole numpy buffers through the streams of a component, on either engine."""

from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator

from flexdrive.emit import port_list

from .library import Model, chunks
from .ports import stream_ports

__all__ = ["Gate", "Sink", "Source", "StreamRun", "run_streams"]


class Gate:
    """When one side of a stream is willing, as a pattern over cycles that repeats.

    A source that has offered a word keeps offering it until it is taken; a sink is ready exactly
    when its gate is open. Cycle 0 is the first cycle of the run after reset.
    """

    @staticmethod
    def always():
        return np.ones(1, np.uint8)

    @staticmethod
    def every(period, phase=0):
        """Open in one of ``period`` cycles."""
        gate = np.zeros(period, np.uint8)
        gate[phase % period] = 1
        return gate

    @staticmethod
    def random(probability, seed, length=65521):
        """Open with ``probability``, drawn once for ``length`` cycles (a prime, so patterns of
        several streams do not fall into step)."""
        gate = (np.random.default_rng(seed).random(length) < probability).astype(np.uint8)
        gate[-1] = 1
        return gate


@dataclass
class Source:
    """Words for an input stream: array (count,) or (count, 32-bit chunks), least significant
    chunk first."""

    words: np.ndarray
    gate: np.ndarray = field(default_factory=Gate.always)


@dataclass
class Sink:
    """Room for ``count`` words of an output stream."""

    count: int
    gate: np.ndarray = field(default_factory=Gate.always)


@dataclass
class StreamRun:
    """What a run gave: cycles until the last stream was done, the words of each sink, and the
    cycle of each transfer of every stream."""

    cycles: int
    words: dict
    times: dict
    finished: bool


def run_streams(component, streams, *, cycles, engine="compiled", model=None, inputs=None,
                until=None, notify=None):
    """Move buffers through ``component``.

    Parameters
    ----------
    streams : {flat stream name: Source or Sink}.
    cycles : limit.
    engine : ``"compiled"`` or ``"pysim"``; both give the same cycles and words.
    model : an already built :class:`Model` (compiled engine only).
    inputs : {flat port name: value}, constant during the run.
    until : flat name of a port that ends the run when it is 1, finished or not.

    Returns
    -------
    :class:`StreamRun`
    """
    if engine == "compiled":
        return _run_compiled(model or Model(component, notify=notify), streams, cycles,
                             inputs or {}, until)
    return _run_pysim(component, streams, cycles, inputs or {}, until)


def _run_compiled(model, streams, cycles, inputs, until):
    for name, value in inputs.items():
        model.set(name, value)
    model.reset()
    # Gates count cycles from the end of the reset, like the built-in engine's.
    offset = model.cycle
    buffers = {}
    for name, end in streams.items():
        sink = isinstance(end, Sink)
        gate = np.roll(end.gate, offset % len(end.gate))
        buffers[name] = model.attach(name, end.count if sink else end.words, gate, sink=sink,
                                     timestamps=True)
    done, _ = model.run(cycles, until=(until, 1) if until else None, until_streams=True)
    finished = all(model.transferred(n) == len(b[0]) for n, b in buffers.items())
    times = {n: (b[1][:model.transferred(n)] - np.uint64(offset)).astype(np.int64)
             for n, b in buffers.items()}
    words = {n: buffers[n][0][:model.transferred(n)]
             for n, e in streams.items() if isinstance(e, Sink)}
    for name in streams:
        model.detach(name)
    return StreamRun(done, words, times, finished)


def _run_pysim(component, streams, cycles, inputs, until):
    values = {"_".join(map(str, path)): Value.cast(value)
              for path, _, value in component.signature.flatten(component)}
    known = stream_ports(port_list(component))
    words = {n: [] for n, e in streams.items() if isinstance(e, Sink)}
    times = {n: [] for n in streams}
    ran = 0

    async def bench(ctx):
        nonlocal ran
        for name, value in inputs.items():
            ctx.set(values[name], value)
        position = dict.fromkeys(streams, 0)
        offering = dict.fromkeys(streams, False)
        for cycle in range(cycles):
            for name, end in streams.items():
                open_ = bool(end.gate[cycle % len(end.gate)])
                if isinstance(end, Source):
                    data = np.asarray(end.words, np.uint32)
                    if not offering[name] and position[name] < len(data) and open_:
                        offering[name] = True
                        row = np.atleast_1d(data[position[name]])
                        ctx.set(values[f"{name}_payload"],
                                sum(int(c) << (32 * i) for i, c in enumerate(row)))
                    ctx.set(values[f"{name}_valid"], offering[name])
                else:
                    ctx.set(values[f"{name}_ready"], open_ and position[name] < end.count)
            if all(position[n] == (e.count if isinstance(e, Sink) else len(e.words))
                   for n, e in streams.items()) or (until and ctx.get(values[until])):
                return
            for name, end in streams.items():
                if not (ctx.get(values[f"{name}_valid"]) and ctx.get(values[f"{name}_ready"])):
                    continue
                if isinstance(end, Sink):
                    width = max(1, chunks(known[name].width))
                    value = ctx.get(values[f"{name}_payload"])
                    words[name].append([(value >> (32 * i)) & 0xFFFFFFFF for i in range(width)])
                offering[name] = False
                position[name] += 1
                times[name].append(cycle)
            await ctx.tick()
            ran += 1

    simulator = Simulator(component)
    simulator.add_clock(1e-8, if_exists=True)
    simulator.add_testbench(bench)
    simulator.run()
    finished = all(len(times[n]) == (e.count if isinstance(e, Sink) else len(e.words))
                   for n, e in streams.items())
    return StreamRun(
        ran,
        {n: np.array(w, np.uint32).reshape(-1, max(1, chunks(known[n].width)))
         for n, w in words.items()},
        {n: np.array(t, np.int64) for n, t in times.items()}, finished)
