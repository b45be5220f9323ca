"""Network -> ONNX with readable node names, binary weights as plus or minus one value a channel."""

import numpy as np
import onnx
from network import binarise
from onnx import TensorProto, helper, numpy_helper

__all__ = ["export"]


class Graph:
    """Collects nodes and initializers; every node is named, and its output after it."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, tensor):
        array = np.ascontiguousarray(tensor.detach().numpy(), np.float32)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operation, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name, **attributes))
        return name

    def conv(self, name, x, weight, stride):
        kernel = weight.shape[2]
        return self.add("Conv", name, x, self.constant(f"{name}.weight", weight),
                        kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)

    def batch_norm(self, name, x, module):
        values = {"scale": module.weight, "bias": module.bias, "mean": module.running_mean,
                  "variance": module.running_var}
        inputs = [self.constant(f"{name}.{key}", value) for key, value in values.items()]
        return self.add("BatchNormalization", name, x, *inputs, epsilon=module.eps)


def _binary(graph, name, x, conv, batch_norm):
    y = graph.conv(f"{name}/conv", x, binarise(conv.weight), conv.stride[0])
    return graph.batch_norm(f"{name}/bn", y, batch_norm)


def _block(graph, name, x, block):
    bypass = x
    if block.projection is not None:
        bypass = _binary(graph, f"{name}/projection", x, block.projection, block.bn_projection)
    y = _binary(graph, f"{name}/1", x, block.conv1, block.bn1)
    y = graph.add("Relu", f"{name}/1/relu", y)
    y = _binary(graph, f"{name}/2", y, block.conv2, block.bn2)
    return graph.add("Relu", f"{name}/relu", graph.add("Add", f"{name}/add", y, bypass))


def export(model, path):
    """Write ``model`` in inference form: images (N, 1, 8, 8) float32 0 to 16 -> logits (N, 10)."""
    model.eval()
    graph = Graph()
    graph.initializers.append(numpy_helper.from_array(np.float32(1 / 16), "sixteenth"))
    x = graph.add("Mul", "input/scale", "images", "sixteenth")
    x = graph.conv("stem/conv", x, model.stem.weight, 1)
    x = graph.add("Relu", "stem/relu", graph.batch_norm("stem/bn", x, model.stem_bn))
    for number, block in enumerate(model.blocks, 1):
        x = _block(graph, f"block{number}", x, block)
    x = graph.add("Flatten", "head/flatten", graph.add("GlobalAveragePool", "head/pool", x))
    graph.add("Gemm", "logits", x, graph.constant("head.weight", model.head.weight),
              graph.constant("head.bias", model.head.bias), transB=1)
    graph.nodes[-1].name = "head/gemm"
    proto = helper.make_model(
        helper.make_graph(
            graph.nodes, "digits",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 1, 8, 8])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])],
            graph.initializers),
        producer_name="flexdrive examples/digits", ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, path)
