"""Evaluation of ONNX models on the host: by onnxruntime, and by nothing else.

What onnxruntime does not take is an error with its reason. No other evaluator steps in: the
reference implementation of the onnx package, for one, takes statistics of the batch for
BatchNormalization up to opset 13 and another axis for Softmax up to 12. Graph optimisations are
off and one thread computes, so that every node rounds as the model declares and results do not
depend on the number of cores.
"""

import re

import numpy as np
import onnx
from onnx import helper

from ..door import one_line
from ..errors import ModelError

__all__ = ["Evaluator", "named_apart"]


def named_apart(names):
    """The names, in order, each made unique by apostrophes."""
    taken, apart = set(), []
    for name in names:
        while name in taken:
            name += "'"
        taken.add(name)
        apart.append(name)
    return apart


def _with_unique_names(model):
    """The model, or a copy whose nodes have different names; onnxruntime refuses equal ones."""
    names = [node.name for node in model.graph.node if node.name]
    if len(set(names)) == len(names):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    named = [node for node in copy.graph.node if node.name]
    for node, name in zip(named, named_apart(names), strict=True):
        node.name = name
    return copy


def _errors(onnxruntime):
    """Classes of onnxruntime's errors, which have no common one but Exception."""
    state = onnxruntime.capi.onnxruntime_pybind11_state
    own = (value for value in vars(state).values()
           if isinstance(value, type) and issubclass(value, Exception))
    return (*own, RuntimeError, ValueError, TypeError, MemoryError)


def _reason(error):
    """onnxruntime's message without its code and the places in its sources."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    return one_line(re.sub(r"(Exception during initialization: )?/\S+:\d+ .*?\) ", "", text,
                           flags=re.DOTALL) or type(error).__name__)


class Evaluator:
    """Evaluates one model with onnxruntime.

    Parameters
    ----------
    model : onnx.ModelProto.

    Raises
    ------
    ModelError
        when onnxruntime does not take the model: an operation, type, opset or file version that
        it does not have. The message is its reason alone.
    """

    def __init__(self, model):
        # A quarter of a second, which commands that compute nothing on the host do without.
        import onnxruntime
        self._errors = _errors(onnxruntime)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                _with_unique_names(model).SerializeToString(), options,
                providers=["CPUExecutionProvider"], enable_fallback=0)
        except self._errors as error:
            raise ModelError(_reason(error)) from None
        self._names = [value.name for value in model.graph.output]
        constants = {tensor.name for tensor in model.graph.initializer}
        self._types = {
            value.name: helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            for value in model.graph.input if value.name not in constants}

    def run(self, values):
        """Compute all outputs.

        Parameters
        ----------
        values : name -> array for every input; converted to the type that the model declares.

        Returns
        -------
        name -> array.

        Raises
        ------
        ModelError
            when onnxruntime cannot compute them from these values; its reason alone.
        """
        try:
            with np.errstate(over="ignore"):
                feeds = {name: np.asarray(values[name]).astype(dtype, copy=False)
                         for name, dtype in self._types.items()}
            results = self._session.run(self._names, feeds)
        except self._errors as error:
            raise ModelError(_reason(error)) from None
        return dict(zip(self._names, results, strict=True))
