"""Networks of common/binary.py -> ONNX in inference form, with readable node names.

Binary weights are plus or minus one value per output channel: as float32, or, ``packed``, as bytes
-1 and +1 that a Cast and a Mul with the channels' scales expand, a quarter of the size.
"""

import numpy as np
import onnx
from binary import binarise
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Graph"]


class Graph:
    """Collects nodes and initializers; every node is named, and its output after it."""

    def __init__(self, packed=False):
        self.nodes, self.initializers, self._packed = [], [], packed

    def constant(self, name, values, dtype=np.float32):
        """An initializer of a tensor of PyTorch, an array or a number; returns its name."""
        array = values.detach().numpy() if hasattr(values, "detach") else values
        self.initializers.append(
            numpy_helper.from_array(np.asarray(array, dtype, order="C"), name))
        return name

    def add(self, operation, name, *inputs, **attributes):
        """A node; returns the name of what it makes."""
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name, **attributes))
        return name

    def conv(self, name, x, weight, module):
        """Convolution of a module with the weights of that name."""
        kernel, stride = module.kernel_size[0], module.stride[0]
        return self.add("Conv", name, x, weight, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                        pads=[kernel // 2] * 4)

    def real(self, name, x, module):
        """Convolution with real-valued weights."""
        return self.conv(name, x, self.constant(f"{name}.weight", module.weight), module)

    def batch_norm(self, name, x, module):
        """Batch norm in inference form."""
        values = {"scale": module.weight, "bias": module.bias, "mean": module.running_mean,
                  "variance": module.running_var}
        inputs = [self.constant(f"{name}.{key}", value) for key, value in values.items()]
        return self.add("BatchNormalization", name, x, *inputs, epsilon=module.eps)

    def binary(self, name, x, module, batch_norm):
        """Binary-weight convolution and batch norm."""
        # In one memory layout: means of another differ in the last bit.
        weight, values = f"{name}/conv.weight", binarise(module.weight.contiguous())
        if self._packed:
            signs = self.constant(f"{weight}.signs", values.sign(), np.int8)
            scales = self.constant(f"{weight}.scales", values[:, :1, :1, :1].abs())
            self.add("Cast", f"{weight}.cast", signs, to=TensorProto.FLOAT)
            self.add("Mul", weight, f"{weight}.cast", scales)
        else:
            self.constant(weight, values)
        return self.batch_norm(f"{name}/bn", self.conv(f"{name}/conv", x, weight, module),
                               batch_norm)

    def block(self, name, x, block):
        """Residual block."""
        bypass = x
        if block.projection is not None:
            bypass = self.binary(f"{name}/projection", x, block.projection, block.bn_projection)
        y = self.binary(f"{name}/1", x, block.conv1, block.bn1)
        y = self.add("Relu", f"{name}/1/relu", y)
        y = self.binary(f"{name}/2", y, block.conv2, block.bn2)
        return self.add("Relu", f"{name}/relu", self.add("Add", f"{name}/add", y, bypass))

    def head(self, name, x, module):
        """Global average pool and fully connected layer; ``name`` is the network's result."""
        x = self.add("Flatten", "head/flatten", self.add("GlobalAveragePool", "head/pool", x))
        self.add("Gemm", name, x, self.constant("head.weight", module.weight),
                 self.constant("head.bias", module.bias), transB=1)
        self.nodes[-1].name = "head/gemm"

    def save(self, path, network, image, classes):
        """Check and write: ``images`` (N, *image) float32 -> ``logits`` (N, classes)."""
        floats = TensorProto.FLOAT
        proto = helper.make_model(
            helper.make_graph(
                self.nodes, network,
                [helper.make_tensor_value_info("images", floats, ["N", *image])],
                [helper.make_tensor_value_info("logits", floats, ["N", classes])],
                self.initializers),
            producer_name=f"flexdrive examples/{network}", ir_version=8,
            opset_imports=[helper.make_opsetid("", 17)])
        onnx.checker.check_model(proto, full_check=True)
        onnx.save(proto, path)
