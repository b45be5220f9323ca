"""Loads of Mac&Load beside the pipeline: the queue alone, and what a core with it does."""

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.core.waiting_loads import WaitingLoads
from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import Snippet, code, load_constant, write_csr
from flexdrive_sim.flexv.iss import Region

from ..hyperdrive.blocks.bench import HOLD, drive, output_names
from .cores import WAITING, full_core
from .traps import store

_BASE, _SIZE = WAITING
_ACC, _SUM, _NEW, _PLACE = 10, 11, 12, 13


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_loads_are_asked_for_and_written_in_order(seed):
    loads, random = WaitingLoads(), np.random.default_rng(seed)
    assert output_names(loads) == {"room", "asks", "expects", "busy", "req", "addr", "load",
                                   "load_w", "load_number", "missing"}

    def stimulus():
        # (address, to_w, number) of what has not been granted, and not been answered.
        asking, expected, written = [], [], 0
        for number in range(400):
            new = (4 * number, int(random.integers(2)), int(random.integers(4)))
            areg, wreg = int(random.integers(2)), int(random.integers(4))
            given = {"push": 0, "address": new[0], "to_w": new[1], "number": new[2],
                     "gnt": int(random.random() < (0.9, 0.5, 0.2)[seed]),
                     "areg": areg, "wreg": wreg,
                     # Without an access of its own an answer is that to somebody else.
                     "rvalid": int(random.random() < 0.6)}
            seen = yield given | {HOLD: 1}
            mine = expected + asking
            assert seen["room"] == (len(mine) < 3)
            assert seen["missing"] == any(
                where == wreg if of_w else where & 1 == areg for _, of_w, where in mine)
            push = int(seen["room"] and random.random() < 0.7)
            seen = yield {"push": push, HOLD: 0}
            assert (seen["asks"], seen["expects"], seen["busy"]) == (
                bool(asking), bool(expected), bool(mine))
            answered = bool(expected) and given["rvalid"]
            assert seen["load"] == answered
            if answered:
                assert (seen["load_w"], seen["load_number"]) == expected.pop(0)[1:]
                written += 1
            asking += [new] * push
            assert seen["req"] == bool(asking)
            if asking:
                assert seen["addr"] == asking[0][0]
                if given["gnt"]:
                    expected.append(asking.pop(0))
        assert written > 50

    drive(loads, stimulus())


class _Program(Snippet):
    """With memory whose loads wait; x13 points to its begin."""

    def __init__(self, body):
        super().__init__(load_constant(_PLACE, _BASE) + body)

    def regions(self):
        words = np.arange(_SIZE // 4, dtype=np.uint32) * 0x01010101 + 7
        return [*super().regions(), Region(_BASE, words.view(np.uint8).copy())]

    def check(self, core):
        """Memory of the RTL with memories of any latency is that of the simulator."""
        wanted = self.simulate()
        for latency in (1, 2, 7):
            for seed in (0, 1, 2, 3):
                assert np.array_equal(wanted, self.run(core, dmem_latency=latency,
                                                       random_stalls=seed))
        return wanted


@pytest.fixture(scope="module")
def core():
    return full_core()


def _set_up(stride=4):
    """Formats of CSRs, lanes of 8 bits; both pointers at the begin."""
    return b"".join(write_csr(name, value) for name, value in (
        ("sb_legacy", 0), ("ivec_fmt", 1), ("macl_a_address", _BASE), ("macl_w_address", _BASE),
        ("a_stride", stride), ("w_stride", stride), ("a_rollback", stride),
        ("w_rollback", stride)))


def _load(kind, areg=0, wreg=0, rd=0):
    return code(f"ml.sdotup.{kind}", areg=areg, wreg=wreg, rd=rd)


@pytest.mark.slow
def test_a_product_waits_for_its_operands(core):
    body = _set_up() + code("addi", rd=_ACC)
    for wreg in range(4):
        body += _load("w", wreg=wreg)
    for areg in range(2):
        body += _load("a", areg=areg)
    for wreg in (0, 3, 1, 2):
        # Each loads what the next but one multiplies.
        body += _load("w", areg=wreg & 1, wreg=wreg, rd=_ACC)
        body += _load("a", areg=wreg & 1, wreg=wreg, rd=_ACC)
    assert _Program(body + store(_ACC, 0)).check(core)[0]


@pytest.mark.slow
def test_registers_are_read_when_they_are_loaded(core):
    body = _set_up()
    for i, name in enumerate(("nn_w0", "nn_w1", "nn_w2", "nn_w3")):
        body += _load("w", wreg=i) + code("csrrs", rd=_SUM, csr=CSRS[name].number) + store(_SUM, i)
    words = _Program(body).check(core)[:4]
    assert words.tolist() == [0x01010101 * i + 7 for i in range(4)]


@pytest.mark.slow
def test_a_store_does_not_overtake_a_load(core):
    body = _set_up() + load_constant(_NEW, 0x55AA55AA)
    for i in range(4):
        body += _load("w", wreg=i)
    # What the last ones load is stored over, and loaded by an ordinary load then.
    for i in range(4):
        body += code("sw", rs1=_PLACE, rs2=_NEW, simm=4 * (3 - i))
    body += code("lw", rd=_SUM, rs1=_PLACE, simm=12) + store(_SUM, 4)
    for i in range(4):
        body += code("csrrs", rd=_SUM, csr=CSRS[f"nn_w{i}"].number) + store(_SUM, i)
    words = _Program(body).check(core)[:5]
    assert words.tolist() == [*(0x01010101 * i + 7 for i in range(4)), 0x55AA55AA]


@pytest.mark.slow
def test_three_loads_wait_and_the_core_goes_on(core):
    def cycles(text, at=_BASE):
        """Of ``text`` behind three loads, until the last is there."""
        read = code("csrrs", rd=30, csr=CSRS["mcycle"].number)
        body = _set_up() + write_csr("macl_w_address", at) + 4 * code("addi")
        body += read + code("addi", rd=29, rs1=30)
        body += b"".join(_load("w", wreg=i) for i in range(3)) + text
        body += read + code("sub", rd=_SUM, rs1=30, rs2=29) + store(_SUM, 0)
        return int(_Program(body).run(core, dmem_latency=20)[0])
    # While they wait, 20 instructions cost nothing; a fourth load waits for the first.
    assert cycles(b"") == cycles(20 * code("addi")) == 26
    assert cycles(21 * code("addi")) == 27
    assert cycles(_load("w", wreg=3)) == 45
    # From elsewhere they stop the core, though the third asks before the second is answered.
    outside = Snippet(b"").start & ~0xFFFF
    assert (cycles(b"", outside), cycles(20 * code("addi"), outside)) == (45, 64)


@pytest.mark.parametrize(("window", "message"), [
    ((0x1000, 0x3000), "power of two"), ((0x1800, 0x1000), "divides it"), ((0, 2), "power of two")])
def test_windows_are_checked(window, message):
    with pytest.raises(ConfigurationError, match=message):
        CoreConfig(waiting_loads=window)
    with pytest.raises(ConfigurationError, match="needs extension macload"):
        CoreConfig(extensions=("i", "zicsr"), waiting_loads=(0, 0x1000))
    for outside in ((0x80000000, 0x1000), (0x40000000, 0x40000)):
        with pytest.raises(ConfigurationError, match="are those from L1"):
            ClusterConfig(core=CoreConfig(waiting_loads=outside))
