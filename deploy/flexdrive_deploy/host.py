"""The parts of a network that run on the host, in the precision that the model declares."""

from dataclasses import dataclass, field

import onnx

from .errors import FileError, ModelError
from .evaluator import Evaluator

__all__ = ["HostPart"]


@dataclass(eq=False)
class HostPart:
    """Nodes that :class:`~.evaluator.Evaluator` computes, image by image.

    Attributes
    ----------
    model : onnx.ModelProto; its inputs and outputs are those of this part.
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
            when an operation cannot be evaluated; names the reason.
        """
        if self._evaluator is None:
            self._evaluator = Evaluator(self.model)
        try:
            return self._evaluator.run(values)
        except Exception as error:  # of any type: onnxruntime's own, or numpy's
            names = ", ".join(node.name or node.op_type for node in self.model.graph.node)
            reason = " ".join(str(error).split())
            raise ModelError(f"The host cannot compute one of {names}: {reason}") from None

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
