"""Campaigns: the same results for the same seeds, whoever does them; what is wrong is told."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_sim import campaign, random_checks
from flexdrive_sim.chunks import kept_by_worker, run_chunks
from flexdrive_sim.engine import EngineError
from flexdrive_sim.hyperdrive.drive.faulty_wire import Fault
from flexdrive_sim.hyperdrive.verify import link_faults, random_chip, random_mesh
from flexdrive_sim.hyperdrive.verify.fault_campaign import FaultCampaign, FaultRun
from flexdrive_sim.hyperdrive.verify.link_faults import run_link_faults
from flexdrive_sim.hyperdrive.verify.mesh_check import MeshCheck
from flexdrive_sim.hyperdrive.verify.mesh_soak import next_mesh, soak_page


@pytest.mark.slow
def test_faults_are_the_same_whoever_runs_them(tmp_path, monkeypatch):
    """In two processes, in three threads that share one, and of what was kept."""
    monkeypatch.setattr(link_faults, "CONFIGS", link_faults.CONFIGS[:2])
    alone = run_link_faults(60, workers=1, keep=tmp_path)
    assert alone.runs == 120
    assert alone.effective > 60
    assert alone.failures == []
    with ThreadPoolExecutor(3) as executor:
        assert run_link_faults(60, executor=executor) == alone
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f"link_runs-0{index}-0000{first}.json" for index in range(2)
                    for first in ("00-50", "50-10")]
    # What is kept is not computed again, and more seeds go on from there.
    monkeypatch.setattr(link_faults, "random_case", None)
    assert run_link_faults(60, workers=1, keep=tmp_path) == alone


def test_results_of_another_source_are_not_gone_on_with(tmp_path, monkeypatch):
    campaign.run_campaign(pow, {"a": (2, 3)}, name="x", keep=tmp_path, workers=1)
    assert campaign.run_campaign(pow, {"a": (2, 3)}, name="x", keep=tmp_path) == {"a": 8}
    monkeypatch.setattr(campaign, "source_identity", lambda: "another")
    with pytest.raises(FlexdriveError, match="holds results of other work"):
        campaign.run_campaign(pow, {"a": (2, 3)}, name="x", keep=tmp_path)


def test_no_chunk_is_begun_after_the_end():
    chunks = {str(i): lambda i=i: (i, 2) for i in range(40)}
    assert run_chunks(pow, chunks, identity="x", workers=1, seconds=0) == {}
    assert len(run_chunks(pow, chunks, identity="x", workers=1, seconds=60)) == 40


def test_each_worker_has_an_engine_of_its_own():
    make = kept_by_worker(2)(lambda name: [name])
    assert make("a") is make("a")
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(make, "a").result() is not make("a")


def test_failures_name_set_up_and_seed():
    found = FaultCampaign()
    for seed, outcome in enumerate(("survived", "no effect", "FAILED: hang")):
        found.add(3, seed, True, FaultRun(Fault.CUT.value, outcome, 5 + seed, None))
    assert found.failures == [(3, 2, "FAILED: hang")]
    assert (found.runs, found.effective) == (3, 2)
    (row,) = [row for row in found.rows() if row.runs]
    assert (row.retransmit, row.kind, row.first, row.last) == (True, Fault.CUT, 7, None)


def _counted(seed):
    return {"programs": seed, "wrong": f"seed {seed}" if seed % 3 == 0 else None}


def test_random_checks_are_counted_by_seed(monkeypatch):
    monkeypatch.setitem(random_checks.KINDS, "chips", random_checks.RandomKind("", _counted, 3))
    for crew in ({"workers": 1}, {"workers": 2}):
        found = random_checks.run_random("chips", 5, 2, **crew)
        assert (found.first, found.done) == (2, 5)
        assert found.counts == {"programs": 2 + 3 + 4 + 5 + 6}
        assert found.wrong == ["seed 3", "seed 6"]
    assert random_checks.run_random("chips", 5, 2, workers=1, seconds=0).done == 0


@pytest.mark.parametrize("differences", [
    lambda *_, **__: ["a word"], lambda *_, **__: (_ for _ in ()).throw(EngineError("a word"))])
def test_a_difference_of_a_random_chip_is_told(monkeypatch, differences):
    monkeypatch.setattr(random_chip, "Chip", lambda *_, **__: None)
    monkeypatch.setattr(random_chip, "differences", differences)
    found = random_chip.check_random_chip(4)
    assert found["wrong"].startswith("chip 4 (ChipConfig(")
    assert found["wrong"].endswith(", program 0: a word")
    assert found["words"] == 0


def test_a_difference_of_a_random_mesh_is_told(monkeypatch):
    options = SimpleNamespace(height=1, width=1)
    for name in ("Mesh", "FaultyMesh"):
        monkeypatch.setattr(random_mesh, name, lambda *_: options)
    monkeypatch.setattr(random_mesh, "random_gates", lambda *_: None)
    monkeypatch.setattr(random_mesh, "check_mesh", lambda *_: MeshCheck(["a word"], 5, 6))
    found = random_mesh.check_random_mesh(2)
    assert found["wrong"].startswith("mesh 2 (")
    assert found["wrong"].endswith(", program 0: a word")


def test_random_chips_are_of_all_kinds():
    chips = [random_chip.random_chip(seed) for seed in range(60)]
    for name in ("adder_depth", "halo", "leaky", "channelwise", "ternary", "fm_banks"):
        assert len({getattr(chip, name) for chip in chips}) > 1
    assert random_chip.random_chip(7) == chips[7]


def test_the_page_of_a_soak_goes_on():
    counts = {"programs": 80, "words": 1000, "cycles": 2000}
    page = soak_page("", random_checks.RandomFound(0, 2, counts, []), 0.5)
    assert next_mesh("") == 0
    assert next_mesh(page) == 2
    page = soak_page(page, random_checks.RandomFound(2, 3, counts, []), 1)
    assert page.endswith("| 0 to 1 | 80 | 1,000 | 2,000 | 0.50 |\n"
                         "| 2 to 4 | 80 | 1,000 | 2,000 | 1.00 |\n")
