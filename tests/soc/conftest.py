"""One simulated board with both machines for all tests of a process."""

import pytest

from flexdrive_deploy.board.boards import system_for
from flexdrive_deploy.board.soc_driver import SocBoard
from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.board.simulated import DirectTransport, SimulatedBoard


@pytest.fixture(scope="session")
def soc_model():
    """The small one; use ``board``."""
    return SimulatedBoard(system_for("soc-tiny"))


@pytest.fixture
def board(soc_model):
    """A session on it, whatever was before."""
    return SocBoard(DirectTransport(soc_model))


@pytest.fixture
def built(tmp_path):
    """Function: C text to a program."""
    def build(text):
        (tmp_path / "program.c").write_text(text)
        return load_elf(build_program([tmp_path / "program.c"], tmp_path / "program.elf",
                                      stack=2048))
    return build
