"""rq.pack.sb, .sh, .sw and rq.at: words packed before are stored; traps; hazards; cores without."""

import numpy as np
import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.isa import CSRS, find
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    SIZE,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .cores import full_core
from .traps import both, store, with_handler

_ACC, _ONE, _ADDEND, _OUT, _TABLE, _OFFSET, _SCALE = 5, 6, 7, 11, 12, 13, 14
_NAMES = ("rq_packed", "rq_address", "rq_word", "rq_lane")
_NOWHERE = 0x40000000
_ONE_IS_ONE = load_constant(_ONE, 1)


@pytest.fixture(scope="module")
def storing():
    """A core that has it."""
    return full_core()


def _pack(value, end=".c", *, scale=_ONE, addend=0):
    """An output: a number of 12 bits, times 1."""
    return (code("addi", rd=_ACC, simm=value)
            + code(f"rq.pack{end}", rs1=_ACC, rs2=scale, rs3=addend))


def _read(names, place):
    """Store CSRs to words from ``place`` on."""
    return b"".join(code("csrrs", csr=CSRS[name].number, rd=_OUT) + store(_OUT, place + i)
                    for i, name in enumerate(names))


def _words(random, width, lanes):
    """Outputs of some words, and those as bytes."""
    values = random.integers(0, 1 << width, (12, lanes))
    packed = (values << width * np.arange(lanes)).sum(axis=1)
    return values.tolist(), packed.astype(np.uint32)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "width", "lanes"), [
    ("b", 2, 4), ("h", 4, 4), ("w", 8, 4), ("w", 4, 8), ("w", 2, 16), ("h", 2, 7), ("b", 8, 1)])
def test_words_go_where_a_table_says(storing, size, width, lanes):
    """Each word a table's place and an offset behind the one before, some of them not aligned, by
    sequences without anything between and with."""
    random = np.random.default_rng(lanes)
    values, packed = _words(random, width, lanes)
    step = {"b": 1, "h": 2, "w": 4}[size]
    places = [0x400 + 12 * i + int(random.integers(0, 4)) for i in range(len(values))]
    table = [DATA + place - 0x40 for place in places]
    body = (write_csr("rq_control", {8: 0, 4: 1, 2: 2}[width] << 6) + write_csr("rq_word", 0)
            + write_csr("rq_address", DATA + 0x800) + write_csr("rq_packed", 0x89ABCDEF)
            + _ONE_IS_ONE + load_constant(_OFFSET, 0x40) + load_constant(_TABLE, DATA))
    for index, outputs in enumerate(values):
        for output in outputs[:-1]:
            body += _pack(output)
        body += _pack(outputs[-1], f".s{size}") + store(_ACC, 0x180)
        body += (index % 3) * code("addi") + code("rq.at", rs1=_TABLE, rs3=_OFFSET, simm=4)
    body += _pack(0, f".s{size}") + _read(_NAMES, 0x190) + store(_TABLE, 0x181)
    for words in both(storing, body, table):
        content = words.view(np.uint8)
        first = content[0x800:0x800 + step].tobytes()
        assert first == (0x89ABCDEF).to_bytes(4, "little")[:step]
        for place, word in zip(places, packed.tolist(), strict=True):
            assert content[place:place + step].tobytes() == word.to_bytes(4, "little")[:step]
        # Nothing beside them.
        assert np.count_nonzero(content[0x400:0x600]) <= step * len(places)
        assert words[0x180] == 0
        assert words[0x181] == DATA + 4 * len(places)
        assert words[0x190:0x194].tolist() == [0, DATA + places[-1], 0, 0]


@pytest.mark.slow
def test_one_right_behind_the_other(storing):
    """Words of one output each: a store waits for the word before, and the accumulator that it
    clears, a product that it adds and an address that has just been loaded are waited for."""
    body = (write_csr("rq_control", 0) + write_csr("rq_word", 0) + write_csr("rq_packed", 0x11)
            + write_csr("rq_address", DATA + 0x80) + _ONE_IS_ONE + load_constant(_SCALE, 3)
            + load_constant(_TABLE, DATA) + load_constant(_ACC, 20) + load_constant(_ADDEND, 2))
    packs = {end: code(f"rq.pack.{end}", rs1=_ACC, rs2=_SCALE, rs3=_ADDEND)
             for end in ("sb", "sw", "c")}
    body += packs["sb"]                                             # 0x11
    body += code("rq.pack.sb", rs1=_ACC, rs2=_SCALE, rs3=_ONE)      # 62
    body += packs["sb"]                                             # 1
    body += code("rq.at", rs1=_TABLE, simm=4) + packs["sw"]         # 2 to the first place
    body += code("p.mac", rd=_ADDEND, rs1=_SCALE, rs2=_SCALE)       # 11
    body += packs["c"] + packs["sw"]                                # 2
    body += code("rq.at", rs1=_TABLE, rs3=_ADDEND, simm=-4)         # the second place + 11
    body += packs["sw"] + store(_TABLE, 4) + _read(_NAMES, 5)
    for words in both(storing, body, [DATA + 0x84, DATA + 0x85]):
        # Each to the same place, until the table gives others.
        assert int(words[0x20]) == 1
        assert int(words[0x21]) == 2
        assert words.view(np.uint8)[0x90:0x94].tolist() == [11, 11, 0, 0]
        assert words[4:9].tolist() == [DATA, 11, DATA + 0x90, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["nowhere", "the second half", "no address"])
