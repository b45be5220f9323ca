"""Options that choose the machine, and what is said about inputs of quantised networks."""

import functools
from dataclasses import dataclass

import click

from flexdrive.errors import ConfigurationError
from flexdrive_deploy.flexv.l1 import DEFAULT_L1
from flexdrive_deploy.target import TARGETS

__all__ = ["TargetChoice", "target_options"]


@dataclass(frozen=True)
class TargetChoice:
    """``name`` of the machine; ``inputs``: texts of --quantise-input; ``l1_kb``: of L1 for maps and
    weights."""

    name: str
    inputs: tuple
    l1_kb: int

    def flexv(self, chip, **others):
        """Whether the Flex-V cluster is meant.

        Raises
        ------
        ConfigurationError
            when options of the other machine were given: of ``chip``, or one of ``others``, option
            -> whether it was given.
        """
        if self.name != "flexv":
            if self.inputs:
                raise ConfigurationError("--quantise-input is for --target flexv")
            return False
        given = [option for option, said in others.items() if said]
        if chip.given or chip.mesh:
            given.append("the chip's options")
        if given:
            raise ConfigurationError(f"{given[0]}: not for --target flexv")
        return True

    @property
    def declared(self):
        """name of an input -> Quantiser."""
        from flexdrive_deploy.flexv.network.declared import parse_declarations
        return parse_declarations(self.inputs)


def target_options(function):
    """Add the options; the command gets them as one argument ``target``, a TargetChoice."""
    @functools.wraps(function)
    def command(*args, target, quantise_input, l1_kb, **options):
        return function(*args, target=TargetChoice(target, quantise_input, l1_kb), **options)

    command = click.option(
        "--quantise-input", multiple=True, metavar="NAME=SCALE[:ZERO[:BITS[u]]]",
        help="With --target flexv: the grid that an input is on, where the model does not say it, "
        "e.g. x=1/64:0:8.")(command)
    command = click.option(
        "--l1-kb", type=click.IntRange(4, 1024), default=DEFAULT_L1 >> 10,
        show_default=True, metavar="N",
        help="With --target flexv: kB of the cluster's L1 that maps and weights may take.")(command)
    return click.option("--target", type=click.Choice(TARGETS), default="hyperdrive",
                        show_default=True, help="hyperdrive: the binary-weight engine; flexv: the "
                        "RISC-V cluster, for quantised networks.")(command)
