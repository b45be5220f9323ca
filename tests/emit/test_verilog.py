"""The Verilog of every target, as other tools read it, and its package."""

import json
import re

import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.targets import TARGETS
from flexdrive_deploy.tools import ToolError, run_yosys
from flexdrive_deploy.verilog_package import make_package, write_package


def _package(target, **options):
    return make_package(target, target.example, **options)


@pytest.fixture(params=TARGETS)
def target(request):
    return TARGETS[request.param]


def _read(target):
    return (f"read_verilog {target.module}.v {target.module}_instance.v\n"
            f"hierarchy -check -top {target.module}_instance\n")


def test_checks_and_synthesises(target, tmp_path):
    write_package(_package(target), tmp_path)
    run_yosys(_read(target) + "proc\ncheck -assert\nmemory -nomap\n"
              "synth -run coarse:check -noabc\ncheck -assert\n", cwd=tmp_path)


def test_check_finds_a_missing_driver(tmp_path):
    target = TARGETS["fp16-add"]
    package = _package(target)
    name = f"{target.module}.v"
    broken, count = re.subn(r"^  assign \w+ = .*\n", "", package.files[name], count=1, flags=re.M)
    assert count == 1
    package.files[name] = broken
    write_package(package, tmp_path)
    with pytest.raises(ToolError, match=r"Found [0-9]+ problems in 'check -assert'"):
        run_yosys(_read(target) + "proc\nflatten\ncheck -assert\n", cwd=tmp_path)


def test_every_port_is_documented(target):
    package = _package(target)
    description = json.loads(package.files[f"{target.module}.json"])
    for port in description["ports"]:
        assert port["meaning"], port
        line = f"    {port['direction']:6} "
        assert re.search(rf"^// {line}.*\b{port['name']}: ", package.files[f"{target.module}.v"],
                         re.M), port


def test_description_names_what_is_in_the_verilog(target):
    package = _package(target)
    description = json.loads(package.files[f"{target.module}.json"])
    text = package.files[f"{target.module}.v"]
    assert set(description["modules"]) == set(re.findall(r"^module (\w+)", text, re.M))
    for name, module in description["modules"].items():
        (body,) = re.findall(rf"^module {name}\(.*?^endmodule", text, re.M | re.S)
        for instance, kind in module["instances"].items():
            assert f"  {kind} {instance} (" in body
    assert description["format"] == "flexdrive-verilog"
    assert description["format_version"] == 1
    assert description["configuration"] == target.configuration(target.example)


def test_chip_description_follows_the_hierarchy():
    target = TARGETS["hyperdrive-chip"]
    modules = json.loads(_package(target).files["hyperdrive_chip.json"])["modules"]
    path, name = ["array", "tile_1_1", "tail", "multiplier"], "hyperdrive_chip"
    for instance in path:
        name = modules[name]["instances"][instance]
    assert modules[name]["component"] == "flexdrive.fp16.multiply.Multiplier"
    assert modules[name]["parameters"] == {"d": 1, "en": True}


def test_report_fields_are_described():
    target = TARGETS["hyperdrive-chip"]
    ports = {port["name"]: port for port in
             json.loads(_package(target).files["hyperdrive_chip.json"])["ports"]}
    fields = ports["o_reports_payload"]["fields"]
    assert {"name": "code", "lsb": 16, "width": 8} in fields
    assert sum(field["width"] for field in fields) == ports["o_reports_payload"]["width"]


def test_text_is_reproducible(target):
    assert _package(target).files == _package(target).files


def test_nothing_half_written(tmp_path):
    package = _package(TARGETS["fp16-add"])
    (tmp_path / "fp16_add.json").mkdir()
    with pytest.raises(FlexdriveError, match="Cannot write to"):
        write_package(package, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
