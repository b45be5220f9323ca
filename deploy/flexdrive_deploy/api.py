"""What people call from Python: compile a network, ask what of it runs where."""

from pathlib import Path

import onnx

from .chip_choice import candidates
from .compiler import compile_first
from .errors import ModelError
from .frontend.graph import load_graph
from .frontend.onnx_file import load_model, parse_model
from .hyperdrive.partition import analyse

__all__ = ["check", "compile"]


def _model(model):
    """(onnx.ModelProto, name) of a path, bytes or a model."""
    if isinstance(model, onnx.ModelProto):
        return parse_model(model.SerializeToString(), "the model"), model.graph.name or "network"
    if isinstance(model, (bytes, bytearray, memoryview)):
        parsed = parse_model(bytes(model), "the model")
        return parsed, parsed.graph.name or "network"
    try:
        path = Path(model)
    except TypeError:
        raise ModelError(f"model is {type(model).__name__}; expected the path of an ONNX file, its "
                         "bytes, or an onnx.ModelProto") from None
    return load_model(path), path.stem


def compile(model, chip=None, *, name=None, keep_layers=False, mesh=None):
    """Make a network ready for a chip.

    Parameters
    ----------
    model : path of an ONNX file, its bytes, or an ``onnx.ModelProto``.
    chip : name of a preset, path of a TOML file, dict of parameters (with ``preset`` to begin
        from one), or ChipConfig; None takes the first of the presets tiny, digits and paper that
        holds the network.
    name : of the network; by default that of the file or of the graph.
    keep_layers : every layer's map leaves the chip, for :meth:`InferenceSession.trace`; costs the
        cycles of those stores.
    mesh : (height, width) of a mesh of such chips, or None.

    Returns
    -------
    :class:`~flexdrive_deploy.compiled_model.Deployment`

    Raises
    ------
    ModelError
        when the file is damaged, a node is not supported, or no layer runs on the chip.
    FitError
        when a memory of the chip is too small: which layer, by how much.
    ConfigurationError
        when ``chip`` is none.
    """
    proto, default = _model(model)
    graph, configs = load_graph(proto), candidates(chip, mesh)
    return compile_first(graph, analyse(graph, configs[-1]), configs, name=name or default,
                         layer_check=keep_layers, mesh=mesh)


def check(model, chip=None, *, mesh=None):
    """What of a network runs where and why, and what would have to change; parameters as of
    :func:`compile`.

    Returns
    -------
    :class:`~flexdrive_deploy.check_report.CheckReport`; prints as tables.

    Raises
    ------
    ModelError
        when the file is damaged. What cannot run is in the report.
    """
    from .check_report import CheckReport
    proto, default = _model(model)
    graph, configs = load_graph(proto), candidates(chip, mesh)
    return CheckReport.of(graph, configs, name=default, mesh=mesh)
