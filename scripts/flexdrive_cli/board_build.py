"""flexdrive board: what makes and writes bitstreams."""

from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from flexdrive_deploy.board.boards import BOARDS, DESIGNS, board_named, system_for
from flexdrive_deploy.board.vendor import VENDOR_BOARDS
from flexdrive_deploy.chip_choice import read_config
from flexdrive_deploy.hdl.sdc import ASIC, asic
from flexdrive_sim.progress import preparation

__all__ = ["COMMANDS"]

_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)


@click.command()
@click.argument("board", type=click.Choice(sorted(BOARDS)))
@click.option("--design", type=click.Choice(sorted(DESIGNS)), help="By default the board's own.")
@click.option("--config", "chip_file", type=click.Path(), metavar="FILE",
              help="Configuration of the chip, instead of the board's own.")
@click.option("--freq", type=click.FloatRange(min=1), metavar="MHZ", help="Clock.")
@click.option("--baud", type=click.IntRange(min=9600), help="Bits a second of the line.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(min=1),
              help="Placements to try; the best is taken.")
@click.option("--fit", is_flag=True, help="The largest chip that fits and reaches its clock.")
def build(board, design, chip_file, freq, baud, seeds, fit):
    """Build a bitstream for BOARD."""
    from flexdrive_deploy.board import flow
    from flexdrive_deploy.board.fit import fit as largest

    config = system_for(board, read_config(Path(chip_file)) if chip_file else None, design)
    changes = {"clock": round(freq * 1e6)} if freq else {}
    config = replace(config, **changes, **({"baud": baud} if baud else {}))
    if fit and (chip_file or not hasattr(config, "chip")):
        raise click.UsageError("--fit chooses the chip of the design hyperdrive; no --config")
    tried, numbers = [], range(1, seeds + 1)
    with preparation(_errors) as notify:
        if fit:
            made = largest(board_named(board), config, numbers, notify=notify, tried=tried.append)
        else:
            made = flow.build(board_named(board), config, numbers, notify=notify)
    for each in tried:
        _console.print(f"{each.units} units: {each.tables:,} tables; {each.why or 'taken'}",
                       markup=False)
    table = Table("seed", "MHz reached", "MHz wanted")
    for each in made.placed:
        table.add_row(str(each.seed), f"{each.reached:.2f}", f"{each.wanted:g}")
    _console.print(table)
    table = Table("cells", "used", "of", "%")
    for kind, (used, available) in sorted(made.best.cells.items()):
        table.add_row(kind, f"{used:,}", f"{available:,}", f"{100 * used / available:.0f}")
    _console.print(table)
    if made.place.joinpath("top.json").exists():
        _console.print(_by_part(flow.parts(made.place)))
    _console.print(f"{made.bitstream}, build {made.config.build:016x}", markup=False)


# What cells of all families are, by a part of their name.
_KINDS = {"tables": ("LUT",), "carries": ("CCU2C", "CARRY"), "registers": ("_FF", "_DFF"),
          "block RAM": ("DP16KD", "RAM40"), "multipliers": ("MULT", "MAC16")}


def _by_part(parts):
    """Cells after synthesis by component."""
    table = Table("after synthesis", *_KINDS)
    for name, cells in sorted(parts.items(), key=lambda item: -item[1].total()):
        counts = (sum(count for cell, count in cells.items() if any(
            word in cell for word in words)) for words in _KINDS.values())
        table.add_row(name, *(f"{count:,}" if count else "" for count in counts))
    return table


@click.command()
@click.argument("board", type=click.Choice(sorted(BOARDS)))
@click.argument("bitstream", type=click.Path())
def program(board, bitstream):
    """Write BITSTREAM to BOARD, with openFPGALoader, dfu-util or iceprog of the system."""
    from flexdrive_deploy.board.programmer import write

    write(board_named(board), bitstream)
    _console.print(f"{bitstream} is on the board", markup=False)


@click.command()
@click.argument("board", type=click.Choice(sorted(VENDOR_BOARDS)))
@click.option("--config", "chip_file", type=click.Path(), metavar="FILE",
              help="Configuration of the chip, instead of the board's own.")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR",
              help="Directory to write it to.")
def project(board, chip_file, output):
    """Write a project for the vendor's tool that makes a bitstream for BOARD; it is not built here.
    """
    from flexdrive_deploy.board import vendor

    kind = vendor.vendor_board_named(board)
    config = replace(kind.system, chip=read_config(Path(chip_file))) if chip_file else None
    with preparation(_errors) as notify:
        files, made = vendor.project(kind, config, notify=notify)
    place = Path(output)
    place.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (place / name).write_text(text)
    _console.print(f"{place}: {', '.join(files)}, build {made.build:016x}; not built: vivado -mode "
                   "batch -source build.tcl", markup=False)


@click.command()
@click.argument("name", type=click.Choice(sorted([*BOARDS, *VENDOR_BOARDS, *ASIC])))
def constraints(name):
    """Print pins and clocks of a board as the tools get them, or constraints for an ASIC flow."""
    from flexdrive_deploy.board import flow, vendor

    if name in ASIC:
        text = asic(name)
    elif name in VENDOR_BOARDS:
        text = vendor.xdc(vendor.vendor_board_named(name))
    else:
        text = flow.constraints(board_named(name))
    click.echo(text, nl=False)


@click.command()
@click.argument("table", type=click.Choice(["board", "board-flexv", "board-dotp", "axi",
                                            "wishbone"]))
@click.option("--format", "kind", type=click.Choice(["c", "svd"]), default="c", show_default=True,
              help="C header or CMSIS-SVD.")
def registers(table, kind):
    """Print a table of registers for drivers of your own: those behind the link of a board, or
    those of a chip on a bus."""
    from flexdrive_deploy.hdl.register_map import c_header, svd

    click.echo((c_header if kind == "c" else svd)(table), nl=False)


COMMANDS = (build, program, project, constraints, registers)
