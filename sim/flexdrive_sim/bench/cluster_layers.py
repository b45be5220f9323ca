"""Single layers by the kernels of deployed networks on the cluster's RTL; every integer compared.

The layer stands twice in a network, behind the same map: the second time the code is in the caches
and the weights are on their way. Its cycles are those from barrier to barrier: start of the kernel
on all cores, tables of tiles, products, requantisation, stores.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.compiler.xpulp_kernel import XPULP_STYLES
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.layer_figures import layer_figures
from flexdrive_sim.flexv.session import NetworkSession

__all__ = ["COMPARED", "LAYERS", "Layer", "measure_layer"]

_SIDE, _SEED = 16, 1


@dataclass(frozen=True)
class Layer:
    """A convolution of 3 x 3 over 16 x 16 pixels, padded; results have the width of activations.

    Attributes
    ----------
    name : for people. a_bits, w_bits : widths. inputs, outputs : channels. depthwise : each channel
        from one.
    """

    name: str
    a_bits: int
    w_bits: int
    inputs: int
    outputs: int
    depthwise: bool = False

    def model(self, copies=2):
        """The onnx.ModelProto with the layer so many times."""
        rng, constants, nodes = np.random.default_rng(_SEED), [], []

        def constant(values, dtype=np.float32):
            constants.append(numpy_helper.from_array(np.asarray(values, dtype),
                                                     f"c{len(constants)}"))
            return constants[-1].name

        def node(operation, *inputs, **attributes):
            made = f"{operation}_{len(nodes)}"
            nodes.append(helper.make_node(operation, inputs, [made], made, **attributes))
            return made

        def quantised(value, scale):
            grid = constant(scale), constant(0, np.uint8)
            value = node("QuantizeLinear", value, *grid)
            if self.a_bits < 8:
                value = node("Clip", value, constant(0, np.uint8),
                             constant((1 << self.a_bits) - 1, np.uint8))
            return node("DequantizeLinear", value, *grid)

        half, per = 1 << self.w_bits - 1, 1 if self.depthwise else self.inputs
        source, made = quantised("x", 1.0), []
        for number in range(copies):
            weights = constant(rng.integers(-half, half, (self.outputs, per, 3, 3)), np.int8)
            scales = rng.uniform(0.01, 0.02, self.outputs)
            weights = node("DequantizeLinear", weights, constant(scales),
                           constant(np.zeros(self.outputs), np.int8), axis=0)
            made.append(quantised(node(
                "Conv", source, weights, pads=[1, 1, 1, 1], kernel_shape=[3, 3],
                group=self.inputs if self.depthwise else 1),
                0.37 * half * np.sqrt(9 * per) / 30 + number / 64))
        shape = ["N", self.inputs, _SIDE, _SIDE]
        graph = helper.make_graph(
            nodes, self.name, [helper.make_tensor_value_info("x", 1, shape)],
            [helper.make_tensor_value_info(name, 1, ["N", self.outputs, _SIDE, _SIDE])
             for name in made], constants)
        return onnx.shape_inference.infer_shapes(helper.make_model(
            graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]))

    def image(self):
        """Activations of all values."""
        return np.random.default_rng(_SEED).integers(
            0, 1 << self.a_bits, (1, self.inputs, _SIDE, _SIDE)).astype(np.float32)


_FORMATS = ((2, 2), (4, 4), (4, 2), (8, 8), (8, 4), (8, 2))
LAYERS = (*(Layer(f"W-CONV{suffix} a{a}w{w}", a, w, inputs, 64)
            for inputs, suffix in ((32, ""), (64, "64")) for a, w in _FORMATS),
          Layer("depthwise a8w8", 8, 8, 64, 64, True))


# What the extensions are compared with: (layer, instructions of its kernels).
COMPARED = tuple((f"{name} a{bits}w{bits}", instructions) for name in ("W-CONV", "W-CONV64")
                 for bits, instructions in ((2, "xpulpv2-extract"), (8, "xpulpv2"),
                                            (2, "xpulpv2")))


def measure_layer(layer, notify=None, instructions="flexv"):
    """(:class:`~flexdrive_sim.flexv.layer_figures.LayerFigures` of the second one, share of its
    cycles in which each core makes a product). Raises when an integer is wrong.
    ``instructions`` as of :func:`~flexdrive_deploy.flexv.compiler.compiled.compile_network`; what
    the extensions are compared with takes long, and is there once."""
    compiled = compile_network(load_network(layer.model(1 if instructions in XPULP_STYLES else 2)),
                               instructions=instructions)
    session = NetworkSession(compiled, "rtl", notify=notify)
    session.run(None, {"x": layer.image()})
    found = [each for each in layer_figures(session) if each.macs][-1]
    # Of each core, in a cycle; of the words of a depthwise layer 3 of 4 lanes count.
    ideal = 3 if layer.depthwise else 32 // max(layer.a_bits, layer.w_bits)
    return found, found.macs / ideal / session.cores / found.cycles
