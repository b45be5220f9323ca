"""flexdrive board: bitstreams, and chips behind a cable."""

import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive.boards.config import SystemConfig
from flexdrive_deploy.board.boards import BOARDS, board_named, known_chip, system_for
from flexdrive_deploy.board.driver import Board
from flexdrive_deploy.board.transport import SerialTransport
from flexdrive_deploy.chip_choice import read_config
from flexdrive_sim.hyperdrive.drive.board import DEFAULT_BAUD
from flexdrive_sim.progress import preparation

__all__ = ["command"]

_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@click.group()
def command():
    """Bitstreams for boards, and chips behind a cable."""


def _port(function):
    """The argument PORT and its rate."""
    function = click.option("--baud", default=DEFAULT_BAUD, show_default=True,
                            type=click.IntRange(min=9600), help="Bits a second.")(function)
    return click.argument("port")(function)


def _open(port, baud):
    return closing(Board(SerialTransport(port, baud)))


def _config(board, file):
    return read_config(Path(file)) if file else known_chip(board.identity)


_chip_option = click.option("--chip", "chip_file", type=click.Path(), metavar="FILE",
                            help="Configuration of the chip, when it is none of ours.")


@command.command()
@_port
def info(port, baud):
    """Say what is behind PORT."""
    with _open(port, baud) as board:
        identity = board.identity
        table = Table(show_header=False, box=None)
        for name, value in (
                ("chip", identity.chip), ("configuration", identity.configuration),
                ("build", identity.build), ("clock", f"{identity['CLOCK'] / 1e6:g} MHz"),
                ("line", f"{identity['BAUD']:,} baud"),
                *((f"{name} store", f"{identity[f'{name.upper()}_DEPTH']:,} words")
                  for name in ("program", "weights", "pixels", "results", "reports")),
                ("state", board.waits())):
            table.add_row(name, value)
        _console.print(table)


@command.command()
@_port
@_chip_option
@click.option("--layers", default=8, show_default=True, type=click.IntRange(min=0),
              help="Random programs to compare with the golden model.")
@click.option("--line", default=64, show_default=True, type=click.IntRange(min=1),
              help="Round trips over the line.")
def selftest(port, baud, chip_file, layers, line):
    """Test the board behind PORT: line, memories, arithmetic, layers."""
    from flexdrive_sim.board.selftest import selftest as steps

    begin = time.monotonic()
    with _open(port, baud) as board:
        for text in steps(board, _config(board, chip_file), layers=layers, line=line):
            _console.print(f"passed  {text}", markup=False)
    _console.print(f"all passed in {time.monotonic() - begin:.1f} s")


@command.command()
@click.argument("model", metavar="MODEL", type=click.Path())
@_port
@_chip_option
@click.option("--input", "input_file", required=True, type=click.Path(), metavar="X.npy",
              help="Images (N, C, H, W).")
@click.option("--expect", type=click.Path(), metavar="Y.npy", help="Results to compare.")
@click.option("--output", type=click.Path(), metavar="Z.npy", help="Where to write the results.")
@click.option("--layer-check", is_flag=True,
              help="Compare every word of every layer, not only what leaves the chip.")
def run(model, port, baud, chip_file, input_file, expect, output, layer_check):
    """Run MODEL on the board behind PORT: every word compared with the golden model."""
    from .chip_options import ChipChoice
    from .run import run_model

    with _open(port, baud) as board:
        chip = _config(board, chip_file)
        _console.print(f"{port}: {board.identity.chip}, build {board.identity.build}",
                       markup=False)
    run_model(model, ChipChoice(None, None, asdict(chip)), input_file, f"board:{port}@{baud}",
              expect=expect, output=output, layer_check=layer_check)


@command.command()
@_port
@click.option("--interval", default=1.0, show_default=True, type=click.FloatRange(min=0),
              help="Seconds from line to line.")
@click.option("--count", default=0, type=click.IntRange(min=0), help="Lines, 0 without end.")
def monitor(port, baud, interval, count):
    """Print what the board behind PORT does, line by line; begins with a reset."""
    with _open(port, baud) as board:
        at = 0
        while not count or at < count:
            good, bad, lost, broken = (board.get(name) for name in (
                "FRAMES_GOOD", "FRAMES_BAD", "FRAMES_LOST", "BYTES_BROKEN"))
            _console.print(f"{board.get('IMAGES_DONE')} images, frames: {good} good, {bad} bad, "
                           f"{lost} lost, {broken} broken bytes; {board.waits()}")
            at += 1
            if not count or at < count:
                time.sleep(interval)


