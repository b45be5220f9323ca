"""A unit that takes more than a cycle, or keeps something between stages, is left in every one of
its cycles: by a failing access in front of it, by what goes elsewhere, by an interrupt. The handler
begins with the same unit and other operands; both results are those of undisturbed arithmetic, and
each takes place once."""

from dataclasses import dataclass

import pytest

from flexdrive.flexv.isa import CSRS
from flexdrive_sim.flexv.drive.snippet import (
    DATA,
    POINTER,
    SIZE,
    Snippet,
    code,
    load_constant,
    write_csr,
)

from .cores import built_core
from .driven import drive

# Operands and result of the interrupted instruction and of the handler's.
_A, _B, _FIRST, _C, _D, _SECOND = 10, 11, 12, 14, 15, 13
_P, _Q, _TEMP, _NOWHERE, _ALMOST = 16, 17, 5, 18, 19
_WORDS = [0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C, 0x13121110, 0x17161514, 0x1B1A1918,
          0x1F1E1D1C]
_MASK = 0xFFFFFFFF
_VALUES = {_A: 1000, _B: 7, _C: -666 & _MASK, _D: 2, _FIRST: 100, _SECOND: 200}


def _divided(a, b):
    a, b = ((x ^ 1 << 31) - (1 << 31) for x in (a, b))
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient & _MASK, (a - quotient * b) & _MASK


def _lanes(word):
    return [((word >> i & 255) ^ 128) - 128 for i in range(0, 32, 8)]


def _dot(a, b):
    return sum(x * y for x, y in zip(_lanes(a), _lanes(b), strict=True))


_MEANINGS = {
    "div": lambda a, b, c: _divided(a, b)[0], "rem": lambda a, b, c: _divided(a, b)[1],
    "divu": lambda a, b, c: a // b, "remu": lambda a, b, c: a % b,
    "mul": lambda a, b, c: a * b, "mulhu": lambda a, b, c: a * b >> 32,
    "p.mac": lambda a, b, c: c + a * b, "p.msu": lambda a, b, c: c - a * b,
    "pv.dotsp.b": lambda a, b, c: _dot(a, b), "pv.sdotsp.b": lambda a, b, c: c + _dot(a, b),
}


@dataclass(frozen=True)
class Case:
    """``first`` is interrupted, ``second`` begins the handler. ``read``: registers by number, CSRs
    by name, words of memory by offset as ("word", offset); ``expected``: their values afterwards,
    in each order in which both may take place."""

    first: bytes
    second: bytes
    expected: list
    read: tuple = ()
    setup: bytes = b""

    def finish(self):
        """Store what is read from word 16 on."""
        text = b""
        for place, source in enumerate((_FIRST, _SECOND, *self.read)):
            register = source
            if isinstance(source, str):
                text, register = text + code("csrrs", rd=31, csr=CSRS[source].number), 31
            elif isinstance(source, tuple):
                text, register = text + code("lw", rd=31, rs1=_P, simm=source[1]), 31
            text += code("sw", rs1=POINTER, rs2=register, simm=64 + 4 * place)
        return text

    def check(self, words, context):
        got = [int(words[16 + place]) for place in range(2 + len(self.read))]
        assert got in self.expected, (context, got)


def _computing(name):
    meaning = _MEANINGS[name]
    return Case(code(name, rd=_FIRST, rs1=_A, rs2=_B), code(name, rd=_SECOND, rs1=_C, rs2=_D),
                [[meaning(_VALUES[a], _VALUES[b], _VALUES[c]) & _MASK
                  for a, b, c in ((_A, _B, _FIRST), (_C, _D, _SECOND))]])


_CONTENT = b"".join(word.to_bytes(4, "little") for word in _WORDS)


def _loading(name, size, first, second):
    return Case(code(name, rd=_FIRST, rs1=_P, simm=first),
                code(name, rd=_SECOND, rs1=_P, simm=second),
                [[int.from_bytes(_CONTENT[at:at + size], "little") for at in (first, second)]])


