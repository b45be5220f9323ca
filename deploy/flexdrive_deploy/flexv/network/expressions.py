"""What is known of an ONNX value while a network is read: exact expressions over integers.

Nothing is rounded before a quantizer is met. A value behind a layer is a :class:`Sum`; batch
normalisation, biases and factors change its rationals, Relu and Clip its limits, wherever they
stand. A quantizer makes a Requantise of it. That is why no order of operators needs a pattern.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .ir import Quantiser, Tensor

__all__ = ["Constant", "Function", "Host", "Index", "Quantised", "Real", "Structured", "Sum",
           "Term", "View", "exact", "sum_of"]


def exact(values):
    """An object array of Fraction of float or integer values, exactly."""
    values = np.asarray(values)
    made = np.empty(values.shape, object)
    made.ravel()[:] = [Fraction(value) for value in values.ravel().tolist()]
    return made


@dataclass(frozen=True, eq=False)
class Constant:
    """The same for every image; ``name`` in the ONNX graph."""

    name: str


@dataclass(frozen=True, eq=False)
class Real:
    """A real value that the host has before the first quantizer."""

    name: str


@dataclass(frozen=True, eq=False)
class Host:
    """A value that the host computes behind the last layer; ``origin`` is the node because of
    which it is there."""

    origin: str


@dataclass(frozen=True, eq=False)
class View:
    """A map that stands for (q - zero) * scale; scale > 0."""

    tensor: Tensor
    scale: Fraction
    zero: int


@dataclass(frozen=True, eq=False)
class Term:
    """(q - zero) * factor; ``factor`` broadcasts to the tensor's shape."""

    tensor: Tensor
    zero: int
    factor: np.ndarray
    # Whether the rational is rounded exactly: a mean.
    exact: bool = False


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms and an offset, limited to low..high (Fraction, or None)."""

    shape: tuple
    terms: tuple
    offset: np.ndarray
    low: Fraction | None = None
    high: Fraction | None = None

    @property
    def limited(self):
        return self.low is not None or self.high is not None


@dataclass(frozen=True, eq=False)
class Function:
    """Elementwise ONNX nodes behind one map: a table, once a quantizer follows. ``name`` is the
    value that the last of ``nodes`` makes."""

    view: View
    shape: tuple
    source: str
    nodes: tuple
    name: str


@dataclass(frozen=True, eq=False)
class Structured:
    """An operation that moves values, or takes the largest of them, on what is no map yet.

    It is the same before and behind a quantizer, which does not change the order of values.
    ``apply`` takes (importer, tensors, meaning, name) and gives the tensor of the result;
    ``meaning`` has the scale and zero point. ``monotone`` says that Relu and Clip may change places
    with it too.
    """

    shape: tuple
    inner: tuple
    apply: Callable
    nodes: tuple = ()
    monotone: bool = True


@dataclass(frozen=True, eq=False)
class Quantised:
    """Integers of a quantizer, not made yet: a Clip may follow. ``name`` of the ONNX value."""

    source: object
    quantiser: Quantiser
    name: str
    shape: tuple


@dataclass(frozen=True, eq=False)
class Index:
    """Integers that are no quantised value: of ArgMax."""

    tensor: Tensor


def sum_of(value):
    """A View as a Sum; a Sum as it is."""
    if isinstance(value, Sum):
        return value
    return Sum(value.tensor.shape, (Term(value.tensor, value.zero, exact(value.scale)),), exact(0))
