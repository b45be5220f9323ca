"""Fault campaign on whole meshes: random faults between chips while they compute; none may lead to
a wrong result that is reported as good, nor to a hang."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.link import LinkConfig, LinkError
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import patches, whole_config, without_borders

from ...chunks import kept_by_worker
from ...engine import EngineError
from ..cycles import predict_mesh
from ..drive.faulty_mesh import FaultyMesh
from ..drive.faulty_wire import Fault
from ..drive.link import Wire
from ..drive.mesh import random_chain
from ..golden.chip import GoldenChip
from .fault_campaign import NO_EFFECT, FaultRun, run_faults
from .link_faults import detection_limit

__all__ = ["MESHES", "MeshCase", "campaign_programs", "described", "mesh_page", "mesh_runs",
           "random_mesh_case", "run_mesh_case", "run_mesh_faults", "stop_limit"]

_CHIP = ChipConfig(rows=2, columns=2, channels=3, fm_words=512, fm_banks=4, weight_words=100,
                   mesh=True, border_words=128, corner_words=32)
_SOON = {"keepalive": 64, "timeout": 256}
# Kernels of 5 x 5 on chips of one row of tiles: borders and corners of two rows and columns.
_WIDE = replace(_CHIP, rows=1, halo=2, fm_words=1024, weight_words=200, border_words=512,
                corner_words=256)
MESHES = tuple(
    (chip, *size, MeshOptions(link=LinkConfig(**_SOON, **link), forward_weights=forward))
    for chip, size, link, forward in (
        (_CHIP, (1, 2), {"width": 4}, False),
        (_CHIP, (2, 2), {"width": 4}, True),
        (_CHIP, (2, 2), {"width": 18, "crc": 8, "reverse_width": 3}, False),
        (_CHIP, (2, 2), {"width": 8, "retransmit": True}, False),
        (_CHIP, (3, 1), {"width": 1, "window": 2}, True),
        (_CHIP, (2, 3), {"width": 64, "crc": 32, "reverse_width": 64, "retransmit": True}, True),
        (_WIDE, (2, 2), {"width": 6}, False)))
"""(config, height, width, options) of the meshes of the campaign."""

PROGRAMS = 20
"""Programs that the cases of a mesh choose from."""

_STEADY = (Fault.CUT, Fault.STUCK_DATA, Fault.STUCK_VALID, Fault.STUCK_LAST, Fault.FREEZE)
_FOREVER = 0xFFFFFFFF


def stop_limit(height, width, link, latency):
    """Cycles within which all chips of a mesh have stopped, when one of its links fails: what the
    link takes, then a timeout for each chip on the way to the farthest."""
    frame = max(link.forward.phits, link.reverse.phits)
    hop = link.timeout + link.keepalive + frame + latency + 8
    return detection_limit(link, 2 * latency) + (height + width) * hop


@dataclass(frozen=True)
class CampaignProgram:
    """A program of the whole mesh, what it stores on each chip, its cycles without a fault, and
    the words that go over a link in one direction, on average."""

    words: object
    weights: object
    pixels: object
    expected: dict
    cycles: int
    link_words: int


def campaign_programs(mesh):
    """:data:`PROGRAMS` programs for the campaign on ``mesh``, all of which exchange borders."""
    size, found, seed = (mesh.height, mesh.width), [], 0
    while len(found) < PROGRAMS:
        seed += 1
        stimulus = random_chain(mesh.config, *size, seed, layers=2 + seed % 2)
        words, weights, pixels = stimulus.arrays()
        predicted = predict_mesh(mesh.config, *size, words, mesh.options)
        on_links = sum(sum(count) for links in predicted.link_words.values()
                       for count in links.values())
        if on_links < 10 * mesh.wire_count:
            continue
        commands = list(iterate(words))
        golden = GoldenChip(whole_config(mesh.config, *size),
                            (mesh.config.rows, mesh.config.columns))
        stored = golden.run(golden.checked(without_borders(commands)), weights, pixels)
        found.append(CampaignProgram(
            words, weights, pixels,
            patches(mesh.config, *size, commands, stored, Operation.STORE), predicted.cycles,
            2 * on_links // mesh.wire_count))
    return found


@dataclass(frozen=True)
class MeshCase:
    """One run with one fault on wire ``number``."""

    program: int
    number: int
    wires: Wire

    @property
    def steady(self):
        """The fault stays."""
        return self.wires.kind in _STEADY and self.wires.duration == _FOREVER


def random_mesh_case(mesh, programs, seed):
    """Case number ``seed`` of a mesh."""
    link = mesh.options.link
    random = np.random.default_rng([seed, mesh.height, mesh.width, link.width])
    program = int(random.integers(len(programs)))
    number = int(random.integers(mesh.wire_count))
    kind = Fault(int(random.integers(1, len(Fault))))
    cycles = programs[program].cycles
    width = min(link.width, link.reverse_width)
    # Most frames have a border word or its credit, the others keep the link alive.
    phits = link.forward.phits * (programs[program].link_words + cycles // link.keepalive)
    position = int(random.integers(cycles if kind in _STEADY else phits))
    burst = int(random.integers(1, 1 << min(width, link.crc, 16)))
    return MeshCase(program, number, Wire(
        latency=int(random.integers(0, 20)), stall=int(random.choice([0, 0, 64])),
        seed=int(random.integers(1, 1 << 32)), kind=kind, position=position,
        duration=int(random.integers(1, 60)) if random.random() < 0.5 else _FOREVER,
        mask=burst, level=int(random.integers(0, 2))))


def run_mesh_case(mesh, programs, case):
    """Run a case; returns (outcome, cycles from the fault until all chips had stopped or None).

    The outcome is ``"no effect"`` (nothing on the wires changed), ``"right"`` (it did, and all
    results are there and right), the stop's code and link error, or, as a failure, one that begins
    with ``"FAILED"``.
    """
    program, link = programs[case.program], mesh.options.link
    latency = case.wires.latency + (_WAIT if case.wires.stall else 0)
    limit = stop_limit(mesh.height, mesh.width, link, latency)
    try:
        run = mesh.run_with(
            program.words, program.weights, program.pixels, wires=case.wires,
            number=case.number, max_cycles=20 * program.cycles + 4 * limit)
    except EngineError:
        return "FAILED: hang", None
    for at, chip in run.chips.items():
        if not (chip.pixels == program.expected[at][:len(chip.pixels)]).all():
            return "FAILED: wrong word", None
    stops = [report for chip in run.chips.values() for report in chip.reports
             if report.code.stops]
    if run.finished and not stops:
        return _finished(mesh, run, program)
    if not stops:
        return "FAILED: neither finished nor stopped", None
    followed = mesh.follow(run, limit)
    if followed.hit_at is None:
        return "FAILED: stop without a fault", None
    if link.retransmit and not case.steady:
        return "FAILED: stop for a single fault", None
    if followed.stopped_at is None:
        return f"FAILED: not all chips stopped {limit} cycles after the fault", None
    first = min(stops, key=lambda report: report.time)
    return (f"{first.code.name} {LinkError(first.link_error).name}",
            followed.stopped_at - followed.hit_at)


# Cycles that jitter adds: what may wait in the queue of a wire.
_WAIT = 128


def _finished(mesh, run, program):
    """Everything arrived: then everything must be good and there."""
    for at, chip in run.chips.items():
        if any(report.code != Code.OK for report in chip.reports):
            return "FAILED: refused", None
        if len(chip.pixels) != len(program.expected[at]):
            return "FAILED: words missing", None
    return ("right" if mesh.was_hit() else NO_EFFECT), None


@kept_by_worker(len(MESHES))
def _prepared(index):
    """Mesh number ``index`` and its programs."""
    mesh = FaultyMesh(*MESHES[index])
    return mesh, campaign_programs(mesh)


def mesh_runs(index, first, count):
    """:class:`~.fault_campaign.FaultRun` of ``count`` seeds on mesh ``index``."""
    mesh, programs = _prepared(index)
    found = []
    for seed in range(first, first + count):
        case = random_mesh_case(mesh, programs, seed)
        outcome, stopped = run_mesh_case(mesh, programs, case)
        found.append(FaultRun(case.wires.kind.value, outcome, None, stopped))
    return found


def run_mesh_faults(count, **crew):
    """The campaign: ``count`` faults on each of :data:`MESHES`; ``crew`` as of
    :func:`~flexdrive_sim.campaign.run_campaign`. Returns a
    :class:`~.fault_campaign.FaultCampaign`."""
    return run_faults(mesh_runs, [options.link.retransmit for *_, options in MESHES], count,
                      name="faults on meshes", **crew)


def described(index):
    """What mesh number ``index`` is, in words."""
    chip, height, width, options = MESHES[index]
    link = options.link
    return (f"{height} x {width} chips, halo {chip.halo}, links of {link.width} bit "
            f"(back {link.reverse_width}), CRC-{link.crc}, window {link.window}"
            f"{', retransmission' if link.retransmit else ''}"
            f"{', weights forwarded' if options.forward_weights else ''}")


def _told(outcomes):
    """How runs ended that did not end right; by what was noticed, the side is in the tests."""
    found = Counter()
    for outcome, runs in outcomes.items():
        if outcome != "right":
            found[outcome.split()[-1] if outcome.startswith("LINK") else outcome] += runs
    return ", ".join(f"{outcome} {runs}" for outcome, runs in found.most_common()) or "-"


def mesh_page(campaign, count, seconds):
    """The campaign as Markdown."""
    lines = [
        "# Faults between the chips of a mesh", "",
        f"{campaign.effective} faults that changed something on the wires while chips computed "
        f"({campaign.runs} runs), {len(campaign.failures)} failures, "
        f"{seconds:.0f} s. Command: `flexdrive verify mesh-faults --count {count}`.", "",
        "Every run is a random chain of convolutions on the RTL of a whole mesh, with random "
        "latency and jitter on all wires and one random fault on the wires of one direction of "
        "one link. \"Right\": every word of every map arrived and equals the golden model of the "
        "whole image. Otherwise chips must stop with a code that names the side, nothing that was "
        "stored before may be wrong, and all chips must have stopped within the limit "
        "(`stop_limit`). With retransmission only faults that stay may stop a chip.", "",
        *(f"* {described(index)}: limit "
          f"{stop_limit(*setup[1:3], setup[3].link, 20)} cycles without jitter, latency 20"
          for index, setup in enumerate(MESHES))]
    for retransmit in (False, True):
        lines += ["", f"## {'With' if retransmit else 'Without'} retransmission", "",
                  "| fault | runs with effect | right | first stop | all stopped after at most |",
                  "|---|---|---|---|---|"]
        lines += [f"| {row.kind.name} | {row.runs} | {row.outcomes['right']} | "
                  f"{_told(row.outcomes)} | {row.last or '-'} |"
                  for row in campaign.rows() if row.retransmit == retransmit]
    return "\n".join([*lines, ""])
