"""What the tests of the core share."""

import pytest

from flexdrive_sim.flexv.drive.rtl_core import build_core


@pytest.fixture(scope="session")
def core():
    """The core with everything built in, compiled."""
    return build_core()
