# amaranth: UnusedElaboratable=no
"""Meshes with links between their chips: any width, latency and jitter, and faults."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.emit import port_list
from flexdrive.errors import ConfigurationError, FlexdriveError
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.link import LinkConfig, LinkError
from flexdrive.hyperdrive.mesh import Mesh as MeshComponent
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.compiled_model import ChipPart, Deployment
from flexdrive_deploy.hyperdrive.codegen import lower
from flexdrive_deploy.hyperdrive.ir import ChipGraph
from flexdrive_sim.engine import Gate, Model
from flexdrive_sim.hyperdrive.drive import inference_session
from flexdrive_sim.hyperdrive.drive.faulty_mesh import FaultyMesh, FaultyMeshComponent
from flexdrive_sim.hyperdrive.drive.faulty_wire import Fault, FaultSettings, WireSettings
from flexdrive_sim.hyperdrive.drive.inference_session import Session
from flexdrive_sim.hyperdrive.drive.link import Wire
from flexdrive_sim.hyperdrive.drive.mesh import random_chain
from flexdrive_sim.hyperdrive.verify.fault_campaign import FaultCampaign
from flexdrive_sim.hyperdrive.verify.mesh_check import random_gates, wrong_words
from flexdrive_sim.hyperdrive.verify.mesh_faults import (
    MESHES,
    campaign_programs,
    mesh_runs,
    stop_limit,
)

from ..deploy.networks import half, random_layer

pytestmark = pytest.mark.slow

CHIP = MESHES[0][0]
# Width and window far apart: words that wait for wires, wires that wait for credits.
LINKS = {
    "1x2_narrow": (1, 2, MeshOptions(link=LinkConfig(width=1, window=1))),
    "2x2": (2, 2, MeshOptions(link=LinkConfig())),
    "2x2_replay": (2, 2, MeshOptions(link=LinkConfig(
        width=18, retransmit=True, window=4, keepalive=60, timeout=240), forward_weights=True)),
    "3x1_wide": (3, 1, MeshOptions(link=LinkConfig(width=64, reverse_width=64, crc=32, window=2))),
}


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=[] if name in ("1x2_narrow", "2x2_replay") else pytest.mark.thorough)
    for name in LINKS])
def mesh(request):
    return FaultyMesh(CHIP, *LINKS[request.param])


def test_random_chains(mesh):
    # Words equal the golden model, and every report and the total the cycle model.
    for seed in range(16):
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, 1000 + seed)
        gates = random_gates(mesh, seed) if seed % 2 else None
        wires = Wire(latency=seed * 7 % 30)
        assert wrong_words(mesh, stimulus, gates, wires) == [], f"seed {seed}"


def test_random_chains_on_wires_with_jitter(mesh):
    for seed in range(16):
        stimulus = random_chain(mesh.config, mesh.height, mesh.width, 2000 + seed)
        gates = random_gates(mesh, seed) if seed % 2 else None
        wires = Wire(latency=seed, stall=20 + 12 * seed, seed=seed + 1)
        assert wrong_words(mesh, stimulus, gates, wires) == [], f"seed {seed}"


@pytest.fixture(scope="module", params=[False, True], ids=["", "overlap"])
def pair(request):
    config, *options = MESHES[0]
    return FaultyMesh(replace(config, overlap=request.param, stream_words=1 + request.param),
                      *options)


# Numbers of the wires between two chips: words to the east, their credits, words to the west,
# their credits.
@pytest.mark.parametrize(
    ("number", "kind", "stops"),
    [
        (0, Fault.FLIP, {Code.LINK_WEST: LinkError.CRC}),
        (0, Fault.DROP, {Code.LINK_WEST: LinkError.FRAMING}),
        (1, Fault.FLIP, {Code.LINK_EAST: LinkError.CRC}),
        (2, Fault.FLIP, {Code.LINK_EAST: LinkError.CRC}),
        (3, Fault.DOUBLE, {Code.LINK_WEST: LinkError.FRAMING}),
        (2, Fault.CUT, {Code.LINK_EAST: LinkError.TIMEOUT}),
    ],
)
def test_a_fault_stops_both_chips(pair, number, kind, stops):
    program = campaign_programs(pair)[0]
    phit = kind not in (Fault.CUT,)
    wires = Wire(kind=kind, position=40 if phit else program.cycles // 2, mask=1)
    run = pair.run_with(
        program.words,
        program.weights,
        program.pixels,
        wires=wires,
        number=number,
        max_cycles=20_000,
    )
    reports = [chip.reports[-1] for chip in run.chips.values() if chip.reports]
    found = {report.code: report.link_error for report in reports if report.code.stops}
    # The other chip hears nothing more, and stops too.
    assert found == stops
    limit = stop_limit(1, 2, pair.options.link, 0)
    followed = pair.follow(run, limit)
    assert followed.stopped_at - followed.hit_at <= limit


def test_the_stop_names_the_operation(pair):
    # The cut comes while the chips are in the second operation or wait to begin the third.
    program = campaign_programs(pair)[0]
    good = pair.run_with(program.words, program.weights, program.pixels)
    second = good.chips[0, 0].reports[1]
    run = pair.run_with(
        program.words,
        program.weights,
        program.pixels,
        number=0,
        wires=Wire(kind=Fault.CUT, position=second.time - second.cycles // 2),
        max_cycles=50_000,
    )
    before, stop = run.chips[0, 1].reports[-2:]
    assert before.code == Code.OK
    assert (stop.code, stop.index) == (Code.LINK_WEST, before.index + 1)


_CHIP_AT_REST = {"i_descriptors{}_ready": 1, "i_pixels{}_ready": 0, "o_pixels{}_valid": 0,
                 "o_reports{}_valid": 0, "stopped{}": 0}


def test_every_output_of_a_mesh_in_each_state():
    """What belongs to one chip shows at its ports, and ``busy`` and ``stopped`` say it of any."""
    chip, height, width, options = MESHES[0]
    assert (height, width) == (1, 2)
    rest = {"i_weights_ready": 1, "busy": 0, "stopped": 0} | {
        name.format(f"_0_{x}"): value for x in range(2) for name, value in _CHIP_AT_REST.items()}
    outputs = {port.name for port in port_list(MeshComponent(chip, 1, 2, options))
               if port.direction == "output"}
    assert {name for name in outputs if not name.endswith("_payload")} == set(rest)
    model = Model(FaultyMeshComponent(chip, 1, 2, options))

    def expect(state, **changes):
        wanted = rest | changes
        model.settle()
        assert {name: model.get(name) for name in wanted} == wanted, state

    def send(x, words):
        model.attach(f"i_descriptors_0_{x}", np.array(words, np.uint32), Gate.always())
        model.run(200)
        model.detach(f"i_descriptors_0_{x}")

    model.reset()
    expect("reset")
    for x in range(2):
        # Reports wait, each at its chip.
        send(x, Descriptor(magic=0).words())
        expect("report", busy=1, **{f"o_reports_0_{x}_valid": 1})
        model.set(f"o_reports_0_{x}_ready", 1)
        model.tick()
        model.set(f"o_reports_0_{x}_ready", 0)
        expect("report taken")
        send(x, Descriptor(operation=Operation.LOAD, in_channels=1, tile_rows=1, tile_columns=1,
                           full_rows=1, full_columns=1).words())
        expect("LOAD", busy=1, **{f"i_pixels_0_{x}_ready": 1})
        model.attach(f"i_pixels_0_{x}", np.array([0x3C00], np.uint32), Gate.always())
        model.set(f"o_reports_0_{x}_ready", 1)
        model.run(30)
        model.set(f"o_reports_0_{x}_ready", 0)
        expect("LOAD done")
        send(x, Descriptor(operation=Operation.STORE, in_channels=1, tile_rows=1, tile_columns=1,
                           full_rows=1, full_columns=1).words())
        expect("STORE", busy=1, **{f"o_pixels_0_{x}_valid": 1})
        model.set(f"o_pixels_0_{x}_ready", 1)
        model.set(f"o_reports_0_{x}_ready", 1)
        model.run(30)
        model.set(f"o_pixels_0_{x}_ready", 0)
        model.set(f"o_reports_0_{x}_ready", 0)
        expect("STORE done")
    # Words to the east are cut: the chip there stops, and that in the west some time later.
    cut = Wire(kind=Fault.CUT)
    model.set("wires", WireSettings.const(cut.settings).as_bits())
    model.set("fault", FaultSettings.const(cut.fault).as_bits())
    model.run(2 * options.link.timeout, until=("o_reports_0_1_valid", 1))
    expect("the east stops", busy=1, o_reports_0_1_valid=1)
    model.set("o_reports_0_1_ready", 1)
    model.tick()
    expect("the east has stopped", stopped=1, stopped_0_1=1)
    model.run(2 * options.link.timeout, until=("o_reports_0_0_valid", 1))
    expect("the west stops", busy=1, stopped=1, stopped_0_1=1, o_reports_0_0_valid=1)
    model.set("o_reports_0_0_ready", 1)
    model.tick()
    expect("all have stopped", stopped=1, stopped_0_0=1, stopped_0_1=1)


class CutMesh(FaultyMesh):
    """A link that ends in the middle of a network."""

    def run(self, *arguments, inputs=None, **options):
        if inputs is None:
            return self.run_with(*arguments, wires=Wire(kind=Fault.CUT, position=300), **options)
        return super().run(*arguments, inputs=inputs, **options)


def test_the_host_learns_of_a_stop(monkeypatch):
    rng = np.random.default_rng(1)
    layers = [random_layer(rng, "first", "x", 2, 4), random_layer(rng, "second", "first.out", 4, 3)]
    graph = ChipGraph({"x": (2, 9, 7)}, layers, ["second.out"])
    part = ChipPart(lower(graph, CHIP, mesh=(2, 2)), graph)
    made = Deployment("net", CHIP, [part], {"x": (1, 2, 9, 7)}, graph.outputs, False)
    monkeypatch.setattr(inference_session, "machine_for", lambda *_, **__: FaultyMesh(*MESHES[3]))
    session = Session(made, "rtl", options=MESHES[3][3])
    image = half(rng, 2, 9, 7).view(np.float16)[None]
    assert session.run(image).difference is None
    session._chip = CutMesh(*MESHES[3])
    with pytest.raises(FlexdriveError, match=r"^Chip \(\d, \d\) stopped (in|before) (CONV|STORE) "
                       r"(first|second) \(descriptor \d\), cycle \d+: its link to the "
                       r"(north|south|west|east) failed, [A-Z]+; there is no result$"):
        session.run(image)


def test_random_faults():
    # Without and with retransmission; the campaign is flexdrive verify mesh-faults.
    campaign = FaultCampaign()
    for index in (0, 3):
        for seed, run in enumerate(mesh_runs(index, 0, 60)):
            campaign.add(index, seed, MESHES[index][3].link.retransmit, run)
    assert campaign.failures == []
    assert campaign.effective > 60


def test_a_late_border_goes_before_the_corners_of_the_next_map():
    # Found by the campaign: lines of one map still waited for a slow link when corner words of
    # the next one came to be passed on, and these went first.
    mesh = FaultyMesh(*MESHES[3])
    stimulus = random_chain(mesh.config, 2, 2, 24, layers=2, squares=True)
    wires = Wire(latency=19, stall=64, seed=845662887, kind=Fault.FLIP_LAST, position=130, level=1)
    assert wrong_words(mesh, stimulus, wires=wires) == []
    assert mesh.was_hit()


def test_options_that_are_not_possible():
    with pytest.raises(ConfigurationError, match="18 bits"):
        MeshOptions(link=LinkConfig(payload=16))
    with pytest.raises(ConfigurationError, match="needs a link"):
        MeshOptions(crossing=True)
    with pytest.raises(ConfigurationError, match="a credit takes 21 phits, at most the 10"):
        MeshOptions(link=LinkConfig(), crossing=True)
    with pytest.raises(ConfigurationError, match="one clock"):
        MeshComponent(CHIP, 1, 2, MeshOptions(link=LinkConfig(reverse_width=4), crossing=True))


def test_power_up_state_does_not_matter(mesh):
    size = mesh.height, mesh.width
    for seed in range(3):
        random = FaultyMesh(CHIP, *size, mesh.options, power_up=seed + 1)
        for number in range(6):
            stimulus = random_chain(CHIP, *size, 3000 + number)
            assert wrong_words(random, stimulus) == [], f"seed {seed}, program {number}"
