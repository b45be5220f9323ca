"""Exceptions: illegal encodings, calls, failing accesses; what they leave behind."""

import pytest

from flexdrive.flexv.isa import BY_NAME, CSRS
from flexdrive_sim.flexv.drive.snippet import CODE, DATA, SIZE, Snippet, code, load_constant

from .traps import LINK, both, store, with_handler

_A, _B, _OUT = 5, 6, 7


def _word(value):
    return value.to_bytes(4, "little")


_ILLEGAL = [0xFFFFFFFF, BY_NAME["add"].encoding.match | 0x08000000,
            # Mac&Load with an operation that is none; format 4 in legacy mode.
            0b0000000 << 25 | 0x77, BY_NAME["ml.sdotup"].encoding.match | 4 << 12,
            # Other opcodes of the published map: a load, a loop, packed SIMD, a branch of none.
            0x3000F00B, 0x0000607B, 0x04002057 | 0x3F << 26,
            # CSRs: none there; read-only ones written.
            BY_NAME["csrrs"].encoding.encode(csr=0x5C0, rs1=0, rd=5),
            BY_NAME["csrrw"].encoding.encode(csr=CSRS["mhartid"].number, rs1=0, rd=0),
            BY_NAME["csrrsi"].encoding.encode(csr=CSRS["cycle"].number, zimm=1, rd=0),
            BY_NAME["mret"].encoding.match | 1 << 7, 0x00200073, 0x30500073]


@pytest.mark.parametrize("value", _ILLEGAL, ids=hex)
def test_illegal_encodings_trap(core, value):
    # x7 must not change, whatever the word looks like.
    body, pc = with_handler(_word(value), store(_OUT, 3), load_constant(_OUT, 0x1234567))
    for words in both(core, body):
        assert words[:4].tolist() == [2, value, pc, 0x1234567]


@pytest.mark.parametrize(("name", "cause"), [("ecall", 11), ("ebreak", 3)])
def test_calls_trap(core, name, cause):
    body, pc = with_handler(code(name))
    for words in both(core, body):
        assert words[:3].tolist() == [cause, 0, pc]


@pytest.mark.parametrize(("name", "cause"), [
    ("lw", 5), ("p.lw.post", 5), ("sw", 7), ("p.sh.rpost", 7)])
def test_access_faults_change_nothing(core, name, cause):
    fields = {"rs1": _A, **({"rd": _OUT} if cause == 5 else {"rs2": _OUT})}
    if "simm" in BY_NAME[name].encoding.fields:
        fields["simm"] = 8
    else:
        fields["rs3"] = _OUT
    setup = load_constant(_A, 0x40000000)
    body, pc = with_handler(setup + code(name, **fields), store(_OUT, 3) + store(_A, 4),
                             load_constant(_OUT, 0x77))
    address = 0x40000000 + (0 if "post" in BY_NAME[name].flags else 8)
    for words in both(core, body):
        assert words[:5].tolist() == [cause, address, pc + 8, 0x77, 0x40000000]


@pytest.mark.parametrize("second", [False, True])
def test_fetch_faults_name_the_missing_half(core, second):
    """A jump to where nothing is; and a 32-bit instruction whose second half is missing."""
    last = DATA + SIZE - 2
    target = last if second else 0x40000002
    handler = b"".join(code("csrrs", rd=LINK, csr=CSRS[name].number) + store(LINK, i)
                       for i, name in enumerate(("mcause", "mtval", "mepc")))
    handler += code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret")
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(_A, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=_A) + load_constant(_A, last)
            + load_constant(_B, 0x13) + code("sh", rs1=_A, rs2=_B) + load_constant(_A, target)
            + code("fence.i") + code("auipc", rd=_OUT) + code("addi", rd=_OUT, rs1=_OUT, simm=12)
            + code("jalr", rs1=_A))
    for words in both(core, body):
        assert words[:3].tolist() == [1, target + 2 * second, target]


@pytest.mark.parametrize("name", ["lw", "sw"])
def test_a_store_behind_a_failing_access_never_happens(core, name):
    """The handler goes elsewhere instead of repeating the store."""
    handler = code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret")
    access = code(name, rs1=_A, **{"rd" if name == "lw" else "rs2": LINK})
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(_A, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=_A) + load_constant(_A, 0x40000000)
            + code("auipc", rd=_OUT) + code("addi", rd=_OUT, rs1=_OUT, simm=20)
            + access + store(_A, 0) + store(_A, 1))
    for words in both(core, body):
        assert words[:2].tolist() == [0, 0]


@pytest.mark.parametrize(("address", "failing"), [
    (DATA + SIZE - 2, DATA + SIZE), (DATA + SIZE - 1, DATA + SIZE), (CODE - 3, CODE - 3),
    (DATA + SIZE, DATA + SIZE), (CODE - 4, CODE - 4)])
@pytest.mark.parametrize(("name", "cause"), [("lw", 5), ("sw", 7), ("p.lw.post", 5)])
def test_a_crossing_access_names_the_part_that_failed(core, name, cause, address, failing):
    fields = {"rs1": _A, **({"rd": _OUT} if cause == 5 else {"rs2": _OUT})}
    body, pc = with_handler(load_constant(_A, address) + code(name, **fields))
    for words in both(core, body):
        assert words[:3].tolist() == [cause, failing, pc + 8]


@pytest.mark.parametrize("name", ["lw", "sw", "p.lw.post", "ml.sdotup.a", "ml.sdotup.x"])
def test_a_repeated_last_instruction_ends_one_iteration(core, name):
    """The last instruction of a loop fails in every iteration; the handler repairs its address
    and repeats it."""
    handler = load_constant(_A, DATA) + code("addi", rd=LINK, rs1=LINK, simm=1) + code("mret")
    fields = {"rs1": _A}
    if "rs2" in BY_NAME[name].encoding.fields:
        fields["rs2"] = _OUT
    loop = (code("addi", rd=_OUT, rs1=_OUT, simm=1) + load_constant(_A, 0x40000000)
            + code(name, **fields))
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(_A, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=_A) + code("addi", rd=_OUT)
            + code("addi", rd=LINK) + code("lp.setupi", loop=1, count=6, uimm5=len(loop)) + loop
            + code("csrrs", rd=_B, csr=CSRS["lp1_count"].number)
            + store(_OUT, 1) + store(LINK, 2) + store(_B, 3))
    for words in both(core, body):
        assert words[1:4].tolist() == [6, 6, 1]
