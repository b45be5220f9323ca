"""Which nodes the host computes: those that onnxruntime does, asked node by node.

There is no list of operations. A node is put into a model of its own, with the types and shapes
that it has in the network; if onnxruntime makes a session of it, the host has it. Where it has
the operation, but not in double precision or bfloat16 (Conv, for one), the node is computed in
float32 between two Casts, and that is said.

Not computed, though onnxruntime might: what makes random numbers, what has subgraphs, what is no
operator of ONNX (code of others), and values that are no tensors.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..errors import ModelError
from .evaluator import Evaluator

__all__ = ["DOMAINS", "IR_VERSION", "Kernel", "kernel", "opset_of", "protos", "single"]

# Of models written here: initializers that are no inputs need 4, the newest types 11.
IR_VERSION = 11
DOMAINS = ("", "ai.onnx.ml")
# Types that onnxruntime has for some operations only.
_NARROWED = (TensorProto.DOUBLE, TensorProto.BFLOAT16)
# Larger constants are inputs of the trial: what decides about a kernel (scales, axes) is smaller.
_SMALL = 4096
# The oldest opset that onnxruntime promises to compute.
_OLDEST, _NEWER = 7, "opset 7 or newer"


@dataclass(frozen=True)
class Kernel:
    """What the host does with a node.

    Attributes
    ----------
    refusal : why it cannot, or "".
    rewrite : what would pass then.
    narrowed : name of the type in whose place it computes in float32, or "".
    """

    refusal: str = ""
    rewrite: str = ""
    narrowed: str = ""


def opset_of(model, domain=""):
    """Version of a domain's operators in a model."""
    names = ("", "ai.onnx") if domain == "" else (domain,)
    return max((opset.version for opset in model.opset_import if opset.domain in names), default=1)


def _narrow(node, types):
    """NodeProtos that compute a node in float32 where it has a type of ``_NARROWED``."""
    made, proto = [], onnx.NodeProto()
    proto.CopyFrom(node.proto)
    for index, name in enumerate(node.inputs):
        if types.get(name) in _NARROWED:
            narrow = f"{node.name}/{index}/float32"
            made.append(helper.make_node("Cast", [name], [narrow], narrow, to=TensorProto.FLOAT))
            proto.input[index] = narrow
    made.append(proto)
    for index, name in enumerate(node.outputs):
        if types.get(name) in _NARROWED:
            narrow = f"{node.name}/out{index}/float32"
            proto.output[index] = narrow
            made.append(helper.make_node("Cast", [narrow], [name], narrow, to=types[name]))
    return made


def protos(node, graph):
    """NodeProtos that compute a node of the host."""
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    proto.name = node.name      # unique, unlike the model's
    return _narrow(node, graph.types) if kernel(node, graph).narrowed else [proto]


def single(node, graph, made, *, shapes=None):
    """A model of one node.

    Parameters
    ----------
    node, graph : of onnx_graph.
    made : NodeProtos that compute it.
    shapes : name -> shape, or None for those of the graph.

    Returns
    -------
    (onnx.ModelProto, constants that are inputs of it: name -> array).
    """
    shapes = graph.shapes if shapes is None else shapes
    fed = {}

    def info(name):
        return helper.make_tensor_value_info(name, graph.types[name], shapes.get(name))

    names = [name for name in dict.fromkeys(node.inputs) if name]
    inside = []
    for name in names:
        if name in graph.constants:
            array = np.asarray(graph.constants[name])
            if array.size <= _SMALL:
                inside.append(numpy_helper.from_array(array, name))
            else:
                fed[name] = array
    within = {tensor.name for tensor in inside}
    model = helper.make_model(
        helper.make_graph(made, "node", [info(name) for name in names if name not in within],
                          [helper.make_tensor_value_info(name, graph.types[name], None)
                           for name in node.outputs if name], inside),
        opset_imports=[helper.make_opsetid(domain, opset_of(graph.model, domain))
                       for domain in {"", node.domain}], ir_version=IR_VERSION)
    return model, fed


def _out_of_the_question(node, graph):
    """Kernel of a node that is not asked for, else None."""
    what = f"{node.domain}.{node.operation}" if node.domain else node.operation
    if node.domain not in DOMAINS:
        return Kernel(f"{what} is no operator of ONNX, so neither the chip nor the host knows it",
                      "the operators of ONNX that it stands for")
    if any(attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS)
           for attribute in node.proto.attribute):
        return Kernel(f"{what} decides at run time which nodes are computed",
                      "the nodes of the branch that is taken, or of all rounds, written out")
    version = opset_of(graph.model, node.domain)
    schema = onnx.defs.get_schema(node.operation, version, node.domain)
    random = schema.node_determinism == onnx.defs.OpSchema.NodeDeterminism.NonDeterministic
    # Dropout is random in training only; a mode that is no constant may be either.
    if random and (node.operation != "Dropout" or (len(node.inputs) > 2 and node.inputs[2] and (
            np.any(graph.constants.get(node.inputs[2], True))))):
        return Kernel(f"{what} makes random numbers; results would differ from run to run",
                      "the network as exported for inference")
    for name in [*node.inputs, *node.outputs]:
        if name and not graph.types.get(name):
            return Kernel(f"{what}: {name} is no tensor, or one of unknown type",
                          "operators on tensors" if version >= _OLDEST else _NEWER)
    return None


def _asked(node, graph):
    try:
        Evaluator(single(node, graph, [node.proto])[0])
    except ModelError as error:
        refusal = str(error)
    else:
        return Kernel()
    kinds = {graph.types[name] for name in [*node.inputs, *node.outputs] if name}
    narrowed = [TensorProto.DataType.Name(kind).lower() for kind in _NARROWED if kind in kinds]
    if narrowed:
        try:
            Evaluator(single(node, graph, _narrow(node, graph.types))[0])
            return Kernel(narrowed=narrowed[0])
        except ModelError:
            pass        # the refusal of the node as it stands says more
    version = opset_of(graph.model, node.domain)
    return Kernel(f"onnxruntime does not compute {node.operation} as it stands (opset {version}): "
                  f"{refusal}",
                  _NEWER if version < _OLDEST and not node.domain else
                  "another operator, or compute it outside")


def kernel(node, graph):
    """The :class:`Kernel` of a node of an ``onnx_graph.Graph``; asked once."""
    if node.name not in graph.kernels:
        graph.kernels[node.name] = _out_of_the_question(node, graph) or _asked(node, graph)
    return graph.kernels[node.name]
