"""Sharp edges of the published core, reproduced on the simulator, and that the one of this project
does not have them. Numbers as in ``test_macload.py``, which holds the RTL to the same."""

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    Snippet,
    code,
    load_constant,
    write_csr,
)
from flexdrive_sim.flexv.iss import Hart
from flexdrive_sim.flexv.iss.published import PublishedHart

_ACC, _RS1 = 10, 11


def _store(register, place):
    return code("sw", rs1=POINTER, rs2=register, simm=4 * place)


def _both(body, data=()):
    """First words of the data memory: of the published core, of this one."""
    snippet = Snippet(body, data)
    return [[int(word) for word in snippet.simulate(machine=machine)[:80]]
            for machine in (PublishedHart, Hart)]


def _operands(*, a=0x02020202, w=0x03030303):
    """Through memory, since the published core has no other way: w0 and a0, x11 behind them."""
    body = write_csr("sb_legacy", 1) + load_constant(_RS1, DATA + 0x100)
    return body + code("ml.sdotup.w", rs1=_RS1, size=1) + code(
        "ml.sdotup.a", rs1=_RS1, size=1), [*[0] * 64, w, a]


def test_1_a_result_is_missed_by_the_next_instruction():
    setup, data = _operands()
    body = (setup + code("addi", rd=_ACC) + 8 * code("ml.sdotup", size=1, rd=_ACC)
            + code("addi") + _store(_ACC, 0))
    published, ours = _both(body, data)
    assert published[0] == 4 * 24
    assert ours[0] == 8 * 24


def test_1_one_instruction_between_hides_it():
    setup, data = _operands()
    body = (setup + code("addi", rd=_ACC)
            + 8 * (code("ml.sdotup", size=1, rd=_ACC) + code("addi")) + _store(_ACC, 0))
    published, ours = _both(body, data)
    assert published[0] == ours[0] == 8 * 24


def test_4_rs1_is_written_in_status_mode():
    body = (write_csr("ivec_fmt", 2) + write_csr("sb_legacy", 0)
            + write_csr("macl_a_address", DATA) + load_constant(_RS1, 0x1000)
            + code("ml.sdotup.a", rs1=_RS1) + _store(_RS1, 0))
    published, ours = _both(body)
    assert published[0] == 0x1004
    assert ours[0] == 0x1000


def test_5_a_dot_product_that_waits_counts_twice():
    """Two per slice: with every count doubled the slice moves on after each."""
    body = write_csr("ivec_fmt", 6) + write_csr("ivec_skip_size", 2) + write_csr("sb_legacy", 0)
    read = code("csrrs", rd=31, csr=CSRS["ivec_mixed_cycle"].number)
    for i in range(4):
        body += code("lw", rd=_RS1, rs1=POINTER) + code("pv.sdotup.b", rd=_ACC, rs1=_RS1, rs2=12)
        body += read + _store(31, i)
    published, ours = _both(body)
    assert published[:4] == [1, 2, 3, 0]
    assert ours[:4] == [0, 1, 1, 2]


def test_6_operand_registers_cannot_be_saved():
    handler = code("addi", rd=9, simm=1) + code("csrrs", rd=8, csr=CSRS["mepc"].number) + code(
        "addi", rd=8, rs1=8, simm=4) + code("csrrw", csr=CSRS["mepc"].number, rs1=8) + code("mret")
    body = (code("jal", simm=4 + len(handler)) + handler
            + write_csr("mtvec", Snippet(b"").start + 4) + code("addi", rd=9)
            + code("csrrs", rd=7, csr=CSRS["nn_w0"].number) + _store(9, 0))
    published, ours = _both(body)
    assert published[0] == 1, "an illegal instruction"
    assert ours[0] == 0


def test_7_a_loop_of_one_instruction_runs_once():
    body = (code("addi", rd=_ACC) + code("lp.setupi", loop=0, count=100, uimm5=4)
            + code("addi", rd=_ACC, rs1=_ACC, simm=1) + _store(_ACC, 0))
    published, ours = _both(body)
    assert published[0] == 1
    assert ours[0] == 100
