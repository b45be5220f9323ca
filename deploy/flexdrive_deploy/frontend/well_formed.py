"""Rules for the nodes that the import interprets itself, where the checker and the inference of
shapes of the onnx package let damage pass."""

from ..errors import ModelError

__all__ = ["check_nodes"]

_WINDOWS = ("Conv", "MaxPool", "AveragePool")
_AUTO_PAD = (b"NOTSET", b"VALID", b"SAME_UPPER", b"SAME_LOWER")


def _window(node, graph, axes):
    """What is wrong with the attributes of a window over ``axes`` axes, or None."""
    attributes = node.attributes
    for name, length, least in (("kernel_shape", axes, 1), ("strides", axes, 1),
                                ("dilations", axes, 1), ("pads", 2 * axes, None)):
        values = attributes.get(name)
        if values is not None and len(values) != length:
            return f"{name} has {len(values)} numbers; {length} are expected for {axes} axes"
        if values and least is not None and min(values) < least:
            return f"{name} = {list(values)}; at least {least} is possible"
    if attributes.get("auto_pad", b"NOTSET") not in _AUTO_PAD:
        return (f"auto_pad = {attributes['auto_pad']!r} is not known; there are "
                + ", ".join(way.decode() for way in _AUTO_PAD))
    if node.operation != "Conv" and "kernel_shape" not in attributes:
        return "kernel_shape is missing"
    return None


def _conv(node, graph, source):
    """What is wrong with a Conv's weights and bias, or None."""
    weights, group = graph.shapes.get(node.inputs[1]), node.attributes.get("group", 1)
    if group < 1:
        return f"group = {group}; at least 1 is possible"
    if weights is None:
        return None
    kernel = node.attributes.get("kernel_shape", weights[2:])
    if len(weights) != len(source) or tuple(kernel) != weights[2:] or 0 in weights:
        return (f"weights have shape {weights}; (c_out, c_in / group, ...) with a kernel of "
                f"{tuple(kernel)} is expected for an input of shape {source}")
    if weights[1] * group != source[1] or weights[0] % group:
        return (f"weights of shape {weights} in {group} groups do not fit the {source[1]} "
                "channels of its input")
    if graph.types.get(node.inputs[1]) != graph.types.get(node.inputs[0]):
        return "weights and input have different types"
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = graph.shapes.get(node.inputs[2], (weights[0],))
        if bias != (weights[0],):
            return f"bias has shape {bias}; {(weights[0],)} is expected"
    return None


def _batch_norm(node, graph, source):
    """What is wrong with the parameters of a BatchNormalization, or None."""
    wanted = source[1:] if not node.attributes.get("spatial", 1) else source[1:2]
    for name in node.inputs[1:5]:
        shape = graph.shapes.get(name, wanted)
        if shape != wanted:
            return f"parameter {name} has shape {shape}; {wanted} is expected"
    return None


def check_nodes(graph):
    """ModelError for the first malformed node of an ``onnx_graph.Graph``: the node, the attribute
    or input, and what is expected."""
    for node in graph.nodes:
        if node.domain or node.operation not in (*_WINDOWS, "BatchNormalization"):
            continue
        source = graph.shapes.get(node.inputs[0])
        if source is None:
            continue
        wrong = None
        if len(source) < (3 if node.operation in _WINDOWS else 2):
            wrong = f"its input has shape {source}; (N, C, ...) is expected"
        elif node.operation == "BatchNormalization":
            wrong = _batch_norm(node, graph, source)
        else:
            wrong = _window(node, graph, len(source) - 2)
            if wrong is None and node.operation == "Conv":
                wrong = _conv(node, graph, source)
        if wrong is not None:
            raise ModelError(f"Node {node.name} ({node.operation}): {wrong}")
