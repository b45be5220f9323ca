"""The layers that the extensions are compared with: right without them."""

import numpy as np
import pytest

from flexdrive.flexv.core import CoreConfig
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.compiler.compiled import compile_network
from flexdrive_deploy.flexv.network.loading import load_network
from flexdrive_sim.flexv.drive import network as drive
from flexdrive_sim.flexv.golden.network import run
from flexdrive_sim.flexv.verify.network_check import first_difference

from .quantised_models import QuantisedBuilder


def _network(bits, weight_bits):
    """Strides, unequal padding, a zero point inside of the range, channels that fill no word."""
    builder, half = QuantisedBuilder((5, 5, 7), bits), 1 << bits - 1
    clip = None if bits == 8 else (-half, half - 1)
    x = builder.quantised("x", 50 / 4 ** (bits / 2), 1, np.int8, clip)
    shown = []
    for outputs, kernel, strides, size in ((6, (3, 2), (1, 2), (5, 4)),
                                           (3, (1, 1), (2, 2), (3, 4))):
        pads = [2, 1, 0, 0] if kernel == (3, 2) else [0] * 4
        y = builder.layer(x, outputs, kernel, bits=weight_bits, strides=strides, pads=pads)
        builder.shapes[y] = (outputs, *size)
        shown.append(builder.quantised(y, 37.7 / half, 0, np.int8, clip))
    images = np.random.default_rng(bits).integers(-800, 800, (1, *builder.shape))
    return load_network(builder.model(*shown)), images.astype(np.float32) / 4


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "weight_bits", "instructions"), [
    (8, 8, "xpulpv2"), (4, 4, "xpulpv2"), (2, 2, "xpulpv2-extract"), (4, 2, "xpulpv2"), *(
        pytest.param(*more, marks=pytest.mark.thorough)
        for more in [(2, 2, "xpulpv2"), (4, 4, "xpulpv2-extract"), (8, 2, "xpulpv2")])])
def test_layers_of_xpulpv2_alone(bits, weight_bits, instructions, tmp_path, monkeypatch):
    network, images = _network(bits, weight_bits)
    compiled = compile_network(network, instructions=instructions)
    plain, extensions = drive.run_iss, CoreConfig.preset("xpulpv2").extensions
    # What is of no such core is illegal.
    monkeypatch.setattr(drive, "run_iss", lambda *arguments, **options: plain(
        *arguments, extensions=extensions, **options))
    (name,) = network.inputs
    made = drive.SimulatedNetwork(compiled, tmp_path).run({name: images})
    assert first_difference(compiled, made, run(network, {name: images}, None)[1]) is None


def test_what_has_no_such_kernel_is_named():
    builder = QuantisedBuilder((4, 6, 6))
    x = builder.quantised("x", 0.5, 4)
    y = builder.quantised(builder.layer(x, 4, groups=4, pads=[1, 1, 1, 1]), 0.3, 0)
    network = load_network(builder.model(y))
    with pytest.raises(ModelError, match=r"Node \S+: there is no kernel of xpulpv2 for it\. "
                       "What would pass: a convolution"):
        compile_network(network, instructions="xpulpv2")
    with pytest.raises(ModelError, match="instructions = 'mmx' are none of flexv, flexv-clear, "
                                         "xpulpv2"):
        compile_network(network, instructions="mmx")
