"""The parts of a network that run on the host, in the precision that the model declares."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from .errors import FileError, ModelError

__all__ = ["HostPart"]


@dataclass(eq=False)
class HostPart:
    """Nodes that the reference evaluator of the onnx package computes, image by image.

    Attributes
    ----------
    model : onnx.ModelProto; its inputs and outputs are those of this part.
    """

    model: onnx.ModelProto
    _evaluator: ReferenceEvaluator | None = field(default=None, repr=False)

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
            when an operation cannot be evaluated; names the reason.
        """
        if self._evaluator is None:
            self._evaluator = ReferenceEvaluator(self.model)
        feeds = {}
        for value in self.model.graph.input:
            dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            feeds[value.name] = np.asarray(values[value.name]).astype(dtype, copy=False)
        try:
            with np.errstate(all="ignore"):
                results = self._evaluator.run(None, feeds)
        except Exception as error:  # whatever numpy raises inside one of the operations
            names = ", ".join(node.name or node.op_type for node in self.model.graph.node)
            raise ModelError(f"The host cannot compute one of {names}: {error}") from None
        return dict(zip(self.outputs, results, strict=True))

    def to_bytes(self):
        """Content of an ONNX file."""
        return self.model.SerializeToString()

    @classmethod
    def from_bytes(cls, name, content):
        """The inverse; FileError when it is no ONNX file."""
        try:
            model = onnx.ModelProto.FromString(content)
            onnx.checker.check_model(model)
        except Exception as error:  # protobuf and the checker raise several types
            raise FileError(f"{name} is not an ONNX file: {error}") from None
        return cls(model)
