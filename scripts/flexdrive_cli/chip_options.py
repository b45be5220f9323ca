"""Options that choose a chip, the same for every command.

    @click.command()
    @chip_options
    def command(chip):
        config = chip.config()          # ChipConfig; the preset `paper` when nothing was said
"""

import functools
from dataclasses import dataclass, replace
from pathlib import Path

import click

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.chip_choice import candidates, read_config

__all__ = ["ChipChoice", "chip_options"]

DEFAULT = "paper"
_HELP = {
    "rows": "Rows of tiles (M).",
    "columns": "Columns of tiles (N).",
    "channels": "Output channels computed in parallel (C).",
    "fm_words": "Feature-map words of a tile.",
    "fm_banks": "Banks of the feature-map memory.",
    "weight_words": "Depth of the weight buffer.",
    "adder_depth": "Pipeline depth of the adders (L).",
    "halo": "Reach of the largest kernel: 1 for 3x3, 2 for 5x5, 3 for 7x7.",
    "channelwise_lanes": "Channels that channelwise layers read at once: 1, 2, 4, 8.",
    "stream_words": "Words of a beat of the pixel streams: 1, 2, 4, 8.",
    "border_words": "Lines of a border memory (chips of a mesh).",
    "corner_words": "Words of a corner memory (chips of a mesh).",
}
_FLAGS = {
    "leaky": "Second multiplier in the tails, for leaky ReLU.",
    "channelwise": "Depthwise convolutions at speed, and pooling.",
    "overlap": "LOAD and STORE beside convolutions.",
    "ternary": "Weights of -1, 0 and +1, two bits each.",
}
_LINKS = "links"    # --mesh without a size


@dataclass(frozen=True)
class ChipChoice:
    """What the command line says about the chip: preset, file, single parameters, mesh."""

    preset: str | None
    file: Path | None
    parameters: dict
    mesh: str | None = None

    @property
    def given(self):
        """Whether it says anything about a single chip."""
        return bool(self.preset or self.file or self.parameters)

    @property
    def size(self):
        """(height, width) of the mesh, None for a single chip.

        Raises
        ------
        ConfigurationError
            when it is not written as HEIGHTxWIDTH.
        """
        if self.mesh is None or self.mesh == _LINKS:
            return None
        height, cross, width = self.mesh.partition("x")
        if not (cross and height.isdecimal() and width.isdecimal()
                and int(height) and int(width)):
            raise ConfigurationError(f"--mesh {self.mesh} is no size; write HEIGHTxWIDTH in chips, "
                                     "for example 2x3")
        return int(height), int(width)

    def mesh_size(self):
        """``size``; a ConfigurationError when there is none."""
        if self.size is None:
            raise ConfigurationError("A mesh needs its size: --mesh HEIGHTxWIDTH in chips, for "
                                     "example --mesh 2x3")
        return self.size

    def with_links(self, config):
        """``config``, with links if this is one of a mesh's chips."""
        return config if self.mesh is None else replace(config, mesh=True)

    def candidates(self):
        """ChipConfigs to try in order: the one that is meant, or the default presets."""
        return [self.with_links(config) for config in
                ([self.config()] if self.given else candidates(None))]

    def config(self, default=DEFAULT):
        """The ChipConfig; ``default`` is the preset to begin with when none is named."""
        if self.preset and self.file:
            raise ConfigurationError("--preset and --config exclude each other; single parameters "
                                     "(--rows ...) change either")
        base = read_config(self.file) if self.file else PRESETS[self.preset or default]
        return self.with_links(replace(base, **self.parameters))


def chip_options(function):
    """Add the options; the command gets them as one argument ``chip``, a ChipChoice."""
    @functools.wraps(function)
    def command(*args, preset, config_file, mesh, **options):
        parameters = {name: options.pop(name) for name in (*_HELP, *_FLAGS)}
        chosen = {name: value for name, value in parameters.items() if value is not None}
        return function(*args, chip=ChipChoice(preset, config_file, chosen, mesh), **options)

    for name, text in reversed(_HELP.items()):
        option = click.option(f"--{name.replace('_', '-')}", name, type=int, metavar="N", help=text)
        command = option(command)
    for name, text in reversed(_FLAGS.items()):
        command = click.option(f"--{name}/--no-{name}", name, default=None, help=text)(command)
    command = click.option(
        "--mesh", metavar="[HxW]", is_flag=False, flag_value=_LINKS,
        help="A mesh of H x W such chips; without a size, a chip with links.")(command)
    command = click.option(
        "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE.toml",
        help="Chip parameters from a file.")(command)
    return click.option("--preset", type=click.Choice(sorted(PRESETS)),
                        help="Chip parameters by name.")(command)
