"""The parts of a network that run on the host, in the precision that the model declares."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper

from ..door import guarded
from ..errors import ModelError
from .evaluator import Evaluator

__all__ = ["HostPart"]


def _shape(value):
    return tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)


@dataclass(eq=False)
class HostPart:
    """Nodes that :class:`~.evaluator.Evaluator` computes, image by image.

    Attributes
    ----------
    model : onnx.ModelProto; its inputs and outputs are those of this part, with their shapes.
    """

    model: onnx.ModelProto
    _evaluator: Evaluator | None = field(default=None, repr=False)

    @property
    def inputs(self):
        """Names of the values it reads."""
        return [value.name for value in self.model.graph.input]

    @property
    def outputs(self):
        """Names of the values it makes."""
        return [value.name for value in self.model.graph.output]

    def run(self, values):
        """Compute the outputs from ``values`` (name -> array): name -> array.

        Raises
        ------
        ModelError
            when onnxruntime cannot compute them: its reason, and the nodes.
        """
        try:
            if self._evaluator is None:
                self._evaluator = Evaluator(self.model)
            return self._evaluator.run(values)
        except ModelError as error:
            names = ", ".join(node.name or node.op_type for node in self.model.graph.node)
            raise ModelError(f"The host cannot compute one of {names}: {error}") from None

    def check(self):
        """Compute it once, from zeros: what is compiled can be run.

        Raises
        ------
        ModelError
            as of ``run``, and when a result has another shape than the model says.
        """
        zeros = {value.name: np.zeros(_shape(value), helper.tensor_dtype_to_np_dtype(
            value.type.tensor_type.elem_type)) for value in self.model.graph.input}
        results = self.run(zeros)
        for value in self.model.graph.output:
            made, declared = results[value.name].shape, _shape(value)
            if made != declared:
                raise ModelError(f"The host makes {value.name} of shape {made}; inference of "
                                 f"shapes said {declared}")

    def to_bytes(self):
        """Content of an ONNX file."""
        return self.model.SerializeToString()

    @classmethod
    def from_bytes(cls, name, content):
        """The inverse; FileError when it is no ONNX file."""
        with guarded(name, "an ONNX file"):
            model = onnx.ModelProto.FromString(content)
            onnx.checker.check_model(model)
        return cls(model)
