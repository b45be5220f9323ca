"""ONNX file -> a small graph with constants folded and every shape known, for one image."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper, inliner, numpy_helper, shape_inference

from ..door import guarded, one_line
from ..errors import ModelError
from . import quantizers as qonnx
from .batch_axis import graph_of_one_image
from .evaluator import named_apart
from .folding import constant_outputs, is_identity
from .kernels import IR_VERSION, protos
from .onnx_file import load_model
from .padding import absorb_padding
from .well_formed import check_nodes

__all__ = ["Graph", "Node", "build_graph", "load_graph", "load_model", "sub_model"]

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
# Constants up to this size may say something about shapes.
_TELLING = 4096
# Elements of a tensor; a map of 2048 x 1024 pixels and 512 channels has half as many.
_LARGEST = 1 << 31


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
    model : the ModelProto as it was given, local functions inlined; its batch is its own.
    folded : (name, operation, reason) of nodes that are gone: constants and identities.
    order : name of every node of the model -> its place there.
    kernels : name of a node -> what the host does with it; see :mod:`.kernels`.
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
    kernels: dict = field(default_factory=dict, repr=False)
    consumers: dict = field(init=False)

    def __post_init__(self):
        self.consumers = {}
        for node in self.nodes:
            for name in set(node.inputs):
                self.consumers.setdefault(name, []).append(node)


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


def _image_inputs(model, batch):
    """Copies of the inputs with ``batch`` as first dimension; others must be numbers already."""
    constants = {tensor.name for tensor in model.graph.initializer}
    found = []
    for value in model.graph.input:
        if value.name in constants:
            continue
        copy = onnx.ValueInfoProto()
        copy.CopyFrom(value)
        dimensions = copy.type.tensor_type.shape.dim
        if copy.type.tensor_type.elem_type not in FLOATS or len(dimensions) == 0:
            number = copy.type.tensor_type.elem_type
            kind = (TensorProto.DataType.Name(number) if number in TensorProto.DataType.values()
                    else f"of unknown type {number}")
            raise ModelError(f"Input {value.name} is {kind} with {len(dimensions)} axes; images "
                             "are floating-point tensors (N, C, H, W)")
        for axis, dimension in enumerate(dimensions):
            if axis == 0:
                dimension.dim_value = batch
            elif dimension.dim_value < 1:
                raise ModelError(
                    f"Input {value.name}: axis {axis} has no fixed size; the chip's program is "
                    "made for one size. Export the model with fixed height and width")
        found.append(copy)
    return found


def _named(model):
    """Nodes with unique names, as Node."""
    protos = model.graph.node
    names = named_apart(proto.name or f"{proto.op_type}_{index}"
                        for index, proto in enumerate(protos))
    return [Node(name, proto.op_type, "" if proto.domain == "ai.onnx" else proto.domain,
                 list(proto.input), list(proto.output),
                 {a.name: helper.get_attribute_value(a) for a in proto.attribute}, proto)
            for name, proto in zip(names, protos, strict=True)]


def _infer(graph, inputs):
    """Bring the types and shapes of a graph up to date.

    Large constants only have a shape here, so the cost does not depend on the weights."""
    names = {name for node in graph.nodes for name in node.inputs}
    read = (names | _captured(node.proto for node in graph.nodes)) & set(graph.constants)
    large = {name for name in read if graph.constants[name].size > _TELLING}
    model = helper.make_model(
        helper.make_graph(
            [node.proto for node in graph.nodes], "shapes",
            [*inputs, *(helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(graph.constants[name].dtype),
                graph.constants[name].shape) for name in sorted(large))],
            [helper.make_empty_tensor_value_info(name) for name in graph.outputs],
            [numpy_helper.from_array(graph.constants[name], name)
             for name in sorted(read - large)]),
        opset_imports=graph.model.opset_import, ir_version=IR_VERSION)
    try:
        made = shape_inference.infer_shapes(qonnx.transparent(model), strict_mode=True,
                                            data_prop=True).graph
    except (shape_inference.InferenceError, onnx.checker.ValidationError) as error:
        raise ModelError(f"The shapes of the model do not fit together: {one_line(error)}"
                         ) from None
    for value in [*made.input, *made.value_info, *made.output]:
        tensor = value.type.tensor_type
        if tensor.elem_type:
            graph.types[value.name] = tensor.elem_type
        if tensor.HasField("shape") and all(d.dim_value > 0 for d in tensor.shape.dim):
            shape = tuple(d.dim_value for d in tensor.shape.dim)
            if prod(shape) > _LARGEST:
                raise ModelError(f"Value {value.name} has shape {shape}; at most {_LARGEST} "
                                 "numbers are possible")
            graph.shapes[value.name] = shape


def _captured(nodes):
    """Names that subgraphs read."""
    inner = [subgraph for node in nodes for attribute in node.attribute
             for subgraph in [*attribute.graphs,
                              *([attribute.g] if attribute.HasField("g") else [])]]
    return {name for subgraph in inner for node in subgraph.node
            for name in [*node.input, *_captured([node])]} | {
                value.name for subgraph in inner for value in subgraph.output}


def _read_through(node, renamed):
    """Read through identities."""
    if not any(name in renamed for name in node.inputs):
        return
    node.inputs = [renamed.get(name, name) for name in node.inputs]
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    proto.input[:] = node.inputs
    node.proto = proto


def _set_constant(graph, name, value):
    graph.constants[name], graph.shapes[name] = value, value.shape
    graph.types[name] = helper.np_dtype_to_tensor_dtype(value.dtype)


def _fold(graph, kept, known):
    """Take constants and identities out of a graph once; whether there were any."""
    nodes, renamed = [], {}
    for node in graph.nodes:
        _read_through(node, renamed)
        values = constant_outputs(node, graph, known)
        if values is not None:
            graph.folded.append((node.name, node.operation, "constant, computed at import"))
            for name, value in zip(node.outputs, values, strict=True):
                if name:
                    _set_constant(graph, name, value)
        elif is_identity(node, graph.constants) and node.outputs[0] not in kept:
            graph.folded.append((node.name, node.operation, "changes nothing at inference"))
            renamed[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    changed = len(nodes) < len(graph.nodes)
    graph.nodes = nodes
    return changed


def _used(nodes, outputs, folded):
    """Nodes that the outputs depend on; the others go to ``folded``."""
    needed, used = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs, _captured([node.proto]))
            used.insert(0, node)
        else:
            folded.append((node.name, node.operation, "nothing reads its result"))
    return used


def build_graph(model, batch, constants, known):
    """The Graph of a model for a number of images at once.

    Parameters
    ----------
    model : onnx.ModelProto without local functions.
    batch : first dimension of the inputs.
    constants : name -> array of the initializers.
    known : folded nodes of an earlier call for the same model, or an empty dict; filled.

    Raises
    ------
    ModelError
        when an input has no fixed size, shapes do not fit together, or an output is constant.
    """
    inputs = _image_inputs(model, batch)
    named = _named(model)
    outputs = [value.name for value in model.graph.output]
    graph = Graph(named, {}, {}, {}, [value.name for value in inputs], outputs, model, [],
                  {node.name: place for place, node in enumerate(named)})
    for name, array in constants.items():
        _set_constant(graph, name, array)
    kept = set(outputs) | _captured(model.graph.node)
    # A constant that was folded may give shapes, and a shape may be the next constant.
    _infer(graph, inputs)
    while _fold(graph, kept, known):
        for name in outputs:
            if name in graph.constants:
                raise ModelError(f"Output {name} of the model is a constant")
        _infer(graph, inputs)
    check_nodes(graph)
    nodes = absorb_padding(_used(graph.nodes, outputs, graph.folded), graph)
    return Graph(nodes, graph.constants, graph.types, graph.shapes, graph.inputs, outputs, model,
                 graph.folded, graph.order, graph.kernels)


def load_graph(model):
    """Make the graph of a model for one image.

    Parameters
    ----------
    model : onnx.ModelProto; the first axis of its inputs is the batch.

    Raises
    ------
    ModelError
        when an input has no fixed size, shapes do not fit together, or the network does not
        compute each image of a batch by itself.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    qonnx.declare_domains(copy)
    if copy.functions:
        with guarded("A local function of the model", "one that can be inlined", ModelError):
            copy = inliner.inline_local_functions(copy)
    _refuse_missing_weights(copy)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in copy.graph.initializer}
    values = [value for value in copy.graph.input if value.name not in constants]
    declared = values[0].type.tensor_type.shape.dim if values else []
    known = {}
    return graph_of_one_image(lambda batch: build_graph(copy, batch, constants, known),
                              max(declared[0].dim_value, 0) if declared else 1)


