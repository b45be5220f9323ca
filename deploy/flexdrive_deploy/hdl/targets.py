"""What `flexdrive verilog` can write: one table, also used by the lint script and the tests."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from flexdrive.bus.chip_axi import ChipAxi
from flexdrive.bus.chip_wishbone import ChipWishbone
from flexdrive.bus.core_axi import CoreAxi
from flexdrive.errors import ConfigurationError
from flexdrive.flexv.cluster import Cluster, ClusterConfig
from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.dotp import DotProduct
from flexdrive.flexv.wishbone import WishboneCore
from flexdrive.fp16 import Adder, Multiplier
from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh import Mesh
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions
from flexdrive.hyperdrive.tile.tile import Tile

from ..hyperdrive.mesh_borders import MESH_FIELDS

__all__ = ["TARGETS", "MeshValue", "Target", "target_named"]

MeshValue = namedtuple("MeshValue", "config size options")
MeshValue.__doc__ = """Chips with links: ChipConfig, (height, width) or None for one chip,
MeshOptions."""


@dataclass(frozen=True)
class Target:
    """A component that can be written on its own.

    Attributes
    ----------
    name : as on the command line.
    summary : one line.
    kind : what its parameter is: ``"tile"`` (a ChipConfig), ``"chip"`` (a ChipConfig or, with
        links, a MeshValue without size), ``"bus"`` (a ChipConfig without links), ``"mesh"`` (a
        MeshValue), ``"depth"`` (of a pipeline), ``"dot"`` (structure of the dot-product unit),
        ``"core"`` (a CoreConfig) or ``"cluster"`` (a ClusterConfig).
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
        return self.kind in ("tile", "chip", "bus", "mesh")

    @property
    def module(self):
        """Name of the top module."""
        return self.name.replace("-", "_")

    def configuration(self, value):
        """The parameters by name, for headers and JSON; of links only where there are any."""
        if self.chip:
            config, size, options = value if isinstance(value, MeshValue) else (value, None, None)
            found = {name: field for name, field in asdict(config).items()
                     if config.mesh or name not in MESH_FIELDS}
            if size is not None:
                found["mesh"] = f"{size[0]}x{size[1]}"
            return found | (_described(options) if options is not None else {})
        if self.kind == "core":
            return _listed(value)
        if self.kind == "cluster":
            # No name of the cluster's is one of the core's.
            return {name: field for name, field in _listed(value).items()
                    if name != "core"} | _listed(value.core)
        return {"depth" if self.kind == "depth" else "structure": value}


def _listed(config):
    """The fields of a configuration by name, tuples as lists, without what is empty."""
    return {name: list(field) if isinstance(field, tuple) else field
            for name, field in asdict(config).items() if field != ()}


def _described(options):
    """MeshOptions by the names of the command line's options, what is not as by default."""
    found = {"forward_weights": options.forward_weights, "crossing": options.crossing}
    if options.link is not None:
        plain = asdict(LinkConfig())
        found |= {"retransmit": options.link.retransmit, "link_width": options.link.width}
        found |= {f"link_{name}": value for name, value in asdict(options.link).items()
                  if name not in ("retransmit", "width") and value != plain[name]}
    return {name: value for name, value in found.items() if value}


def _chip(value):
    return MeshChip(value.config, value.options) if isinstance(value, MeshValue) else Chip(value)


TARGETS = {target.name: target for target in (
    Target("fp16-add", "binary16 adder and subtractor", "depth",
           lambda depth: Adder(depth=depth), 2),
    Target("fp16-mul", "binary16 multiplier", "depth", lambda depth: Multiplier(depth=depth), 2),
    Target("hyperdrive-tile", "one tile: memory, accumulate units, tail", "tile", Tile,
           PRESETS["tiny"]),
    Target("hyperdrive-chip", "a complete chip with its host streams; --mesh: and links", "chip",
           _chip, PRESETS["tiny"]),
    Target("hyperdrive-axi", "the same chip with AXI4-Lite registers and AXI4-Stream", "bus",
           ChipAxi, PRESETS["tiny"]),
    Target("hyperdrive-wishbone", "the same chip as a Wishbone slave", "bus", ChipWishbone,
           PRESETS["tiny"]),
    Target("hyperdrive-mesh", "a mesh of chips with one weight stream", "mesh",
           lambda value: Mesh(value.config, value.size[0], value.size[1], value.options),
           MeshValue(replace(PRESETS["tiny"], mesh=True), (1, 2), MeshOptions(link=LinkConfig()))),
    Target("flexv-dotp", "mixed-precision dot-product unit with streams", "dot",
           lambda structure: DotProduct(structure=structure), "array"),
    Target("flexv-core", "RISC-V core with mixed-precision dot products and Mac&Load", "core",
           Core, CoreConfig()),
    Target("flexv-wishbone", "the same core with two Wishbone masters", "core", WishboneCore,
           CoreConfig(extensions=("i", "zicsr"))),
    Target("flexv-core-axi", "the same core with two AXI4-Lite masters", "core", CoreAxi,
           CoreConfig(extensions=("i", "zicsr"))),
    Target("flexv-cluster", "cores around one L1, with instruction caches, DMA and events",
           "cluster", Cluster,
           ClusterConfig(cores=2, banks=2, bank_words=64, private_cache=256, shared_cache=1024,
                         cache_ways=1, barriers=1, mutexes=1,
                         core=CoreConfig(extensions=("i", "zicsr")))),
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
