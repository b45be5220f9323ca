"""Every Mac&Load in both modes and all formats; the address walk."""

import numpy as np
import pytest

from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import CSRS, EXTENSIONS, INSTRUCTIONS
from flexdrive_sim.flexv.drive.snippet import DATA, Snippet, code, load_constant, write_csr

from .both_sides import both, read, store
from .cores import built_core
from .meanings import lanes

# Those with a funnel are in test_funnel.py.
_ENTRIES = [e for e in INSTRUCTIONS if e.unit == "macload" and "funnel" not in e.flags]
_ACC, _ADDRESS, _OUT = 10, 11, 12
_STATE = ("nn_w0", "nn_w1", "nn_w2", "nn_w3", "nn_a0", "nn_a1", "macl_a_address",
          "macl_w_address", "ivec_mixed_cycle")
_OPERANDS = dict(zip(_STATE[:6], np.random.default_rng(8).integers(0, 1 << 32, 6).tolist(),
                     strict=True))
_LOADED = 0x89ABCDEF


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
                + store(_ACC, 0) + store(_ADDRESS, 1) + read(_STATE[:6], 2))
        bits = 16 >> size
        total, operands = _expected(entry, wreg, areg, bits, bits, 0)
        moved = DATA + 0x104 + 4 * (_target(entry, wreg, areg) is not None)
        for words in both(core, body, data):
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
             + store(_ACC, 0) + store(_ADDRESS, 1) + read(_STATE, 2))
    total, operands = _expected(entry, wreg, areg, fmt.a_bits, fmt.w_bits, index)
    target = _target(entry, wreg, areg) or ""
    pointers = [DATA + 0x40 + 8 * target.startswith("nn_a"),
                DATA + 0x50 + 12 * target.startswith("nn_w")]
    for words in both(core, body, data):
        assert words[:11].tolist() == [total, DATA + 0x104, *operands, *pointers, 0]


@pytest.mark.parametrize("number", [0, 11, 15, 16, 17, 20, 27, 31])
def test_formats_without_a_meaning_are_illegal(core, number):
    x5 = 5
    handler = (code("csrrs", rd=_OUT, csr=CSRS["mcause"].number) + store(_OUT, 0)
               + code("csrrs", rd=_OUT, csr=CSRS["mepc"].number)
               + code("addi", rd=_OUT, rs1=_OUT, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=_OUT) + code("mret"))
    body = (code("jal", simm=4 + len(handler)) + handler
            + load_constant(x5, Snippet(b"").start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=x5) + _setup()
            + write_csr("macl_a_address", DATA + 64) + write_csr("ivec_fmt", number)
            + write_csr("sb_legacy", 0) + code("ml.sdotsup.a", rd=_ACC) + store(_ACC, 1)
            + read(("macl_a_address",), 2))
    for words in both(core, body):
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
    for words in both(core, body, random):
        assert words[place:place + count].tolist() == expected


@pytest.mark.slow
def test_a_core_without_the_third_level():
    """Its registers do not exist, and the walk has two levels."""
    extensions = tuple(name for name in EXTENSIONS if name != "macload_third")
    built = built_core(extensions)
    x5 = 5
    handler = (code("csrrs", rd=_OUT, csr=CSRS["mcause"].number) + store(_OUT, 0)
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
    body += read(("macl_a_address",), 1)
    snippet = Snippet(body)
    for words in (snippet.simulate(extensions=extensions), snippet.run(built)):
        assert words[:2].tolist() == [2, DATA + 64 + 2 * 12]