def _storing():
    content, places = bytearray(_CONTENT), (0, 4, 12, 16)
    content[1:5], content[15:19] = (_VALUES[r].to_bytes(4, "little") for r in (_A, _C))
    return Case(code("sw", rs1=_P, rs2=_A, simm=1), code("sw", rs1=_P, rs2=_C, simm=15),
                [[_VALUES[_FIRST], _VALUES[_SECOND],
                  *(int.from_bytes(content[at:at + 4], "little") for at in places)]],
                tuple(("word", at) for at in places))


_OPERANDS = {"nn_w0": 0x01020304, "nn_a0": 0x7F80FF05, "nn_w1": 0x11223344, "nn_a1": 0xF0E0D0C0}


def _macload(status):
    """Both load: one a weight register, one an activation register, each through a pointer of its
    own, in registers or (``status``) in CSRs."""
    settings = {"ivec_fmt": 2, "macl_w_address": DATA, "macl_a_address": DATA + 16, "a_stride": 4,
                "a_skip": 9, "w_stride": 8, "w_skip": 9, "sb_legacy": 0} if status else {}
    results = [_VALUES[_FIRST] + _dot(_OPERANDS["nn_w0"], _OPERANDS["nn_a0"]) & _MASK,
               _VALUES[_SECOND] + _dot(_OPERANDS["nn_w1"], _OPERANDS["nn_a1"]) & _MASK]
    pointers = ("macl_w_address", "macl_a_address", "w_count", "a_count") if status else (_P, _Q)
    moved = [DATA + 8, DATA + 20, 1, 1] if status else [DATA + 4, DATA + 20]
    return Case(code("ml.sdotsp.w", rs1=_P, size=1, rd=_FIRST),
                code("ml.sdotsp.a", wreg=1, areg=1, rs1=_Q, size=1, rd=_SECOND),
                [[*results, _WORDS[0], _WORDS[4], *moved]], ("nn_w0", "nn_a1", *pointers),
                b"".join(write_csr(*pair) for pair in (_OPERANDS | settings).items()))


def _packing():
    a, b = _VALUES[_FIRST], _VALUES[_SECOND]
    first, second = (a * _VALUES[_B] + b) >> 4 & 255, (b * _VALUES[_B] + a) >> 4 & 255
    return Case(code("rq.pack", rs1=_FIRST, rs2=_B, rs3=_SECOND),
                code("rq.pack", rs1=_SECOND, rs2=_B, rs3=_FIRST),
                [[a, b, first | second << 8, 2], [a, b, second | first << 8, 2]],
                ("rq_word", "rq_lane"), write_csr("rq_control", 4))


_BASE = {**{name: _computing(name) for name in ("div", "divu", "rem", "remu", "mul", "mulhu")},
         "lw": _loading("lw", 4, 1, 11), "lhu": _loading("lhu", 2, 3, 15), "sw": _storing()}
_MORE = {**{name: _computing(name) for name in (
    "p.mac", "p.msu", "pv.dotsp.b", "pv.sdotsp.b")},
    "Mac&Load": _macload(False), "Mac&Load by status": _macload(True), "rq.pack": _packing()}


@pytest.fixture(scope="module")
def small():
    return built_core()


@pytest.fixture(params=[*(pytest.param(name, id=f"small {name}") for name in _BASE),
                        *(pytest.param(name, id=f"full {name}") for name in _MORE)])
def unit(request):
    """(core, :class:`Case`)."""
    is_small = request.param in _BASE
    return (request.getfixturevalue("small" if is_small else "core"),
            (_BASE if is_small else _MORE)[request.param])


def _setup(case, handler, start):
    """Everything in front of what is tested; the handler lies behind the first instruction, which
    is at ``start``."""
    constants = _VALUES | {_P: DATA, _Q: DATA + 16, _NOWHERE: 0x40000000, _ALMOST: DATA + SIZE - 2}
    return (code("jal", simm=4 + len(handler)) + handler + load_constant(_TEMP, start + 4)
            + code("csrrw", csr=CSRS["mtvec"].number, rs1=_TEMP) + case.setup
            + b"".join(load_constant(*pair) for pair in constants.items()))