def _evaluated(node, graph):
    """NodeProtos that compute a node with operators of ONNX."""
    if not qonnx.is_quantizer(node.proto):
        return protos(node, graph)
    dtype = helper.tensor_dtype_to_np_dtype(graph.types[node.outputs[0]])
    return qonnx.expanded(node, qonnx.quantizer_of(node, graph.constants), dtype)


def sub_model(graph, nodes, inputs, outputs):
    """A model of some nodes of a graph.

    Parameters
    ----------
    graph : Graph.
    nodes : its nodes, in order.
    inputs, outputs : names of values that enter and leave.

    Raises
    ------
    ModelError
        when the type or shape of one of them is not known.
    """
    def info(name):
        if name not in graph.types or name not in graph.shapes:
            raise ModelError(f"Value {name} goes between chip and host, and its shape depends on "
                             "the image. What would pass: operators whose results have fixed "
                             "shapes")
        return helper.make_tensor_value_info(name, graph.types[name], graph.shapes[name])

    used = {name for node in nodes for name in node.inputs}
    initializers = [numpy_helper.from_array(np.asarray(graph.constants[name]), name)
                    for name in sorted(used & set(graph.constants))]
    made = helper.make_graph([proto for node in nodes for proto in _evaluated(node, graph)],
                             "host", [info(name) for name in inputs],
                             [info(name) for name in outputs], initializers)
    domains = {node.domain for node in made.node}
    opsets = [opset for opset in graph.model.opset_import
              if opset.domain in ("", "ai.onnx") or opset.domain in domains]
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION,
                             producer_name="flexdrive")
