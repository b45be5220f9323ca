"""The command ``flexdrive``: one file per subcommand, nothing but arguments and printing."""

import importlib
import sys

import click
from rich.console import Console

from flexdrive import __version__
from flexdrive.errors import FlexdriveError

__all__ = ["main"]

# Subcommand -> (module, one line of help). The modules are imported when they are used, so that
# `flexdrive --help` is instant and a command loads only what it needs.
COMMANDS = {
    "board": ("board", "Build bitstreams, and work with chips behind a cable."),
    "check": ("check", "Say where every node of a network runs, and why."),
    "compile": ("compile", "Make the programs and weight streams of a network."),
    "run": ("run", "Run a network on images, on the golden model or on the RTL."),
    "demo": ("demo", "Run a trained network on the RTL of a chip and compare every word."),
    "evaluate": ("evaluate", "Run a network over a data set and count right answers."),
    "report": ("report", "Say what a network costs, next to the published figures."),
    "flexv": ("flexv", "Build and run programs for the Flex-V core."),
    "synth": ("synth", "Area by block, clock and critical path of a component."),
    "verify": ("verify", "Check the hardware's arithmetic against independent oracles."),
    "verilog": ("verilog", "Write Verilog of a component."),
}


class _Commands(click.Group):
    def list_commands(self, ctx):
        return sorted(COMMANDS)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"flexdrive_cli.{COMMANDS[cmd_name][0]}").command

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
