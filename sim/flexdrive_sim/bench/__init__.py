"""Benchmarks: every module has ``run(console)``, which prints a table and returns its figures by
name. ``flexdrive bench NAME`` runs one."""

import os
import platform

from flexdrive import __version__

from ..engine.tools import tool_versions

__all__ = ["BENCHMARKS", "environment"]

# Name -> (module, one line of help).
BENCHMARKS = {
    "emission": ("emission", "time and size of a chip's Verilog"),
    "chip-speed": ("chip_speed", "cycles/s of the 784-unit chip, and of Verilator on it"),
    "resnet34": ("resnet34", "the layers of a ResNet-34 frame in RTL: words, cycles"),
    "layer-kinds": ("layer_kinds", "depthwise, pooling, leaky ReLU: gates and cycles"),
    "depthwise-lanes": ("depthwise_lanes", "MobileNetV1's depthwise layers by lanes and banks"),
    "mesh": ("mesh", "a residual network on meshes: cycles, link bits, words compared"),
    "mesh-links": ("mesh_links", "what links between chips cost: cycles and gates"),
    "link-area": ("link_area", "gates and ECP5 cells of the ends of a link"),
    "small-layer": ("small_layer", "one small layer from its description to a verified result"),
    "fp16": ("fp16", "size of the binary16 operators, time of a simulated cycle"),
    "flexv-area": ("flexv_area", "gates and ECP5 cells of the Flex-V core by instructions"),
    "flexv-loop": ("flexv_loop", "MAC/cycle of the matrix-multiplication loop on Flex-V"),
    "flexv-cluster": ("flexv_cluster", "MAC/cycle of a matrix multiplication on eight cores"),
    "flexv-cluster-model": ("flexv_cluster_model", "the cluster's cycle model beside its RTL"),
    "flexv-speed": ("flexv_speed", "cycles/s of the Flex-V core, and of Verilator on it"),
    "flexv-cluster-speed": ("flexv_cluster_speed",
                            "cycles/s of the cluster, and of Verilator on it"),
}


def environment():
    """What figures depend on besides the code: versions and the class of the machine."""
    return {"flexdrive": __version__, "python": platform.python_version(), **tool_versions(),
            "machine": f"{os.cpu_count()}-core {platform.machine()}"}
