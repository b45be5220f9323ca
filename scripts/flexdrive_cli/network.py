"""What the commands for networks share: reading a model, choosing a chip that holds it."""

from pathlib import Path

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.frontend.graph import load_graph, load_model
from flexdrive_deploy.hyperdrive.partition import analyse

__all__ = ["CHIP_HELP", "DEFAULT_PRESETS", "analysed", "compiled"]

# Small first: a small network then simulates quickly, on every engine.
DEFAULT_PRESETS = ("tiny", "digits", "paper")
CHIP_HELP = ("Without options for the chip, the first of the presets "
             f"{', '.join(DEFAULT_PRESETS)} that holds the network is taken; the results are the "
             "same on each.")


def analysed(path, chip):
    """(graph, support) of an ONNX file, for the chip of the command line."""
    graph = load_graph(load_model(path))
    return graph, analyse(graph, chip.config())


def compiled(path, graph, support, chip, layer_check=False):
    """Deployment for the chip of the command line, or for the first default that holds it.

    Raises
    ------
    FitError
        of the chip that was asked for, or of the largest default.
    """
    name = Path(path).stem
    candidates = ([chip.config()] if chip.given else
                  [chip.with_links(PRESETS[preset]) for preset in DEFAULT_PRESETS])
    options = {"name": name, "layer_check": layer_check,
               "mesh": chip.mesh_size() if chip.mesh else None}
    for config in candidates[:-1]:
        try:
            return compile_graph(graph, support, config, **options)
        except FitError:
            continue
    return compile_graph(graph, support, candidates[-1], **options)
