"""Programs on a small cluster: what cores do together, and how a run ends when it goes wrong."""

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster.registers import L1_BASE, REGISTERS
from flexdrive_sim.flexv.drive.cluster_bench import ClusterBench
from flexdrive_sim.flexv.iss import Region

from .conftest import CONFIG

_ADDRESS = {register.name: register.address for register in REGISTERS}


def _passes(outcome):
    assert outcome.verdict == "passed"
    assert outcome.passed


FORK = """
#include <stdio.h>
#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t sums[16];
static void work(void *data)
{
	uint32_t sum = 0;
	for (uint32_t i = core_id(); i < (uint32_t)data; i += core_count()) sum += i;
	sums[core_id()] = sum;
}
int main(void)
{
	uint32_t total = 0;
	cluster_fork(work, (void *)1000);
	for (uint32_t i = 0; i < core_count(); i++) total += sums[i];
	printf("%u cores: %u\\n", (unsigned)core_count(), (unsigned)total);
}
"""


@pytest.mark.parametrize("stalls", range(3))
def test_fork_and_printf(run, stalls):
    outcome, bench = run(FORK, random_stalls=stalls, latency=1 + 3 * stalls)
    _passes(outcome)
    assert outcome.console == b"4 cores: 499500\n"
    # Waiting for core 0 is waiting for an event.
    assert (bench.counts()[1:, 2] > 0.5 * outcome.cycles).all()


TURNS = """
#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t shared, tickets, plain[4], bad;
static void work(void *data)
{
	uint32_t me = core_id();
	for (int i = 0; i < 50; i++) {
		mutex_lock(1);
		uint32_t seen = shared;
		for (uint32_t k = 0; k < (me + i) % 5; k++) __asm__ volatile("nop");
		shared = seen + 1;
		mutex_unlock(1);
		uint32_t mine = ticket(2);
		if (mine >= 200) bad = 1;
		mutex_lock(0);
		tickets += mine;
		mutex_unlock(0);
		// Every core sees what every other one has stored before the barrier.
		plain[me] = i;
		barrier();
		for (int k = 0; k < 4; k++) bad |= plain[k] != i;
		barrier();
	}
}
int main(void)
{
	cluster_fork(work, 0);
	return bad ? 1 : shared != 200 ? 2 : tickets != 199 * 200 / 2 ? 3 : 0;
}
"""


def test_mutexes_tickets_and_barriers(run):
    _passes(run(TURNS)[0])


EVENTS = """
#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t order[8], count;
static void work(void *data)
{
	uint32_t me = core_id(), next = (me + 1) % core_count();
	if (me) event_wait(1 << 3);
	order[count] = me;
	count = count + 1;
	if (next) event_send(3, 1 << next);
}
int main(void)
{
	// Two halves with barriers of their own.
	FLEXV_BARRIER_ARRIVERS[1] = FLEXV_BARRIER_TARGETS[1] = 3;
	if (FLEXV_BARRIER_ARRIVERS[1] != 3 || *FLEXV_BARRIER_ARRIVERS != 15) return 5;
	cluster_fork(work, 0);
	for (uint32_t i = 0; i < core_count(); i++) if (order[i] != i) return 1;
	return 0;
}
"""


def test_events_in_a_ring(run):
    _passes(run(EVENTS)[0])


SPLIT = """
#include "flexv_cluster.h"
static FLEXV_L1 volatile uint32_t there[2];
static void work(void *data)
{
	uint32_t me = core_id();
	if (me == 1) {
		for (int i = 0; i < 100; i++) __asm__ volatile("nop");
		there[0] = 7;
		FLEXV_BARRIER_ARRIVE[2] = 0;
	} else if (me == 2) {
		(void)FLEXV_BARRIER_WAIT[2];
		there[1] = there[0];
	} else if (me == 3) {
		// A target that has not arrived gets the event.
		event_wait(1 << (FLEXV_EVENT_BARRIER + 2));
		if (there[0] != 7) there[1] = 100;
	}
}
int main(void)
{
	FLEXV_BARRIER_ARRIVERS[2] = 6;
	FLEXV_BARRIER_TARGETS[2] = 12;
	cluster_fork(work, 0);
	return there[1] != 7;
}
"""


