"""ONNX file -> a small graph with constants folded and every shape known, for one image."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from . import qonnx
from .errors import ModelError

__all__ = ["Graph", "Node", "load_graph", "load_model", "sub_model"]

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
# A folded tensor larger than this would be a network that generates its weights.
FOLD_LIMIT = 1 << 26


@dataclass(eq=False)
class Node:
    """One ONNX node: name (unique), operation, names of inputs and outputs, attributes."""

    name: str
    operation: str
    domain: str
    inputs: list
    outputs: list
    attributes: dict
    proto: onnx.NodeProto


@dataclass(eq=False)
class Graph:
    """A network for one image.

    Attributes
    ----------
    nodes : list of Node in order of execution.
    constants : name -> numpy array.
    types : name of a value -> ONNX element type; shapes : name -> tuple of int (absent when
        inference could not tell).
    inputs, outputs : names.
    model : the ModelProto, batch 1.
    folded : (name, operation, reason) of nodes that are gone: constants and identities.
    order : name of every node of the model -> its place there.
    """

    nodes: list
    constants: dict
    types: dict
    shapes: dict
    inputs: list
    outputs: list
    model: onnx.ModelProto
    folded: list
    order: dict
    consumers: dict = field(init=False)

    def __post_init__(self):
        self.consumers = {}
        for node in self.nodes:
            for name in set(node.inputs):
                self.consumers.setdefault(name, []).append(node)


def load_model(path):
    """Read and check an ONNX file; ModelError says what is wrong with it."""
    try:
        model = onnx.load(path)
        qonnx.declare_domains(model)
        onnx.checker.check_model(model)
    except FileNotFoundError as error:
        raise ModelError(f"{error.filename or path}: no such file") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
    except DecodeError:
        raise ModelError(f"{path} is not an ONNX file, or a truncated one") from None
    except onnx.checker.ValidationError as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path} is not a valid ONNX model: {reason}") from None
    return model


# Operations whose inputs behind the first are parameters, and those that only hand one on.
_WITH_PARAMETERS = ("BatchNormalization", "Conv", "ConvTranspose", "Gemm", "PRelu")
_HANDS_ON = ("Cast", "Identity", "Reshape", "Transpose")


def _refuse_missing_weights(model):
    """ModelError of a model whose weights are inputs that nothing stores."""
    inputs = {value.name for value in model.graph.input} - {
        tensor.name for tensor in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        for name in node.input[1:] if node.op_type in _WITH_PARAMETERS else ():
            while name in makers and makers[name].op_type in _HANDS_ON:
                name = makers[name].input[0]
            if name in inputs:
                raise ModelError(
                    f"Input {name} is a parameter of node {node.name or node.op_type}: the model "
                    "is stored without its weights. What would pass: an export that stores them "
                    "(torch.onnx.export: export_params=True)")


def _single_image(model):
    """Fix the first dimension of every input at 1; others must be numbers already."""
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name in constants:
            continue
        dimensions = value.type.tensor_type.shape.dim
        if value.type.tensor_type.elem_type not in FLOATS or len(dimensions) == 0:
            kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
            raise ModelError(f"Input {value.name} is {kind} with {len(dimensions)} axes; images "
                             "are floating-point tensors (N, C, H, W)")
        for axis, dimension in enumerate(dimensions):
            if axis == 0:
                dimension.dim_value = 1
            elif dimension.dim_value < 1:
                raise ModelError(
                    f"Input {value.name}: axis {axis} has no fixed size; the chip's program is "
                    "made for one size. Export the model with fixed height and width")
    entering = {value.name: value for value in model.graph.input}
    for value in model.graph.output:
        if value.name in entering:      # a result that is an input as well has its shape
            value.CopyFrom(entering[value.name])
        else:
            value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]


def _inferred(model):
    """A copy of ``model`` with the types and shapes of all values."""
    try:
        return shape_inference.infer_shapes(qonnx.transparent(model), strict_mode=True,
                                            data_prop=True)
    except (shape_inference.InferenceError, onnx.checker.ValidationError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"The shapes of the model do not fit together: {reason}") from None


def _value_types(model):
    types, shapes = {}, {}
    graph = model.graph
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor = value.type.tensor_type
        types[value.name] = tensor.elem_type
        if tensor.HasField("shape") and all(d.dim_value > 0 for d in tensor.shape.dim):
            shapes[value.name] = tuple(d.dim_value for d in tensor.shape.dim)
    for tensor in graph.initializer:
        types[tensor.name], shapes[tensor.name] = tensor.data_type, tuple(tensor.dims)
    return types, shapes


def _fold(node, constants, model):
    """Evaluate a node whose inputs are constants; None when that is not possible."""
    if qonnx.is_quantizer(node.proto):
        return qonnx.fold(node, constants)
    if node.domain or node.operation.startswith("Random") or any(
            attribute.type == onnx.AttributeProto.GRAPH for attribute in node.proto.attribute):
        return None
    graph = helper.make_graph(
        [node.proto], "fold", [helper.make_empty_tensor_value_info(name) for name in node.inputs],
        [helper.make_empty_tensor_value_info(name) for name in node.outputs])
    single = helper.make_model(graph, opset_imports=model.opset_import,
                               ir_version=model.ir_version)
    try:
        values = ReferenceEvaluator(single).run(
            None, {name: constants[name] for name in node.inputs})
    except Exception:  # the evaluator raises whatever numpy does: the node stays as it is
        return None
    arrays = [np.asarray(value) for value in values]
    return arrays if sum(array.size for array in arrays) <= FOLD_LIMIT else None


def _named(model):
    """Nodes with unique names, as Node."""
    nodes, taken = [], set()
    for index, proto in enumerate(model.graph.node):
        name = proto.name or f"{proto.op_type}_{index}"
        while name in taken:
            name += "'"
        taken.add(name)
        nodes.append(Node(
            name, proto.op_type, "" if proto.domain == "ai.onnx" else proto.domain,
            list(proto.input), list(proto.output),
            {a.name: helper.get_attribute_value(a) for a in proto.attribute}, proto))
    return nodes


def _rename(node, renamed):
    """Read through identities."""
    node.inputs = [renamed.get(name, name) for name in node.inputs]
    proto = onnx.NodeProto.FromString(node.proto.SerializeToString())
    proto.input[:] = node.inputs
    node.proto = proto


def _constant(node, constants, shapes, model):
    """The node's outputs as arrays when they are the same for every image, else None."""
    if node.operation == "Shape" and node.inputs[0] in shapes and not node.attributes:
        return [np.array(shapes[node.inputs[0]], np.int64)]
    if all(name in constants for name in node.inputs):
        return _fold(node, constants, model)
    return None


