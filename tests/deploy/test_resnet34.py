"""ResNet-34 at 224 x 224 on the published chip: it just fits ("Hyperdrive", JETCAS 2019, memory
and cycle tables; first convolution, pooling and classifier are not the chip's)."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive_deploy.errors import FitError
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.hyperdrive.cycles import predict
from flexdrive_sim.hyperdrive.golden.descriptor_rules import check

from .networks import random_layer

PAPER = PRESETS["paper"]


def resnet34(size=56, rng=None):
    """The binary part, from the map after the first pooling to the last block."""
    rng = rng or np.random.default_rng(0)
    layers, source, c_in = [], "x", 64

    def add(name, source, c_in, c_out, **options):
        # As published: shortcuts are added before the activation.
        layers.append(replace(random_layer(rng, name, source, c_in, c_out, **options), late=False))
        return layers[-1].target

    for stage, (count, c_out) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512), strict=True)):
        for block in range(count):
            name, stride = f"s{stage}b{block}", 2 if stage and block == 0 else 1
            inner = add(f"{name}.1", source, c_in, c_out, stride=stride)
            if stride == 2:
                source = add(f"{name}.p", source, c_in, c_out, kernel=1, stride=2)
            source = add(f"{name}.2", inner, c_out, c_out, bypass=source)
            c_in = c_out
    return ChipGraph({"x": (64, size, size)}, layers, [source])


@pytest.fixture(scope="module")
def graph():
    return resnet34()


@pytest.mark.slow
def test_published_memory_weights_and_cycles(graph):
    program = lower(graph, PAPER)
    assert program.peak_words == PAPER.fm_words == 8192            # 401,408 words in 49 tiles
    assert len(program.weights) * PAPER.channels == 21_258_240
    assert all(check(descriptor, PAPER) == 0 for descriptor in program.descriptors)
    assert [program.maps[name].tile[0] for name in ("x", "s1b0.p.out", "s3b2.2.out")] == [8, 4, 1]
    reports = predict(PAPER, program.words).reports
    assert sum(report.active for report in reports) == 4_521_984    # published: 4.52 M


def test_a_larger_image_does_not_fit(graph):
    large = ChipGraph({"x": (64, 63, 56)}, graph.layers, graph.outputs)
    with pytest.raises(FitError, match=r"Layer s0b0.1 needs 16384 feature-map words a tile, 8192 "
                                       r"more than the 8192 of the chip"):
        lower(large, PAPER)