@command.command()
@click.argument("board")
@click.option("--chip", "chip_file", type=click.Path(), metavar="FILE",
              help="Configuration of the chip, instead of the board's own.")
@click.option("--link", "path", type=click.Path(), help="Symbolic link to make for the port.")
@click.option("--vcd", type=click.Path(), help="Write a waveform of everything; slow.")
@click.option("--seconds", type=click.FloatRange(min=0), help="End by itself after so long.")
def simulate(board, chip_file, path, vcd, seconds):
    """Run BOARD on the compiled engine behind a pseudo-terminal.

    The port is printed; everything that talks to a board talks to it. Besides the boards there are
    `tiny` and `digits`, small ones for trying."""
    from contextlib import nullcontext

    from flexdrive_sim.board.simulated import SimulatedBoard
    from flexdrive_sim.board.terminal import Terminal

    config = system_for(board, read_config(Path(chip_file)) if chip_file else None)
    with preparation(_errors) as notify:
        simulated = SimulatedBoard(config, debug=vcd is not None, notify=notify)
    wave = simulated.model.write_vcd(vcd) if vcd else nullcontext()
    with wave, Terminal(simulated) as terminal:
        if path:
            Path(path).unlink(missing_ok=True)
            Path(path).symlink_to(terminal.path)
        _console.print(f"{board} at {terminal.path}, {config.baud:,} baud; interrupt to end",
                       markup=False)
        try:
            end = None if seconds is None else time.monotonic() + seconds
            while end is None or time.monotonic() < end:
                time.sleep(0.1)
        except KeyboardInterrupt:
            pass
        finally:
            if path:
                Path(path).unlink(missing_ok=True)


@command.command()
@click.argument("board", type=click.Choice(sorted(BOARDS)))
@click.option("--config", "chip_file", type=click.Path(), metavar="FILE",
              help="Configuration of the chip, instead of the board's own.")
@click.option("--freq", type=click.FloatRange(min=1), metavar="MHZ", help="Clock.")
@click.option("--baud", type=click.IntRange(min=9600), help="Bits a second of the line.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(min=1),
              help="Placements to try; the best is taken.")
def build(board, chip_file, freq, baud, seeds):
    """Build a bitstream for BOARD."""
    from dataclasses import replace

    from flexdrive_deploy.board.flow import build as run

    config = system_for(board, read_config(Path(chip_file)) if chip_file else None)
    changes = {"clock": round(freq * 1e6)} if freq else {}
    config: SystemConfig = replace(config, **changes, **({"baud": baud} if baud else {}))
    with preparation(_errors) as notify:
        made = run(board_named(board), config, range(1, seeds + 1), notify=notify)
    table = Table("seed", "MHz reached", "MHz wanted")
    for each in made.placed:
        table.add_row(str(each.seed), f"{each.reached:.2f}", f"{each.wanted:g}")
    _console.print(table)
    table = Table("cells", "used", "of", "%")
    for kind, (used, available) in sorted(made.best.cells.items()):
        table.add_row(kind, f"{used:,}", f"{available:,}", f"{100 * used / available:.0f}")
    _console.print(table)
    _console.print(f"{made.place / 'top.bit'}, build {made.config.build:016x}", markup=False)


@command.command()
@click.argument("board", type=click.Choice(sorted(BOARDS)))
@click.argument("bitstream", type=click.Path())
def program(board, bitstream):
    """Write BITSTREAM to BOARD, with openFPGALoader or dfu-util of the system."""
    from flexdrive_deploy.board.programmer import write

    write(board_named(board), bitstream)
    _console.print(f"{bitstream} is on the board", markup=False)


@command.command()
@click.argument("board", type=click.Choice(sorted(BOARDS)))
def constraints(board):
    """Print pins and clocks of BOARD as the tools get them."""
    from flexdrive_deploy.board.flow import constraints as text

    click.echo(text(board_named(board)), nl=False)


@command.command()
@click.argument("table", type=click.Choice(["board", "axi", "wishbone"]))
@click.option("--format", "kind", type=click.Choice(["c", "svd"]), default="c", show_default=True,
              help="C header or CMSIS-SVD.")
def registers(table, kind):
    """Print a table of registers for drivers of your own: those behind the link of a board, or
    those of a chip on a bus."""
    from flexdrive_deploy.hdl.register_map import c_header, svd

    click.echo((c_header if kind == "c" else svd)(table), nl=False)
