"""A group of commands whose modules are imported when they are used, so that ``--help`` is instant
and a command loads only what it needs."""

import importlib

import click

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group.

    Parameters
    ----------
    package : where the modules are, each with a click command ``command``.
    modules : {name of the command: (module, one line of help)}.
    """

    def __init__(self, *arguments, package, modules, **options):
        super().__init__(*arguments, **options)
        self._package, self._modules = package, modules

    def list_commands(self, ctx):
        return sorted(self._modules)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in self._modules:
            return None
        return importlib.import_module(f"{self._package}.{self._modules[cmd_name][0]}").command

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._modules[name][1])
                                for name in self.list_commands(ctx)])
