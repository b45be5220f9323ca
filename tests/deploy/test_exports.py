"""Files for other tools, read back by readers written here from the formats' own descriptions."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.exports import FORMATS, Words, export
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.streams import chip_streams
from flexdrive_deploy.tools import run_zig

from .networks import random_layer


def _random(shape, dtype, width):
    rng = np.random.default_rng(width)
    bits = rng.integers(0, 2, (shape[0], width), np.uint8)
    whole = np.zeros((shape[0], 8 * np.dtype(dtype).itemsize * (shape[1:] or (1,))[0]), np.uint8)
    whole[:, :width] = bits
    data = np.packbits(whole, axis=1, bitorder="little").view(np.dtype(dtype).newbyteorder("<"))
    numbers = [int("".join(map(str, row[::-1])), 2) for row in bits.tolist()]
    return (Words(data.astype(dtype).reshape(shape), width, "random words", base=0x8000_FFE0),
            numbers)


# As many as cross two borders of 64 kB; a word of 16, 4, 32, 48 and 70 bits.
CASES = {"pixels": ((40000,), np.uint16, 16), "narrow": ((300, 1), np.uint32, 4),
         "words": ((17000,), np.uint32, 32), "wide": ((500, 2), np.uint32, 48),
         "wider": ((33, 3), np.uint32, 70), "one": ((1,), np.uint32, 32),
         "none": ((0, 1), np.uint32, 16)}


@pytest.fixture(params=CASES)
def case(request):
    return _random(*CASES[request.param])


def read_mem(text):
    """IEEE 1364-2005, 17.2.9: comments, hexadecimal numbers between white space."""
    lines = (line.partition("//")[0] for line in text.splitlines())
    return [int(number, 16) for line in lines for number in line.split()]


def read_intel_hex(text):
    """Intel, Hexadecimal Object File Format Specification, revision A: {address: byte}."""
    memory, upper, ended = {}, 0, False
    for line in text.splitlines():
        assert not ended
        assert line[0] == ":"
        record = bytes.fromhex(line[1:])
        assert sum(record) % 256 == 0
        size, offset, kind, data = record[0], record[1] << 8 | record[2], record[3], record[4:-1]
        assert len(data) == size
        if kind == 0:
            assert offset + size <= 0x10000
            memory |= {(upper << 16) + offset + i: byte for i, byte in enumerate(data)}
        elif kind == 4:
            upper = int.from_bytes(data, "big")
        else:
            assert kind == 1
            ended = True
    assert ended
    return memory


def test_mem(case):
    words, numbers = case
    assert read_mem(FORMATS["mem"](words, "x")) == numbers


def test_bin_and_hex(case):
    words, numbers = case
    content = FORMATS["bin"](words, "x")
    size = len(content) // len(numbers) if numbers else 4
    assert size in (2, 4, 8, 12)
    assert [int.from_bytes(content[at:at + size], "little")
            for at in range(0, len(content), size)] == numbers
    memory = read_intel_hex(FORMATS["hex"](words, "x"))
    assert memory == {words.base + i: byte for i, byte in enumerate(content)}


def test_c_header(tmp_path):
    """A C program that includes all of them prints the bytes of ``bin``."""
    lines, expected = ["#include <stdio.h>"], b""
    for name, shape in CASES.items():
        words, numbers = _random(*shape)
        files = export(f"0-{name}", words, ["h", "bin"], owner="net")
        (tmp_path / f"0-{name}.h").write_text(files[f"0-{name}.h"])
        lines += [f'#include "0-{name}.h"', f'#include "0-{name}.h"',
                  f"_Static_assert(NET_0_{name.upper()}_WORDS == {len(numbers)}, \"\");",
                  f"_Static_assert(NET_0_{name.upper()}_BASE == 0x8000ffe0u, \"\");"]
        expected += files[f"0-{name}.bin"]
    lines += ["int main(void) {", *(
        f"fwrite(net_0_{name}, sizeof(net_0_{name}[0]), NET_0_{name.upper()}_WORDS, stdout);"
        for name in CASES), "}"]
    (tmp_path / "main.c").write_text("\n".join(lines))
    run_zig(["cc", "-O2", "-fno-sanitize=all", "-std=c11", "-Wall", "-Wextra", "-Werror",
             "-pedantic", "main.c", "-o", "main"], cwd=tmp_path)
    assert subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout == expected


def test_names_of_c_are_names_of_c():
    words = Words(np.zeros(1, np.uint32), 32, "x")
    assert "uint32_t _3x3_n_t_words[1]" in FORMATS["h"](words, "3x3-nét.words")


@pytest.mark.parametrize("mesh", [None, (1, 2), (2, 2)])
def test_streams_are_those_that_the_chips_get(mesh):
    rng = np.random.default_rng(3)
    graph = ChipGraph({"x": (2, 8, 8)}, [random_layer(rng, "a", "x", 2, 5)], ["a.out"])
    program = lower(graph, replace(PRESETS["tiny"], mesh=mesh is not None), mesh=mesh)
    streams = chip_streams(program)
    np.testing.assert_array_equal(streams.pop("weights").data, program.weights)
    for (y, x), words in program.chip_words().items():
        np.testing.assert_array_equal(streams.pop(f"{y}-{x}-words" if mesh else "words").data,
                                      words)
    assert not streams