def test_failures_are_precise(storing, case):
    """A store or a load of an address that fails leaves everything as it was."""
    failing = code("rq.pack.sw", rs1=_ACC, rs2=_ONE, rs3=_ADDEND)
    address, cause, place = {"nowhere": (_NOWHERE, 7, _NOWHERE),
                             "the second half": (DATA + SIZE - 2, 7, DATA + SIZE),
                             "no address": (DATA + 0x80, 5, _NOWHERE)}[case]
    if case == "no address":
        failing = code("rq.at", rs1=_TABLE, rs3=_ACC, simm=4)
    before = (write_csr("rq_control", 0) + write_csr("rq_word", 0x22) + write_csr("rq_lane", 1)
              + write_csr("rq_packed", 0x33) + write_csr("rq_address", address)
              + load_constant(_ADDEND, 4) + load_constant(_TABLE, _NOWHERE)
              # The handler's code comes behind this and uses another register.
              + load_constant(_ONE, 1))
    after = (_read(_NAMES, 4) + store(_ACC, 8) + store(_TABLE, 9)
             + write_csr("rq_address", DATA + 0x80)
             + code("rq.pack.sw", rs1=_ACC, rs2=_ONE, rs3=_ADDEND) + _read(_NAMES, 10))
    body, at = with_handler(load_constant(_ACC, 7) + failing, after, before)
    for words in both(storing, body):
        assert words[:3].tolist() == [cause, place, at + 8]
        assert words[4:10].tolist() == [0x33, address, 0x22, 1, 7, _NOWHERE]
        assert words[10:14].tolist() == [0x22 | 11 << 8, DATA + 0x80, 0, 0]
        assert words[0x20] == 0x33


_RD, _MCYCLE = 15, CSRS["mcycle"].number
_NOP = code("addi")
_PLACE = code("rq.at", rs1=_TABLE)
_PACKED, _ADDRESS = (code("csrrs", csr=CSRS[name].number, rd=_RD)
                     for name in ("rq_packed", "rq_address"))
_STORING = code("rq.pack.sw", rs1=_ACC, rs2=_ONE)
_PACKING = code("rq.pack", rs1=_SCALE, rs2=_ONE)


@pytest.mark.slow
@pytest.mark.parametrize(("text", "cycles"), [
    (_STORING, 1), (_PLACE, 1), (_PACKING + _STORING, 2), (_STORING + _PACKING, 2),
    # The next instruction but n behind a word, behind an address.
    *((_STORING + n * _NOP + code("rq.pack.sb", rs1=_SCALE, rs2=_ONE), max(6, 2 + n))
      for n in range(6)),
    *((_PLACE + n * _NOP + _STORING, max(4, 2 + n)) for n in range(4)),
    *((_STORING + n * _NOP + _PACKED, max(6, 2 + n)) for n in range(6)),
    *((_PLACE + n * _NOP + _ADDRESS, max(4, 2 + n)) for n in range(4)),
    (_STORING + code("csrrs", csr=CSRS["macl_a_address"].number, rd=_RD), 2),
    # An offset is the addend of the sum that the address is: it is not waited for.
    (code("mul", rd=_OFFSET, rs1=_ONE, rs2=_ONE) + code("rq.at", rs1=_TABLE, rs3=_OFFSET), 2),
    (_STORING + code("sw", rs1=_TABLE, rs2=_ACC, simm=64), 3)])
def test_cycles(storing, text, cycles):
    def timed(text):
        body = (write_csr("rq_address", DATA + 0x80) + _ONE_IS_ONE
                + load_constant(_TABLE, DATA + 0x100) + 8 * _NOP
                + code("csrrs", rd=20, csr=_MCYCLE) + text + code("csrrs", rd=21, csr=_MCYCLE)
                + code("sub", rd=21, rs1=21, rs2=20) + store(21, 0))
        return int(Snippet(body, [0] * 64 + [DATA + 0x84]).run(storing)[0])
    assert timed(text) - timed(b"") == cycles


@pytest.mark.slow
def test_registers_keep_all_bits(storing):
    body, expected = code("addi", rd=_TABLE, rs1=POINTER), []
    for name in ("rq_packed", "rq_address"):
        for operation, value, kept in (("csrrw", 0xA5C39617, 0xA5C39617),
                                       ("csrrs", 0x0F0F0F0F, 0xAFCF9F1F),
                                       ("csrrc", 0xFFFF0000, 0x00009F1F)):
            body += load_constant(_ACC, value) + code(operation, csr=CSRS[name].number, rs1=_ACC)
            body += _read((name,), len(expected))
            expected.append(kept)
    for words in both(storing, body):
        assert words[:len(expected)].tolist() == expected


def test_others_lack_it():
    for name in ("rq.pack.sb", "rq.pack.sh", "rq.pack.sw", "rq.at"):
        word = int.from_bytes(code(name, rs1=POINTER), "little")
        assert find(word).name == name
        assert find(word, CoreConfig().extensions) is None
        assert find(word, (*CoreConfig().extensions, "requant_clear")) is None
    with pytest.raises(ConfigurationError, match="requant_store needs extension requant_clear"):
        CoreConfig(extensions=("i", "zicsr", "requant", "requant_store"))
