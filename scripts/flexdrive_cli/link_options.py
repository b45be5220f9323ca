"""Options that say how the chips of a mesh are joined, the same for every command.

    @click.command()
    @chip_options
    @link_options
    def command(chip, links):
        options = links.options(chip)       # MeshOptions
"""

import functools
from dataclasses import dataclass

import click

from flexdrive.errors import ConfigurationError

__all__ = ["LinkChoice", "link_options"]

_LINK = {
    "link_width": (int, "Data wires of a link between chips; without any option of links, chips "
                        "are joined by streams."),
    "link_reverse_width": (int, "Data wires back, for credits."),
    "link_window": (int, "Words that may be on their way."),
    "link_crc": (int, "Bits of the CRC: 5, 8, 16, 32."),
    "link_keepalive": (int, "Cycles between frames, at most."),
    "link_timeout": (int, "Cycles of silence after which a chip stops."),
}


@dataclass(frozen=True)
class LinkChoice:
    """What the command line says about the links of a mesh."""

    link: dict
    retransmit: bool
    forward_weights: bool
    crossing: bool = False

    @property
    def given(self):
        """Whether it says anything."""
        return bool(self.link or self.retransmit or self.forward_weights or self.crossing)

    def options(self, chip):
        """:class:`~flexdrive.hyperdrive.mesh_chip.MeshOptions`, None when nothing was said.

        Raises
        ------
        ConfigurationError
            when something is said about links and there are none, or it is not possible.
        """
        if not self.given:
            return None
        if chip.mesh is None:
            raise ConfigurationError("Options of links (--link-width ..., --retransmit, "
                                     "--forward-weights, --crossing) are for --mesh")
        # Amaranth takes a while to import.
        from flexdrive.hyperdrive.link import LinkConfig
        from flexdrive.hyperdrive.mesh_chip import MeshOptions

        link = None
        if self.link or self.retransmit or self.crossing:
            parameters = {name.removeprefix("link_"): value for name, value in self.link.items()}
            link = LinkConfig(**parameters, retransmit=self.retransmit)
        return MeshOptions(link=link, forward_weights=self.forward_weights,
                           crossing=self.crossing)


def link_options(*, crossing=False):
    """Add the options; the command gets them as one argument ``links``, a LinkChoice.
    ``crossing``: also the one for chips with clocks of their own."""
    def decorate(function):
        @functools.wraps(function)
        def command(*args, retransmit, forward_weights, **options):
            link = {name: value for name in _LINK
                    if (value := options.pop(name)) is not None}
            choice = LinkChoice(link, retransmit, forward_weights, options.pop("crossing", False))
            return function(*args, links=choice, **options)

        if crossing:
            command = click.option(
                "--crossing", is_flag=True,
                help="Each side's wires come with a clock of their own.")(command)
        command = click.option("--forward-weights", is_flag=True,
                               help="Each chip passes the weights on, instead of a broadcast."
                               )(command)
        command = click.option("--retransmit", is_flag=True,
                               help="Links survive faults that pass.")(command)
        for name, (kind, text) in reversed(_LINK.items()):
            command = click.option(f"--{name.replace('_', '-')}", name, type=kind, metavar="N",
                                   help=text)(command)
        return command
    return decorate
