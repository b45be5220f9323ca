"""Every integer of a network on an engine against the golden model."""

from dataclasses import dataclass, replace

import numpy as np

from flexdrive_deploy.flexv.compiler.storage import canonical
from flexdrive_deploy.flexv.compiler.work import core_of

__all__ = ["Difference", "first_difference"]


@dataclass(frozen=True)
class Difference:
    """The first integer that differs.

    Attributes
    ----------
    layer : name of the ONNX node. tensor : of what it makes. image : number of the image.
    channel, row, column : of the value. expected, got : integers.
    cycle, core : on the RTL, when the layer was done and which core made the value; or None.
    """

    layer: str
    tensor: str
    image: int
    channel: int
    row: int
    column: int
    expected: int
    got: int
    cycle: int | None = None
    core: int | None = None

    def __str__(self):
        text = (f"layer {self.layer} ({self.tensor}), image {self.image}, channel {self.channel}, "
                f"row {self.row}, column {self.column}: expected {self.expected}, got {self.got}")
        if self.cycle is not None:
            text += f", by cycle {self.cycle:,}"
        return text if self.core is None else f"{text}, on core {self.core}"

    def on(self, compiled, times, cores):
        """The same with cycle and core; ``times`` as of
        :class:`~flexdrive_sim.flexv.drive.network.ClusterNetwork`, of every image."""
        index, step = next((index, step) for index, step in enumerate(compiled.steps.steps)
                           if step.output.name == self.tensor)
        return replace(self, cycle=int(times[self.image][index + 2]), core=core_of(
            compiled, step, self.channel, self.row, self.column, cores))


def first_difference(compiled, made, golden):
    """The first :class:`Difference` in order of execution, or None.

    Parameters
    ----------
    compiled : CompiledNetwork.
    made : name of a tensor -> (N, ...) integers of an engine.
    golden : the same of the golden model, of all tensors.
    """
    for step in compiled.steps.steps:
        tensor = step.output
        if tensor.name not in made:
            continue
        ours, theirs = made[tensor.name], golden[tensor.name]
        if np.array_equal(ours, theirs):
            continue
        shape = (len(ours), *canonical(tensor.shape))
        place = np.argwhere((ours != theirs).reshape(shape))[0]
        image, channel, row, column = map(int, place)
        return Difference(step.name, tensor.name, image, channel, row, column,
                          int(theirs.reshape(shape)[tuple(place)]),
                          int(ours.reshape(shape)[tuple(place)]))
    return None