def test_barrier_with_masks(run):
    _passes(run(SPLIT)[0])


DMA = """
#include "flexv_cluster.h"
static uint8_t source[4][600], target[4][600];
static FLEXV_L1 uint8_t buffer[4][640];
static FLEXV_L1 volatile uint32_t bad;
static void work(void *data)
{
	uint32_t me = core_id();
	uint8_t *own = buffer[me];
	dma_row(DMA_IN, own + 3, source[me], 301);
	dma_row(DMA_IN, own + 3 + 301, source[me] + 301, 299);
	dma_wait();
	for (int i = 0; i < 600; i++) own[3 + i] += me;
	dma_plane(DMA_OUT, own + 3, 60, target[me] + 5, 60, 50, 9);
	dma_wait();
	for (int i = 0; i < 540; i++) {
		int in = i % 60 < 50;
		uint8_t wanted = in ? (uint8_t)(source[me][i] + me) : 0;
		if (target[me][5 + i] != wanted) bad = 1;
	}
}
int main(void)
{
	for (int i = 0; i < 2400; i++) source[0][i] = i * 7 + (i >> 5);
	cluster_fork(work, 0);
	return bad;
}
"""


@pytest.mark.parametrize("stalls", range(2))
def test_dma_of_all_cores(run, stalls):
    _passes(run(DMA, random_stalls=stalls)[0])


CHANGED = """
#include "flexv_cluster.h"
static uint32_t code[2] = {0, 0x00008067};  // li a0, n; ret
static FLEXV_L1 volatile uint32_t bad;
static void work(void *data)
{
	uint32_t (*function)(void) = (uint32_t (*)(void))code;
	if (function() != (uint32_t)data) bad = 1;
}
int main(void)
{
	for (uint32_t i = 1; i < 20; i++) {
		code[0] = 0x513 | i << 20;
		instructions_changed();
		cluster_fork(work, (void *)i);
	}
	return bad;
}
"""


@pytest.mark.parametrize("stalls", range(3))
def test_changed_instructions(run, stalls):
    _passes(run(CHANGED, random_stalls=stalls)[0])


def test_stale_instructions_without_the_flush(run):
    """The flush is needed, so the test above can fail."""
    assert not run(CHANGED.replace("\t\tinstructions_changed();\n", ""))[0].passed


def test_cost_of_a_barrier(run):
    """All four cores, in instructions that are in the caches: 6 cycles at most."""
    text = """
#include "flexv_cluster.h"
FLEXV_L1 volatile uint32_t spent[16];
static void work(void *data)
{
	uint32_t least = 1000;
	for (int i = 0; i < 8; i++) {
		barrier();
		uint32_t before, after;
		__asm__ volatile("lui t0, 0x40200\\n\\t.balign 16\\n\\tcsrr %0, mcycle\\n\\t"
		                 "lw zero, 0x40(t0)\\n\\tcsrr %1, mcycle"
		                 : "=r"(before), "=r"(after) : : "t0", "memory");
		if (after - before < least) least = after - before;
	}
	spent[core_id()] = least;
}
int main(void)
{
	cluster_fork(work, 0);
	cluster_fork(work, 0);
	for (uint32_t i = 0; i < core_count(); i++) if (spent[i] > 6) return spent[i];
	return 0;
}
"""
    _passes(run(text)[0])


FAULTS = {
    "a load from nowhere": ("*(volatile int *)0x40110000;", "core 2: unexpected trap, cause 5 "
                            "(load access fault)", "mtval 0x40110000"),
    "a store beyond L1": ("*(volatile int *)0x40008000 = 1;", "core 2: unexpected trap, cause 7",
                          "mtval 0x40008000"),
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
    "a wild transfer": ("dma_row(DMA_IN, (void *)0x40007ff8, (void *)0x80000000, 16); dma_wait();",
                        "a transfer of the DMA unit failed", "0x40008000"),
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
    with pytest.raises(FlexdriveError, match="data at 0x4000.* in L1"):
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
