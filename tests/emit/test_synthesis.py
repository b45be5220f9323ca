"""What synthesis makes of the Verilog: memories in the cells that they are meant for."""

import json
from collections import Counter

import pytest

from flexdrive.emit import emit_rtlil
from flexdrive.flexv.core.registers import RegisterFile
from flexdrive.hyperdrive.tile.feature_bank import FeatureBank
from flexdrive_deploy.hdl.verilog import verilog_of
from flexdrive_deploy.tools import run_yosys

pytestmark = pytest.mark.slow


def _cells(component, language, place):
    design = emit_rtlil(component, name="memory")
    (place / "design.il").write_text(design.text)
    (place / "design.v").write_text(verilog_of(design).text)
    read = {"rtlil": "read_rtlil design.il", "verilog": "read_verilog design.v"}[language]
    run_yosys(f"{read}\nsynth_ecp5 -top memory\nwrite_json design.json\n", cwd=place)
    netlist = json.loads((place / "design.json").read_text())
    return Counter(cell["type"] for cell in netlist["modules"]["memory"]["cells"].values())


@pytest.mark.parametrize("language", ["rtlil", "verilog"])
def test_a_feature_bank_is_block_ram_alone(language, tmp_path):
    """And the gate that says that nothing is read while it is written."""
    cells = _cells(FeatureBank(2048), language, tmp_path)
    assert cells == {"DP16KD": 2, "LUT4": 1}


@pytest.mark.parametrize("language", ["rtlil", "verilog"])
def test_a_register_file_in_ram_is_ram(language, tmp_path):
    """32 words of 32 bits in cells of 16 x 4: for 2 write and 3 read ports 2 x 3 x 16 of them; and
    for the bits that tell which of both was written last, 2 x 4 ports x 2."""
    cells = _cells(RegisterFile(cells="ram"), language, tmp_path)
    assert cells["TRELLIS_DPR16X4"] == 2 * 3 * 16 + 2 * 4 * 2
    assert cells["TRELLIS_FF"] == 0
