"""Frames one after the other, the next one's maps sent while this one is computed: the words of
every frame are those that it gives alone."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import PRESETS
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.frames import Frames
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.hyperdrive.cycles import steady_cycles
from flexdrive_sim.hyperdrive.golden.chip import GoldenChip
from flexdrive_sim.hyperdrive.golden.memory_check import check_plan
from flexdrive_sim.hyperdrive.verify.frames_check import check_frames

from .networks import half, random_graph, random_layer

CHIP = replace(PRESETS["tiny"], fm_words=4096, weight_words=2048, halo=2, leaky=True, fm_banks=8,
               channelwise=True, overlap=True, stream_words=2)


def _chain(layers=5, size=8):
    rng = np.random.default_rng(1)
    names = [f"l{number}" for number in range(layers)]
    sources = ["x", *(f"{name}.out" for name in names)]
    return ChipGraph({"x": (4, size, size)}, [
        random_layer(rng, name, source, 4, 4) for name, source in
        zip(names, sources[:-1], strict=True)], [sources[-1]])


def _outputs(program, parts, commands, weights):
    from flexdrive.hyperdrive.descriptor.encoding import encode
    return GoldenChip(program.config).execute(np.array(encode(commands), np.uint32), weights,
                                              np.concatenate(parts))


def test_random_networks_give_what_each_frame_gives_alone():
    early = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, (3, 6, 5), 5)
        config = replace(CHIP, fm_words=[1024, 4096][seed % 2])
        program = lower(graph, config)
        check_plan(program)
        frames = Frames(program)
        early += frames.early < len(program.commands) - frames.loads
        parts = [program.pack({name: half(rng, *program.maps[name].shape)
                               for name in program.loads}) for _ in range(3)]
        alone = [_outputs(program, [part], program.commands, program.weights) for part in parts]
        np.testing.assert_array_equal(_outputs(
            program, parts, frames.commands(3), frames.weights(3)), np.concatenate(alone))
    assert early > 20


def test_the_next_frame_comes_as_early_as_the_memory_lets_it():
    """A chain needs two maps; with a third it comes as soon as its place is free."""
    graph, words = _chain(), 4 * 4 * 4
    found = {size: Frames(lower(graph, replace(CHIP, fm_words=size * words)))
             for size in (2, 3, 4)}
    assert {size: frames.early for size, frames in found.items()} == {2: 5, 3: 1, 4: 1}
    assert all(frames.loads == 1 for frames in found.values())
    operations = [d.operation for d, _ in found[3].commands(2)]
    one = [Operation.CONV] * 4 + [Operation.STORE]
    assert operations == [Operation.LOAD, Operation.CONV, Operation.LOAD, *one,
                          Operation.CONV, *one]


def test_without_overlap_the_plan_is_the_smallest():
    graph = _chain()
    assert lower(graph, replace(CHIP, overlap=False)).peak_words == 2 * 4 * 4 * 4


@pytest.mark.slow
@pytest.mark.parametrize("beat", [1, 8])
def test_frames_on_the_rtl(beat):
    from flexdrive_sim.engine import Gate
    from flexdrive_sim.hyperdrive.drive.chip import Chip

    config = replace(CHIP, stream_words=beat)
    chip, program = Chip(config, power_up=5), lower(_chain(), config)
    for seed, gates in enumerate(({}, {"i_pixels": Gate.random(0.3, 1),
                                       "o_pixels": Gate.random(0.4, 2)})):
        wrong, words, _ = check_frames(chip, program, 4, seed, gates)
        assert (wrong, words) == ([], 4 * 256)
    one, more = steady_cycles(program)
    transfers = -(-4 // beat) * 64
    assert more < one - transfers
