"""Chips and meshes that hold the published topologies, one for each line of the tables."""

from dataclasses import dataclass, replace

from builder import Builder
from networks import NETWORKS

from flexdrive.hyperdrive.config import PRESETS, ChipConfig
from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse

__all__ = ["PLACES", "Place"]


@dataclass(frozen=True)
class Place:
    """A network on a chip: name of the network, edge of its images, ChipConfig, and the mesh of
    such chips or None."""

    network: str
    size: int
    config: ChipConfig
    mesh: tuple | None = None

    @property
    def array(self):
        """The chip or mesh, as people write it."""
        chip = f"{self.config.rows} x {self.config.columns} x {self.config.channels}"
        return f"{self.mesh[0]} x {self.mesh[1]} chips of {chip}" if self.mesh else chip

    def model(self):
        """The ModelProto, with seed 0."""
        return NETWORKS[self.network].make(Builder(self.network, (3, self.size, self.size), 0))

    def support(self):
        """Which node runs where."""
        return analyse(load_graph(self.model()), self.config)

    def deployment(self, support=None, **options):
        """The compiled network; ``support`` : of it, if known, ``options`` as of
        ``compile_graph``."""
        return compile_graph(support or self.support(), self.config, name=self.network,
                             mesh=self.mesh, **options)


def _place(network, words, edge=7, *, size=None, mesh=None, **parameters):
    config = replace(PRESETS["paper"], rows=edge, columns=edge, fm_words=words, channelwise=True,
                     mesh=mesh is not None, **parameters)
    return Place(network, size or NETWORKS[network].size, config, mesh)


# Name of a line -> Place. Memories are as small as the maps allow, in whole banks. A
# quarter of the pixels on a quarter of the tiles has the tiles, addresses and weights of the whole.
PLACES = {
    "resnet18": _place("resnet18", 8192),
    "resnet34": _place("resnet34", 8192),
    "resnet50": _place("resnet50", 26_624),
    "resnet152": _place("resnet152", 26_624),
    "vgg16": _place("vgg16", 32_768, 14),
    "vgg16_112": _place("vgg16", 32_768, size=112),
    "mobilenet_v1": _place("mobilenet_v1", 24_576),
    "mobilenet_v2": _place("mobilenet_v2", 30_720),
    "shufflenet": _place("shufflenet", 6336),
    "densenet121": _place("densenet121", 38_912),
    "squeezenet": _place("squeezenet", 10_240),
    "darknet19": _place("darknet19", 24_576, leaky=True),
    "yolov3": _place("yolov3", 49_152, 10, leaky=True),
    "yolov3_160": _place("yolov3", 49_152, 5, size=160, leaky=True),
    "yolov3_mesh": _place("yolov3", 49_152, 5, leaky=True, mesh=(2, 2), border_words=4096,
                          corner_words=4096),
    "yolov3_416": _place("yolov3", 49_152, 13, size=416, leaky=True),
    "yolov3_tiny": _place("yolov3_tiny", 12_288, 13, leaky=True),
    "cnv": _place("cnv", 8192, 4, halo=2),
}
