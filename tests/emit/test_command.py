"""``flexdrive verilog`` as a person meets it."""

import json

import pytest
from click.testing import CliRunner

from flexdrive.errors import FlexdriveError
from flexdrive_cli.verilog import command

pytestmark = pytest.mark.slow


def _run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_writes_the_files_of_a_chip(tmp_path):
    result = _run("hyperdrive-chip", "--preset", "tiny", "--channels", 3, "-o", tmp_path / "new",
                  "--rtlil")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        f"hyperdrive_chip{end}" for end in (".v", ".json", ".il", "_instance.v")}
    description = json.loads((tmp_path / "new" / "hyperdrive_chip.json").read_text())
    assert description["configuration"]["channels"] == 3
    assert description["configuration"]["rows"] == 2
    assert "--channels 3" in description["command"]
    assert "modules" in result.output


def test_reads_a_configuration_file(tmp_path):
    file = tmp_path / "chip.toml"
    file.write_text("[chip]\nrows = 1\ncolumns = 2\nchannels = 2\nfm_words = 16\nfm_banks = 2\n"
                    "weight_words = 8\n")
    result = _run("hyperdrive-tile", "--config", file, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    description = json.loads((tmp_path / "out" / "hyperdrive_tile.json").read_text())
    assert description["configuration"]["fm_words"] == 16


def test_the_command_in_the_file_makes_the_same_file(tmp_path):
    """Of a core with options of every kind."""
    result = _run("flexv-core", "--extensions", "i,zicsr,m", "--rvfi", "-o", tmp_path / "first")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "first/flexv_core.v").read_text()
    description = json.loads((tmp_path / "first/flexv_core.json").read_text())
    words = description["command"].split()[2:]
    assert words == ["flexv-core", "--extensions", "i,zicsr,m", "--fetch-words", "4",
                     "--dot-structure", "array", "--registers", "flops", "--rvfi",
                     "-o", "flexv_core"]
    assert _run(*words[:-2], "-o", tmp_path / "second").exit_code == 0
    assert (tmp_path / "second/flexv_core.v").read_text() == text


def test_lists_the_targets():
    result = _run("--list")
    assert result.exit_code == 0
    for name in ("fp16-add", "fp16-mul", "hyperdrive-tile", "hyperdrive-chip",
                 "flexv-dotp", "flexv-core"):
        assert name in result.output


@pytest.mark.parametrize(("arguments", "message"), [
    (["nothing"], "There is no target 'nothing'; there are fp16-add, fp16-mul, hyperdrive-tile, "
                  "hyperdrive-chip, hyperdrive-axi, hyperdrive-wishbone, hyperdrive-mesh, "
                  "flexv-dotp, flexv-core, flexv-wishbone, flexv-core-axi, flexv-cluster"),
    (["flexv-core", "--extensions", "i"], "A core always has the extensions i and zicsr; zicsr "
                                          "is missing"),
    (["hyperdrive-mesh"], "A mesh needs its size: --mesh HEIGHTxWIDTH in chips, for example "
                          "--mesh 2x3"),
    (["hyperdrive-mesh", "--mesh", "2"], "--mesh 2 is no size; write HEIGHTxWIDTH in chips, for "
                                         "example 2x3"),
    (["fp16-add", "--depth", "9"], "fp16.Adder: depth must be an integer from 1 to 4, not 9"),
    (["hyperdrive-chip", "--rows", "0"], "Chip parameter rows = 0 is not possible: 1 to 255"),
])
def test_impossible_parameters_are_named(arguments, message, tmp_path):
    result = _run(*arguments, "-o", tmp_path / "out")
    assert isinstance(result.exception, FlexdriveError)
    assert str(result.exception) == message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["fp16-add", "--rows", "3"], "fp16-add is no chip; its only parameter is --depth"),
    (["hyperdrive-chip", "--mesh", "2x2"], "hyperdrive-chip is part of one chip; write --mesh "
                                           "without a size, or take hyperdrive-mesh"),
    (["fp16-add", "--mesh", "2x2"], "fp16-add is no chip; its only parameter is --depth"),
    (["hyperdrive-chip", "--depth", "2"], "hyperdrive-chip has no --depth; the pipeline depth of "
                                          "a chip's adders is --adder-depth"),
    (["fp16-add", "--rvfi"], "fp16-add has no --rvfi"),
    (["flexv-dotp", "--rvfi"], "flexv-dotp has no --rvfi"),
    (["flexv-core", "--structure", "array"], "flexv-core has no --structure"),
    (["flexv-core", "--depth", "2"], "flexv-core has no --depth"),
    (["flexv-dotp", "--rows", "2"], "flexv-dotp is no chip; its only parameter is --structure"),
])
def test_options_of_another_target_are_refused(arguments, message, tmp_path):
    result = _run(*arguments, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "out").write_text("")
    result = _run("fp16-mul", "-o", tmp_path / "out")
    assert str(result.exception) == (
        f"Cannot write to {tmp_path}/out: File exists; name a directory that can be made or "
        f"written with -o")
