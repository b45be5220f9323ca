"""The memory plan as the golden model follows it: wrong places are named, right ones pass."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Command
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.hyperdrive.golden.memory_check import PlanError, check_plan

from ..deploy.networks import random_graph, random_layer

CONFIG = ChipConfig(rows=2, columns=2, channels=4, fm_words=1024, fm_banks=4, weight_words=300,
                    border_words=512, corner_words=256, leaky=True)


def residual(**options):
    """Two basic blocks; maps of 4 words a pixel, 64 words a tile."""
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (4, 8, 8)}, [
        random_layer(rng, "a", "x", 4, 4), random_layer(rng, "b", "a.out", 4, 4, bypass="x"),
        random_layer(rng, "c", "b.out", 4, 4), random_layer(rng, "d", "c.out", 4, 4,
                                                            bypass="b.out")], ["d.out"])
    return lower(graph, options.pop("config", CONFIG), **options)


def changed(program, index, **fields):
    """The program with other fields in descriptor ``index``."""
    commands = list(program.commands)
    descriptor, payload = commands[index]
    commands[index] = Command(replace(descriptor, **fields), payload)
    return replace(program, commands=commands)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("mesh", [None, (2, 2)])
def test_programs_of_the_compiler_pass(seed, mesh):
    config = replace(CONFIG, mesh=mesh is not None, halo=2)
    graph = random_graph(np.random.default_rng(seed), (3, 9, 8), 7, kernels=(1, 3, 5))
    for layer_check in (False, True):
        check_plan(lower(graph, config, layer_check=layer_check, mesh=mesh))


def test_a_map_that_is_overwritten_too_early():
    """x lies at 0, a.out at 64. c would put its map over b.out, which d adds."""
    program = residual()
    assert [program.maps[name].base for name in ("x", "a.out", "b.out", "c.out")] == [0, 64, 0, 64]
    with pytest.raises(PlanError, match=r"CONV d \(descriptor 4\) reads map b.out, but word 8 of "
                       r"the feature-map memory of each tile was overwritten by CONV c "
                       r"\(descriptor 3\) while it was still needed"):
        check_plan(changed(changed(program, 3, out_base=8), 4, in_base=8))


@pytest.mark.parametrize(("index", "fields", "message"), [
    (2, {"in_base": 512}, r"CONV b \(descriptor 2\) reads map a.out, but word 512 of the "
                          "feature-map memory of each tile was never written"),
    (2, {"in_base": 32}, r"CONV b .* reads map a.out, but word 32 .* was written by LOAD x "
                         r"\(descriptor 0\), which does not make that map"),
    (2, {"bypass_base": 64, "in_base": 64}, r"CONV b .* reads map x, but word 64 .* written by "
                                            "CONV a"),
    (1, {"out_base": 65}, "CONV b .* reads map a.out, but word 64 .* never written"),
    (0, {"in_base": 1}, "CONV a .* reads map x, but word 0 .* never written"),
    (5, {"in_base": 1}, "STORE d .* reads map d.out, but word 64 .* written by CONV c"),
    (3, {"tile_rows": 2}, "CONV d .* reads map c.out, but word 96 .* written by CONV a"),
])
def test_wrong_places(index, fields, message):
    with pytest.raises(PlanError, match=message):
        check_plan(changed(residual(), index, **fields))


def wrong_bases(program):
    """Programs with one base of one descriptor outside the map that it belongs to."""
    used = {"LOAD": ["in_base"], "STORE": ["in_base"], "CONV": ["in_base", "out_base"]}
    for index, (entry, descriptor) in enumerate(
            zip(program.entries, program.descriptors, strict=True)):
        fields = used[entry.operation.name] + ["bypass_base"] * bool(descriptor.bypass)
        for field in fields:
            # A piece adds the layer's bypass or what the one before has made.
            names = {"in_base": [entry.reads or entry.writes], "out_base": [entry.writes],
                     "bypass_base": [entry.bypass or entry.writes, entry.writes]}[field]
            places = [program.maps[name] for name in names]
            for base in range(program.peak_words):
                if not any(place.base <= base < place.base + place.words for place in places):
                    yield changed(program, index, **{field: base})


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_every_base_outside_its_map_is_found(seed):
    """Each base of each descriptor, one at a time; groups, partial sums and joined maps too."""
    graph = random_graph(np.random.default_rng(seed), (3, 5, 4), 4)
    for program in (lower(graph, CONFIG), residual()):
        for wrong in wrong_bases(program):
            with pytest.raises(PlanError):
                check_plan(wrong)


def test_a_write_that_nobody_misses():
    """The last of two partial sums, 4 words above the map: what is read is the first."""
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (4, 8, 8)}, [random_layer(rng, "a", "x", 4, 4, parts=(2, 2))],
                      ["a.out"])
    program = lower(graph, CONFIG)
    base = program.maps["a.out"].base
    with pytest.raises(PlanError, match=rf"CONV a \(descriptor 2\) writes map a.out to word "
                       rf"{base + 64} of the feature-map memory of each tile, which is outside"):
        check_plan(changed(program, 2, out_base=base + 4))


def test_wrong_places_in_the_border_memories():
    program = residual(config=replace(CONFIG, mesh=True), mesh=(1, 2))
    check_plan(program)
    first = program.descriptors[1]
    with pytest.raises(PlanError, match=r"CONV b .* reads map a.out, but line \d+ of the west and "
                                        "east border memories of each tile was never written"):
        check_plan(changed(program, 1, border_rows=first.border_rows + 1))


def test_no_session_runs_a_program_with_a_wrong_plan():
    program = changed(residual(), 1, out_base=65)
    deployment = Deployment("net", CONFIG, [ChipPart(program)], {"x": (1, 4, 8, 8)}, ["d.out"])
    with pytest.raises(PlanError, match=r"reads map a\.out"):
        Session(deployment)
