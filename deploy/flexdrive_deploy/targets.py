"""What `flexdrive verilog` can write: one table, also used by the lint script and the tests."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from flexdrive.errors import ConfigurationError
from flexdrive.fp16 import Adder, Multiplier
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.config import PRESETS
from flexdrive.hyperdrive.mesh import Mesh
from flexdrive.hyperdrive.tile import Tile

__all__ = ["TARGETS", "Target", "target_named"]


@dataclass(frozen=True)
class Target:
    """A component that can be written on its own.

    Attributes
    ----------
    name : as on the command line.
    summary : one line.
    chip : takes the options of a chip (else ``--depth``).
    build : component of a ChipConfig (chip), of a pipeline depth, or of (ChipConfig, (height,
        width)) (mesh).
    mesh : is made of several chips.
    """

    name: str
    summary: str
    chip: bool
    build: Callable
    mesh: bool = False

    @property
    def module(self):
        """Name of the top module."""
        return self.name.replace("-", "_")

    @property
    def example(self):
        """A small value for ``build``."""
        if self.mesh:
            return replace(PRESETS["tiny"], mesh=True), (1, 2)
        return PRESETS["tiny"] if self.chip else 2

    def configuration(self, value):
        """The parameters by name, for headers and JSON; of links only where there are any."""
        if not self.chip:
            return {"depth": value}
        config, size = value if self.mesh else (value, None)
        links = ("mesh", "border_words", "corner_words")
        found = {name: number for name, number in asdict(config).items()
                 if config.mesh or name not in links}
        if size is not None:
            found["mesh"] = f"{size[0]}x{size[1]}"
        return found


TARGETS = {target.name: target for target in (
    Target("fp16-add", "binary16 adder and subtractor", False,
           lambda depth: Adder(depth=depth)),
    Target("fp16-mul", "binary16 multiplier", False, lambda depth: Multiplier(depth=depth)),
    Target("hyperdrive-tile", "one tile: memory, accumulate units, tail", True, Tile),
    Target("hyperdrive-chip", "a complete chip with its host streams; --mesh: and links", True,
           Chip),
    Target("hyperdrive-mesh", "a mesh of chips with one weight stream", True,
           lambda value: Mesh(value[0], *value[1]), mesh=True),
)}


def target_named(name):
    """The :class:`Target` of that name.

    Raises
    ------
    ConfigurationError
        when there is none.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise ConfigurationError(f"There is no target {name!r}; there are "
                                 f"{', '.join(TARGETS)}") from None
