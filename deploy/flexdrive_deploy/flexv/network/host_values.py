"""Real values and integers at the borders of the cluster, as the host computes them."""

import numpy as np

from flexdrive_deploy.errors import ModelError

__all__ = ["quantise_reals", "real_values", "sum_values"]

_ROUND = {
    "HALF_EVEN": np.rint, "FLOOR": np.floor, "CEIL": np.ceil, "DOWN": np.trunc,
    "UP": lambda values: np.sign(values) * np.ceil(np.abs(values)),
    "HALF_UP": lambda values: np.sign(values) * _half(np.abs(values), 0.5, np.greater_equal),
    "HALF_DOWN": lambda values: np.sign(values) * _half(np.abs(values), 0.5, np.greater)}


def _half(size, half, beyond):
    low = np.floor(size)
    return low + beyond(size - low, half)


def quantise_reals(values, quantiser, where="the input"):
    """float32 values as int64 integers, in float32 as QuantizeLinear and Quant do.

    Raises
    ------
    ModelError
        when a value is no number.
    """
    values = np.asarray(values, np.float32)
    if np.isnan(values).any():
        raise ModelError(f"{where} has values that are no numbers (NaN); they cannot be quantized")
    if quantiser.sign:
        return np.where(values >= 0, 1, -1).astype(np.int64)
    with np.errstate(over="ignore"):
        values = values / np.float32(float(quantiser.scale))
    if quantiser.inside:
        values = np.clip(values + np.float32(quantiser.zero), quantiser.low, quantiser.high)
        return _ROUND[quantiser.rounding](values).astype(np.int64)
    low, high = quantiser.low - quantiser.zero, quantiser.high - quantiser.zero
    return (np.clip(_ROUND[quantiser.rounding](values), low, high).astype(np.int64)
            + quantiser.zero)


def real_values(view, integers):
    """What integers of a View stand for, in float32 as DequantizeLinear computes it."""
    return (np.asarray(integers) - view.zero).astype(np.float32) * np.float32(float(view.scale))


def sum_values(value, integers):
    """What a Sum stands for, rounded to float32 once.

    Parameters
    ----------
    value : Sum.
    integers : name of a tensor -> (N, ...) array.
    """
    total = np.asarray(value.offset, np.float64)
    for term in value.terms:
        total = total + ((integers[term.tensor.name] - term.zero)
                         * np.asarray(term.factor, np.float64))
    low = -np.inf if value.low is None else float(value.low)
    high = np.inf if value.high is None else float(value.high)
    made = np.clip(total, low, high).astype(np.float32)
    return np.broadcast_to(made, (len(made), *value.shape))
