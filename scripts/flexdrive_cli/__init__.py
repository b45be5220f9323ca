"""The command ``flexdrive``: one file per subcommand, nothing but arguments and printing."""

import sys

import click
from rich.console import Console

from flexdrive import __version__
from flexdrive.errors import FlexdriveError

from .lazy_group import LazyGroup

__all__ = ["main"]

# Subcommand -> (module, one line of help).
COMMANDS = {
    "bench": ("bench", "Run a benchmark and print its table."),
    "board": ("board", "Build bitstreams, and work with chips behind a cable."),
    "check": ("check", "Say where every node of a network runs, and why."),
    "compile": ("compile", "Make the programs and weight streams of a network."),
    "run": ("run", "Run a network on images, on the golden model or on the RTL."),
    "demo": ("demo", "Run a trained network on the RTL of a chip and compare every word."),
    "evaluate": ("evaluate", "Run a network over a data set and count right answers."),
    "report": ("report", "Say what a network costs, next to the published figures."),
    "flexv": ("flexv", "Build and run programs for the Flex-V core."),
    "synth": ("synth", "Area by block, clock and critical path of a component."),
    "verify": ("verify", "Check the hardware: oracles, random programs, faults, proofs."),
    "verilog": ("verilog", "Write Verilog of a component."),
}


@click.group(cls=LazyGroup, package=__name__, modules=COMMANDS,
             context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flexdrive")
def cli():
    """From trained low-bit neural networks to hardware that provably computes them."""


def main():
    """Entry point: errors meant for people become one message and exit status 1."""
    try:
        cli(prog_name="flexdrive")
    except FlexdriveError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"error: {error}", style="bold red", markup=False)
        sys.exit(1)
