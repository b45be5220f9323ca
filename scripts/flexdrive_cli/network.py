"""What the commands for networks share: reading a model, choosing a chip that holds it."""

from pathlib import Path

from flexdrive_deploy.chip_choice import DEFAULT_PRESETS
from flexdrive_deploy.compiler import compile_first
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.onnx_file import load_model
from flexdrive_deploy.hyperdrive.partition import analyse

__all__ = ["CHIP_HELP", "analysed", "compiled"]

CHIP_HELP = ("Without options for the chip, the first of the presets "
             f"{', '.join(DEFAULT_PRESETS)} that holds the network is taken; the results are the "
             "same on each.")


def analysed(path, chip):
    """Support of an ONNX file, for the chip of the command line."""
    return analyse(load_graph(load_model(path)), chip.candidates()[-1])


def compiled(path, support, chip, layer_check=False):
    """Deployment for the chip of the command line, or for the first default that holds it.

    Raises
    ------
    FitError
        of the chip that was asked for, or of the largest default.
    """
    return compile_first(support, chip.candidates(), name=Path(path).stem,
                         layer_check=layer_check, mesh=chip.mesh_size() if chip.mesh else None)
