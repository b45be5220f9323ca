"""What `flexdrive verilog` can write: one table, also used by the lint script and the tests."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.dotp import DotProduct
from flexdrive.flexv.wishbone import WishboneCore
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
    kind : what its parameter is: ``"chip"`` (a ChipConfig), ``"mesh"`` (a ChipConfig and (height,
        width)), ``"depth"`` (of a pipeline), ``"dot"`` (structure of the dot-product unit) or
        ``"core"`` (a CoreConfig).
    build : component of that parameter.
    example : a small one, for tests.
    """

    name: str
    summary: str
    kind: str
    build: Callable
    example: object

    @property
    def chip(self):
        """Whether it takes the options of a chip."""
        return self.kind in ("chip", "mesh")

    @property
    def mesh(self):
        """Whether it is made of several chips."""
        return self.kind == "mesh"

    @property
    def module(self):
        """Name of the top module."""
        return self.name.replace("-", "_")

    def configuration(self, value):
        """The parameters by name, for headers and JSON; of links only where there are any."""
        if self.kind == "core":
            return {name: list(field) if isinstance(field, tuple) else field
                    for name, field in asdict(value).items()}
        if not self.chip:
            return {"depth" if self.kind == "depth" else "structure": value}
        config, size = value if self.mesh else (value, None)
        links = ("mesh", "border_words", "corner_words")
        found = {name: number for name, number in asdict(config).items()
                 if config.mesh or name not in links}
        if size is not None:
            found["mesh"] = f"{size[0]}x{size[1]}"
        return found


TARGETS = {target.name: target for target in (
    Target("fp16-add", "binary16 adder and subtractor", "depth",
           lambda depth: Adder(depth=depth), 2),
    Target("fp16-mul", "binary16 multiplier", "depth", lambda depth: Multiplier(depth=depth), 2),
    Target("hyperdrive-tile", "one tile: memory, accumulate units, tail", "chip", Tile,
           PRESETS["tiny"]),
    Target("hyperdrive-chip", "a complete chip with its host streams; --mesh: and links", "chip",
           Chip, PRESETS["tiny"]),
    Target("hyperdrive-mesh", "a mesh of chips with one weight stream", "mesh",
           lambda value: Mesh(value[0], *value[1]),
           (replace(PRESETS["tiny"], mesh=True), (1, 2))),
    Target("flexv-dotp", "mixed-precision dot-product unit with streams", "dot",
           lambda structure: DotProduct(structure=structure), "array"),
    Target("flexv-core", "RISC-V core with mixed-precision dot products and Mac&Load", "core",
           Core, CoreConfig()),
    Target("flexv-wishbone", "the same core with two Wishbone masters", "core", WishboneCore,
           CoreConfig(extensions=("i", "zicsr"))),
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
