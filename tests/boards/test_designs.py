"""Boards without a chip: a core with its memory, and the dot-product unit, with their drivers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flexdrive.boards.console import CONSOLE
from flexdrive.boards.frame import Space
from flexdrive.boards.registers import End
from flexdrive.flexv.formats import format_code
from flexdrive_cli import cli
from flexdrive_deploy.board.attach import attach
from flexdrive_deploy.board.boards import system_for
from flexdrive_deploy.board.core_driver import CoreBoard, CoreRun
from flexdrive_deploy.board.dotp_driver import DotpBoard
from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.errors import BoardError, IdentityError
from flexdrive_deploy.flexv.elf import Program
from flexdrive_sim.board.core_selftest import core_program, differing_words
from flexdrive_sim.board.selftest import SelftestError, selftest
from flexdrive_sim.board.simulated import DirectTransport, SimulatedBoard
from flexdrive_sim.board.terminal import Terminal
from flexdrive_sim.flexv.drive.rtl_core import build_core
from flexdrive_sim.flexv.drive.run_iss import run_iss
from flexdrive_sim.flexv.drive.run_rtl import run_rtl
from flexdrive_sim.flexv.drive.snippet import code, load_constant

BASE = 0x80000000
TOHOST = BASE + 0x800


@pytest.fixture(scope="module")
def core_model():
    """A core with 4 KB."""
    return SimulatedBoard(replace(system_for("flexv"), memory_words=1024, console_words=64))


@pytest.fixture(scope="module")
def core():
    """The same core without a board."""
    return build_core()


@pytest.fixture(scope="module")
def dotp_model():
    """A dot-product unit."""
    return SimulatedBoard(system_for("dotp"))


def _program(*body, tohost=TOHOST):
    content = b"".join(body)
    return Program(Path("a program"), BASE, [(BASE, content, len(content))], {"tohost": tohost})


def _store(value, address=TOHOST):
    return (load_constant(5, address) + load_constant(6, value) + code("sw", rs1=5, rs2=6)
            + code("jal"))


@pytest.mark.slow
def test_the_selftest_of_the_unit_passes_and_a_wrong_result_does_not(dotp_model, monkeypatch):
    board = attach(DirectTransport(dotp_model))
    assert isinstance(board, DotpBoard)
    lines = list(selftest(board, None, line=2, layers=4))
    assert lines[0].startswith("identity: dot-product unit, configuration ")
    assert lines[2:] == ["64 random operations equal to the golden model"]
    dot = DotpBoard.dot
    monkeypatch.setattr(DotpBoard, "dot", lambda *operands, **operation: (
        dot(*operands, **operation)[0] ^ 4, 0))
    with pytest.raises(SelftestError, match=r"^operation 0, \(\d+, \d+, \d+\), .*expected \("):
        list(selftest(board, None, line=1, layers=1))


@pytest.mark.slow
def test_an_operation_is_done_once_and_its_words_are_named(dotp_model):
    board = DotpBoard(DirectTransport(dotp_model))
    # Two lanes of 16 bits: 3 * 5 + 2 * 7, and 1.
    assert board.dot(0x00030002, 0x00050007, 1, code=format_code(16, 16)) == (30, 0)
    assert board.get("DONE") == 1
    assert board.dot(0, 0, 9, code=31) == (9, 1)
    assert board.get("DONE") == 2
    with pytest.raises(BoardError, match="OPERATION has no field bits"):
        board.dot(0, 0, 0, bits=3)
    with pytest.raises(BoardError, match="refused a request to REGISTERS at 22"):
        board.link.read(22)


@pytest.mark.slow
def test_another_design_is_told(dotp_model):
    with pytest.raises(IdentityError, match=r"the board has another design: dot-product unit, and "
                       r"not hyperdrive\. What would pass: .*--design hyperdrive$"):
        Board(DirectTransport(dotp_model))


@pytest.mark.slow
def test_the_selftest_of_a_core_passes_and_a_wrong_word_does_not(core_model):
    board = attach(DirectTransport(core_model))
    assert isinstance(board, CoreBoard)
    lines = list(selftest(board, None, line=1, layers=1))
    assert lines[0].startswith("identity: Flex-V core with 4,096 bytes, configuration ")
    assert lines[2:] == ["store PROGRAM: 1,024 words and their complements",
                         "1 random programs, every word and character equal to the "
                         "instruction-set simulator"]
    board.load(core_program(BASE, 2))
    done, other = board.run(), core_program(BASE, 1)
    assert done.passed
    assert differing_words(other, board.read, done.console).startswith("console from character 0 ")
    assert differing_words(other, board.read, run_iss(other).console).startswith("word at 0x80000")


@pytest.mark.slow
def test_each_end_of_a_run_is_told(core_model):
    board = CoreBoard(DirectTransport(core_model))
    assert board.waits() == "the core does not run (none)"
    with pytest.raises(BoardError, match="no program was loaded"):
        board.run()
    board.load(_program(_store(1)))
    done = board.run()
    assert (done.end, done.value, done.passed) == (End.STORED, 1, True)
    assert board.run() == done
    assert board.read(TOHOST, 1).tolist() == [1]
    for value, verdict in ((7, "failed: test 3"), (0x803, "unexpected trap, cause 1"),
                           (TOHOST + 8, "host call at 0x80000808")):
        board.load(_program(_store(value)))
        assert board.run().verdict.startswith(verdict)
    # A zero is no end.
    board.load(_program(load_constant(5, TOHOST), code("sw", rs1=5, rs2=0), _store(1)))
    assert board.run().passed
    board.load(_program(code("jal")))
    assert board.run(1000) == CoreRun(End.LIMIT, 0, 1000)
    assert board.run(1000).verdict == "it is not finished after 1,000 cycles"
    assert core_model.fault
    board.load(_program((0x10500073).to_bytes(4, "little")))
    assert board.run().verdict.startswith("it sleeps in wfi")
    # An access outside of the memory is a trap, here to address 0, where there is none either.
    board.load(_program(load_constant(7, BASE + 4096), code("lw", rd=8, rs1=7), _store(1)))
    assert board.run(500).end == End.LIMIT


@pytest.mark.slow
def test_a_store_outside_of_the_memory_changes_nothing(core_model):
    board, place = CoreBoard(DirectTransport(core_model)), 0x900
    board.load(_program(_store(0x1234, BASE + place), tohost=BASE + place))
    assert board.run().value == 0x1234
    for outside in (BASE + 4096 + place, BASE - 4096 + place, place):
        board.load(_program(_store(1, outside)))
        assert board.run(500).end == End.LIMIT
        assert board.read(BASE + place, 1).tolist() == [0x1234]


@pytest.mark.slow
@pytest.mark.parametrize("state", [None, 1, pytest.param(2, marks=pytest.mark.thorough)])
def test_a_run_takes_the_cycles_of_the_core_alone(core_model, core, state):
    """From any state at power-up; the core's own bench counts until the store that ends the run has
    retired, two cycles after it was granted."""
    core_model.power(False)
    core_model.power(True, state)
    board = CoreBoard(DirectTransport(core_model))
    for seed in range(1, 4):
        program = core_program(BASE, seed)
        board.load(program)
        done, alone = board.run(), run_rtl(program, built=core)
        assert (done.passed, alone.verdict) == (True, "passed")
        assert done.cycles + 2 == alone.cycles
        assert differing_words(program, board.read, done.console) == ""


def _printing(text):
    """A program that prints each byte of ``text``."""
    body = [load_constant(5, CONSOLE)]
    for byte in text:
        body += [code("addi", rd=6, simm=byte), code("sb", rs1=5, rs2=6)]
    return _program(*body, _store(1))


@pytest.mark.slow
def test_what_is_printed_is_shown_and_nothing_of_it_is_lost(core_model):
    """More than the ring holds: the core waits until the host has taken some."""
    text = bytes(range(32, 127)) * 2 + b"\n"
    board, shown = CoreBoard(DirectTransport(core_model)), []
    for _ in range(2):
        board.load(_printing(text))
        done = board.run(show=shown.append)
        assert (done.passed, done.console) == (True, text)
    assert b"".join(shown) == 2 * text
    assert len(shown) >= 6
    # What nobody takes stops the core until its cycles are over.
    board.load(_printing(text))
    board.set("LIMIT", 200_000)
    board.set("RUN", 1)
    assert board.waits() == "the core waits with a character"
    while board.get("RUNS_DONE") == 0:
        board._rest()
    assert End(board.fields("STATUS")["end"]) == End.LIMIT


@pytest.mark.slow
def test_what_the_memory_does_not_hold_is_refused(core_model):
    board = CoreBoard(DirectTransport(core_model))
    with pytest.raises(BoardError, match=r"uses 0x80000000 to 0x80003000, the memory of simulated "
                       r"board is 0x80000000 to 0x80001000\. What would pass: less data"):
        board.load(Program(Path("big"), BASE, [(BASE, b"", 0x3000)], {"tohost": BASE}))
    with pytest.raises(BoardError, match="2 words at 0x80000ffc are not in its memory"):
        board.read(BASE + 0xFFC, 2)


@pytest.mark.slow
def test_no_words_are_taken_or_given_while_the_core_runs(core_model):
    board = CoreBoard(DirectTransport(core_model))
    board.load(_program(code("jal")))
    board.set("LIMIT", 0)
    board.set("RUN", 1)
    assert board.waits() == "the core runs"
    assert core_model.busy
    with pytest.raises(BoardError, match="refused a request to PROGRAM"):
        board.read(BASE, 1)
    with pytest.raises(BoardError, match=r"no progress for .* s; the core runs"):
        board._run([board._writing(Space.PROGRAM, np.zeros(1, np.uint32))])


@pytest.mark.slow
def test_programs_run_from_the_command_line(core_model, monkeypatch):
    program = core_program(BASE, 3)
    monkeypatch.setattr("flexdrive_deploy.flexv.elf.load_elf", lambda path: program)
    with Terminal(core_model) as terminal:
        made = CliRunner().invoke(cli, ["board", "run", "program.elf", terminal.path])
        assert made.exit_code == 0, made.output
        assert "passed;" in made.output
        assert "memory and console: equal to those of the instruction-set" in made.output
        assert "Flex-V core with 4,096 bytes" in made.output
        program = _program(_store(5))
        made = CliRunner().invoke(cli, ["board", "run", "program.elf", terminal.path])
        assert (made.exit_code, "failed: test 2" in made.output) == (1, True)
