"""Mutation run: each fault of ``planted_faults.toml`` is put into a copy of the project, and the
tests that it names must fail there. Started by ``scripts/planted-faults``."""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs/results/planted-faults.md"


def copy_project(place):
    for name in ("rtl", "sim", "deploy", "scripts", "tests", "firmware", "docs", "examples"):
        shutil.copytree(ROOT / name, place / name,
                        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "pyproject.toml", place)
    # As pyproject.toml maps it: else the programs would be built with the firmware of ROOT.
    (place / "packages").mkdir()
    (place / "packages/flexdrive_firmware").symlink_to(place / "firmware")


def read_faults():
    """The faults: a list of dictionaries."""
    return tomllib.loads((ROOT / "tests/planted_faults.toml").read_text())["fault"]


def unfit(place, fault):
    """Why a fault cannot be planted in the project at ``place``: a line, or None when it can."""
    path = place / fault["file"]
    times = path.read_text().count(fault["old"]) if path.is_file() else 0
    tests = place / fault["tests"].split(" ", 1)[0]
    for rule, reason in (
            (path.is_file(), f"there is no {fault['file']}"),
            (times == 1, f"{fault['old']!r} occurs {times} times in {fault['file']}, not once"),
            (fault["new"] != fault["old"], "new is the same as old"),
            (tests.exists(), f"there is no {tests.relative_to(place)}")):
        if not rule:
            return f"{fault['name']}: {reason}"
    return None


def plant(place, fault):
    reason = unfit(place, fault)
    if reason:
        raise SystemExit(reason)
    path = place / fault["file"]
    path.write_text(path.read_text().replace(fault["old"], fault["new"]))


def caught_by(place, fault):
    """Name of the first test that fails, or None."""
    paths = os.pathsep.join(str(place / name)
                            for name in ("rtl", "deploy", "sim", "scripts", "packages"))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
         *fault["tests"].split(" ", 1)[:1],
         *(["-k", fault["tests"].split(" ", 1)[1]] if " " in fault["tests"] else [])],
        cwd=place, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        check=False)
    if result.returncode == 0:
        return None
    failed = [line for line in result.stdout.splitlines()
              if line.startswith(("FAILED", "ERROR"))]
    # A test that can't be read, or lacks a tool or a file, fails too, whatever the hardware does.
    if not failed or "::" not in failed[0] or any(
            cause in result.stdout for cause in ("FileNotFoundError", "ModuleNotFoundError",
                                                 "ImportError")):
        raise SystemExit(f"{fault['name']}: the tests did not run:\n{result.stdout[-2000:]}")
    return failed[0].split(" ", 1)[1].split(" - ")[0].removeprefix("tests/")


def read_results():
    """{fault: first test that failed, or None} of the results page."""
    if not RESULTS.exists():
        return {}
    cells = [line.strip("|").split(" | ") for line in RESULTS.read_text().splitlines()
             if line.startswith("| ")]
    return {row[0].strip(): None if "not caught" in row[2] else row[2].strip()
            for row in cells[1:]}


def write_results(faults, results):
    """The page, for the faults that have a result."""
    rows = [f"| {fault['name']} | `{fault['file']}` | "
            f"{results[fault['name']] or '**not caught**'} |"
            for fault in faults if fault["name"] in results]
    known = [results[fault["name"]] for fault in faults if fault["name"] in results]
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text("\n".join([
        "# Planted faults", "",
        "Each line breaks the hardware or its software in one place; the test beside it failed. "
        "Command: `scripts/planted-faults`, with names for some of them (the faults are data in "
        "`tests/planted_faults.toml`).", "",
        "| fault | file | first test that failed |", "|---|---|---|", *rows, "",
        f"{sum(caught is not None for caught in known)} of {len(known)} caught; "
        f"{len(faults) - len(known)} of {len(faults)} not run yet.", ""]))


def main(wanted):
    """Plant the faults whose names begin with one of ``wanted``, those without a result
    (``--missing``), or all; the page keeps the results of the others."""
    console = Console()
    faults = read_faults()
    results = read_results() if wanted else {}
    if wanted == ["--missing"]:
        chosen = [fault for fault in faults if fault["name"] not in results]
    else:
        chosen = [fault for fault in faults
                  if not wanted or fault["name"].startswith(tuple(wanted))]
    missed = 0
    for fault in track(chosen, "planting faults", console=console):
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            copy_project(place)
            plant(place, fault)
            caught = results[fault["name"]] = caught_by(place, fault)
        missed += caught is None
        console.print(f"{fault['name']}: {caught or '[red]not caught[/]'}")
        write_results(faults, results)
    console.print(f"{len(chosen) - missed} of {len(chosen)} faults caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
