"""The picture of the memory plan: what it draws, not how it looks."""

import io
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.image import imread

from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_deploy.hyperdrive.plan_picture import lives, plan_picture
from flexdrive_sim.hyperdrive.drive.runner import predict_program

from ..hyperdrive.test_ownership import CONFIG, residual
from .networks import random_graph, random_layer


def deployment(*programs):
    return Deployment("net", CONFIG, [ChipPart(program) for program in programs], {}, [])


def test_lives_of_residual_blocks_in_cycles():
    """256 words in and out; four layers of 16 pixels a tile and 9 x 4 weight words."""
    program = residual()
    at = np.cumsum([0, 256, 576, 576, 576, 576, 256]).tolist()
    found, cycles = lives(deployment(program))
    assert cycles == at[-1]
    assert [(life.name, life.base, life.begin, life.end, life.kind) for life in found] == [
        ("x", 0, 0, at[2], "sent"), ("a.out", 64, at[1], at[3], "kept"),
        ("b.out", 0, at[2], at[4], "kept"), ("c.out", 64, at[3], at[5], "kept"),
        ("d.out", 0, at[4], at[6], "result")]
    twice, total = lives(deployment(program, program))
    assert total == 2 * cycles
    assert [life.begin for life in twice[5:]] == [life.begin + cycles for life in found]


@pytest.mark.parametrize("mesh", [None, (1, 2)])
def test_the_cycles_are_near_those_of_the_cycle_model(mesh):
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (8, 16, 16)}, [random_layer(rng, "a", "x", 8, 8),
                                           random_layer(rng, "b", "a.out", 8, 8)], ["b.out"])
    config = replace(CONFIG, fm_words=4096, mesh=mesh is not None)
    program = lower(graph, config, mesh=mesh)
    modelled = predict_program(program).cycles
    assert 0.9 * modelled < lives(deployment(program))[1] <= modelled


@pytest.mark.parametrize("seed", range(10))
def test_no_two_maps_share_a_place_and_a_time(seed):
    graph = random_graph(np.random.default_rng(seed), (3, 9, 8), 8)
    found, _ = lives(deployment(lower(graph, CONFIG, layer_check=bool(seed % 2))))
    for one, other in combinations(found, 2):
        assert (one.end <= other.begin or other.end <= one.begin
                or one.base + one.words <= other.base or other.base + other.words <= one.base)


def test_the_picture_is_the_same_png_every_time():
    content = plan_picture(deployment(residual()))
    assert content == plan_picture(deployment(residual()))
    assert imread(io.BytesIO(content), format="png").shape == (990, 1980, 4)


@pytest.mark.slow
@pytest.mark.parametrize("words", [192, 1024, 8192])
def test_the_maps_fill_the_picture_whatever_the_memory(words):
    """A memory much larger than what is used is said in words, not drawn as an empty plane."""
    program = residual()
    made = deployment(replace(program, config=replace(program.config, fm_words=words)))
    made.config = made.programs[0].config
    text = plan_picture(made, "svg").decode()
    assert f"memory of a tile, {words:,} words" in text
    pixels = imread(io.BytesIO(plan_picture(made)), format="png")[..., :3]
    coloured = (pixels.max(axis=2) - pixels.min(axis=2) > 0.05).mean()
    assert coloured > 0.3


def test_the_text_on_a_page_is_large_enough():
    """The picture is as wide as the page, so its sizes are those that a reader sees."""
    text = plan_picture(deployment(residual()), "svg").decode()
    (width,) = re.findall(r'^<svg.*?width="([\d.]+)pt"', text, re.M | re.S)
    assert float(width) <= 11 * 72
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", text)]
    assert min(sizes) >= 7.5