def _is_identity(node, constants, outputs):
    """Identity, or Dropout at inference, whose result is not an output of the model."""
    if node.domain or node.operation not in ("Identity", "Dropout") or node.outputs[0] in outputs:
        return False
    training = node.inputs[2] if len(node.inputs) > 2 else ""
    return len(node.outputs) == 1 and not (training and constants.get(training, True))


def _used(nodes, outputs, folded):
    """Nodes that the outputs depend on; the others go to ``folded``."""
    needed, used = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            used.insert(0, node)
        else:
            folded.append((node.name, node.operation, "nothing reads its result"))
    return used


def load_graph(model):
    """Make the graph of a model for one image.

    Parameters
    ----------
    model : onnx.ModelProto; the first axis of its inputs is the batch.

    Raises
    ------
    ModelError
        when an input has no fixed size, or shapes do not fit together.
    """
    model = onnx.ModelProto.FromString(model.SerializeToString())
    qonnx.declare_domains(model)
    _refuse_missing_weights(model)
    _single_image(model)
    types, shapes = _value_types(_inferred(model))
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    outputs = [value.name for value in model.graph.output]
    nodes, folded, renamed = [], [], {}
    named = _named(model)
    for node in named:
        _rename(node, renamed)
        values = _constant(node, constants, shapes, model)
        if values is not None:
            folded.append((node.name, node.operation, "constant, computed at import"))
            for name, value in zip(node.outputs, values, strict=True):
                constants[name], shapes[name] = value, value.shape
        elif _is_identity(node, constants, outputs):
            folded.append((node.name, node.operation, "changes nothing at inference"))
            renamed[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    inputs = [value.name for value in model.graph.input if value.name not in constants]
    for name in outputs:
        if name in constants:
            raise ModelError(f"Output {name} of the model is a constant")
    order = {node.name: place for place, node in enumerate(named)}
    nodes = _used(nodes, outputs, folded)
    return Graph(nodes, constants, types, shapes, inputs, outputs, model, folded, order)


def _evaluated(node, graph):
    """NodeProtos that compute a node with operators of ONNX."""
    if not qonnx.is_quantizer(node.proto):
        return [node.proto]
    dtype = helper.tensor_dtype_to_np_dtype(graph.types[node.outputs[0]])
    return qonnx.expanded(node, qonnx.quantizer_of(node, graph.constants), dtype)


def sub_model(graph, nodes, inputs, outputs):
    """A model of some nodes of a graph.

    Parameters
    ----------
    graph : Graph.
    nodes : its nodes, in order.
    inputs, outputs : names of values that enter and leave.
    """
    def info(name):
        return helper.make_tensor_value_info(
            name, graph.types.get(name, TensorProto.FLOAT), graph.shapes.get(name))

    used = {name for node in nodes for name in node.inputs}
    initializers = [numpy_helper.from_array(np.asarray(graph.constants[name]), name)
                    for name in sorted(used & set(graph.constants))]
    protos = [proto for node in nodes for proto in _evaluated(node, graph)]
    made = helper.make_graph(protos, "host",
                             [info(name) for name in inputs], [info(name) for name in outputs],
                             initializers)
    domains = {node.domain for node in made.node}
    opsets = [opset for opset in graph.model.opset_import
              if opset.domain in ("", "ai.onnx") or opset.domain in domains]
    return helper.make_model(made, opset_imports=opsets,
                             ir_version=graph.model.ir_version, producer_name="flexdrive")
