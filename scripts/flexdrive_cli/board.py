"""flexdrive board: bitstreams (:mod:`.board_build`), and designs behind a cable."""

import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive.boards.designs import design_of
from flexdrive.boards.registers import TABLES, Access, Design
from flexdrive_deploy.board.attach import attach
from flexdrive_deploy.board.boards import known_chip
from flexdrive_deploy.board.transport import SerialTransport
from flexdrive_deploy.chip_choice import read_config
from flexdrive_sim.board.selftest import SelftestError
from flexdrive_sim.hyperdrive.drive.board import DEFAULT_BAUD
from flexdrive_sim.progress import preparation

from . import board_build
from .board_options import system_options

__all__ = ["command"]

_RATES = (115_200, 921_600, 2_000_000, 3_000_000)
_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@click.group()
def command():
    """Bitstreams for boards, and chips behind a cable."""


for _each in board_build.COMMANDS:
    command.add_command(_each)


def _port(function):
    """The argument PORT and its rate."""
    function = click.option("--baud", default=DEFAULT_BAUD, show_default=True,
                            type=click.IntRange(min=9600), help="Bits a second.")(function)
    return click.argument("port")(function)


def _open(port, baud):
    return closing(attach(SerialTransport(port, baud)))


def _config(board, file):
    """ChipConfig of a board; None when it has no chip."""
    if board.design != Design.HYPERDRIVE:
        return None
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
        sizes = {name: f"{value:,} words" for name, value in identity.constants.items()
                 if name.endswith(("_DEPTH", "_WORDS"))}
        for name, value in (
                ("design", identity.about), ("configuration", identity.configuration),
                ("build", identity.build), ("clock", f"{identity['CLOCK'] / 1e6:g} MHz"),
                ("line", f"{identity['BAUD']:,} baud"),
                *((name.lower().replace("_", " "), value) for name, value in sizes.items()),
                ("state", board.waits())):
            table.add_row(name, value)
        _console.print(table)


@command.command()
@_port
@_chip_option
@click.option("--layers", default=8, show_default=True, type=click.IntRange(min=0),
              help="Random programs to compare with the golden model (dot-product unit: sixteen "
              "times as many operations).")
@click.option("--line", default=64, show_default=True, type=click.IntRange(min=1),
              help="Round trips over the line.")
def selftest(port, baud, chip_file, layers, line):
    """Test the board behind PORT: line, memories, arithmetic, layers or programs."""
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
@click.option("--input", "input_file", type=click.Path(), metavar="X.npy",
              help="Images (N, C, H, W), for a network.")
@click.option("--expect", type=click.Path(), metavar="Y.npy", help="Results to compare.")
@click.option("--output", type=click.Path(), metavar="Z.npy", help="Where to write the results.")
@click.option("--layer-check", is_flag=True,
              help="Compare every word of every layer, not only what leaves the chip.")
@click.option("--max-cycles", default=1_000_000_000, show_default=True,
              type=click.IntRange(1, (1 << 32) - 1), help="Of a program: when it is ended.")
def run(model, port, baud, chip_file, input_file, expect, output, layer_check, max_cycles):
    """Run MODEL on the board behind PORT: a network on a chip, every word compared with the golden
    model; or a program (ELF file) on a core: what it prints is shown, and compared with the
    instruction-set simulator's, as its memory is."""
    with _open(port, baud) as board:
        design, chip = board.identity.design, _config(board, chip_file)
        _console.print(f"{port}: {board.identity.about}, build {board.identity.build}",
                       markup=False)
        if design in (Design.FLEXV, Design.SOC):
            _run_program(board, model, max_cycles)
            return
        board.identity.want(Design.HYPERDRIVE)
    if input_file is None:
        raise click.UsageError("a network needs --input")
    from .chip_options import ChipChoice
    from .run import run_model

    run_model(model, ChipChoice(None, None, asdict(chip)), input_file, f"board:{port}@{baud}",
              expect=expect, output=output, layer_check=layer_check)


