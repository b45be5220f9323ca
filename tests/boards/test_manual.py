"""docs/board-link.md says what the tables say."""

from pathlib import Path

import pytest

from flexdrive.boards.frame import MOST_WORDS, PROTOCOL, RESET_KEY, Kind, Space
from flexdrive.boards.registers import TABLES, Design

PAGE = (Path(__file__).resolve().parents[2] / "docs/board-link.md").read_text()


def _row(register):
    parts = "; ".join(f"{low}{f'-{low + bits - 1}' if bits > 1 else ''} {name}"
                      for name, low, bits, _ in register.fields)
    bits = f" Bits: {parts}." if parts else ""
    return (f"| {register.address} | {register.name} | {register.access.value} | "
            f"{register.text}{bits} |")


def test_registers_of_the_page_are_those_of_the_table():
    chip, core, dotp, soc = (part.partition("|---|---|---|---|")[2].partition("\n\n")[0].strip()
                        for part in PAGE.partition("## Registers")[2].split("\n### "))
    for table, design in ((chip, Design.HYPERDRIVE), (core, Design.FLEXV), (dotp, Design.DOTP),
                          (soc, Design.SOC)):
        assert table.splitlines() == [_row(register) for register in TABLES[design]]


@pytest.mark.parametrize("design", Design)
def test_addresses_follow_each_other_and_fields_do_not_overlap(design):
    registers = TABLES[design]
    assert [register.address for register in registers] == list(range(len(registers)))
    assert len({register.name for register in registers}) == len(registers)
    for register in registers:
        taken = 0
        for _, low, bits, _ in register.fields:
            mask = (1 << bits) - 1 << low
            assert not taken & mask
            assert mask < 1 << 32
            taken |= mask


def test_kinds_and_spaces_of_the_page_are_those_of_the_frames():
    for kind in Kind:
        assert kind.value == 0 or f"\n| {kind.value} {kind.name} |" in PAGE
    for space in Space:
        assert f"\n| {space.value} {space.name} |" in PAGE
    assert f"| 0 | 0-3 | version, {PROTOCOL} |" in PAGE
    assert f"up to {MOST_WORDS} words" in PAGE
    assert f"{RESET_KEY:#x}" in PAGE
