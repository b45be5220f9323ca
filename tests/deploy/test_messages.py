"""Networks that were refused with a sentence that was not true."""

import numpy as np
import onnx
import pytest

from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.hyperdrive.partition import analyse

from .onnx_models import integer_builder
from .test_import import CONFIG, agree


def test_a_result_that_is_the_input_as_well():
    b, image = integer_builder((3, 4, 4), 1)
    model = b.model(b.conv("x", 3, 2), "x")
    model.graph.output[1].CopyFrom(model.graph.input[0])
    agree(onnx.shape_inference.infer_shapes(model), image, "chip")


@pytest.mark.parametrize("through", [(), ("Identity",), ("Cast",)])
def test_a_model_without_its_weights(through):
    """torch.onnx.export with export_params = False: weights are inputs."""
    b, _ = integer_builder((4, 6, 6))
    weights = "fc.weight"
    for operation in through:
        weights = b.node(operation, weights, **({"to": 1} if operation == "Cast" else {}))
    x = b.node("Flatten", b.conv("x", 4, 4))
    x = b.node("Gemm", x, weights, name="fc", transB=1)
    kind = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [10, 144])
    model = b.model(x)
    model.graph.input.append(onnx.helper.make_value_info("fc.weight", kind))
    with pytest.raises(ModelError, match=r"^Input fc.weight is a parameter of node fc: the model "
                                         r"is stored without its weights. What would pass: "):
        load_graph(model)
    model.graph.initializer.append(onnx.numpy_helper.from_array(
        np.ones((10, 144), np.float32), "fc.weight"))
    assert load_graph(model).inputs == ["x"]


def test_a_network_without_a_layer_is_said_before_any_other_advice():
    """Another opset would not help a network of quantized matrix products."""
    b, _ = integer_builder((4,))
    x = b.node("BipolarQuant", "x", b.constant(2.0), name="q")
    b.nodes[-1].domain = "qonnx.custom_op.general"
    x = b.node("MatMul", x, b.constant(np.arange(12).reshape(4, 3)))
    model = b.model(x, domains=["qonnx.custom_op.general"], opset=11)
    with pytest.raises(ModelError, match=r"^No layer of the network runs on the chip: it has no "
                                         r"convolution. What would pass: 1x1 .* per output "
                                         r"channel. Node q: quantizes a map; the host needs opset"):
        compile_model(model, CONFIG)
    (_, product) = analyse(load_graph(model), CONFIG).placements
    assert product.rewrite == ("nothing, at the end of a network; or weights of plus or minus one "
                               "value per output, for one row a time")