# What fails in front of the unit: an access to nowhere, the second half of one at the end of
# memory, what a decoder or execute refuses.
_FAILING = {
    "lw": code("lw", rd=_TEMP, rs1=_NOWHERE), "lw, second half": code("lw", rd=_TEMP, rs1=_ALMOST),
    "sw": code("sw", rs1=_NOWHERE, rs2=_A), "sh, second half": code("sh", rs1=_ALMOST, rs2=_A,
                                                                    simm=1),
    "ecall": code("ecall"), "illegal": _MASK.to_bytes(4, "little"),
    "no such CSR": code("csrrw", csr=0x5C0, rs1=_A),
}


@pytest.mark.parametrize("failing", _FAILING)
def test_a_trap_in_front_leaves_the_unit(unit, failing):
    """The response comes after 1 to 40 cycles, so that a division behind the access is left in
    each of its 34; the handler's first instruction uses the unit at once."""
    built, case = unit
    handler = (case.second + code("csrrs", rd=_TEMP, csr=CSRS["mepc"].number)
               + code("addi", rd=_TEMP, rs1=_TEMP, simm=4)
               + code("csrrw", csr=CSRS["mepc"].number, rs1=_TEMP) + code("mret"))
    snippet = Snippet(_setup(case, handler, Snippet(b"").start) + _FAILING[failing] + case.first
                      + case.finish(), _WORDS)
    waits = range(1, 41) if failing in ("lw", "sw") else (1, 2, 3, 5)
    for latency in waits:
        case.check(snippet.run(built, dmem_latency=latency), latency)
    for seed in range(1, 6):
        case.check(snippet.run(built, dmem_latency=seed, random_stalls=seed), seed)


@pytest.mark.parametrize("way", ["branch", "jalr", "jal", "fence.i"])
def test_what_is_not_reached_leaves_the_unit(unit, way):
    """The instruction behind a jump is dropped after it has come to execute, at the jump's target
    the unit is used at once. (Behind fence.i it is fetched anew.)"""
    built, case = unit
    to_second = {"branch": code("beq", simm=8), "jal": code("jal", simm=8),
                 "jalr": code("jalr", rs1=_TEMP, simm=20), "fence.i": code("fence.i")}[way]
    dropped = b"" if way == "fence.i" else case.first
    text = (_setup(case, b"", Snippet(b"").start) + code("lw", rd=31, rs1=_P)
            + code("auipc", rd=_TEMP) + 2 * code("addi") + to_second + dropped + case.second
            + case.first + case.finish())
    snippet = Snippet(text, _WORDS)
    for latency in (1, 2, 4, 12):
        case.check(snippet.run(built, dmem_latency=latency, random_stalls=latency // 4), latency)


def test_an_interrupt_in_every_cycle(unit):
    """It comes in each cycle around the instruction."""
    built, case = unit
    # The store withdraws the request.
    handler = case.second + code("sw", rs1=POINTER, rs2=0, simm=400) + 6 * code("addi") + code(
        "mret")
    body = (_setup(case, handler, 0x208) + load_constant(_TEMP, 1 << 11)
            + code("csrrw", csr=CSRS["mie"].number, rs1=_TEMP)
            + code("csrrsi", csr=CSRS["mstatus"].number, zimm=8) + 4 * code("addi") + case.first
            + 60 * code("addi"))
    begins = len(body) // 4 - 60 - len(handler) // 4
    for rise in range(begins, begins + 50):
        words = drive(built, body + case.finish(),
                      lambda cycle, held, rise=rise: (cycle >= rise and 100 not in held) << 11,
                      data=_WORDS)
        assert 100 in words, f"no interrupt at {rise}"
        case.check(words, rise)
