"""Network -> digits.onnx, binary weights as plus or minus one value a channel."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "common"))

from onnx_writer import Graph

__all__ = ["export"]


def export(model, path):
    """Write ``model`` in inference form: images (N, 1, 8, 8) float32 0 to 16 -> logits (N, 10)."""
    model.eval()
    graph = Graph()
    x = graph.add("Mul", "input/scale", "images", graph.constant("sixteenth", 1 / 16))
    x = graph.real("stem/conv", x, model.stem)
    x = graph.add("Relu", "stem/relu", graph.batch_norm("stem/bn", x, model.stem_bn))
    for number, block in enumerate(model.blocks, 1):
        x = graph.block(f"block{number}", x, block)
    graph.head("logits", x, model.head)
    graph.save(path, "digits", (1, 8, 8), 10)
