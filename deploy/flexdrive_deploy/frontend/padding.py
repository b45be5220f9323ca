"""Pad of zeros before convolutions (torch's ZeroPad2d), taken into their own padding."""

import numpy as np
import onnx
from onnx import helper

__all__ = ["absorb_padding"]


def _zeros(node, graph):
    """(before, after) of each axis of a Pad of zeros, or None."""
    attributes = node.attributes
    if attributes.get("mode", b"constant") != b"constant":
        return None
    given = node.inputs[1:] + [""] * 3
    if any(name and name not in graph.constants for name in given):
        return None
    pads = graph.constants[given[0]] if given[0] else np.array(attributes.get("pads", ()))
    value = graph.constants[given[1]] if given[1] else attributes.get("value", 0.0)
    rank = len(graph.shapes.get(node.inputs[0], ()))
    axes = graph.constants[given[2]] if given[2] else np.arange(rank)
    if rank < 3 or np.any(value) or pads.size != 2 * axes.size or np.any(pads < 0):
        return None
    sizes = np.zeros((2, rank), np.int64)
    for side, part in enumerate(np.reshape(pads, (2, -1))):
        sizes[side, np.asarray(axes).ravel()] = part
    return None if sizes[:, :2].any() else sizes[:, 2:]


def _with_padding(node, sizes, source):
    """Pad a Conv by more pixels, reading ``source``."""
    own = np.reshape(node.attributes.get("pads", [0] * sizes.size), (2, -1))
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    kept = [a for a in node.proto.attribute if a.name not in ("pads", "auto_pad")]
    del proto.attribute[:]
    proto.attribute.extend([*kept, helper.make_attribute("pads", (own + sizes).ravel().tolist())])
    node.inputs = [source, *node.inputs[1:]]
    proto.input[:] = node.inputs
    node.proto = proto
    node.attributes = {a.name: helper.get_attribute_value(a) for a in proto.attribute}


def absorb_padding(nodes, graph):
    """The nodes without each Pad of zeros that only convolutions read: they pad by themselves."""
    left = []
    for node in nodes:
        readers = [other for other in nodes if node.outputs[0] in other.inputs]
        sizes = None
        if node.operation == "Pad" and not node.domain and node.outputs[0] not in graph.outputs:
            sizes = _zeros(node, graph)
        if sizes is None or not all(
                other.operation == "Conv" and not other.domain
                and node.outputs[0] not in other.inputs[1:]
                and other.attributes.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
                for other in readers):
            left.append(node)
            continue
        for other in readers:
            _with_padding(other, sizes, node.inputs[0])
        names = ", ".join(other.name for other in readers)
        graph.folded.append((node.name, "Pad", f"zeros, part of the padding of {names}"))
    return left
