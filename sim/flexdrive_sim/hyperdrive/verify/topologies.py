"""Networks of published shapes with seeded weights, as layers of the chip."""

import numpy as np

from flexdrive.hyperdrive.descriptor.fields import Activation
from flexdrive_deploy.hyperdrive.ir import ChipGraph, ConvLayer

__all__ = ["resnet18"]


class _Builder:
    def __init__(self, shape, seed):
        self.random = np.random.default_rng(seed)
        self.shapes = {"x": shape}
        self.layers = []

    def conv(self, name, source, c_out, *, kernel=3, stride=1, relu=True, bypass=None):
        """Append a layer; returns the name of its map."""
        c_in, height, width = self.shapes[source]
        # Sums of n signs grow with sqrt(n), so maps keep the size of their input's values.
        scale = 1 / (kernel * np.sqrt(c_in))
        alpha = self.random.uniform(0.5, 1.5, c_out) * scale
        beta = self.random.normal(0, 0.1, c_out)
        self.layers.append(ConvLayer(
            name=name, source=source, target=f"{name}.out", stride=stride, bypass=bypass,
            weights=self.random.integers(0, 2, (c_out, c_in, kernel, kernel), dtype=np.uint8),
            alpha=alpha.astype(np.float16).view(np.uint16),
            beta=beta.astype(np.float16).view(np.uint16),
            activation=Activation.RELU if relu else Activation.NONE))
        self.shapes[f"{name}.out"] = (c_out, -(-height // stride), -(-width // stride))
        return f"{name}.out"


def resnet18(height, width, *, channels=64, seed=0):
    """The binary layers of ResNet-18: 8 basic blocks in 4 stages.

    Parameters
    ----------
    height, width : of the map before the first block, a quarter of the image's.
    channels : of the first stage, 64 in the publication.

    Returns
    -------
    :class:`~flexdrive_deploy.hyperdrive.ir.ChipGraph` with input ``x`` (channels, height, width).
    """
    builder = _Builder((channels, height, width), seed)
    at = "x"
    for stage in range(4):
        outputs = channels << stage
        for block in range(2):
            name = f"stage{stage + 1}/{block + 1}"
            stride = 2 if stage and not block else 1
            beside = at
            if stride == 2:
                beside = builder.conv(f"{name}/projection", at, outputs, kernel=1, stride=2,
                                      relu=False)
            inner = builder.conv(f"{name}/1", at, outputs, stride=stride)
            at = builder.conv(f"{name}/2", inner, outputs, bypass=beside)
    return ChipGraph({"x": builder.shapes["x"]}, builder.layers, [at])
