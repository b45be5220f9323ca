"""Networks and vectors beside the repository, which are not part of it."""

from pathlib import Path

import numpy as np
import pytest

from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.golden.network import run

__all__ = ["DATA", "computed", "needs_data", "reals", "vectors"]

DATA = Path(__file__).resolve().parents[4] / "shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"there is no {DATA}")


def vectors(name):
    """Arrays of a .npz file."""
    return np.load(DATA / name)


def reals(network, integers):
    """Images of a network from integers of its one input."""
    quantiser = network.integers.inputs[0].quantiser
    return ((integers.astype(np.int32) - quantiser.zero).astype(np.float32)
            * np.float32(float(quantiser.scale)))


def computed(name, integers, keep=(), axes=None, **options):
    """(network, outputs, kept tensors) of integer images; ``axes`` brings them into NCHW."""
    network = load_network(DATA / name, **options)
    images = reals(network, integers)
    images = images if axes is None else np.transpose(images, axes)
    (source,) = network.inputs
    return (network, *run(network, {source: images.reshape(-1, *network.inputs[source][1:])}, keep))
