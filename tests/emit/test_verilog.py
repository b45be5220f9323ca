"""The Verilog of every target, as other tools read it, and its package."""

import contextlib
import functools
import json
import re
import shlex
from dataclasses import replace

import pytest
from click.testing import CliRunner

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_cli import cli
from flexdrive_deploy.hdl.package import make_package, write_package
from flexdrive_deploy.hdl.targets import TARGETS, MeshValue
from flexdrive_deploy.tools import ToolError, run_yosys

pytestmark = pytest.mark.slow


def _package(target, **options):
    return make_package(target, target.example, **options)


# For those who read it only.
_made = functools.cache(_package)


# Synthesised and made again with scripts/test --all only: what they are made of stands in other
# targets, and each takes up to half a minute.
_LARGE = ("hyperdrive-mesh", "hyperdrive-axi", "hyperdrive-wishbone", "flexv-cluster")


@pytest.fixture(params=TARGETS)
def target(request):
    return TARGETS[request.param]


def _read(target):
    return (f"read_verilog {target.module}.v {target.module}_instance.v\n"
            f"hierarchy -check -top {target.module}_instance\n")


_TARGETS = [pytest.param(name, marks=pytest.mark.thorough) if name in _LARGE else name
            for name in TARGETS]


# Of the others when they are synthesised.
@pytest.mark.parametrize("target", _LARGE, indirect=True)
def test_checks(target, tmp_path):
    write_package(_made(target), tmp_path)
    run_yosys(_read(target) + "proc\ncheck -assert\n", cwd=tmp_path)


@pytest.mark.parametrize("target", _TARGETS, indirect=True)
def test_synthesises(target, tmp_path):
    write_package(_made(target), tmp_path)
    run_yosys(_read(target) + "proc\nmemory -nomap\n"
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


# A block that a simulator evaluates when a simulation begins: it reads what is assigned then.
_EVALUATED = "  always @* begin\n    if (evaluate_once) begin end\n"
# The one form with an event in Verilog and in SystemVerilog (IEEE 1800-2017, 6.8: the value of a
# declaration is set before any block runs); nonblocking, so it comes when every block waits.
_EVENT = "  reg evaluate_once;\n  initial evaluate_once <= 1'h0;\n"


def _never_evaluated(text):
    """Modules with combinational blocks that a simulator need not evaluate, as in both languages
    a block runs when something changes that it reads, and that may be never."""
    return [module.partition("(")[0] for module in re.findall(r"^module .*?^endmodule$", text,
                                                              re.M | re.S)
            if len(re.findall(r"always *@ *\(?\*", module)) != module.count(_EVALUATED)
            or (_EVALUATED in module) != (_EVENT in module)
            or module.count("reg evaluate_once") != module.count(_EVENT)]


def test_every_block_is_evaluated(target):
    text = _made(target).files[f"{target.module}.v"]
    assert _never_evaluated(text) == []


def test_blocks_that_wait_for_ever_are_found():
    text = _made(TARGETS["flexv-core"]).files["flexv_core.v"]
    assert _never_evaluated(text.replace(_EVENT, "  reg evaluate_once = 0;\n", 1))
    assert _never_evaluated(text.replace("    if (evaluate_once) begin end\n", "", 1))


def test_attributes_are_those_of_the_components(target):
    """`keep` of registers that are not to be merged; nothing that only notes where a line came
    from."""
    text = _made(target).files[f"{target.module}.v"]
    assert set(re.findall(r"\(\* (\w+)", text)) == ({"keep"} if target.chip else set())
    units = len(re.findall(r"^module AccumulateUnit", text, re.M))
    assert units == target.chip
    for register in ("adds", "starts"):
        assert text.count(f"  (* keep = 32'd1 *)\n  reg {register} = ") == units


def test_every_port_is_documented(target):
    package = _made(target)
    description = json.loads(package.files[f"{target.module}.json"])
    for port in description["ports"]:
        assert port["meaning"], port
        line = f"    {port['direction']:6} "
        assert re.search(rf"^// {line}.*\b{port['name']}: ", package.files[f"{target.module}.v"],
                         re.M), port


def test_description_names_what_is_in_the_verilog(target):
    package = _made(target)
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


def _repeat(package, place):
    """The files that the command in the header makes, run as it stands in ``place``."""
    (verilog,) = (text for name, text in package.files.items()
                  if name.endswith(".v") and not name.endswith("_instance.v"))
    lines = verilog.splitlines()
    assert lines[1].endswith("; made by")
    program, *words = shlex.split(lines[2].removeprefix("//"))
    assert program == "flexdrive"
    with contextlib.chdir(place):
        result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return {path.name: path.read_text() for path in place.glob("*/*")}


@pytest.mark.parametrize("target", _TARGETS, indirect=True)
def test_the_command_in_the_header_makes_the_same_files(target, tmp_path):
    package = _made(target)
    assert _repeat(package, tmp_path) == package.files


def test_the_command_says_every_option(tmp_path):
    """Of a chip with links, which has most."""
    config = replace(PRESETS["tiny"], rows=1, columns=1, channels=1, mesh=True, halo=2, leaky=True,
                     channelwise=True, ternary=True)
    link = LinkConfig(width=8, reverse_width=8, retransmit=True, keepalive=128)
    value = MeshValue(config, None, MeshOptions(link=link, forward_weights=True, crossing=True))
    package = make_package(TARGETS["hyperdrive-chip"], value)
    assert _repeat(package, tmp_path) == package.files


def test_nothing_half_written(tmp_path):
    package = _package(TARGETS["fp16-add"])
    (tmp_path / "fp16_add.json").mkdir()
    with pytest.raises(FlexdriveError, match="Cannot write to"):
        write_package(package, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
