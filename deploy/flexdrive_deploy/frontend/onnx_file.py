"""Files of networks, in every form that the onnx package writes, read and checked once."""

from pathlib import Path

import onnx
from onnx import numpy_helper

from ..door import PARSER_ERRORS, guarded, one_line
from ..errors import ModelError
from . import quantizers as qonnx

__all__ = ["load_model", "model_and_name", "parse_model"]


def _tensors(graph):
    """Every TensorProto of a graph and of its nodes, subgraphs included."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from _tensors(inner)


def _names(graph):
    for value in [*graph.input, *graph.output]:
        yield value.name
    for tensor in graph.initializer:
        yield tensor.name
    for node in graph.node:
        yield from [node.name, node.op_type, node.domain, *node.input, *node.output]
        yield from (attribute.name for attribute in node.attribute)


def _validate(model, path):
    """ModelError unless a model is what later steps take for granted: the onnx checker's rules,
    tensors that hold what they say, names that can be printed."""
    with guarded(path, "a valid ONNX model", ModelError):
        qonnx.declare_domains(model)
        onnx.checker.check_model(model)
    for name in _names(model.graph):
        # protobuf gives bytes for what is no UTF-8.
        if isinstance(name, bytes) or not name.isprintable():
            raise ModelError(f"{path} is not a valid ONNX model: the name {name!r} has characters "
                             "that cannot be printed")
    for tensor in _tensors(model.graph):
        try:
            if min(tensor.dims, default=0) < 0:
                raise ValueError(f"its shape {tuple(tensor.dims)} is negative")
            numpy_helper.to_array(tensor)
        except PARSER_ERRORS as error:
            raise ModelError(f"{path} is not a valid ONNX model: tensor {tensor.name} does not "
                             f"hold what it says ({one_line(error)})") from None


def load_model(path):
    """Read and check an ONNX file: binary, or by its suffix .json, .textproto and .onnxtxt.

    Raises
    ------
    ModelError
        says what is wrong with it, in one line.
    """
    with guarded(path, "an ONNX file, or a truncated one", ModelError):
        model = onnx.load(path)
    return _checked(model, path)


def parse_model(content, where):
    """Read and check the bytes of a binary ONNX file; ``where`` names them in errors, which are
    those of :func:`load_model`."""
    with guarded(where, "an ONNX file, or a truncated one", ModelError):
        model = onnx.ModelProto.FromString(content)
    return _checked(model, where)


def _checked(model, where):
    if not model.HasField("graph"):
        raise ModelError(f"{where} is not an ONNX file, or a truncated one: there is no graph")
    _validate(model, where)
    return model


def model_and_name(model):
    """(onnx.ModelProto, name) of a path, bytes or a model."""
    if isinstance(model, onnx.ModelProto):
        return parse_model(model.SerializeToString(), "the model"), model.graph.name or "network"
    if isinstance(model, (bytes, bytearray, memoryview)):
        parsed = parse_model(bytes(model), "the model")
        return parsed, parsed.graph.name or "network"
    try:
        path = Path(model)
    except TypeError:
        raise ModelError(f"model is {type(model).__name__}; expected the path of an ONNX file, its "
                         "bytes, or an onnx.ModelProto") from None
    return load_model(path), path.stem
