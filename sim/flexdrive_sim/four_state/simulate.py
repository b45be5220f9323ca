"""Icarus Verilog on the package of a target."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.hdl.package import FORMAT
from flexdrive_deploy.hdl.targets import TARGETS
from flexdrive_deploy.tools import run_tool

from .bench import testbench
from .cases import SIMULATED
from .stimuli import stimulus

__all__ = ["LANGUAGES", "POWER_UPS", "Outcome", "simulate"]

# IEEE 1364-2005 and IEEE 1800-2012, which differ in what happens before time 0.
LANGUAGES = ("2005", "2012")
# Registers and memories begin with the values that the text gives them, or with X.
POWER_UPS = ("text", "x")

_VALUE = re.compile(r"^(  reg (?:\[\d+:\d+\] )?\w+) = \d+'[bhd][0-9a-fx]+;$", re.M)
_BIT = re.compile(r"^(      \w+\[\w+_word\] = )1'h0;$", re.M)
_CLEARING = re.compile(r"^  integer \w+_word;\n  initial\n    for \(.*\)\n.*;\n", re.M)


@dataclass(frozen=True)
class Outcome:
    """``passed``, and what the simulation said: its cycles, or what was wrong, in lines."""

    passed: bool
    text: str


def _without_values(text, kind):
    """Verilog whose registers and memories have no value at power-up. The memory of a tile alone
    stays clear: its outputs are the words of it. Memories of single bits begin with random ones:
    those of a register file in RAM are right for any, since a write makes two of them equal or
    different, which a simulator cannot do with X."""
    text = _VALUE.sub(r"\1;", text)
    if kind == "tile":
        return text
    text = _BIT.sub(r"\1$random;", text)
    return _CLEARING.sub(lambda match: match[0] if "$random" in match[0] else "", text)


def simulate(directory, language, power_up):
    """Simulate the Verilog of a target.

    Parameters
    ----------
    directory : that ``flexdrive verilog`` wrote.
    language : of :data:`LANGUAGES`. power_up : of :data:`POWER_UPS`.

    Returns
    -------
    :class:`Outcome`

    Raises
    ------
    FlexdriveError
        when there is no Icarus Verilog.
    ToolError
        when it refuses the text.
    """
    if shutil.which("iverilog") is None:
        raise FlexdriveError("Icarus Verilog is not installed, and is not on PyPI; Debian and "
                             "Ubuntu: apt install iverilog; macOS: brew install icarus-verilog")
    description = _description(directory)
    target, module = description["target"], description["module"]
    if target not in {name for name, _ in SIMULATED}:
        raise FlexdriveError(f"{directory}: {target} cannot be simulated with X, as the testbench "
                             f"does not speak its bus; simulate the chip or core without it")
    text = (Path(directory) / f"{module}.v").read_text()
    bench, files = testbench(description, stimulus(description))
    files |= {"bench.v": bench, "dut.v": text}
    if power_up == "x":
        files["dut.v"] = _without_values(text, TARGETS[target].kind)
    with tempfile.TemporaryDirectory() as place:
        for name, words in files.items():
            (Path(place) / name).write_text(words)
        run_tool(["iverilog", f"-g{language}", "-o", "bench.vvp", "-s", "bench", "bench.v",
                  "dut.v"], f"iverilog -g{language} of {target}", place)
        said = run_tool(["vvp", "-n", "bench.vvp"], f"simulation of {target}", place).stdout
    return Outcome(said.startswith("PASS"), said.strip())


def _description(directory):
    found = list(Path(directory).glob("*.json"))
    if len(found) == 1:
        description = json.loads(found[0].read_text())
        if isinstance(description, dict) and description.get("format") == FORMAT:
            return description
    raise FlexdriveError(f"{directory}: it is not what `flexdrive verilog TARGET -o DIR` writes, a "
                         "directory with one description (.json) of a target")
