"""The output ``sleeping``: high while the core waits in a wfi that it executes, and never else."""

import pytest

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.snippet import POINTER, Snippet, code, write_csr

_LINE = 7
_WFI, _NOP = code("wfi"), code("addi")
# Code that goes around what is right behind it, as far as fetch and decode may have come.
_AROUND = {
    "jump": code("jal", simm=20),
    "branch": code("beq", simm=20),
    "return": code("auipc", rd=5) + code("addi", rd=5, rs1=5, simm=32)
    + code("csrrw", csr=CSRS["mepc"].number, rs1=5) + code("mret"),
    "register": code("auipc", rd=5) + code("jalr", rs1=5, simm=24),
}


def _sleeps(bench, limit):
    """(cycles run, sleeping) cycle by cycle until the program ends or the limit."""
    slept = []
    for cycle in range(1, limit):
        if bench.run(cycle) == "tohost":
            break
        slept.append(bench.port("sleeping"))
    return slept


@pytest.mark.parametrize("way", _AROUND)
@pytest.mark.parametrize("options", [{}, {"imem_latency": 2}, {"imem_latency": 4},
                                     {"random_stalls": 3}, {"random_stalls": 4}], ids=str)
def test_a_wfi_that_is_gone_around(core, way, options):
    bench = Snippet(3 * _NOP + _AROUND[way] + 4 * _WFI + 2 * _NOP).bench(core, **options)
    slept = _sleeps(bench, 1000)
    assert len(slept) < 999
    assert not any(slept)


@pytest.mark.parametrize("options", [{}, {"imem_latency": 3}, {"random_stalls": 5}], ids=str)
def test_a_wfi_without_an_interrupt_lasts(core, options):
    body = (write_csr("mie", 1 << _LINE) + code("addi", rd=5, simm=1)
            + code("sw", rs1=POINTER, rs2=5) + _WFI + code("sw", rs1=POINTER, rs2=5, simm=4))
    bench = Snippet(body).bench(core, **options)
    slept = _sleeps(bench, 400)
    words = bench.regions[1].data.view("<u4")
    # What is in front of it is done, what is behind it not; asleep once, and for good.
    assert words[:2].tolist() == [1, 0]
    first = slept.index(1)
    assert first < 100
    assert all(slept[first:])


@pytest.mark.parametrize("enabled", [False, True])
def test_a_wfi_ends_with_its_interrupt(core, enabled):
    """Lines rise at random; whoever sleeps wakes, and the program ends."""
    # With MIE the handler is the end of the program: mtvec is where wfi would continue.
    body = write_csr("mie", 1 << _LINE) + code("auipc", rd=5) + code("addi", rd=5, rs1=5, simm=20)
    body += code("csrrw", csr=CSRS["mtvec"].number, rs1=5)
    body += code("csrrsi", csr=CSRS["mstatus"].number, zimm=8) if enabled else _NOP
    body += _WFI
    bench = Snippet(body).bench(core, interrupts=(5, 60, 1 << _LINE))
    slept = _sleeps(bench, 5000)
    assert len(slept) < 4999
    if not enabled:
        assert any(slept)
    # Once, without a gap.
    assert "".join(map(str, slept)).strip("0").count("0") == 0
    assert slept[-1] == 0
