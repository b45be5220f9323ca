"""Every Mac&Load in both modes and all formats; the address walk; each behaviour of the published
core that this one excludes."""

import numpy as np
import pytest

from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import CSRS, EXTENSIONS, INSTRUCTIONS
from flexdrive_sim.flexv.disassemble import disassemble
from flexdrive_sim.flexv.rtl_core import build_core
from flexdrive_sim.flexv.snippet import DATA, POINTER, Snippet, code, load_constant, write_csr

from .meanings import lanes

_ENTRIES = [e for e in INSTRUCTIONS if e.unit == "macload"]
_ACC, _ADDRESS, _OUT = 10, 11, 12
_STATE = ("nn_w0", "nn_w1", "nn_w2", "nn_w3", "nn_a0", "nn_a1", "macl_a_address",
          "macl_w_address", "ivec_mixed_cycle")
_OPERANDS = dict(zip(_STATE[:6], np.random.default_rng(8).integers(0, 1 << 32, 6).tolist(),
                     strict=True))
_LOADED = 0x89ABCDEF


def _store(register, place):
    return code("sw", rs1=POINTER, rs2=register, simm=4 * place)


def _read(names, place):
    """Store CSRs from ``place`` on."""
    return b"".join(code("csrrs", rd=31, csr=CSRS[name].number) + _store(31, place + i)
                    for i, name in enumerate(names))


def _both(core, body, data=()):
    snippet = Snippet(body, data)
    yield snippet.simulate()
    yield snippet.run(core)
    for latency in (2, 5):
        yield snippet.run(core, dmem_latency=latency, imem_latency=latency, random_stalls=latency)


