"""Networks for the cluster from files, bytes and models."""

from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.frontend.onnx_file import model_and_name
from flexdrive_deploy.frontend.qlinear import written_out

from .reader import read_network
from .report import NetworkReport

__all__ = ["check_network", "load_network", "quantised_graph"]


def quantised_graph(model):
    """(``onnx_graph.Graph``, name) of a path, bytes or onnx.ModelProto, operators on integers
    written out.

    Raises
    ------
    ModelError
        when the file is damaged.
    """
    proto, name = model_and_name(model)
    return load_graph(written_out(proto)), name


def load_network(model, *, name=None, declared=None):
    """The :class:`~.reader.QuantisedNetwork` of a model.

    Parameters
    ----------
    model : path of an ONNX file, its bytes, or an onnx.ModelProto.
    name : of the network; by default that of the file or of the graph.
    declared : name of an input -> quantiser (:mod:`.declared`).

    Raises
    ------
    ModelError
        when the file is damaged, or a node runs nowhere.
    """
    graph, default = quantised_graph(model)
    return read_network(graph, name=name or default, declared=declared)


def check_network(model, *, declared=None):
    """The :class:`~.report.NetworkReport` of a model; parameters as of :func:`load_network`."""
    graph, name = quantised_graph(model)
    return NetworkReport.of(graph, name=name, declared=declared)
