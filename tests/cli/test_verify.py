"""``flexdrive verify``: what it prints, its pages, its refusals."""

import importlib.util
import re

import pytest

from flexdrive_cli.verify import COMMANDS
from flexdrive_cli.verify.proofs import PARTS
from flexdrive_cli.verify.random import KINDS
from flexdrive_sim import random_checks
from flexdrive_sim.board import faults as board_faults
from flexdrive_sim.flexv.verify import dot_check
from flexdrive_sim.hyperdrive.drive.faulty_wire import Fault
from flexdrive_sim.hyperdrive.verify import link_faults
from flexdrive_sim.hyperdrive.verify.fault_campaign import FaultCampaign, FaultRun
from flexdrive_sim.mapped import chip_check
from flexdrive_sim.proofs import runs
from flexdrive_sim.proofs.formal import Proof


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(flexdrive, name):
    status, out, _ = flexdrive("verify", name, "--help")
    assert status == 0
    assert f"Usage: flexdrive verify {name} [OPTIONS]" in out
    assert max(map(len, out.splitlines())) <= 80


def test_what_is_offered_is_what_there_is():
    assert set(PARTS) == set(runs.PARTS)
    assert set(KINDS) == set(random_checks.KINDS)


@pytest.mark.slow
def test_link_faults(flexdrive, tmp_path):
    status, out, _ = flexdrive("verify", "link-faults", "--count", 3, "--workers", 1, "--page",
                               "page.md")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    (count,) = re.findall(r"(\d+) of 30 faults changed something, 0 failures", out)
    page = (tmp_path / "page.md").read_text()
    assert page.startswith(f"# Faults on the link\n\n{count} faults that changed something on the "
                           "wires (30 runs), 0 failures")
    assert "`flexdrive verify link-faults --count 3`" in page


def test_a_failure_is_told_and_ends_with_status_1(flexdrive, monkeypatch):
    found = FaultCampaign()
    found.add(1, 77, False, FaultRun(Fault.DROP.value, "FAILED: wrong word"))
    monkeypatch.setattr(link_faults, "run_link_faults", lambda count, **_: found)
    status, out, errors = flexdrive("verify", "link-faults")
    assert status == 1
    assert "1 of 1 faults changed something, 1 failures" in out
    assert re.fullmatch(r"error: wrong word: LinkConfig\(.*\), seed 77\n", errors)


def test_board_faults(flexdrive, monkeypatch, tmp_path):
    trials = [board_faults.Trial("burst", 8, "right", "", 1.5),
              board_faults.Trial("power lost", 1, "BoardError", "was reset", 1.25, False)]
    asked = []
    monkeypatch.setattr(board_faults, "run_board_faults",
                        lambda *arguments, **crew: asked.append((arguments, crew)) or trials)
    status, out, errors = flexdrive("verify", "board-faults", "--count", 9, "--workers", 1,
                                    "--page", "page.md")
    assert asked == [(("tiny", 9, 0), {"workers": 1, "keep": None})]
    assert status == 1
    assert errors == "error: power lost: BoardError, recovered: False; was reset\n"
    assert "9 faults, 1 trials broke a rule" in " ".join(out.split())
    page = (tmp_path / "page.md").read_text()
    assert "9 faults in 2 trials, 1 broke a rule" in page
    assert "| burst | 8 | 1 | 0 | 1.5 |" in page
    status, _, errors = flexdrive("verify", "board-faults", "--board", "none")
    assert status == 1
    assert errors.startswith("error: There is no board 'none'; there are ")


def test_a_netlist_that_differs_is_told(flexdrive, monkeypatch):
    runs = [chip_check.NetlistRun(0, 77, 5, 3, ""), chip_check.NetlistRun(1, 78, 5, 3, "worse")]
    monkeypatch.setattr(chip_check, "check_chip", lambda programs, **_: (
        {"LUT4": 1234}, ["net 4 has 2 drivers"], runs))
    status, out, errors = flexdrive("verify", "netlist", "--programs", 2)
    assert status == 1
    assert re.search(r"0 +77 +5 +3 +equal\n1 +78 +5 +3 +DIFFERS", out)
    assert "1,234 LUT4" in out
    assert errors == "error: net 4 has 2 drivers\nerror: program 1: worse\n"


