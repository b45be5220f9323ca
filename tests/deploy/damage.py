"""Damage to ONNX files, one place at a time, of the kinds that bad disks and bad tools make."""

import onnx
from onnx import AttributeProto

__all__ = ["damaged"]


def _pick(model, rng):
    """(tensor, node, attribute, value) of a model; None where there is none."""
    graph = model.graph
    node = rng.choice(graph.node) if graph.node else None
    attribute = rng.choice(node.attribute) if node is not None and node.attribute else None
    tensor = rng.choice(graph.initializer) if graph.initializer else None
    return tensor, node, attribute, rng.choice([*graph.input, *graph.output])


def _tensor(tensor, rng):
    kind = rng.choice(["size", "dims", "empty", "type", "data", "name", "negative"])
    if kind == "size":
        tensor.dims.append(rng.choice([2, 3, 1 << 40]))
    elif kind == "dims" and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([0, 1, 5, 1 << 33])
    elif kind == "negative" and tensor.dims:
        tensor.dims[0] = -tensor.dims[0]
    elif kind == "empty":
        tensor.dims[:] = [0, *tensor.dims[1:]]
        tensor.raw_data = b""
    elif kind == "type":
        tensor.data_type = rng.choice([0, 2, 7, 8, 9, 10, 11, 16, 99])
    elif kind == "data":
        tensor.raw_data = tensor.raw_data[:rng.randrange(len(tensor.raw_data) + 1)]
    else:
        tensor.name += rng.choice(["\n", "'", "\u001b[31m"])


def _attribute(attribute, rng):
    if attribute.type == AttributeProto.INTS:
        values = list(attribute.ints)
        attribute.ints[:] = rng.choice([
            values[:-1], [*values, 1], [], [0] * len(values), [-1] * len(values),
            [1 << 40] * len(values), values[::-1]])
    elif attribute.type == AttributeProto.INT:
        attribute.i = rng.choice([0, -1, 3, 99, 1 << 40])
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = rng.choice([float("nan"), float("inf"), -1.0, 1e30])
    elif attribute.type == AttributeProto.STRING:
        attribute.s = rng.choice([b"", b"\xff\xfe", b"NONSENSE", b"\x00"])
    elif attribute.type == AttributeProto.TENSOR:
        _tensor(attribute.t, rng)
    if rng.random() < 0.2:
        attribute.type = rng.choice([0, 1, 2, 3, 4, 5, 7, 8])


def _node(node, rng):
    kind = rng.choice(["operation", "domain", "input", "output", "drop", "more", "name"])
    if kind == "operation":
        node.op_type = rng.choice(["Conv", "Relu", "Add", "Nonsense", "", "Reshape", "Resize",
                                   "If", "MaxPool", "Concat", "BatchNormalization", "Sign"])
    elif kind == "domain":
        node.domain = rng.choice(["ai.onnx", "com.microsoft", "nowhere", "onnx.brevitas"])
    elif kind == "input" and node.input:
        other = rng.choice(["", "x", "nothing", *node.output[:1]])
        node.input[rng.randrange(len(node.input))] = other
    elif kind == "output" and node.output:
        node.output[0] = rng.choice(["", "x", "y"])
    elif kind == "drop" and node.input:
        del node.input[-1]
    elif kind == "more":
        node.input.append(node.input[0] if node.input else "x")
    else:
        node.name = rng.choice(["", "a", "\x00", "\u202e", "[red]"])


def _value(value, rng):
    dimensions = value.type.tensor_type.shape.dim
    if dimensions and rng.random() < 0.6:
        rng.choice(dimensions).dim_value = rng.choice([0, -1, 1, 2, 7, 1 << 40])
    else:
        value.type.tensor_type.elem_type = rng.choice([0, 1, 7, 8, 10, 11, 16, 99])


def damaged(content, rng):
    """(damaged copy of an ONNX file, what was damaged)."""
    model = onnx.ModelProto.FromString(content)
    tensor, node, attribute, value = _pick(model, rng)
    what = rng.choice(["tensor", "attribute", "node", "value", "opset", "bytes", "cut"])
    if what == "tensor" and tensor is not None:
        _tensor(tensor, rng)
    elif what == "attribute" and attribute is not None:
        _attribute(attribute, rng)
    elif what == "node" and node is not None:
        _node(node, rng)
    elif what == "value":
        _value(value, rng)
    elif what == "opset" and model.opset_import:
        model.opset_import[0].version = rng.choice([0, 1, 6, 7, 9, 11, 22, 99, 1 << 40])
    elif what == "cut":
        return content[:rng.randrange(len(content))], what
    else:
        spoiled = bytearray(content)
        for _ in range(rng.randrange(1, 5)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        return bytes(spoiled), "bytes"
    return model.SerializeToString(), what
