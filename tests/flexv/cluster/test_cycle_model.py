"""The cycle model of the cluster against its RTL: programs that end in the same cycle, and cores
that wait for the same in as many."""

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.cycles.arbiter import RoundRobin
from flexdrive_sim.flexv.drive.network import CLUSTER
from flexdrive_sim.flexv.drive.predict_cluster import predict_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster

from .conftest import CONFIG
from .test_programs import program_text


def _both(cluster, text, place, latency):
    """(outcome, waits by core and reason) of the RTL and of the model."""
    source = place / "program.c"
    source.write_text(text)
    made = []
    for simulate, options in ((run_cluster, {"built": cluster}), (predict_cluster, {})):
        program = load_elf(build_program([source], place / "program.elf", cores=CONFIG.cores))
        outcome, bench = simulate(program, CONFIG, max_cycles=300_000, latency=latency, **options)
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
