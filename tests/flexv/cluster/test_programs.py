"""Programs on a small cluster: what cores do together, and how a run ends when it goes wrong."""

from pathlib import Path

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster.registers import L1_BASE, REGISTERS
from flexdrive_sim.flexv.drive.cluster_bench import ClusterBench
from flexdrive_sim.flexv.iss import Region

from .conftest import CONFIG

_PROGRAMS = Path(__file__).parent / "programs"
_ADDRESS = {register.name: register.address for register in REGISTERS}


def program_text(name):
    """A program of ``programs``."""
    return (_PROGRAMS / f"{name}.c").read_text()


def _passes(outcome):
    assert outcome.verdict == "passed"
    assert outcome.passed


@pytest.mark.parametrize("stalls", range(3))
def test_fork_and_printf(run, stalls):
    outcome, bench = run(program_text("fork"), random_stalls=stalls, latency=1 + 3 * stalls)
    _passes(outcome)
    assert outcome.console == b"4 cores: 499500\n"
    # Waiting for core 0 is waiting for an event.
    assert (bench.counts()[1:, 2] > 0.5 * outcome.cycles).all()


def test_mutexes_tickets_and_barriers(run):
    _passes(run(program_text("turns"))[0])


@pytest.mark.parametrize("stalls", range(2))
def test_litmus(run, stalls):
    """Cores see each other's accesses in one order."""
    _passes(run(program_text("litmus"), random_stalls=stalls)[0])


def test_channel_of_the_cluster(run):
    _passes(run(program_text("channel"))[0])


def test_events_in_a_ring(run):
    _passes(run(program_text("events"))[0])


def test_barrier_with_masks(run):
    _passes(run(program_text("masks"))[0])


@pytest.mark.slow
@pytest.mark.parametrize("stalls", [pytest.param(0, marks=pytest.mark.thorough), 1])
def test_dma_of_all_cores(run, stalls):
    _passes(run(program_text("dma"), random_stalls=stalls)[0])


@pytest.mark.parametrize("stalls", range(3))
def test_changed_instructions(run, stalls):
    _passes(run(program_text("changed"), random_stalls=stalls)[0])


def test_stale_instructions_without_the_flush(run):
    """The flush is needed, so the test above can fail."""
    assert not run(program_text("changed").replace("\t\tinstructions_changed();\n", ""))[0].passed


def test_cost_of_a_barrier(run):
    """All four cores, in instructions that are in the caches: 6 cycles at most."""
    _passes(run(program_text("barrier"))[0])


@pytest.mark.parametrize("latency", [1, 6])
def test_latencies(run, latency):
    """Beyond a load from L1: own register, shared register, DMA register, the outside."""
    outcome, _ = run(program_text("latency"), latency=latency)
    _passes(outcome)
    assert outcome.console.split() == [b"0", b"1", b"1", str(1 + latency).encode()]


FAULTS = {
    "a load from nowhere": ("*(volatile int *)0x40110000;", "core 2: unexpected trap, cause 5 "
                            "(load access fault)", "mtval 0x40110000"),
    "a store beyond L1": ("*(volatile int *)0x40010000 = 1;", "core 2: unexpected trap, cause 7",
                          "mtval 0x40010000"),
    "a barrier of others": ("FLEXV_BARRIER_WAIT[3];", "core 2: unexpected trap, cause 5",
                            "mtval 0x4020004c"),
    "a mutex of others": ("FLEXV_MUTEX[0] = 0;", "core 2: unexpected trap, cause 7",
                          "mtval 0x40200080"),
    "half of a register": ("*(volatile char *)FLEXV_EVENT_MASK = 1;", "cause 7", "0x40200000"),
    "an illegal instruction": ("__asm__ volatile(\".4byte 0\");", "core 2: unexpected trap, cause "
                               "2 (illegal instruction)", "mtval"),
    "no function": ("__asm__ volatile(\"jalr zero\");", "core 2: trap without a handler", ""),
    "no handler": ("csr_write(mtvec, 0); *(volatile int *)0x40110000;", "core 2: trap without a "
                   "handler", "first access that failed was to 0x40110000"),
    "a wild transfer": ("dma_row(DMA_IN, (void *)0x4000fff8, (void *)0x80000000, 16); dma_wait();",
                        "a transfer of the DMA unit failed", "0x40010000"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_stops_the_cluster(run, name):
    """Core 2 does something wrong while core 1 works and the others wait."""
    body, *wanted = FAULTS[name]
    text = f"""
#include "flexv_cluster.h"
static void work(void *data)
{{
	if (core_id() == 1) for (;;) __asm__ volatile("nop");
	if (core_id() == 2) {{ {body} }}
}}
int main(void) {{ cluster_fork(work, 0); }}
"""
    outcome, bench = run(text, optimise="1")
    assert not outcome.passed
    for part in wanted:
        assert part in outcome.verdict
    if "trap, cause" in outcome.verdict:
        assert "in work+" in outcome.verdict
    assert outcome.cycles < 20_000
    assert bench.load(_ADDRESS["FAULT_CORE"]) >> 31


def test_deadlock_is_reported(run):
    outcome, _ = run("""
#include "flexv_cluster.h"
static void work(void *data)
{
	if (core_id() == 1) mutex_lock(0);
	if (core_id() == 2) { for (int i = 0; i < 50; i++) __asm__ volatile("nop"); mutex_lock(0); }
}
int main(void) { cluster_fork(work, 0); }
""")
    assert outcome.verdict == ("failed: core 0: deadlock: every core waits for a barrier or a "
                               "mutex; barrier 0: 0xb of 0xf have arrived")


def test_waiting_for_the_host_is_reported(run):
    outcome, _ = run("#include \"flexv_cluster.h\"\nint main(void) { event_wait(1); }")
    assert outcome.verdict.startswith("failed: all cores sleep (mask 0xf) for events that only")


def test_endless_loop_is_reported(run):
    outcome, _ = run("int main(void) { for (;;) __asm__ volatile(\"\"); }", max_cycles=5_000)
    assert outcome.verdict.startswith("failed: not finished after 5,000 cycles")


def test_data_in_l1_is_refused(run):
    with pytest.raises(FlexdriveError, match=r"data at 0x4000.* in L1"):
        run("#include \"flexv_cluster.h\"\nFLEXV_L1 int x = 1;\n"
            "int main(void) { return x - 1; }")


def test_host_reads_and_writes(cluster):
    """While all cores fetch from nowhere and have stopped."""
    memory = Region(0x80000000, np.zeros(64, np.uint8))
    bench = ClusterBench(cluster, CONFIG.cores, [memory], 0)
    assert bench.run(1_000) == "fault"
    words = np.random.default_rng(1).integers(1 << 32, size=64, dtype=np.uint32).tolist()
    for i, word in enumerate(words):
        bench.store(L1_BASE + 516 * i, word)
    assert [bench.load(L1_BASE + 516 * i) for i in range(64)] == words
    assert bench.load(_ADDRESS["CORES"]) == CONFIG.cores
    assert bench.load(_ADDRESS["L1_BYTES"]) == CONFIG.l1_bytes
    assert bench.load(_ADDRESS["FAULT_CAUSE"]) == 64
    for bad in (_ADDRESS["EVENT_MASK"], 0x80000000, L1_BASE + CONFIG.l1_bytes,
                _ADDRESS["CORES"] + 0x300):
        with pytest.raises(FlexdriveError, match="failed"):
            bench.load(bad)
