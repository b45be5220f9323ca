"""Compiled networks that run: as a library of this machine, or on the instruction-set simulator.

Both give the integers of every tensor that leaves and, with a trace, of every step.
"""

import ctypes
from itertools import pairwise
from pathlib import Path

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.cluster.registers import L1_BASE
from flexdrive.flexv.core import CoreConfig
from flexdrive_deploy.errors import FitError, ModelError
from flexdrive_deploy.flexv.compiler.build import build_cluster_elf, build_elf, build_library
from flexdrive_deploy.flexv.compiler.source import read_ahead
from flexdrive_deploy.flexv.elf import load_elf

from ..golden.network import integers_of
from .cluster_bench import WAITS, build_cluster
from .predict_cluster import predict_cluster
from .run_cluster import run_cluster
from .run_iss import run_iss

__all__ = ["CLUSTER", "ClusterNetwork", "LibraryNetwork", "PredictedNetwork", "SimulatedNetwork"]

# The cluster that networks run on: rows of any length meet all banks, the kernels have all
# instructions, and loads from L1 wait beside them.
CLUSTER = ClusterConfig(xor_banks=True, core=CoreConfig.preset(
    "flexv-kernels", fast_loops=True, waiting_loads=(L1_BASE, ClusterConfig().l1_bytes)))

# Bytes of memory: weights, maps outside of L1, and of a traced program all maps.
_MEMORY = 64 << 20
_LONGEST = 20_000_000_000
# Cycles whose waits are told; those of longer runs are not.
_WATCHED = 4_000_000


def _shaped(binding, words):
    """int64 of a tensor's shape from its words."""
    return binding.storage.unpack(words).reshape(binding.tensor.shape)


class _Network:
    """What both have: bindings of a CompiledNetwork."""

    def __init__(self, compiled, trace):
        self.compiled = compiled
        self.read = [*compiled.outputs, *(compiled.trace if trace else [])]

    def run(self, images):
        """Integers of every tensor of ``read`` (name -> (N, ...)) for images (name of an input ->
        (N, ...) float32)."""
        entering = integers_of(self.compiled.network, images)
        names = [each.tensor.name for each in self.compiled.network.integers.inputs]
        count = len(next(iter(images.values())))
        made = []
        for index in range(count):
            words = {binding.symbol: binding.pack(entering[name][index])
                     for binding, name in zip(self.compiled.inputs, names, strict=True)}
            results = self._run(words)
            made.append({each.tensor.name: _shaped(each, results[each.symbol])
                         for each in self.read})
        return {name: np.stack([each[name] for each in made]) for name in made[0]}

    def _run(self, words):
        raise NotImplementedError


class LibraryNetwork(_Network):
    """The C, compiled for this machine.

    Parameters
    ----------
    compiled : CompiledNetwork. directory : where its files are or will be written.
    trace : whether every step's output is kept.
    """

    def __init__(self, compiled, directory, *, trace=False):
        super().__init__(compiled, trace)
        compiled.write(directory)
        self._library = ctypes.CDLL(str(Path(build_library(directory, trace=trace)).resolve()))

    def _array(self, binding):
        return np.ctypeslib.as_array(
            (ctypes.c_uint32 * binding.storage.words).in_dll(self._library, binding.symbol))

    def _run(self, words):
        for binding in self.compiled.inputs:
            self._array(binding)[:] = words[binding.symbol]
        self._library.network_run()
        return {each.symbol: self._array(each).copy() for each in self.read}


class SimulatedNetwork(_Network):
    """The program on the instruction-set simulator; ``instructions`` of the last image."""

    def __init__(self, compiled, directory, *, trace=False, notify=None):
        super().__init__(compiled, trace)
        compiled.write(directory)
        self._program = load_elf(build_elf(
            directory, trace=trace, memory=_MEMORY, notify=notify))
        self.instructions = None

    def _run(self, words):
        program = self._program
        memory = program.regions()
        for symbol, content in words.items():
            _write(memory, program.symbols[symbol], content)
        outcome = run_iss(program, max_instructions=_LONGEST, memory=memory)
        if not outcome.passed:
            raise AssertionError(f"the program did not end: {outcome.verdict}")
        self.instructions = outcome.instructions
        return {each.symbol: _read(outcome.regions, program.symbols[each.symbol],
                                   each.storage.words) for each in self.read}


