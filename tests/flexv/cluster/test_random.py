"""Random programs on all cores at once, and that what is wrong with them is seen."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.core import CoreConfig
from flexdrive_sim.flexv.drive.lockstep import Mismatch
from flexdrive_sim.flexv.iss.memory import Region
from flexdrive_sim.flexv.verify.random_cluster import ByteHistory, check_random_cluster

from .conftest import CONFIG

L1, OUTSIDE = 0x40000000, 0x80100000


@pytest.mark.slow
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("seed", [0, 8])
def test_random_programs(cluster, seed, inside):
    checked, traps, shared = check_random_cluster(cluster, CONFIG, seed, 8000, inside=inside)
    assert checked > 6000
    assert traps > 50
    assert shared > 200


@pytest.fixture
def history():
    return ByteHistory([Region(place, np.full(16, 7, np.uint8)) for place in (L1, OUTSIDE)])


def test_a_load_gives_the_last_store_before_it(history):
    history.store(10, 0, L1, 4, 0x04030201)
    history.store(20, 1, L1 + 1, 1, 0x55)
    assert history.wrong(9, L1, 4, 0x07070707) is None
    assert history.wrong(10, L1, 4, 0x04030201) is None
    assert history.wrong(19, L1 + 1, 1, 2) is None
    assert history.wrong(21, L1, 4, 0x04035501) is None
    assert history.shared == 1
    assert history.wrong(21, L1, 4, 0x04030201) == "byte 0x40000001 is 02, stored was 55"
    assert history.wrong(9, L1, 1, 1) == "byte 0x40000000 is 01, stored was 07"


def test_words_of_one_access_may_be_apart(history):
    # One that is not aligned retires later than its first word is accessed.
    history.store(50, 0, L1 + 2, 4, 0x04030201)
    history.store(45, 1, L1 + 2, 1, 0x99)
    for value in (0x99, 0x01):
        assert history.wrong(48, L1 + 2, 1, value) is None
        assert history.wrong(60, L1 + 2, 1, value) is None
    assert history.wrong(15, L1 + 2, 1, 0x01) is not None
    assert history.wrong(60, L1 + 2, 1, 0x07) is not None
    # As a load sees stores of some cycles before.
    history.store(100, 1, OUTSIDE + 4, 1, 0x33)
    assert history.wrong(120, OUTSIDE + 3, 2, 0x3307) is None
    assert history.wrong(120, OUTSIDE + 3, 2, 0x0707) is None
    assert history.wrong(600, OUTSIDE + 3, 2, 0x0707) is not None


def test_what_is_wrong_is_named(cluster, monkeypatch):
    monkeypatch.setattr(ByteHistory, "wrong", lambda *_: "it is wrong")
    with pytest.raises(Mismatch, match=r"^seed 1: core \d, load that retires in cycle \d+: it is"):
        check_random_cluster(cluster, CONFIG, 1, 500)


def test_loads_that_wait_are_refused():
    core = CoreConfig(rvfi=True, waiting_loads=(L1, 1 << 16))
    with pytest.raises(FlexdriveError, match=r"core\.waiting_loads must be \(\)"):
        check_random_cluster(None, replace(CONFIG, core=core), 0, 100)
