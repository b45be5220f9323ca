"""All passes, one after the other and again until none finds anything."""

from ...errors import ModelError
from . import (
    activations,
    averages,
    channels,
    copies,
    dense,
    factors,
    moves,
    norms,
    over_time,
    spellings,
)
from .editor import Editor

__all__ = ["PASSES", "rewritten"]

# Name of a pass, as people read it -> the pass; in this order.
PASSES = {name: function for family in (
    spellings, averages, dense, over_time, moves, factors, activations, channels, norms,
    copies)
    for name, function in family.PASSES.items()}
# Every pass brings a node nearer to its form; more rounds than that would be two that undo each
# other.
_ROUNDS = 200


def rewritten(graph, config, passes=None):
    """The graph in the forms that the chip's patterns know.

    Parameters
    ----------
    graph : onnx_graph.Graph, which stays as it is.
    config : ChipConfig of the chip.
    passes : names, or None for all.

    Returns
    -------
    onnx_graph.Graph; ``folded`` says of every node that is gone which pass it was.
    """
    editor = Editor(graph, config)
    chosen = [PASSES[name] for name in PASSES if passes is None or name in passes]
    for _ in range(_ROUNDS):
        changed = False
        for function in chosen:
            for node in list(editor.graph.nodes):
                if node in editor.graph.nodes and function(editor, node):
                    changed = True
        if not changed:
            return editor.graph
    raise ModelError("The rewrites of the network do not come to an end; this is an error of "
                     "flexdrive")
