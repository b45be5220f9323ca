"""Evaluation of ONNX models on the host, with onnxruntime where it has every operation.

onnxruntime has no double-precision convolution, among others; such models are evaluated by the
reference implementation of the onnx package, slowly. Graph optimisations are off and one thread
computes, so that every node rounds as the model declares and results do not depend on the number
of cores.
"""

import numpy as np
from onnx import helper

__all__ = ["Evaluator"]


def _session(model):
    """An onnxruntime session, or None when onnxruntime does not take the model."""
    # A quarter of a second, which commands that compute nothing on the host do without.
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                            providers=["CPUExecutionProvider"])
    except Exception:  # an operation, type, opset or file version that it does not know
        return None


class Evaluator:
    """Evaluates one model.

    Parameters
    ----------
    model : onnx.ModelProto.

    Attributes
    ----------
    engine : "onnxruntime" or "onnx reference".
    """

    def __init__(self, model):
        self._model = model
        self._session = _session(model)
        self.engine = "onnxruntime" if self._session else "onnx reference"
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
        name -> array. Errors are those of the engine, of any type.
        """
        feeds = {name: np.asarray(values[name]).astype(dtype, copy=False)
                 for name, dtype in self._types.items()}
        names = [value.name for value in self._model.graph.output]
        if self._session is None:
            from onnx.reference import ReferenceEvaluator
            with np.errstate(all="ignore"):
                results = ReferenceEvaluator(self._model).run(None, feeds)
        else:
            results = self._session.run(names, feeds)
        return dict(zip(names, results, strict=True))