@pytest.mark.slow
def test_random_programs(flexdrive):
    status, out, _ = flexdrive("verify", "random", "core", "--count", 2, "--workers", 1)
    assert status == 0
    assert re.search(r"core +0 to 1 +40,000 instructions, [\d,]+ cycles", out)


def test_a_wrong_dot_product_is_told(flexdrive, monkeypatch):
    rows = [dot_check.DotRow("array", "all", 5, ["array: Dot product a8w8"])]
    monkeypatch.setattr(dot_check, "run_dot_check", lambda words, structures, **_: rows)
    status, _, errors = flexdrive("verify", "dotp", "--words", "1e3", "--structure", "array")
    assert (status, errors) == (1, "error: array: Dot product a8w8\n")


def _none():
    raise AssertionError


def test_proofs(flexdrive, monkeypatch, tmp_path):
    """Results of all kinds, of which a counterexample and a tool that died are failures."""
    outcomes = {"good": "PASS", "slow": "TIMEOUT", "bad": "FAIL"}
    monkeypatch.setattr(runs, "proofs_of", lambda part, names=(): [
        Proof(name=name, claim="a claim", component=_none, depth=9) for name in outcomes])
    monkeypatch.setattr(runs, "run_campaign", lambda *_, **__: {
        name: {"status": status, "reached": 5, "seconds": 2.0, "error": None,
               "trace": "$date" if status == "FAIL" else None}
        for name, status in outcomes.items()})
    status, out, errors = flexdrive("verify", "proofs", "link", "--trace", "waves", "--page",
                                    "page.md")
    assert status == 1
    assert errors == "error: bad: a counterexample\n"
    assert re.search(r"slow +bmc 9 +TIMEOUT +5 +2", out)
    assert (tmp_path / "waves/bad.vcd").read_text() == "$date"
    assert "| good | a claim | bmc 9 | PASS | 5 | 2 |" in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize(("arguments", "message"), [
    (("proofs", "link", "ordre"), "There is no proof 'ordre' of link; there are order-one, "),
    (("link-faults", "--page", "missing/page.md"), "missing/page.md cannot be written (No such"),
    (("random", "--workers", 2, "--dask", "tcp://x:1"), "--workers and --dask exclude each other"),
])
def test_errors_are_one_line(flexdrive, arguments, message):
    status, out, errors = flexdrive("verify", *arguments)
    assert status == 1
    assert out == ""
    assert errors.startswith(f"error: {message}")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(("arguments", "package", "line"), [
    (("proofs", "link"), "z3", "A proof needs z3-solver: pip install 'flexdrive[test]'"),
    (("axi",), "cocotbext.axi",
     "A check with bus models of others needs cocotbext-axi: pip install 'flexdrive[cocotb]'"),
    (("wishbone",), "cocotb",
     "A Wishbone slave of others needs cocotb: pip install 'flexdrive[cocotb]'"),
    (("random", "--dask", "tcp://x:1"), "distributed",
     "--dask needs distributed: pip install 'flexdrive[dask]'"),
])
def test_a_missing_package_is_named(flexdrive, monkeypatch, arguments, package, line):
    find = importlib.util.find_spec
    # Others may be missing here as well; they are not the matter.
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: (
        None if name == package else find(name, *rest) or find("click")))
    status, _, errors = flexdrive("verify", *arguments)
    assert (status, errors) == (1, f"error: {line}\n")


@pytest.mark.parametrize("words", ["0", "1.5", "many", "nan"])
def test_numbers_of_words(flexdrive, words):
    status, _, errors = flexdrive("verify", "dotp", "--words", words)
    assert status == 2
    assert "is no whole number from 1 on" in errors
