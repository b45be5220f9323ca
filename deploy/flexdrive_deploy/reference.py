"""The second opinion: what a network computes in the precision that its model declares."""

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from .errors import ModelError

__all__ = ["declared_values"]


def declared_values(model, names, image):
    """Evaluate a whole model with the reference implementation of the onnx package.

    Parameters
    ----------
    model : onnx.ModelProto with one input.
    names : names of values of it, inside or results.
    image : (1, ...) array.

    Returns
    -------
    name -> float64 array.

    Raises
    ------
    ModelError
        when the model cannot be evaluated.
    """
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    del copy.graph.output[:]
    copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    constants = {tensor.name for tensor in copy.graph.initializer}
    source = next(value for value in copy.graph.input if value.name not in constants)
    dtype = helper.tensor_dtype_to_np_dtype(source.type.tensor_type.elem_type)
    try:
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(copy).run(list(names), {source.name: image.astype(dtype)})
    except Exception as error:  # whatever numpy raises inside one of the operations
        raise ModelError(f"The model cannot be evaluated as it stands: {error}") from None
    return {name: np.asarray(value, np.float64)
            for name, value in zip(names, values, strict=True)}
