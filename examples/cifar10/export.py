"""Network -> cifar10.onnx, binary weights as bytes -1 and +1 with a scale a channel."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "common"))

from network import CENTRE, STAGES, UNIT
from onnx_writer import Graph

__all__ = ["export"]


def export(model, path):
    """Write ``model`` in inference form: images (N, 3, 32, 32) float32 0 to 255 -> logits
    (N, 10)."""
    model.eval()
    graph = Graph(packed=True)
    x = graph.add("Sub", "input/centred", "images", graph.constant("centre", CENTRE))
    x = graph.add("Div", "input/scaled", x, graph.constant("unit", UNIT))
    x = graph.real("stem/conv", x, model.stem)
    x = graph.add("Relu", "stem/relu", graph.batch_norm("stem/bn", x, model.stem_bn))
    names = [f"stage{stage}/{block}" for stage, (_, count) in enumerate(STAGES, 1)
             for block in range(1, count + 1)]
    for name, block in zip(names, model.blocks, strict=True):
        x = graph.block(name, x, block)
    graph.head("logits", x, model.head)
    graph.save(path, "cifar10", (3, 32, 32), 10)