def _run_program(board, path, max_cycles):
    """A program on a core; the exit status is its own."""
    from flexdrive_deploy.flexv.elf import load_elf
    from flexdrive_sim.board.core_selftest import differing_words

    program = load_elf(path)
    begin = time.monotonic()
    board.load(program)
    loaded = time.monotonic() - begin
    _console.print(f"{program.image().what}: loaded in {loaded:.2f} s, CRC-32 right")
    done = board.run(max_cycles, show=lambda text: click.echo(text, nl=False))
    if done.console and not done.console.endswith(b"\n"):
        click.echo()
    _console.print(f"{done.verdict}; {done.cycles:,} cycles, "
                   f"{done.cycles / board.identity['CLOCK']:.6f} s", markup=False)
    if not done.passed:
        sys.exit(1)
    if board.identity.design == Design.SOC:
        return      # the simulator has no chip, nor a host that sends words
    wrong = differing_words(program, board.read, done.console)
    if wrong:
        raise SelftestError(f"{path}: {wrong}")
    _console.print("memory and console: equal to those of the instruction-set simulator")


@command.command()
@click.argument("model", metavar="MODEL", type=click.Path())
@click.argument("board")
@system_options("--chip")
@click.option("--baud", "rates", multiple=True, type=click.IntRange(min=9600),
              help="Bits a second of the line, several times.  [default: 115200 to 3000000]")
def rate(model, board, make, rates):
    """Compute what MODEL costs on BOARD: words of the line, cycles, images a second.

    Cycles are those of the cycle model, which the hardware has exactly; the line is taken without
    pauses."""
    import flexdrive as fd
    from flexdrive_sim.board.rates import cost
    from flexdrive_sim.hyperdrive.drive.runner import predict_program

    config = make(board)
    if design_of(config) != Design.HYPERDRIVE:
        raise click.UsageError(f"{board} has no chip, and a network needs one")
    programs = fd.compile(model, chip=config.chip).programs
    costs = [cost(program, config, predict_program(program).cycles) for program in programs]
    for each in costs:
        _console.print(f"{each.cycles:,} cycles, {1e3 * each.chip_seconds:.3f} ms at "
                       f"{each.clock / 1e6:g} MHz; an image has {each.to_board:,} bytes to the "
                       f"board, {each.to_host:,} to the host", markup=False)
        for name, words in each.stored.items():
            _console.print(f"  {name}: {words:,} words in the store, sent once")
        for name, words in each.streamed.items():
            _console.print(f"  {name}: {words:,} words for which the store has no room, sent for "
                           "each image")
    table = Table("baud", "images/s", "line, ms", "chip, ms", "line busy", "chip busy",
                  "loading, s")
    for baud in rates or _RATES:
        line = sum(each.line_seconds(baud) for each in costs)
        chip = sum(each.chip_seconds for each in costs)
        whole = sum(1 / each.images_per_second(baud) for each in costs)
        table.add_row(f"{baud:,}", f"{1 / whole:,.2f}", f"{1e3 * line:.2f}", f"{1e3 * chip:.2f}",
                      f"{line / whole:.0%}", f"{chip / whole:.0%}",
                      f"{sum(each.load_seconds(baud) for each in costs):.2f}")
    _console.print(table)


@command.command()
@_port
@click.option("--interval", default=1.0, show_default=True, type=click.FloatRange(min=0),
              help="Seconds from line to line.")
@click.option("--count", default=0, type=click.IntRange(min=0), help="Lines, 0 without end.")
def monitor(port, baud, interval, count):
    """Print what the board behind PORT does, line by line; begins with a reset."""
    with _open(port, baud) as board:
        at, shown = 0, _counted(board)
        while not count or at < count:
            _console.print("; ".join([*(f"{text}: {board.get(name)}" for name, text in shown),
                                      board.waits()]))
            at += 1
            if not count or at < count:
                time.sleep(interval)


def _counted(board):
    """(register, what it counts) of the board, those of work first."""
    names = [register.name for register in TABLES[board.identity.design]
             if register.access == Access.STATE]
    return [(name, name.lower().replace("_", " ")) for name in names
            if name.endswith("DONE") or name.startswith(("FRAMES_", "BYTES_"))]


@command.command()
@click.argument("board")
@system_options("--chip")
@click.option("--link", "path", type=click.Path(), help="Symbolic link to make for the port.")
@click.option("--vcd", type=click.Path(), help="Write a waveform of everything; slow.")
@click.option("--seconds", type=click.FloatRange(min=0), help="End by itself after so long.")
def simulate(board, make, path, vcd, seconds):
    """Run BOARD on the compiled engine behind a pseudo-terminal.

    The port is printed; everything that talks to a board talks to it. Besides the boards there are
    `tiny` and `digits`, small ones for trying, `flexv` and `dotp`."""
    from contextlib import nullcontext

    from flexdrive_sim.board.simulated import SimulatedBoard
    from flexdrive_sim.board.terminal import Terminal

    config = make(board)
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
