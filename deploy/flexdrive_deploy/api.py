"""What people call from Python: compile a network, ask what of it runs where."""

from .chip_choice import candidates
from .compiler import compile_first
from .flexv.l1 import DEFAULT_L1
from .frontend.graph import load_graph
from .frontend.onnx_file import model_and_name
from .hyperdrive.partition import analyse
from .target import target_of

__all__ = ["check", "compile"]


def compile(model, chip=None, *, name=None, keep_layers=False, mesh=None, target="hyperdrive",
            inputs=None, l1_bytes=DEFAULT_L1):
    """Make a network ready for a chip, or for the Flex-V cluster.

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
    target : "hyperdrive", or "flexv" for quantised networks on the Flex-V cluster; of that:
    inputs : name -> quantiser of an input that the model has none of
        (:func:`~flexdrive_deploy.flexv.network.declared.declared_quantiser`).
    l1_bytes : L1 that maps and weights may take.

    Returns
    -------
    :class:`~flexdrive_deploy.compiled_model.Deployment`, or
    :class:`~flexdrive_deploy.flexv.compiler.compiled.CompiledNetwork`

    Raises
    ------
    ModelError
        when the file is damaged, a node is not supported, or no layer runs on the chip.
    FitError
        when a memory of the chip is too small: which layer, by how much.
    ConfigurationError
        when ``chip`` is none.
    """
    if target_of(target) == "flexv":
        from .flexv.compiler.compiled import compile_network
        from .flexv.network.loading import load_network
        return compile_network(load_network(model, name=name, declared=inputs), l1_bytes=l1_bytes)
    proto, default = model_and_name(model)
    graph, configs = load_graph(proto), candidates(chip, mesh)
    return compile_first(analyse(graph, configs[-1]), configs, name=name or default,
                         layer_check=keep_layers, mesh=mesh)


def check(model, chip=None, *, mesh=None, target="hyperdrive", inputs=None):
    """What of a network runs where and why, and what would have to change.

    Parameters
    ----------
    model, chip, mesh : as of :func:`compile`.
    target : "hyperdrive", or "flexv" for quantised networks on the Flex-V cluster.
    inputs : of target "flexv": name -> quantiser of an input that the model has none of
        (:func:`~flexdrive_deploy.flexv.network.declared.declared_quantiser`).

    Returns
    -------
    :class:`~flexdrive_deploy.check_report.CheckReport` or
    :class:`~flexdrive_deploy.flexv.network.report.NetworkReport`; prints as tables.

    Raises
    ------
    ModelError
        when the file is damaged. What cannot run is in the report.
    """
    if target_of(target) == "flexv":
        from .flexv.network.loading import check_network
        return check_network(model, declared=inputs)
    from .check_report import CheckReport
    proto, default = model_and_name(model)
    graph, configs = load_graph(proto), candidates(chip, mesh)
    return CheckReport.of(graph, configs, name=default, mesh=mesh)
