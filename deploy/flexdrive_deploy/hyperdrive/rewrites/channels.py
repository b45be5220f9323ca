"""Split, Slice and Gather of channels: the layers that make them make no others.

A choice of channels moves up to the convolution that makes the map, whose output channels do not
depend on each other: the layer is written once for each choice, with the weights of these channels.
What is chosen twice is computed twice, which costs less than the map's way to the host and back.
"""

import numpy as np

from .elementwise import pointwise, rebuilt
from .moves import groups_of, in_order, is_move, places_of, trail_of

__all__ = ["PASSES"]

_PER_CHANNEL = ("MaxPool", "AveragePool", "GlobalAveragePool", "Upsample", "Resize")


def _list(editor, node, index, attribute, default=None):
    """Numbers that a node has as an input, or as an attribute; None when they are computed."""
    if len(node.inputs) > index and node.inputs[index]:
        values = editor.constant(node.inputs[index])
        return None if values is None else [int(value) for value in np.ravel(values)]
    values = node.attributes.get(attribute, default)
    return None if values is None else [int(value) for value in np.ravel(values)]


def _chosen(editor, node):
    """Channels of the map that a node chooses, an int array for each of its results; or None."""
    count = editor.shape(node.inputs[0])[1]
    channels = np.arange(count)
    if node.operation == "Gather":
        order = editor.constant(node.inputs[1])
        if node.attributes.get("axis", 0) not in (1, -3) or order is None or order.ndim != 1:
            return None
        return [channels[np.asarray(order, np.int64)]]
    if node.operation == "Split":
        if node.attributes.get("axis", 0) not in (1, -3):
            return None
        sizes = [editor.shape(name)[1] for name in node.outputs if editor.is_map(name)]
        if len(sizes) != len(node.outputs) or sum(sizes) != count:
            return None
        return np.split(channels, np.cumsum(sizes)[:-1])
    first, stop = _list(editor, node, 1, "starts"), _list(editor, node, 2, "ends")
    if first is None or stop is None:
        return None
    axes = _list(editor, node, 3, "axes", list(range(len(first))))
    steps = _list(editor, node, 4, "steps", [1] * len(first))
    if axes is None or steps is None or [axis % 4 for axis in axes] != [1]:
        return None
    return [channels[slice(first[0], stop[0] if abs(stop[0]) < 1 << 31 else (
        None if (stop[0] > 0) == (steps[0] > 0) else stop[0]), steps[0])]]


