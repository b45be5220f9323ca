"""One simulated board for all tests of a process."""

import numpy as np
import pytest

from flexdrive_deploy.board.boards import system_for
from flexdrive_sim.board.faults import FaultBench
from flexdrive_sim.board.simulated import SimulatedBoard


@pytest.fixture(scope="session")
def board_model():
    """The small board; use ``tiny``."""
    return SimulatedBoard(system_for("tiny"))


def _fresh(board):
    board.faults, board.baud = [], board.config.baud
    board.forget()
    return board


@pytest.fixture
def tiny(board_model):
    """The small board, without faults, at its own rate."""
    return _fresh(board_model)


@pytest.fixture(scope="session")
def bench(board_model):
    """Trials of faults on the small board; a run without any is their reference."""
    return FaultBench(_fresh(board_model), np.random.default_rng(7))
