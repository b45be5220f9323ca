"""Networks on every engine; what the session says when the chip is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive.config import PRESETS
from flexdrive.hyperdrive.descriptor.encoding import Command
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.engine import Gate
from flexdrive_sim.hyperdrive.drive.inference_session import RunError, Session
from flexdrive_sim.report.summary import Summary

from ..deploy.networks import evaluate, half, random_layer

CONFIG = PRESETS["tiny"]


def small_network():
    rng = np.random.default_rng(0)
    graph = ChipGraph({"x": (3, 5, 6)}, [
        random_layer(rng, "a", "x", 3, 5), random_layer(rng, "b", "a.out", 5, 5, bypass="a.out"),
        random_layer(rng, "c", "b.out", 5, 2, kernel=1, stride=2)], ["c.out"])
    part = ChipPart(lower(graph, CONFIG, layer_check=True), graph)
    deployment = Deployment("small", CONFIG, [part], {"x": (1, 3, 5, 6)}, ["c.out"], True)
    return deployment, graph, half(rng, 1, 3, 5, 6).view(np.float16)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["golden", "rtl"])       # pysim: tests/cli/test_networks.py
def test_engines_agree(engine):
    deployment, graph, image = small_network()
    result = Session(deployment, engine).run(image)
    assert result.difference is None
    wanted = evaluate(graph, {"x": image[0].view(np.uint16)})
    np.testing.assert_array_equal(result.outputs["c.out"][0].view(np.uint16), wanted["c.out"])
    for name in ("a.out", "b.out"):
        np.testing.assert_array_equal(result.chips[0].maps[name], wanted[name])
    assert result.chips[0].compared == 30 * 5 + 30 * 5 + 9 * 2
    summary = Summary(deployment)
    summary.add(result)
    assert summary.model_holds
    assert [layer.entry.name for layer in summary.convolutions] == ["a", "b", "c"]
    # Two blocks of 4 channels; tiles of 4 x 4 pixels (aligned with the stride), then 2 x 2.
    assert [layer.active for layer in summary.convolutions] == [
        2 * 16 * 27, 2 * 16 * 45, 1 * 4 * 5]
    assert summary.output_bits == 16 * 18
    assert summary.net_cycles == summary.modelled - summary.probes < summary.modelled


@pytest.mark.slow
@pytest.mark.parametrize("interval", [7, 40])
def test_a_slow_weight_link_stalls_as_modelled(interval):
    deployment, _, image = small_network()
    fast, slow = (Session(deployment, "rtl", gates={"i_weights": Gate.every(every)}).run(image)
                  for every in (1, interval))
    assert slow.difference is None
    assert slow.chips[0].model_holds
    stalls = [report.weight_stalls for report in slow.chips[0].reports]
    assert sum(stalls) > 0
    assert slow.chips[0].cycles > fast.chips[0].cycles
    np.testing.assert_array_equal(slow.chips[0].maps["c.out"], fast.chips[0].maps["c.out"])


@pytest.fixture(scope="module")
def right():
    """(deployment, image, a ChipRun of the RTL)."""
    deployment, _, image = small_network()
    session, runs = Session(deployment, "rtl"), []
    chip_run = session._chip.run
    session._chip.run = lambda *args, **options: runs.append(chip_run(*args, **options)) or runs[0]
    session.run(image)
    return deployment, image, runs[0]


class BrokenChip:
    """Answers with a ChipRun but for one bit, or one report."""

    def __init__(self, run, index=None, report=None):
        pixels = run.pixels.copy()
        if index is not None:
            pixels[index] ^= 1
        reports = [replace(row, **report) if row.index == 2 and report else row
                   for row in run.reports]
        self._run = replace(run, pixels=pixels, reports=reports)

    def run(self, *args, **options):
        return self._run


def broken(right, **fault):
    """(Session on a broken chip, image)."""
    deployment, image, run = right
    session = Session(deployment)
    session._chip = BrokenChip(run, **fault)
    return session, image


@pytest.mark.parametrize(("index", "place"), [
    (0, ("a", 0, 0, 0)), (149, ("a", 4, 4, 5)), (150 + 5 * 7 + 2, ("b", 2, 1, 1)),
    (300, ("c", 0, 0, 0)), (300 + 2 * 5 + 1, ("c", 1, 1, 2))])
def test_first_difference_is_located(right, index, place):
    session, image = broken(right, index=index)
    difference = session.run(image).difference
    assert (difference.layer, difference.channel, difference.row, difference.column) == place
    assert difference.got == difference.expected ^ 1
    assert difference.cycle > 0
    assert f"layer {place[0]}, channel {place[1]}, row {place[2]}, column {place[3]}: expected " \
        in str(difference)


def test_refusals_and_wrong_cycles_are_seen(right):
    session, image = broken(right, report={"code": Code.OVERLAP})
    with pytest.raises(RunError, match="The chip refused descriptor 2: OVERLAP"):
        session.run(image)
    session, image = broken(right, report={"cycles": 1})
    assert not session.run(image).chips[0].model_holds


def test_a_wrong_program_is_seen_on_the_golden_engine():
    """The golden engine compares the program with the layers evaluated without it."""
    deployment, _, image = small_network()
    program = deployment.programs[0]
    weights = program.weights.copy()
    weights[3, 0] ^= 1
    deployment.parts[0].program = replace(program, weights=weights)
    difference = Session(deployment).run(image).difference
    assert difference.layer == "a"
    assert difference.channel == 0
    load, (convolution, payload), *others = program.commands
    beyond = replace(convolution, out_base=convolution.out_base + 200)
    deployment.parts[0].program = replace(program, commands=[
        load, Command(beyond, payload), *others])
    with pytest.raises(RunError, match="Descriptor 1 of the program is illegal: OUTPUT_RANGE"):
        Session(deployment)
