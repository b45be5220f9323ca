"""C header and SVD say what the tables say."""

import re
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from flexdrive.boards import registers as board
from flexdrive.bus import chip_registers as bus
from flexdrive_cli import cli
from flexdrive_deploy.hdl.register_map import MAPS, c_header, svd

TABLES = {
    **{name: {r.name: (4 * r.address, r.fields) for r in board.TABLES[design]} for name, design in (
        ("board", board.Design.HYPERDRIVE), ("board-flexv", board.Design.FLEXV),
        ("board-dotp", board.Design.DOTP), ("board-soc", board.Design.SOC))},
    "axi": {r.name: (r.offset, r.fields) for r in bus.REGISTERS if not r.wishbone},
    "wishbone": {r.name: (r.offset, r.fields) for r in bus.REGISTERS},
}


@pytest.mark.parametrize("name", MAPS)
def test_header_has_each_register_and_field_once(name):
    text = c_header(name)
    macros = dict(re.findall(r"^#define (\w+) (\w+)u", text, re.M))
    assert len(macros) == len(re.findall("#define", text)) - 1
    expected = {}
    for register, (offset, fields) in TABLES[name].items():
        head = f"FLEXDRIVE_{name.upper().replace('-', '_')}_{register}"
        expected[head] = offset
        for field, low, bits, _ in fields:
            expected[f"{head}_{field.upper()}_BIT"] = low
            expected[f"{head}_{field.upper()}_MASK"] = sum(1 << low + at for at in range(bits))
    assert {macro: int(value, 0) for macro, value in macros.items()} == expected


@pytest.mark.parametrize("name", MAPS)
def test_svd_has_each_register_and_field(name):
    device = ET.fromstring(svd(name))
    found = {}
    for register in device.iter("register"):
        fields = [(field.findtext("name"), int(field.findtext("bitOffset")),
                   int(field.findtext("bitWidth")), field.findtext("description"))
                  for field in register.iter("field")]
        found[register.findtext("name")] = int(register.findtext("addressOffset"), 0), fields
    assert found == {register: (offset, list(fields))
                     for register, (offset, fields) in TABLES[name].items()}
    size = int(device.find(".//addressBlock/size").text, 0)
    assert size == max(offset for offset, _ in found.values()) + 4


def test_accesses_are_those_of_svd():
    found = {register.findtext("name"): register for register in ET.fromstring(
        svd("wishbone")).iter("register")}
    assert found["IRQ_STATUS"].findtext("modifiedWriteValues") == "oneToClear"
    assert found["RESULTS"].findtext("readAction") == "modify"
    assert found["PIXELS"].findtext("access") == "write-only"
    assert found["IDENTITY"].findtext("access") == "read-only"


def test_the_command_prints_them():
    for kind, text in (("c", c_header("axi")), ("svd", svd("axi"))):
        made = CliRunner().invoke(cli, ["board", "registers", "axi", "--format", kind])
        assert (made.exit_code, made.output) == (0, text)
