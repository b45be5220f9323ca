"""Loops whose set-up takes one cycle: lengths about the limit, ends of other loops near them."""

import pytest

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import Snippet, code, load_constant

from .cores import full_core
from .traps import both, store

pytestmark = pytest.mark.slow
_COUNT, _OTHER, _SUM, _TOTAL = 5, 6, 11, 12


@pytest.fixture(scope="module")
def fast():
    """The core whose random programs test_core.py runs."""
    return full_core()


def _set_up(number, instructions, by_register):
    """A loop of three iterations over so many instructions."""
    if by_register:
        return code("lp.setup", loop=number, rs1=_COUNT, uimm=4 * instructions)
    return code("lp.setupi", loop=number, count=3, uimm5=4 * instructions)


def _one(register):
    return code("addi", rd=register, rs1=register, simm=1)


@pytest.mark.parametrize("by_register", [True, False])
@pytest.mark.parametrize("length", range(1, 8))
def test_every_iteration_is_made(fast, length, by_register):
    body = load_constant(_COUNT, 3) + code("addi", rd=_SUM) + code("addi", rd=_TOTAL)
    body += _set_up(0, length, by_register) + length * _one(_SUM) + _one(_TOTAL)
    # Inside of another one, at its begin and at its end.
    inner = _set_up(0, length, by_register) + length * _one(_SUM)
    for outer in (inner + _one(_TOTAL), _one(_TOTAL) + inner, inner):
        body += code("lp.setup", loop=1, rs1=_COUNT, uimm=len(outer)) + outer
    body += store(_SUM, 0) + store(_TOTAL, 1)
    for words in both(fast, body):
        assert words[:2].tolist() == [3 * length + 3 * 9 * length, 1 + 3 + 3]


@pytest.mark.parametrize("place", range(1, 5))
def test_a_loop_that_was_left_does_not_jump_back(fast, place):
    """The end of a loop that was jumped out of lies behind the set-up of the next one."""
    text = load_constant(_COUNT, 3) + code("addi", rd=_SUM) + code("addi", rd=_TOTAL)
    loop = code("lp.setup", loop=0, rs1=_COUNT, uimm=24) + 6 * _one(_SUM)
    # The first loop begins here and ends at instruction `place` of the second one.
    jump = code("jal", simm=8) + _one(_TOTAL)
    first = code("lp.setupi", loop=0, count=9, uimm5=4 * (2 + 1 + place))
    body = text + first + jump + loop + store(_SUM, 0) + store(_TOTAL, 1)
    for words in both(fast, body):
        assert words[:2].tolist() == [18, 0]


def test_cycles(fast):
    def cycles(length, name="lp.setup"):
        read = code("csrrs", rd=30, csr=CSRS["mcycle"].number)
        fields = {"rs1": _COUNT, "uimm": 4 * length} if name == "lp.setup" else {}
        body = (load_constant(_COUNT, 3) + read + code("addi", rd=29, rs1=30)
                + (code(name, loop=0, **fields) if name == "lp.setup" else
                   code("lp.counti", loop=0, count=3)) + length * _one(_SUM)
                + read + code("sub", rd=_OTHER, rs1=30, rs2=29) + store(_OTHER, 0))
        return int(Snippet(body).run(fast)[0])
    # Three instructions beside the loop.
    assert cycles(4) - 3 * 4 == cycles(8) - 3 * 8 == cycles(3) - 3 * 3 - 3
    assert cycles(4, "lp.counti") == cycles(4) - 2 * 4 + 3
