"""Loads and stores, one test per instruction: sizes, signs, alignments, addressing modes."""

import numpy as np
import pytest

from flexdrive.flexv.isa import INSTRUCTIONS
from flexdrive_sim.flexv.drive.snippet import DATA, POINTER, Snippet, code, load_constant

_BASE, _OFFSET, _VALUE = 5, 6, 7
_RESULTS = 0x4000
# Not rq.at, which loads into a CSR: test_requantise_storing.py.
_ACCESSES = [e for e in INSTRUCTIONS
             if e.unit == "store" or (e.unit == "load" and "rd" in e.encoding.fields)]
_BYTES = {"b": 1, "h": 2, "w": 4}


def _cases(entry):
    """(base, offset): every alignment, offsets of both signs, near and far."""
    far = [0x1000, -0x1000] if "simm" not in entry.encoding.fields else [2047, -2048]
    return [(DATA + 0x2000 + 64 * i + alignment, offset)
            for i, (alignment, offset) in enumerate(
                (alignment, offset) for alignment in range(4)
                for offset in (0, 1, 2, 3, 4, -1, -4, *far))]


def _program(entry):
    loads, body = entry.unit == "load", b""
    for i, (base, offset) in enumerate(_cases(entry)):
        fields = {"rs1": _BASE, "rd" if loads else "rs2": _VALUE}
        if "simm" in entry.encoding.fields:
            fields["simm"] = offset
        else:
            fields["rs2" if loads else "rs3"] = _OFFSET
        body += (load_constant(_BASE, base) + load_constant(_OFFSET, offset & 0xFFFFFFFF)
                 + load_constant(_VALUE, 0x81828384 + 0x01010101 * i & 0xFFFFFFFF)
                 + code(entry.name, **fields)
                 + load_constant(31, DATA + _RESULTS + 8 * i)
                 + code("sw", rs1=31, rs2=_VALUE) + code("sw", rs1=31, rs2=_BASE, simm=4))
    return body


def _expected(entry, memory):
    """Effect of the cases on ``memory`` (uint8) and the results, by bytes."""
    size, post = _BYTES[entry.op[0]], "post" in entry.flags
    results = []
    for i, (base, offset) in enumerate(_cases(entry)):
        value = 0x81828384 + 0x01010101 * i & 0xFFFFFFFF
        place = (base if post else base + offset) - DATA
        if entry.unit == "load":
            signed = entry.op in ("b", "h")
            part = memory[place:place + size].tobytes()
            value = int.from_bytes(part, "little", signed=signed) & 0xFFFFFFFF
        else:
            memory[place:place + size] = np.frombuffer(value.to_bytes(4, "little")[:size], np.uint8)
        results += [value, (base + offset if post else base) & 0xFFFFFFFF]
    return results


@pytest.mark.parametrize("entry", _ACCESSES, ids=lambda entry: entry.name)
def test_access(core, entry):
    words = np.random.default_rng(4).integers(0, 1 << 32, _RESULTS // 4, dtype=np.uint32)
    memory = words.copy().view(np.uint8)
    results = _expected(entry, memory)
    snippet = Snippet(_program(entry), words)
    for got in (snippet.simulate(), snippet.run(core),
                snippet.run(core, dmem_latency=3, imem_latency=2, random_stalls=5)):
        first = _RESULTS // 4
        assert got[first:first + len(results)].tolist() == results
        assert (got[:first].view(np.uint8) == memory).all()


@pytest.mark.parametrize("entry", [e for e in _ACCESSES if e.unit == "load" and "post" in e.flags],
                         ids=lambda entry: entry.name)
def test_a_loaded_value_wins_over_the_moved_pointer(core, entry):
    fields = {"rd": _BASE, "rs1": _BASE}
    fields |= {"simm": 4} if "simm" in entry.encoding.fields else {"rs2": _OFFSET}
    snippet = Snippet(load_constant(_BASE, DATA) + load_constant(_OFFSET, 4)
                      + code(entry.name, **fields) + code("sw", rs1=POINTER, rs2=_BASE, simm=64),
                      [0x41424344])
    for words in (snippet.simulate(), snippet.run(core)):
        assert words[16] == 0x41424344 & (1 << 8 * _BYTES[entry.op[0]]) - 1
