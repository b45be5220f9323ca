"""The second opinion: what a network computes in the precision that its model declares, and how
far the chip's binary16 is from it, layer by layer."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from flexdrive.hyperdrive.descriptor.fields import Operation

from ..errors import ModelError
from . import quantizers as qonnx
from .evaluator import Evaluator
from .graph import sub_model

__all__ = ["LayerDifference", "declared_values", "first_beyond", "layer_differences"]


def _in_float32(model):
    """The same model with float32 in place of double, everywhere."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())

    def retyped(tensor):
        if tensor.data_type == TensorProto.DOUBLE:
            tensor.CopyFrom(numpy_helper.from_array(
                numpy_helper.to_array(tensor).astype(np.float32), tensor.name))

    for tensor in copy.graph.initializer:
        retyped(tensor)
    for value in [*copy.graph.input, *copy.graph.output, *copy.graph.value_info]:
        if value.type.tensor_type.elem_type == TensorProto.DOUBLE:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    for node in copy.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                retyped(attribute.t)
            if attribute.name in ("to", "dtype") and attribute.i == TensorProto.DOUBLE:
                attribute.i = TensorProto.FLOAT
    return copy


def _with_outputs(graph, names, rewritten):
    """The model as it was given, for one image and with other outputs; as it was imported when it
    has quantizers, which no evaluator knows, or when only the rewritten graph has the outputs."""
    if rewritten or any(qonnx.is_quantizer(node) for node in graph.model.graph.node):
        return sub_model(graph, graph.nodes, graph.inputs, names)
    model = onnx.ModelProto.FromString(graph.model.SerializeToString())
    for value in model.graph.input:
        if value.name in graph.inputs:
            value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    del model.graph.output[:]
    model.graph.output.extend(
        helper.make_tensor_value_info(name, graph.types[name], None) for name in names)
    return model


def declared_values(graph, names, image):
    """Evaluate a whole network with onnxruntime (:class:`~.evaluator.Evaluator`): the model as it
    was given, not what the import made of it.

    Parameters
    ----------
    graph : onnx_graph.Graph, as given or rewritten.
    names : names of values of it, inside or results. What the model as given does not have is
        computed from the graph.
    image : (1, ...) array, or input name -> that of each.

    Returns
    -------
    (name -> float64 array, words for what computed it).

    Raises
    ------
    ModelError
        when the model cannot be evaluated.
    """
    feeds = image if isinstance(image, dict) else {graph.inputs[0]: image}
    given = {name for node in graph.model.graph.node for name in node.output}
    given.update(graph.inputs)
    inner = [name for name in names if name not in given]
    if inner and len(inner) < len(names):
        own, engine = declared_values(graph, [name for name in names if name in given], image)
        return own | declared_values(graph, inner, image)[0], engine
    model, engine = _with_outputs(graph, names, bool(inner)), "onnxruntime"
    try:
        try:
            evaluator = Evaluator(model)
        except ModelError:
            if all(graph.types[name] != TensorProto.DOUBLE for name in graph.inputs):
                raise
            evaluator, engine = Evaluator(_in_float32(model)), "onnxruntime, double as float32"
        values = evaluator.run(feeds)
    except ModelError as error:
        raise ModelError(f"The model cannot be evaluated as it stands: {error}") from None
    return {name: np.asarray(values[name], np.float64) for name in names}, engine


@dataclass(frozen=True)
class LayerDifference:
    """A layer of the chip beside the model's own precision, for one image.

    Attributes
    ----------
    layer : its name.
    largest, mean : of the absolute differences over all words of its map; NaN and infinity
        where one side has them.
    magnitude : largest absolute value of the map in the model's own precision.
    """

    layer: str
    largest: float
    mean: float
    magnitude: float

    @property
    def relative(self):
        """``largest`` over ``magnitude``; 0 when nothing differs."""
        if self.largest == 0:
            return 0.0
        return self.largest / self.magnitude if self.magnitude else float("inf")

    def within(self, bound):
        """Whether ``relative`` is a number of at most ``bound``."""
        return self.relative <= bound


def _difference(layer, words, wanted):
    made = np.ascontiguousarray(words).view(np.float16).astype(np.float64)
    with np.errstate(invalid="ignore"):
        # Equal infinities are equal, though their difference is no number.
        apart = np.where(made == wanted, 0.0, np.abs(made - wanted))
    return LayerDifference(layer, float(apart.max()), float(apart.mean()),
                           float(np.abs(wanted).max()))


def layer_differences(graph, deployment, maps, image):
    """How far every layer of the chip is from the model, for one image.

    Differences add up on the way through the network: each layer is compared with the whole model
    evaluated without rounding, not with itself on the chip's own input.

    Parameters
    ----------
    graph : onnx_graph.Graph that ``deployment`` was compiled from.
    maps : name -> uint16 (channels, height, width), patterns of binary16 that the chip stored.
    image : (1, ...) array.

    Returns
    -------
    (list of LayerDifference in the order of the programs, name of the engine).
    """
    layers = [entry for program in deployment.programs for entry in program.entries
              if entry.operation == Operation.CONV and entry.writes in maps]
    values, engine = declared_values(graph, [entry.writes for entry in layers], image)
    return [_difference(entry.name, maps[entry.writes], values[entry.writes][0])
            for entry in layers], engine


def first_beyond(differences, bound):
    """The first LayerDifference that is not within ``bound``, or None."""
    return next((found for found in differences if not found.within(bound)), None)