def _sum(entry, a, w, a_bits, w_bits, index):
    signs = entry.op
    first = lanes(np.array([a], np.uint32), a_bits, signs[0] == "s")[0]
    second = lanes(np.array([w], np.uint32), w_bits, signs[1] == "s")[0]
    count = 32 // max(a_bits, w_bits)
    first = first[index % (len(first) // count) * count:][:count]
    second = second[index % (len(second) // count) * count:][:count]
    return int(first @ second)


def _target(entry, wreg, areg):
    """Name of the register that is loaded, or None."""
    letter = entry.name.partition(".")[2].partition(".")[2]
    return {"w": f"nn_w{wreg}", "a": f"nn_a{areg}", "x": f"nn_a{1 - areg}", "": None}[letter]


def _setup():
    body = b"".join(write_csr(name, value) for name, value in _OPERANDS.items())
    return body + load_constant(_ACC, 0x12345678) + load_constant(_ADDRESS, DATA + 0x104)


def _expected(entry, wreg, areg, a_bits, w_bits, index):
    """rd and the operand registers after one Mac&Load."""
    operands = dict(_OPERANDS)
    total = _sum(entry, operands[f"nn_a{areg}"], operands[f"nn_w{wreg}"], a_bits, w_bits, index)
    if _target(entry, wreg, areg):
        operands[_target(entry, wreg, areg)] = _LOADED
    return (0x12345678 + total) & 0xFFFFFFFF, list(operands.values())


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry.name)
def test_legacy_mode(core, entry):
    """Format from the instruction, address and post-increment in rs1."""
    data = np.zeros(128, np.uint32)
    data[0x104 // 4] = _LOADED
    for size, (wreg, areg) in enumerate(((0, 0), (1, 1), (2, 0), (3, 1))):
        body = (_setup() + code(entry.name, wreg=wreg, areg=areg, rs1=_ADDRESS, size=size, rd=_ACC)
                + _store(_ACC, 0) + _store(_ADDRESS, 1) + _read(_STATE[:6], 2))
        bits = 16 >> size
        total, operands = _expected(entry, wreg, areg, bits, bits, 0)
        moved = DATA + 0x104 + 4 * (_target(entry, wreg, areg) is not None)
        for words in _both(core, body, data):
            assert words[:8].tolist() == [total, moved, *operands]


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry.name)
def test_status_mode(core, entry, number):
    """Format, slice and pointers from CSRs; rs1 is not touched; slices advance."""
    fmt, wreg, areg = FORMATS[number], 2, 1
    data = np.zeros(128, np.uint32)
    data[0x40 // 4:0x60 // 4] = _LOADED
    index = fmt.slices - 1
    body = _setup()
    for name, value in (("ivec_fmt", number), ("ivec_mixed_cycle", index), ("sb_legacy", 0),
                        ("a_stride", 8), ("a_skip", 1), ("w_stride", 12), ("w_skip", 1),
                        ("macl_a_address", DATA + 0x40), ("macl_w_address", DATA + 0x50)):
        body += write_csr(name, value)
    body += (code(entry.name, wreg=wreg, areg=areg, rs1=_ADDRESS, size=7, rd=_ACC)
             + _store(_ACC, 0) + _store(_ADDRESS, 1) + _read(_STATE, 2))
    total, operands = _expected(entry, wreg, areg, fmt.a_bits, fmt.w_bits, index)
    target = _target(entry, wreg, areg) or ""
    pointers = [DATA + 0x40 + 8 * target.startswith("nn_a"),
                DATA + 0x50 + 12 * target.startswith("nn_w")]
    for words in _both(core, body, data):
        assert words[:11].tolist() == [total, DATA + 0x104, *operands, *pointers, 0]


@pytest.mark.parametrize("number", [0, 11, 15, 16, 17, 20, 27, 31])
def test_formats_without_a_meaning_are_illegal(core, number):
    x5 = 5
    handler = (code("csrrs", rd=_OUT, csr=CSRS["mcause"].number) + _store(_OUT, 0)
               + code("csrrs", rd=_OUT, csr=CSRS["mepc"].number)
               + code("addi", rd=_OUT, rs1=_OUT, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret"))
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(x5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=x5) + _setup()
            + write_csr("macl_a_address", DATA + 64) + write_csr("ivec_fmt", number)
            + write_csr("sb_legacy", 0) + code("ml.sdotsup.a", rd=_ACC) + _store(_ACC, 1)
            + _read(("macl_a_address",), 2))
    for words in _both(core, body):
        assert words[:3].tolist() == [2, 0x12345678, DATA + 64]


def _walk(settings, count):
    """Addresses that ``count`` activation loads use, by the published rule and the third level."""
    address, counter, second, used = DATA, 0, 0, []
    for _ in range(count):
        used.append(address)
        if counter < settings["a_skip"]:
            address, counter = address + settings["a_stride"], counter + 1
            continue
        counter = 0
        if settings["a_skip2"] and second == settings["a_skip2"]:
            address, second = address + settings["a_rollback2"], 0
        else:
            address, second = address + settings["a_rollback"], (
                second + 1 if settings["a_skip2"] else 0)
    return used


@pytest.mark.parametrize("settings", [
    {"a_stride": 64, "a_skip": 3, "a_rollback": 4 - 192, "a_skip2": 0, "a_rollback2": 0},
    {"a_stride": 8, "a_skip": 1, "a_rollback": -4, "a_skip2": 2, "a_rollback2": 100},
    {"a_stride": 4, "a_skip": 0, "a_rollback": 12, "a_skip2": 0, "a_rollback2": 0},
    {"a_stride": 16, "a_skip": 2, "a_rollback": 3 - 32, "a_skip2": 1, "a_rollback2": 5},
], ids=["rows", "three levels", "flat", "misaligned"])
def test_address_walk(core, settings):
    """Words of three kernel rows, read in place."""
    random = np.random.default_rng(2).integers(0, 1 << 32, 1024, dtype=np.uint32)
    count, place = 24, 1600
    body = b"".join(write_csr(name, value & 0xFFFFFFFF) for name, value in settings.items())
    body += (write_csr("ivec_fmt", 2) + write_csr("sb_legacy", 0)
             + write_csr("macl_a_address", DATA) + load_constant(_OUT, DATA + 4 * place))
    for i in range(count):
        body += code("ml.sdotup.a") + code("csrrs", rd=31, csr=CSRS["nn_a0"].number)
        body += code("sw", rs1=_OUT, rs2=31, simm=4 * i)
    memory = random.tobytes()
    expected = [int.from_bytes(memory[a - DATA:a - DATA + 4], "little")
                for a in _walk(settings, count)]
    for words in _both(core, body, random):
        assert words[place:place + count].tolist() == expected


def test_a_core_without_the_third_level():
    """Its registers do not exist, and the walk has two levels."""
    extensions = tuple(name for name in EXTENSIONS if name != "macload_third")
    built = build_core(CoreConfig(extensions=extensions, rvfi=True))
    x5 = 5
    handler = (code("csrrs", rd=_OUT, csr=CSRS["mcause"].number) + _store(_OUT, 0)
               + code("csrrs", rd=_OUT, csr=CSRS["mepc"].number)
               + code("addi", rd=_OUT, rs1=_OUT, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret"))
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(x5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=x5) + _setup())
    for name, value in (("ivec_fmt", 2), ("sb_legacy", 0), ("a_stride", 8), ("a_skip", 1),
                        ("a_rollback", 4), ("macl_a_address", DATA + 64)):
        body += write_csr(name, value)
    body += code("csrrw", csr=CSRS["a_skip2"].number, rs1=x5) + 4 * code("ml.sdotup.a", rd=_ACC)
    body += _read(("macl_a_address",), 1)
    snippet = Snippet(body)
    for words in (snippet.simulate(extensions=extensions), snippet.run(built)):
        assert words[:2].tolist() == [2, DATA + 64 + 2 * 12]


# The published core's behaviours, by their number in the reference; 9 (register numbers) is kept
# as published.

def test_1_results_reach_the_next_instruction(core):
    """Eight Mac&Loads in a row on one accumulator, then a reader at once."""
    body = (write_csr("nn_a0", 0x02020202) + write_csr("nn_w0", 0x03030303)
            + code("addi", rd=_ACC) + 8 * code("ml.sdotup", size=1, rd=_ACC)
            + code("addi", rd=_OUT, rs1=_ACC, simm=1) + _store(_OUT, 0))
    for words in _both(core, body):
        assert words[0] == 8 * 24 + 1


def _cycles(core, instructions):
    """Cycles of a piece of code, less those of nothing, single-cycle memory."""
    def timed(text):
        read = code("csrrs", rd=5, csr=CSRS["mcycle"].number)
        # Aligned, so that fetching costs the same.
        body = (load_constant(_ADDRESS, DATA + 256) + code("addi", rd=9) + read + text
                + read.replace(read, code("csrrs", rd=6, csr=CSRS["mcycle"].number))
                + code("sub", rd=6, rs1=6, rs2=5) + _store(6, 0))
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
    body += b"".join(_store(r, r) for r in range(5, 29))
    for words in _both(core, body):
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
    for words in _both(core, body, data):
        assert words[64:80].tolist() == expected


@pytest.mark.parametrize("name", [n for n, csr in CSRS.items() if csr.extension in (
    "dot", "macload", "macload_third", "xpulp_loop", "requant")])
def test_6_all_state_can_be_read_and_written(core, name):
    """What hardware changed is read back; what was written is used: here only the first."""
    csr = CSRS[name]
    value = 0xA5A5A5A5 & csr.writable
    body = write_csr(name, value) + _read((name,), 0)
    for words in _both(core, body):
        assert words[0] == value


def test_6_counters_continue_from_what_was_written(core):
    """Two of three activation loads before the save, the third after the restore."""
    body = b"".join(write_csr(n, v) for n, v in (
        ("ivec_fmt", 6), ("ivec_skip_size", 3), ("a_stride", 4), ("a_skip", 2),
        ("a_rollback", 100), ("macl_a_address", DATA), ("sb_legacy", 0)))
    load = code("ml.sdotup.a", rd=_ACC)
    saved = ("macl_a_address", "a_count", "mixed_count", "ivec_mixed_cycle")
    body += 2 * load + _read(saved, 128)
    # Another task.
    body += b"".join(write_csr(n, 0x77) for n in saved)
    for i, name in enumerate(saved):
        body += code("lw", rd=31, rs1=POINTER, simm=512 + 4 * i)
        body += code("csrrw", csr=CSRS[name].number, rs1=31)
    body += load + _read(saved, 140)
    for words in _both(core, body):
        assert words[128:132].tolist() == [DATA + 8, 2, 2, 0]
        assert words[140:144].tolist() == [DATA + 108, 0, 0, 1]


def test_7_a_loop_of_one_instruction_loops(core):
    body = (write_csr("nn_a0", 0x02020202) + write_csr("nn_w0", 0x03030303)
            + code("addi", rd=_ACC) + code("lp.setupi", loop=0, count=100, uimm5=4)
            + code("ml.sdotup", size=1, rd=_ACC) + _store(_ACC, 0))
    for words in _both(core, body):
        assert words[0] == 2400


@pytest.mark.parametrize("name", ["csrrs", "csrrc", "csrrw"])
def test_8_pointer_writes_right_behind_a_load(core, name):
    """The hardware's step comes first, then software's change, none is lost; then a load."""
    body = b"".join(write_csr(n, v) for n, v in (
        ("ivec_fmt", 2), ("a_stride", 4), ("a_skip", 9), ("macl_a_address", DATA + 0x20),
        ("sb_legacy", 0))) + load_constant(_OUT, DATA + 0x40 if name == "csrrw" else 0x44)
    body += (code("ml.sdotup.a") + code(name, csr=CSRS["macl_a_address"].number, rs1=_OUT)
             + _read(("macl_a_address",), 64) + code("ml.sdotup.a", areg=1)
             + _read(("macl_a_address", "nn_a1"), 65))
    data = np.arange(64, dtype=np.uint32)
    stepped = DATA + 0x24
    pointer = {"csrrs": stepped | 0x44, "csrrc": stepped & ~0x44, "csrrw": DATA + 0x40}[name]
    for words in _both(core, body, data):
        assert words[64:67].tolist() == [pointer, pointer + 4, (pointer - DATA) // 4]


@pytest.mark.parametrize("entry", _ENTRIES, ids=lambda entry: entry.name)
def test_10_the_trace_names_every_macload(entry):
    word = entry.encoding.encode(wreg=2, areg=1, rs1=11, size=3, rd=10)
    assert disassemble(word).split() == [entry.name, "x10,", "x11,", "2,", "1,", "3"]
