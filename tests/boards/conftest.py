"""One simulated board for all tests of a process."""

import pytest

from flexdrive_deploy.board.boards import system_for
from flexdrive_sim.board.simulated import SimulatedBoard


@pytest.fixture(scope="session")
def board_model():
    """The small board; use ``tiny``."""
    return SimulatedBoard(system_for("tiny"))


@pytest.fixture
def tiny(board_model):
    """The small board, without faults, at its own rate."""
    board_model.faults, board_model.baud = [], board_model.config.baud
    board_model.forget()
    return board_model
