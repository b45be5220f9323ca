"""Small ONNX models for the tests, built node by node."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Builder", "integer_builder"]


class Builder:
    """Collects nodes; every method returns the name of the value that it makes."""

    def __init__(self, shape, rng, *, dtype=np.float32, factors=(-0.5, 0.25, 0.5, 1.0)):
        self.shape, self.rng, self.dtype, self.factors = shape, rng, dtype, factors
        self.nodes, self.constants = [], []
        self.more = {}      # inputs beside "x": name -> shape of an image

    def constant(self, array, dtype=None):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(
            np.asarray(array, dtype or self.dtype), name))
        return name

    def node(self, operation, *inputs, name=None, outputs=1, **attributes):
        name = name or f"{operation.lower()}{len(self.nodes)}"
        made = [f"{name}:{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operation, list(inputs), made, name, **attributes))
        return made[0] if outputs == 1 else made

    def signs(self, *shape):
        return self.rng.choice([-1.0, 1.0], shape)

    def conv(self, x, c_in, c_out, kernel=3, stride=1, *, magnitude=1.0, weights=None, bias=None,
             name=None, **attributes):
        """A binary convolution, padded by kernel//2."""
        if weights is None:
            weights = self.signs(c_out, c_in, kernel, kernel) * magnitude
        inputs = [x, self.constant(weights)] + ([self.constant(bias)] if bias is not None else [])
        attributes = {"pads": [kernel // 2] * 4, "strides": [stride] * 2} | attributes
        return self.node("Conv", *inputs, name=name, **attributes)

    def batch_norm(self, x, channels, name=None):
        """Factors that are powers of two, means and biases that are integers."""
        gamma = self.rng.choice(self.factors, channels)
        beta, mean = self.rng.integers(-4, 5, (2, channels))
        parameters = [self.constant(values) for values in
                      (gamma, beta, mean, np.ones(channels))]
        return self.node("BatchNormalization", x, *parameters, epsilon=0.0, name=name)

    def model(self, *outputs, domains=(), opset=17):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        inputs = [helper.make_tensor_value_info(name, kind, ["N", *shape])
                  for name, shape in {"x": self.shape, **self.more}.items()]
        made = [helper.make_empty_tensor_value_info(name) for name in outputs]
        model = helper.make_model(
            helper.make_graph(self.nodes, "test", inputs, made, self.constants), ir_version=8,
            opset_imports=[helper.make_opsetid("", opset),
                           *(helper.make_opsetid(domain, 1) for domain in domains)])
        model = onnx.shape_inference.infer_shapes(model)
        for value in model.graph.output:
            if value.type.tensor_type.elem_type == TensorProto.UNDEFINED:
                value.type.tensor_type.elem_type = kind
        return model


def integer_builder(shape, seed=0, **options):
    """(Builder, one image of small integers): everything is exact in binary16 and float32."""
    rng = np.random.default_rng(seed)
    builder = Builder(shape, rng, **options)
    return builder, rng.integers(-3, 4, (1, *shape)).astype(builder.dtype)
