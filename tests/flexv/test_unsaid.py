"""Where what is published about the core says nothing or differs, this one is as docs/flexv.md says
("Where the published core leaves a choice"); values worked out by hand."""

import pytest

from flexdrive_sim.flexv.drive.snippet import load_constant, write_csr

from .both_sides import both, read, store
from .traps import code, with_handler

_A, _B, _OUT = 11, 12, 13
_A8W2, _FOUR_BITS, _NONE = 6, 3, 0


def _status(number):
    return write_csr("ivec_fmt", number) + write_csr("sb_legacy", 0)


@pytest.mark.parametrize(("name", "second"), [
    ("pv.sdotsp.sc.h", {"rs2": _B}), ("pv.sdotsp.sc.b", {"rs2": _B}),
    ("pv.sdotsp.sci.h", {"simm6": -15}), ("pv.sdotsp.sci.b", {"simm6": -15})])
def test_a_scalar_of_a_mixed_format_is_one_weight(core, name, second):
    """Lane 0 of a word that ends in 0b...01 is 1 with two bits, and -15 with eight."""
    body = (load_constant(_A, 0x04030201) + load_constant(_B, 0xF1) + load_constant(_OUT, 100)
            + _status(_A8W2) + code(name, rd=_OUT, rs1=_A, **second) + store(_OUT, 0))
    for words in both(core, body):
        assert words[0] == 100 + 1 + 2 + 3 + 4


@pytest.mark.parametrize("name", ["pv.add.h", "pv.add.b", "pv.max.sc.b", "pv.dotsp.h"])
def test_lanes_without_a_format_are_illegal(core, name):
    body, pc = with_handler(code(name, rd=_OUT, rs1=_A, rs2=_B), before=_status(_NONE))
    for words in both(core, body):
        assert (words[0], words[2]) == (2, pc)


@pytest.mark.parametrize("number", [_NONE, _FOUR_BITS, _A8W2])
def test_permutations_have_the_lanes_of_their_encoding(core, number):
    body = (load_constant(_A, 0x33221100) + load_constant(_B, 0x00010203) + _status(number)
            + code("pv.shuffle.b", rd=_OUT, rs1=_A, rs2=_B) + store(_OUT, 0)
            + code("pv.pack", rd=_OUT, rs1=_A, rs2=_B) + store(_OUT, 1))
    for words in both(core, body):
        assert words[:2].tolist() == [0x00112233, 0x11000203]


def test_a_handler_that_returns_behind_the_last_instruction_leaves_the_loop(core):
    """The iteration is not counted, as the last instruction did not complete."""
    loop = code("addi", rd=_OUT, rs1=_OUT, simm=1) + code("ecall")
    body, _ = with_handler(
        loop, before=code("addi", rd=_OUT),
        after=store(_OUT, 3) + read(["lp0_count"], 4))
    # The set-up stands right before the loop.
    at = body.index(loop)
    body = body[:at] + code("lp.setupi", loop=0, count=3, uimm5=len(loop)) + body[at:]
    for words in both(core, body):
        assert words[0] == 11
        assert words[3:5].tolist() == [1, 3]
