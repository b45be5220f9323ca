"""Copies of maps, where a map would have to lie in two places at once."""

from .elementwise import pointwise

__all__ = ["PASSES"]

# What may read a Concat on the chip.
_ON_CHIP = ("Conv", "Concat", "Add", "Relu", "BatchNormalization", "Mul", "MaxPool", "AveragePool",
            "Resize")


def _sum(editor, node):
    """Whether a node adds maps."""
    return node is not None and not node.domain and node.operation == "Add" and len(
        editor.maps(node)) == 2


def _ends_in_sum(editor, name):
    """Whether a value is a sum of maps, or what is folded into the layer that makes one."""
    node = editor.maker(name)
    while node is not None and not _sum(editor, node):
        found = pointwise(editor, node)
        if found is None or len(found.maps) != 1 or not editor.alone(found.maps[0]):
            return False
        node = editor.maker(found.maps[0])
    return node is not None


def into_concat(editor, node):
    """A map that a Concat joins twice, that lies in another one as well, that is a sum or added to
    something -> a copy of it (a layer of the chip with one weight a channel). The same values."""
    if node.domain or node.operation != "Concat" or not editor.config.channelwise or not (
            editor.is_map(node.outputs[0])) or node.attributes.get("axis") not in (1, -3):
        return False
    readers = editor.readers(node.outputs[0])
    if node.outputs[0] not in editor.graph.outputs and not any(
            reader.operation in _ON_CHIP for reader in readers):
        return False
    seen, chosen = set(), set()
    for index, name in enumerate(node.inputs):
        maker = editor.maker(name)
        if maker is None or maker.operation == "Identity":
            continue
        others = [other for other in editor.readers(name) if other is not node]
        first = next((other for other in editor.graph.nodes if other.operation == "Concat"
                      and name in other.inputs), node)
        if name in seen or first is not node or _ends_in_sum(editor, name) or any(
                _sum(editor, other) for other in others):
            chosen.add(index)
        seen.add(name)
    if not chosen:
        return False
    copies = {index: editor.node(editor.maker(node.inputs[index]), "Identity", [
        node.inputs[index]], editor.shape(node.inputs[index])) for index in sorted(chosen)}
    return editor.reread(node, copies, "copy into Concat")


PASSES = {"copy into Concat": into_concat}
