"""Each behaviour of the published core that this one excludes, by its number in the reference; 9
(register numbers) is kept as published."""

import numpy as np
import pytest

from flexdrive.flexv.isa import CSRS, INSTRUCTIONS
from flexdrive_deploy.flexv.disassemble import disassemble
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .both_sides import both, read, store

_ENTRIES = [e for e in INSTRUCTIONS if e.unit == "macload"]
_ACC, _ADDRESS, _OUT = 10, 11, 12


def test_1_results_reach_the_next_instruction(core):
    """Eight Mac&Loads in a row on one accumulator, then a reader at once."""
    body = (write_csr("nn_a0", 0x02020202) + write_csr("nn_w0", 0x03030303)
            + code("addi", rd=_ACC) + 8 * code("ml.sdotup", size=1, rd=_ACC)
            + code("addi", rd=_OUT, rs1=_ACC, simm=1) + store(_OUT, 0))
    for words in both(core, body):
        assert words[0] == 8 * 24 + 1


def _cycles(core, instructions):
    """Cycles of a piece of code, less those of nothing, single-cycle memory."""
    def timed(text):
        before, after = (code("csrrs", rd=rd, csr=CSRS["mcycle"].number) for rd in (5, 6))
        # Aligned, so that fetching costs the same.
        body = (load_constant(_ADDRESS, DATA + 256) + code("addi", rd=9) + before
                + text + after + code("sub", rd=6, rs1=6, rs2=5) + store(6, 0))
        return int(Snippet(body).run(core)[0])
    return timed(instructions) - timed(b"")


@pytest.mark.parametrize("name", ["ml.sdotup.a", "ml.sdotup.w"])
@pytest.mark.parametrize("following", ["addi", "xor", "p.max", "mul"])
def test_2_no_stall_for_instructions_that_are_no_macload(core, name, following):
    after = code(following, rd=7, rs1=9, **(
        {"simm": 1} if following == "addi" else {"rs2": 9}))
    assert _cycles(core, code(name, rs1=_ADDRESS, size=1, rd=_ACC) + after) == 2


def test_2_a_register_being_loaded_costs_one_cycle(core):
    loads, uses = code("ml.sdotup.a", rs1=_ADDRESS, size=1, rd=_ACC), code(
        "ml.sdotup", size=1, rd=13)
    assert _cycles(core, loads + uses) == 3
    other = code("ml.sdotup", areg=1, size=1, rd=13)
    assert _cycles(core, loads + other) == 2


@pytest.mark.parametrize("latency", range(1, 9))
def test_3_any_memory_latency(core, latency):
    """Results of Mac&Loads whose response is late, with instructions behind them."""
    data = np.arange(1, 33, dtype=np.uint32) * 0x01010101
    body = load_constant(_ADDRESS, DATA + 4) + write_csr("nn_a0", 0x01010101)
    body += write_csr("nn_w0", 0x01010101) + code("addi", rd=_ACC) + code("addi", rd=13)
    for i in range(8):
        body += code("ml.sdotup.w", wreg=i % 4, rs1=_ADDRESS, size=1, rd=_ACC)
        body += code("add", rd=13, rs1=13, rs2=_ACC)
    body += code("sw", rs1=POINTER, rs2=_ACC, simm=256) + code(
        "sw", rs1=POINTER, rs2=13, simm=260)
    snippet = Snippet(body, data)
    reference = snippet.simulate()
    assert reference[64] != 0
    got = snippet.run(core, dmem_latency=latency)
    assert got[64:66].tolist() == reference[64:66].tolist()


def test_4_rs1_is_not_written_in_status_mode(core):
    body = write_csr("ivec_fmt", 2) + write_csr("sb_legacy", 0) + write_csr("macl_a_address", DATA)
    body += b"".join(load_constant(r, 0x1000 + r) for r in range(5, 29))
    body += b"".join(code("ml.sdotup.a", rs1=r, rd=0) for r in range(5, 29))
    body += b"".join(store(r, r) for r in range(5, 29))
    for words in both(core, body):
        assert words[5:29].tolist() == [0x1000 + r for r in range(5, 29)]


