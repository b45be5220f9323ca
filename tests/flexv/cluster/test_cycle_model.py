"""The cycle model of the cluster against its RTL: programs that end in the same cycle, and cores
that wait for the same in as many."""

import random

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.cluster.registers import L1_BASE
from flexdrive.flexv.core import CoreConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.bench.cluster_layers import Layer
from flexdrive_sim.bench.flexv_cluster_model import layer_cycles
from flexdrive_sim.flexv.cycles.arbiter import RoundRobin
from flexdrive_sim.flexv.drive.cluster_bench import build_cluster
from flexdrive_sim.flexv.drive.network import CLUSTER
from flexdrive_sim.flexv.drive.predict_cluster import predict_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster

from .conftest import CONFIG
from .test_programs import program_text

# Cores with all instructions and options.
_FULL = ClusterConfig(cores=2, banks=4, xor_banks=True, private_cache=256, core=CoreConfig.preset(
    "flexv-kernels", fast_loops=True, waiting_loads=(L1_BASE, 4 * 4 * 2048)))


def _both(cluster, text, place, latency, config=CONFIG):
    """(outcome, waits by core and reason) of the RTL and of the model."""
    source = place / "program.c"
    source.write_text(text)
    made = []
    for simulate, options in ((run_cluster, {"built": cluster}), (predict_cluster, {})):
        program = load_elf(build_program([source], place / "program.elf", cores=config.cores))
        outcome, bench = simulate(program, config, max_cycles=300_000, latency=latency, **options)
        made.append((outcome, bench.counts()))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("name", "latency"), [
    ("barrier", 6), ("channel", 6), ("events", 11), ("latency", 1), ("masks", 1),
    *(pytest.param(name, latency, marks=pytest.mark.thorough) for name, latency in (
        ("changed", 6), ("dma", 6), ("fork", 6), ("fork", 11), ("litmus", 1), ("turns", 6)))])
def test_programs_take_as_many_cycles(cluster, tmp_path, name, latency):
    (rtl, waits), (model, predicted) = _both(cluster, program_text(name), tmp_path, latency)
    assert rtl.passed
    assert (model.passed, model.console, model.cycles) == (True, rtl.console, rtl.cycles)
    np.testing.assert_array_equal(predicted, waits)


@pytest.mark.slow
@pytest.mark.parametrize("layer", [
    Layer("a4w2", 4, 2, 12, 20), pytest.param(Layer("depthwise", 8, 8, 20, 20, True),
                                              marks=pytest.mark.thorough)], ids=lambda e: e.name)
def test_layers_take_as_many_cycles(layer):
    rtl, predicted = layer_cycles(layer)
    assert len(rtl) == 4
    np.testing.assert_array_equal(predicted, rtl)


def _packing(seed, steps=150):
    """A program that packs, stores packed words and finds their places in any order, beside what
    may wait for them or make them wait; two passes, the second with warm caches."""
    draw = random.Random(seed)
    numbers = ("RQ_WORD", "RQ_PACKED", "RQ_ADDRESS", "RQ_LANE", "A_STRIDE")
    lines = []
    for _ in range(steps):
        lines.append(draw.choice([
            *(f"a = flexv_rq_pack_{end}(a, 3, b);" for end in ("c", "c", "c", "sb", "sh", "sw")),
            "flexv_rq_pack(b, 3, a);", "a ^= 77;", "s += b;",
            *(f"p = flexv_rq_at(p, {step}, {draw.choice((0, 1, 4, 7))});" for step in (4, -4)),
            f"s += flexv_csr_read(CSR_{draw.choice(numbers)});",
            "b = flexv_p_mac(b, a, 5);", f"mine[{draw.randrange(64)}] = s;",
            f"s += mine[{draw.randrange(64)}];", "a = flexv_ml_sdotup_w(a, 1, 0);",
            "b = flexv_ml_sdotup(b, 1, 0);"]))
        if "rq_at" in lines[-1] and draw.random() < 0.5:
            lines.append("p = table + 8;")
    body = "\n\t\t".join(lines)
    return f"""
#include <stdio.h>
#include "flexv_cluster.h"
#include "flexv_intrinsics.h"
static FLEXV_L1 volatile uint32_t out[2][64], sums[2];
static FLEXV_L1 uint32_t tables[2][16];
static void work(void *data)
{{
	volatile uint32_t *mine = out[core_id()];
	uint32_t *table = tables[core_id()], a = 5, b = 7, s = 0;
	for (int i = 0; i < 16; i++) table[i] = (uint32_t)(mine + 13 * i % 48);
	flexv_csr_write(CSR_RQ_ADDRESS, mine);
	flexv_csr_write(CSR_RQ_CONTROL, 3);
	flexv_csr_write(CSR_IVEC_FMT, 2);
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, 9);
	flexv_csr_write(CSR_W_ROLLBACK, -36);
	for (int pass = 0; pass < 2; pass++) {{
		const uint32_t *p = table + 8;
		flexv_csr_write(CSR_MACL_W_ADDRESS, table);
		flexv_csr_write(CSR_SB_LEGACY, 0);
		{body}
		flexv_csr_write(CSR_SB_LEGACY, 1);
	}}
	for (int i = 0; i < 64; i++) s = 31 * s + mine[i];
	sums[core_id()] = s + a + b;
}}
int main(void)
{{
	cluster_fork(work, 0);
	printf("%08x %08x\\n", (unsigned)sums[0], (unsigned)sums[1]);
}}
"""


@pytest.fixture(scope="module")
def full_cluster():
    return build_cluster(_FULL)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_packed_words_take_as_many_cycles(full_cluster, tmp_path, seed):
    (rtl, waits), (model, predicted) = _both(full_cluster, _packing(seed), tmp_path, 6, _FULL)
    assert rtl.passed, rtl.verdict
    assert (model.passed, model.console, model.cycles) == (True, rtl.console, rtl.cycles)
    np.testing.assert_array_equal(predicted, waits)


@pytest.mark.slow
def test_products_through_the_funnel_take_as_many_cycles(tmp_path):
    """On the cluster that networks run on: loads wait beside the pipeline."""
    source, made = tmp_path / "program.c", []
    source.write_text(program_text("funnel"))
    for simulate in (run_cluster, predict_cluster):
        program = load_elf(build_program([source], tmp_path / "program.elf", cores=CLUSTER.cores))
        outcome, bench = simulate(program, CLUSTER, max_cycles=100_000, latency=6)
        assert outcome.passed
        made.append((outcome.cycles, bench.counts().tolist()))
    assert made[0] == made[1]


def test_what_has_no_cycles_is_said(tmp_path):
    source = tmp_path / "program.c"
    config = ClusterConfig(cores=1)
    for text, words in (("*(volatile int *)0x40180000 = 1;", "0x40180000, where there is nothing"),
                        ("__asm__ volatile(\"ecall\");", "Traps have no cycle model: cause 11")):
        source.write_text(f"int main(void) {{ {text} }}")
        program = load_elf(build_program([source], tmp_path / "program.elf", cores=1))
        with pytest.raises(FlexdriveError, match=words):
            predict_cluster(program, config, max_cycles=20_000)


def test_turns_are_fair():
    arbiter, order = RoundRobin(), []
    for _ in range(6):
        order.append(arbiter.take(0b1011))
    assert order == [1, 2, 8, 1, 2, 8]
    assert arbiter.take(0b0100) == 4
    assert arbiter.take(0) == 0
