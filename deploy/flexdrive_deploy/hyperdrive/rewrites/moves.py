"""Reshape, Flatten, Squeeze, Unsqueeze and Transpose: nodes that compute nothing.

Where one follows another their moves are one; what computes value by value changes places with
them, so that they come together. Values stay the same, bit for bit.
"""

from math import prod

import numpy as np

from .elementwise import pointwise, rebuilt

__all__ = ["PASSES", "groups_of", "in_order", "is_move", "places_of", "trail_of"]

_RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
# Larger moves are left alone: their places would take too much memory.
_LARGEST = 1 << 24


def is_move(editor, node):
    """Whether a node only moves the values of one input, both shapes known."""
    return (node is not None and not node.domain and node.operation in (*_RESHAPES, "Transpose")
            and 0 < prod(editor.shape(node.outputs[0]), start=1) <= _LARGEST
            and editor.shape(node.inputs[0]) != () != editor.shape(node.outputs[0]))


def _moved(editor, node, values):
    """What a move makes of an array of the shape of its input."""
    if node.operation in _RESHAPES:
        return values.reshape(editor.shape(node.outputs[0]))
    return values.transpose(node.attributes.get("perm", list(range(values.ndim))[::-1]))


def trail_of(editor, node):
    """Moves that end with ``node``, first one first."""
    trail = [node]
    while is_move(editor, before := editor.maker(trail[0].inputs[0])):
        trail.insert(0, before)
    return trail


def places_of(editor, trail):
    """Which value of the source of some moves lies where in the end: int array of that shape."""
    places = np.arange(prod(editor.shape(trail[0].inputs[0]))).reshape(
        editor.shape(trail[0].inputs[0]))
    for node in trail:
        places = _moved(editor, node, places)
    return places


def groups_of(order):
    """Groups g such that channel g*K + j goes to j*groups + g, or None of another order; ``order``:
    the channel that each channel of the result is."""
    for groups in range(2, len(order)):
        if len(order) % groups == 0 and np.array_equal(
                order, np.arange(len(order)).reshape(groups, -1).T.ravel()):
            return groups
    return None


def in_order(editor, node, source, order, result):
    """Nodes that bring the channels of a map into another order: the form of a channel shuffle
    that the chip's patterns know, else a Gather."""
    shape = editor.shape(source)
    groups = groups_of(order)
    if groups is None:
        return [editor.node(node, "Gather", [source, editor.store(order, np.int64)], shape, axis=1,
                            result=result)]
    split = (1, groups, shape[1] // groups, *shape[2:])
    first = editor.reshaped(node, source, split)
    turned = editor.node(node, "Transpose", first.outputs, (
        split[0], split[2], split[1], *split[3:]), perm=[0, 2, 1, 3, 4])
    return [first, turned, editor.reshaped(node, turned.outputs[0], shape, result)]


def _ends(editor, node):
    """Whether no move follows that would take this one in."""
    return not (editor.alone(node.outputs[0]) and is_move(
        editor, editor.readers(node.outputs[0])[0]))


def join(editor, node):
    """Moves one behind the other -> nothing, a Reshape, a channel shuffle, a Gather of channels or
    a Transpose, if that is what they are together."""
    if not is_move(editor, node) or not _ends(editor, node):
        return False
    trail = trail_of(editor, node)
    source, target = editor.shape(trail[0].inputs[0]), editor.shape(node.outputs[0])
    places = places_of(editor, trail)
    name = trail[0].inputs[0]
    if np.array_equal(places.ravel(), np.arange(places.size)):
        if source == target:
            return editor.forward(node, name, "moves joined")
        if len(trail) == 1:
            return False
        return editor.replace(node, [editor.reshaped(node, name, target, node.outputs[0])],
                              "moves joined")
    if source != target or not editor.is_map(name):
        return False
    order = places[0, :, 0, 0] // prod(source[2:])
    if not np.array_equal(places, np.arange(places.size).reshape(source)[:, order]):
        return False
    if [n.operation for n in trail] == ["Reshape", "Transpose", "Reshape"] and (
            list(trail[1].attributes.get("perm", ())) == [0, 2, 1, 3, 4]):
        return False        # in its form already
    return editor.replace(node, in_order(editor, node, name, order, node.outputs[0]),
                          "channel shuffle")


def sink(editor, node):
    """What computes value by value, behind moves of a map -> in front of them."""
    found = pointwise(editor, node)
    if found is None:
        return False
    ends = [editor.maker(name) for name in found.maps]
    if not all(is_move(editor, end) for end in ends):
        return False
    trails = [trail_of(editor, end) for end in ends]
    names = [trail[0].inputs[0] for trail in trails]
    source = editor.shape(names[0])
    if not editor.is_map(names[0]) or any(
            editor.maker(name) is None or editor.shape(name) != source for name in names):
        return False        # the network's input is none of the chip's
    places = places_of(editor, trails[0])
    if any(not np.array_equal(places_of(editor, trail), places) for trail in trails[1:]):
        return False
    back = np.argsort(places.ravel())
    step = rebuilt(editor, found, dict(zip(found.maps, names, strict=True)),
                   lambda values: values.ravel()[back].reshape(source), source)
    if step is None:
        return False
    made = [step]
    for move in trails[0]:
        made.append(editor.again(
            move, [made[-1].outputs[0], *move.inputs[1:]], editor.shape(move.outputs[0]),
            result=node.outputs[0] if move is ends[0] else None))
    return editor.replace(node, made, "moves sink")


PASSES = {"moves joined": join, "moves sink": sink}