def test_5_a_stalled_dot_product_counts_once(core):
    """a8w2, two dot products per slice, each behind a load that it waits for."""
    data = np.random.default_rng(5).integers(0, 1 << 32, 64, dtype=np.uint32)
    body = (write_csr("ivec_fmt", 6) + write_csr("ivec_skip_size", 2) + write_csr("sb_legacy", 0)
            + load_constant(_OUT, 0x1B2D4E87))
    expected, total = [], 0
    for i in range(16):
        body += code("lw", rd=_ADDRESS, rs1=POINTER, simm=4 * i)
        body += code("pv.sdotup.b", rd=_ACC, rs1=_ADDRESS, rs2=_OUT)
        body += code("sw", rs1=POINTER, rs2=_ACC, simm=4 * (64 + i))
        a = [int(data[i]) >> 8 * lane & 255 for lane in range(4)]
        w = [0x1B2D4E87 >> 2 * (4 * (i // 2 % 4) + lane) & 3 for lane in range(4)]
        total += sum(x * y for x, y in zip(a, w, strict=True))
        expected.append(total & 0xFFFFFFFF)
    for words in both(core, body, data):
        assert words[64:80].tolist() == expected


@pytest.mark.parametrize("name", [n for n, csr in CSRS.items() if csr.extension in (
    "dot", "macload", "macload_third", "xpulp_loop", "requant")])
def test_6_all_state_can_be_read_and_written(core, name):
    """What hardware changed is read back; what was written is used: here only the first."""
    csr = CSRS[name]
    value = 0xA5A5A5A5 & csr.writable
    body = write_csr(name, value) + read((name,), 0)
    for words in both(core, body):
        assert words[0] == value


def test_6_counters_continue_from_what_was_written(core):
    """Two of three activation loads before the save, the third after the restore."""
    body = b"".join(write_csr(n, v) for n, v in (
        ("ivec_fmt", 6), ("ivec_skip_size", 3), ("a_stride", 4), ("a_skip", 2),
        ("a_rollback", 100), ("macl_a_address", DATA), ("sb_legacy", 0)))
    load = code("ml.sdotup.a", rd=_ACC)
    saved = ("macl_a_address", "a_count", "mixed_count", "ivec_mixed_cycle")
    body += 2 * load + read(saved, 128)
    # Another task.
    body += b"".join(write_csr(n, 0x77) for n in saved)
    for i, name in enumerate(saved):
        body += code("lw", rd=31, rs1=POINTER, simm=512 + 4 * i)
        body += code("csrrw", csr=CSRS[name].number, rs1=31)
    body += load + read(saved, 140)
    for words in both(core, body):
        assert words[128:132].tolist() == [DATA + 8, 2, 2, 0]
        assert words[140:144].tolist() == [DATA + 108, 0, 0, 1]


def test_7_a_loop_of_one_instruction_loops(core):
    body = (write_csr("nn_a0", 0x02020202) + write_csr("nn_w0", 0x03030303)
            + code("addi", rd=_ACC) + code("lp.setupi", loop=0, count=100, uimm5=4)
            + code("ml.sdotup", size=1, rd=_ACC) + store(_ACC, 0))
    for words in both(core, body):
        assert words[0] == 2400


@pytest.mark.parametrize("name", ["csrrs", "csrrc", "csrrw"])
def test_8_pointer_writes_right_behind_a_load(core, name):
    """The hardware's step comes first, then software's change, none is lost; then a load."""
    body = b"".join(write_csr(n, v) for n, v in (
        ("ivec_fmt", 2), ("a_stride", 4), ("a_skip", 9), ("macl_a_address", DATA + 0x20),
        ("sb_legacy", 0))) + load_constant(_OUT, DATA + 0x40 if name == "csrrw" else 0x44)
    body += (code("ml.sdotup.a") + code(name, csr=CSRS["macl_a_address"].number, rs1=_OUT)
             + read(("macl_a_address",), 64) + code("ml.sdotup.a", areg=1)
             + read(("macl_a_address", "nn_a1"), 65))
    data = np.arange(64, dtype=np.uint32)
    stepped = DATA + 0x24
    pointer = {"csrrs": stepped | 0x44, "csrrc": stepped & ~0x44, "csrrw": DATA + 0x40}[name]
    for words in both(core, body, data):
        assert words[64:67].tolist() == [pointer, pointer + 4, (pointer - DATA) // 4]


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry.name)
def test_10_the_trace_names_every_macload(entry):
    funnel = "offset" in entry.encoding.fields
    last = {"offset": 12} if funnel else {"rs1": 11, "size": 3}
    word = entry.encoding.encode(wreg=2, areg=1, rd=10, **last)
    assert disassemble(word).split() == [entry.name, "a0,", *(
        ["2,", "1,", "12"] if funnel else ["a1,", "2,", "1,", "3"])]
