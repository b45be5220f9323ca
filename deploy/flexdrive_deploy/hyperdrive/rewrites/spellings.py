"""One operation for what has several names, and nothing for what does nothing."""

import numpy as np

from ...frontend import quantizers as qonnx
from ..index_rules import opset_of

__all__ = ["PASSES"]

_BIPOLAR = "qonnx.custom_op.general"


def _does_nothing(editor, node):
    """Whether a node hands its first input on as it is."""
    source, target = editor.shape(node.inputs[0]), editor.shape(node.outputs[0])
    if node.operation in ("Concat", "Sum", "Max", "Min", "Mean"):
        return len(node.inputs) == 1
    if node.operation == "Pad":
        # Of nothing on either side, or as much cut off as added, which the shape does not tell.
        amounts = editor.constant(node.inputs[1]) if len(node.inputs) > 1 else np.array(
            node.attributes.get("pads", ()))
        return amounts is not None and not np.any(amounts)
    if node.operation == "Slice":
        # As long as before, and no step backwards.
        steps = editor.constant(node.inputs[4]) if len(node.inputs) > 4 else np.ones(1)
        return source == target != () and steps is not None and bool((np.asarray(steps) > 0).all())
    return node.operation in ("Expand", "Split") and source == target != () \
        and len(node.outputs) == 1


def nothing(editor, node):
    """Pad of nothing, Concat, Sum, Max of one value, Slice, Split and Expand to the same size."""
    return (not node.domain and node.inputs[:1] != [""] and _does_nothing(editor, node)
            and editor.forward(node, node.inputs[0], "changes nothing"))


def _negated(editor, node, name, result=None):
    return editor.node(node, "Mul", [name, editor.store([-1.0], node.outputs[0])],
                       editor.shape(name), result=result)


def negation(editor, node):
    """Neg -> Mul by -1; c - x and x - y -> the addition of what was multiplied by -1. Exact: a sign
    changes no rounding."""
    if node.domain or node.operation not in ("Neg", "Sub"):
        return False
    if editor.shape(node.outputs[0]) == ():
        return False
    if node.operation == "Neg":
        return editor.replace(node, [_negated(editor, node, node.inputs[0], node.outputs[0])],
                              "negation")
    first, second = node.inputs
    if editor.constant(second) is not None or not editor.is_map(second):
        return False
    minus = _negated(editor, node, second)
    both = [minus.outputs[0], first] if editor.constant(first) is not None else [
        first, minus.outputs[0]]
    return editor.replace(node, [minus, editor.node(
        node, "Add", both, editor.shape(node.outputs[0]), result=node.outputs[0])], "negation")


def double(editor, node):
    """x + x -> 2 x, which is exact in binary arithmetic."""
    if node.domain or node.operation != "Add" or node.inputs[0] != node.inputs[1]:
        return False
    two = editor.store([2.0], node.outputs[0])
    return editor.replace(node, [editor.node(node, "Mul", [node.inputs[0], two], editor.shape(
        node.outputs[0]), result=node.outputs[0])], "addition to itself")


def sums(editor, node):
    """Sum of several values -> an addition after the other, in the same order."""
    if node.domain or node.operation != "Sum" or len(node.inputs) < 3:
        return False
    shape = editor.shape(node.outputs[0])
    if shape == () or any(editor.shape(name) != shape for name in node.inputs):
        return False
    made, total = [], node.inputs[0]
    for name in node.inputs[1:]:
        made.append(editor.node(node, "Add", [total, name], shape, result=(
            node.outputs[0] if name is node.inputs[-1] and len(made) == len(node.inputs) - 2
            else None)))
        total = made[-1].outputs[0]
    return editor.replace(node, made, "sum of several")


def two_summands(editor, node):
    """Sum of two values -> Add."""
    if node.domain or node.operation != "Sum" or len(node.inputs) != 2:
        return False
    return editor.replace(node, [editor.node(node, "Add", node.inputs, editor.shape(
        node.outputs[0]), result=node.outputs[0])], "sum of two")


def _not_negative(editor, name):
    """Whether a value is what a ReLU, or a Clip from 0 on, makes."""
    maker = editor.maker(name, "Relu", "Clip")
    if maker is None or maker.operation == "Relu":
        return maker is not None
    least = (maker.attributes.get("min") if opset_of(editor.graph) < 11 else
             editor.constant(maker.inputs[1]) if len(maker.inputs) > 1 else None)
    return least is not None and bool(np.all(np.asarray(least) >= 0))


def second_relu(editor, node):
    """ReLU of what is never negative -> nothing."""
    return (not node.domain and node.operation == "Relu" and _not_negative(editor, node.inputs[0])
            and editor.forward(node, node.inputs[0], "second ReLU"))


# Comparison with 0 -> whether it is true of numbers above 0, whether of 0 itself.
_TESTS = {"GreaterOrEqual": (True, True), "Greater": (True, False), "Less": (False, False),
          "LessOrEqual": (False, True)}


def _one(editor, name):
    """The number that a constant is everywhere, else None."""
    values = editor.constant(name)
    values = () if values is None else np.unique(values)
    return float(values[0]) if len(values) == 1 else None


def sign(editor, node):
    """Where(x >= 0, a, -a), and with any other comparison with 0 -> BipolarQuant of scale 1, which
    makes 0 to +1, times a; where 0 counts as negative, of -x and times -a. What a NaN chooses is
    not kept. ONNX's Sign, which makes 0 of 0, stays."""
    test = None if node.domain or node.operation != "Where" else editor.maker(
        node.inputs[0], *_TESTS)
    if test is None or _one(editor, test.inputs[1]) != 0 or (
            editor.shape(test.inputs[0]) != editor.shape(node.outputs[0])):
        return False
    above, of_zero = _TESTS[test.operation]
    first, second = (_one(editor, name) for name in node.inputs[1:])
    if first is None or second is None or first != -second or not np.isfinite(first):
        return False
    factor, shape, made = first if above else second, editor.shape(node.outputs[0]), []

    def then(operation, name, value, domain=None):
        made.append(editor.node(node, operation, [name, editor.store(value, node.outputs[0])],
                                shape, domain=domain or ""))
        return made[-1].outputs[0]

    positive = above == of_zero         # 0 counts as one of the numbers above it
    name = test.inputs[0] if positive else then("Mul", test.inputs[0], [-1.0])
    name = then("BipolarQuant", name, np.float32(1), _BIPOLAR)
    if not qonnx.is_quantizer(made[-1].proto):
        return False
    factor = factor if positive else -factor
    if factor != 1:
        then("Mul", name, [factor])
    made[-1] = editor.again(made[-1], made[-1].inputs, shape, result=node.outputs[0])
    return editor.replace(node, made, "sign")


PASSES = {"nothing": nothing, "negation": negation, "addition to itself": double,
          "sum of several": sums, "sum of two": two_summands, "second ReLU": second_relu,
          "sign": sign}