class _Chooser:
    """Makes the nodes that make chosen channels of a value, or finds that it cannot.

    Attributes
    ----------
    made : new nodes, in order.
    """

    def __init__(self, editor, origin):
        self._editor, self._origin, self.made, self._known = editor, origin, [], {}

    def choose(self, name, order):
        """Name of the value with channels ``order`` of the map ``name``; None when no convolution
        makes it."""
        key = name, order.tobytes()
        if key not in self._known:
            whole = np.array_equal(order, np.arange(self._editor.shape(name)[1]))
            self._known[key] = name if whole else self._made(name, order)
        return self._known[key]

    def _add(self, node):
        if node is None:
            return None
        self.made.append(node)
        return node.outputs[0]

    def _made(self, name, order):
        editor, node = self._editor, self._editor.maker(name)
        if node is None or node.domain or not editor.is_map(name) or not len(order):
            return None
        shape = (1, len(order), *editor.shape(name)[2:])
        if node.operation == "Conv":
            return self._convolution(node, order, shape)
        if node.operation == "Concat":
            return self._concat(node, order, shape)
        if node.operation in ("Split", "Slice", "Gather"):
            chosen = editor.is_map(node.inputs[0]) and _chosen(editor, node)
            return self.choose(node.inputs[0], chosen[node.outputs.index(name)][order]) \
                if chosen else None
        if is_move(editor, node):
            return self._move(node, name, order)
        found = pointwise(editor, node)
        if found is not None:
            names = {source: self.choose(source, order) for source in found.maps}
            return None if None in names.values() else self._add(rebuilt(
                editor, found, names, lambda values: values[:, order], shape))
        if node.operation in _PER_CHANNEL and len(node.outputs) == 1:
            return self._per_channel(node, order, shape)
        return None

    def _per_channel(self, node, order, shape):
        # Of a Resize to given sizes, the number of channels is one of them.
        if any(editor_value is not None and editor_value.dtype.kind in "iu" for editor_value in (
                self._editor.constant(name) for name in node.inputs[1:])):
            return None
        source = self.choose(node.inputs[0], order)
        return None if source is None else self._add(self._editor.again(
            node, [source, *node.inputs[1:]], shape))

    def _convolution(self, node, order, shape):
        editor = self._editor
        parameters = [editor.constant(name) for name in node.inputs[1:] if name]
        groups = node.attributes.get("group", 1)
        if any(values is None for values in parameters):
            return None
        source, attributes = node.inputs[0], {}
        if groups > 1:
            if groups != len(parameters[0]) or groups != editor.shape(source)[1]:
                return None         # a depthwise one chooses among the channels that it reads
            source = self.choose(source, order)
            attributes = {"group": len(order)}
        if source is None:
            return None
        return self._add(editor.again(node, [source, *(
            editor.store(values[order], node.inputs[1]) for values in parameters)], shape,
            **attributes))

    def _concat(self, node, order, shape):
        """Channels of a Concat that lie in its parts in few stretches, each of one part."""
        editor = self._editor
        if node.attributes.get("axis") not in (1, -3) or not all(
                editor.is_map(name) for name in node.inputs):
            return None
        counts = [editor.shape(name)[1] for name in node.inputs]
        part = np.repeat(np.arange(len(counts)), counts)[order]
        within = np.concatenate([np.arange(count) for count in counts])[order]
        cuts = np.flatnonzero(np.diff(part)) + 1
        if len(cuts) >= 2 * len(counts):
            return None
        names = [self.choose(node.inputs[parts[0]], places) for parts, places in zip(
            np.split(part, cuts), np.split(within, cuts), strict=True)]
        if None in names:
            return None
        return names[0] if len(names) == 1 else self._add(editor.again(node, names, shape))

    def _move(self, node, name, order):
        """Channels of a channel shuffle are others of the map before it."""
        editor = self._editor
        trail = trail_of(editor, node)
        source = trail[0].inputs[0]
        if editor.shape(source) != editor.shape(name):
            return None
        places = places_of(editor, trail)
        pixels = places.shape[2] * places.shape[3]
        before = places[0, :, 0, 0] // pixels
        index = np.arange(places.size).reshape(places.shape)
        return self.choose(source, before[order]) if np.array_equal(
            places, index[:, before]) else None


def choice(editor, node):
    """Split, Slice, Gather of the channels of a map that convolutions make -> these convolutions,
    with the channels that are chosen. The same values, bit for bit, in each."""
    if node.domain or node.operation not in ("Split", "Slice", "Gather") or not editor.is_map(
            node.inputs[0]) or any(name in editor.graph.outputs for name in node.outputs):
        return False
    chosen = _chosen(editor, node)
    if chosen is None:
        return False
    chooser = _Chooser(editor, node)
    names = [chooser.choose(node.inputs[0], order) for order in chosen]
    if None in names or len(set(names)) < len(names):
        return False
    return editor.substitute(node, chooser.made, names, "choice of channels")


def shuffle(editor, node):
    """Gather of all channels of a map in the order of a channel shuffle -> the form of it that the
    chip's layers know, for maps whose convolutions are grouped."""
    if node.domain or node.operation != "Gather" or not editor.is_map(node.inputs[0]):
        return False
    chosen = _chosen(editor, node)
    source = node.inputs[0]
    if chosen is None or groups_of(chosen[0]) is None or len(chosen[0]) != editor.shape(source)[1]:
        return False
    return editor.replace(node, in_order(editor, node, source, chosen[0], node.outputs[0]),
                          "channel shuffle of a Gather")


PASSES = {"choice of channels": choice, "channel shuffle of a Gather": shuffle}