class ClusterNetwork(_Network):
    """The program on the cluster's RTL.

    Parameters
    ----------
    cores : that work, 1 to those of the cluster.
    preparing : context whose value tells a person what is built, or None.

    Attributes
    ----------
    times : of each image of the last run, cycles since reset: begin of the run, of each step, their
        end, end of the run.
    waits : of the last image, array (part, core, reason) of cycles in which a core waited for a
        bank, the outside, an event, instructions; parts between ``times``; None of a run that is
        too long.
    """

    def __init__(self, compiled, directory, *, trace=False, cores=CLUSTER.cores, notify=None):
        super().__init__(compiled, trace)
        if not 1 <= cores <= CLUSTER.cores:
            raise ModelError(f"{cores} cores are not possible; the cluster has {CLUSTER.cores}")
        compiled.write(directory)
        self._program = load_elf(build_cluster_elf(
            directory, cores=CLUSTER.cores, active=cores, trace=trace,
            memory=_MEMORY, notify=notify))
        self._check_l1()
        self._prepare(notify)
        self.cores, self.times, self.waits = cores, [], None

    def _check_l1(self):
        """The plan counts maps and weights; stacks, tables and layers' numbers are there too."""
        symbols, compiled = self._program.symbols, self.compiled
        behind = read_ahead(compiled.steps, compiled.plan)
        need = max(symbols["__l1_data_end"],
                   symbols["l1"] + compiled.plan.peak + behind) - L1_BASE
        if need > CLUSTER.l1_bytes:
            fits = (compiled.plan.peak - (need - CLUSTER.l1_bytes)) >> 10
            raise FitError(f"The network needs {need:,} bytes of L1, of which "
                           f"{compiled.plan.peak:,} are maps and weights; the cluster has "
                           f"{CLUSTER.l1_bytes:,}. What would pass: {fits} kB for maps and weights "
                           f"(--l1-kb {fits})", l1_bytes=fits << 10)

    def _prepare(self, notify):
        self._built = build_cluster(CLUSTER, notify=notify)

    def _simulate(self, enter):
        return run_cluster(self._program, CLUSTER, built=self._built, max_cycles=_LONGEST,
                           activity=_WATCHED, enter=enter)

    def run(self, images):
        self.times = []
        return super().run(images)

    def _run(self, words):
        program = self._program

        def enter(regions):
            for symbol, content in words.items():
                _write(regions, program.symbols[symbol], content)
        outcome, bench = self._simulate(enter)
        if not outcome.passed:
            raise FlexdriveError(f"The network on the cluster: {outcome.verdict}")
        self.times.append(_read(outcome.regions, program.symbols["network_times"],
                                len(self.compiled.steps.steps) + 3).astype(np.int64))
        self.waits = (_waits(bench.activity, self.times[-1]) if bench.cycles <= _WATCHED else None)
        return {each.symbol: _read(outcome.regions, program.symbols[each.symbol],
                                   each.storage.words) for each in self.read}


class PredictedNetwork(ClusterNetwork):
    """The same program on the cycle model of the cluster: minutes for a layer."""

    def _prepare(self, notify):
        pass

    def _simulate(self, enter):
        return predict_cluster(self._program, CLUSTER, max_cycles=_LONGEST, activity=_WATCHED,
                               enter=enter)


def _waits(activity, times):
    """Cycles of each reason between times, per core."""
    made = [[(activity[begin:end] >> bit & 1).sum(0) for bit in range(len(WAITS))]
            for begin, end in pairwise(times)]
    return np.array(made).transpose(0, 2, 1)


def _write(regions, address, words):
    data, at = _part(regions, address)
    data[at:at + 4 * len(words)] = np.ascontiguousarray(words).view(np.uint8)


def _read(regions, address, count):
    data, at = _part(regions, address)
    return np.array(data[at:at + 4 * count]).view(np.uint32)


def _part(regions, address):
    for region in regions:
        if region.base <= address < region.base + len(region.data):
            return region.data, address - region.base
    raise AssertionError(f"no memory at {address:#x}")


