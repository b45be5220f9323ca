"""The options of a Flex-V core and its dot-product unit."""

import functools

import click

__all__ = ["CoreOptions", "core_options"]


class CoreOptions:
    """What the options say. ``given``: {parameter: value} of those that were given."""

    def __init__(self, given):
        self.given = {name: value for name, value in given.items() if value is not None}

    def refuse(self, target, allowed=()):
        """Raise a usage error when options are given that ``target`` does not have."""
        for name in self.given:
            if name not in allowed:
                raise click.UsageError(f"{target} has no --{name.replace('_', '-')}")

    def config(self, target):
        """The :class:`flexdrive.flexv.core.CoreConfig` for ``target``."""
        from flexdrive.flexv.core import CoreConfig

        self.refuse(target, ("extensions", "fetch_words", "dot_structure", "registers",
                              "fast_loops", "waiting_loads", "rvfi"))
        given = dict(self.given)
        if "extensions" in given:
            given["extensions"] = tuple(given["extensions"].split(","))
        if "waiting_loads" in given:
            given["waiting_loads"] = _window(given["waiting_loads"])
        return CoreConfig(**given)


def _window(text):
    """(address, bytes) of ``ADDRESS,BYTES``."""
    try:
        address, size = (int(part, 0) for part in text.split(","))
    except ValueError:
        raise click.UsageError("--waiting-loads wants an address and a number of bytes, such as "
                               f"0x40000000,0x20000, not {text!r}") from None
    return address, size


def core_options(command):
    """Add the options to a command, which gets them as ``core``."""
    @click.option("--structure", metavar="NAME",
                  help="Dot-product unit alone: array, islands or only16.  [default: array]")
    @click.option("--extensions", metavar="LIST",
                  help="Core: groups of instructions, with commas.  [default: all]")
    @click.option("--fetch-words", type=int, metavar="N",
                  help="Core: words of the fetch buffer.  [default: 4]")
    @click.option("--dot-structure", metavar="NAME",
                  help="Core: structure of its dot-product unit.  [default: array]")
    @click.option("--registers", metavar="NAME",
                  help="Core: what holds its registers, flops or ram.  [default: flops]")
    @click.option("--fast-loops", is_flag=True, default=None,
                  help="Core: lp.setup takes one cycle.")
    @click.option("--waiting-loads", metavar="ADDRESS,BYTES",
                  help="Core: loads of Mac&Load from memory that never fails wait beside it.")
    @click.option("--rvfi", is_flag=True, default=None,
                  help="Core: with the port of the RISC-V Formal Interface.")
    @functools.wraps(command)
    def wrapped(*arguments, structure, extensions, fetch_words, dot_structure, registers,
                fast_loops, waiting_loads, rvfi, **options):
        core = CoreOptions({"structure": structure, "extensions": extensions,
                            "fetch_words": fetch_words, "dot_structure": dot_structure,
                            "registers": registers, "fast_loops": fast_loops,
                            "waiting_loads": waiting_loads, "rvfi": rvfi})
        return command(*arguments, core=core, **options)
    return wrapped
