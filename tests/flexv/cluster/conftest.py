"""What the tests of the cluster share."""

from dataclasses import replace

import pytest

from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.core import CoreConfig
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.cluster_bench import build_cluster
from flexdrive_sim.flexv.drive.run_cluster import run_cluster

# Small caches, so that programs do not fit; cores that stand still while they wait.
CONFIG = ClusterConfig(cores=4, banks=8, bank_words=2048, private_cache=256, shared_cache=1024,
                       cache_ways=2, gate_cores=True,
                       core=replace(CoreConfig.preset("rv32imc"), rvfi=True))


@pytest.fixture(scope="session")
def cluster():
    return build_cluster(CONFIG)


@pytest.fixture
def run(cluster, tmp_path):
    """Function that builds a program from its text and runs it: (outcome, bench)."""
    def run(text, *, assembly=False, start=True, optimise="2", **options):
        source = tmp_path / ("program.S" if assembly else "program.c")
        source.write_text(text)
        program = load_elf(build_program([source], tmp_path / "program.elf", cores=CONFIG.cores,
                                         start=start, optimise=optimise))
        return run_cluster(program, CONFIG, built=cluster,
                           **{"max_cycles": 300_000, **options})
    return run
