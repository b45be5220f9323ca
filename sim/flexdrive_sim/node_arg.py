"""Inputs and outputs of sessions by name, in the form of onnxruntime."""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.errors import ModelError

__all__ = ["NodeArg", "fed_inputs", "node_args", "selected_outputs"]


@dataclass(frozen=True)
class NodeArg:
    """An input or output of a network; an axis of the shape that is free is named."""

    name: str
    shape: tuple
    type: str = "tensor(float)"


def node_args(shapes):
    """:class:`NodeArg` of each of ``shapes``, {name: (1, ...)}, for any number of images."""
    return [NodeArg(name, ("N", *shape[1:])) for name, shape in shapes.items()]


def selected_outputs(outputs, names):
    """The list ``names`` of some of ``outputs``, or all for None.

    Raises
    ------
    ModelError
        when there is no output of a name.
    """
    names = list(outputs if names is None else names)
    for name in names:
        if name not in outputs:
            raise ModelError(f"The network has no output {name!r}; it has {', '.join(outputs)}")
    return names


def fed_inputs(inputs, feed):
    """{name: array} of each of ``inputs`` in their order; ``feed`` is that, or the array of a
    network with one input.

    Raises
    ------
    ModelError
        when an input is missing, or there is none of a name.
    """
    if not isinstance(feed, dict):
        feed = dict.fromkeys(list(inputs)[:1], feed)
    for name in feed:
        if name not in inputs:
            raise ModelError(f"The network has no input {name!r}; it takes {', '.join(inputs)}")
    for name in inputs:
        if name not in feed:
            raise ModelError(f"Input {name} is missing; the network takes {', '.join(inputs)}")
    return {name: np.asarray(feed[name]) for name in inputs}
