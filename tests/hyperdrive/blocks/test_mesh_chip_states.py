"""Every output of a chip with links in each of its states. Every link is looped back: what the
chip sends to a side comes from there a cycle later, which is a good neighbour."""

import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.border.memory import SIDES
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive.hyperdrive.link import LinkConfig, LinkError
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions

from .bench import Bench, output_names
from .host import Host, load

CHIP = ChipConfig(rows=1, columns=1, channels=1, fm_words=16, fm_banks=1, weight_words=4,
                  mesh=True, border_words=8, corner_words=8)
# Frames of one phit.
LINK = LinkConfig(width=40, reverse_width=21, keepalive=8, timeout=32)
WIRES = [(f"o_{side}", f"i_{side}") for side in SIDES] + [
    (f"i_{side}_credit", f"o_{side}_credit") for side in SIDES]
REST = {"i_descriptors_ready": 1, "i_weights_ready": 1, "i_pixels_ready": 0, "o_pixels_valid": 0,
        "o_reports_valid": 0, "busy": 0, "stopped": 0, "o_weights_south_valid": 0,
        "o_weights_east_valid": 0}


class Looped(Host):
    """Connects outputs to inputs on the sides in ``whole``."""

    def __init__(self, bench):
        super().__init__()
        self.whole = set(SIDES)
        self.spoke = set()      # wires that have carried something
        assert output_names(bench.component) == set(REST) | {
            f"{name.removesuffix('_valid')}_payload" for name in REST if name.endswith("_valid")
        } | {f"{sent}_{part}" for sent, _ in WIRES for part in ("data", "valid", "last")}

    def cycle(self, **inputs):
        for sent, come in WIRES:
            side = next(side for side in SIDES if side in sent)
            for part in ("data", "valid", "last"):
                inputs[f"{come}_{part}"] = (
                    self.seen.get(f"{sent}_{part}", 0) if side in self.whole else 0)
        yield from super().cycle(**inputs)
        self.spoke |= {sent for sent, _ in WIRES if self.seen[f"{sent}_valid"]}
        for sent, _ in WIRES:       # one phit, which ends its frame
            assert self.seen[f"{sent}_last"] or not self.seen[f"{sent}_valid"]

    def expect(self, state, **changes):
        wanted = {**REST, **changes}
        assert {name: self.seen[name] for name in wanted} == wanted, state


@pytest.fixture(scope="module")
def chip():
    return Bench(MeshChip(CHIP, MeshOptions(link=LINK, forward_weights=True)))


def wires(*sides):
    return {name for side in sides for name in (f"o_{side}", f"i_{side}_credit")}


@pytest.mark.slow
def test_sides_without_a_neighbour_are_silent(chip):
    host = Looped(chip)

    def stimulus():
        yield from host.cycles(3 * LINK.timeout, neighbours=0b0101)
        host.expect("idle")
        assert host.spoke == wires("north", "west")

    chip.run(stimulus())


def test_every_output_before_and_after_a_link_is_cut(chip):
    host = Looped(chip)

    def stimulus():
        yield from host.cycles(3 * LINK.timeout, neighbours=0b1111, o_reports_ready=0)
        host.expect("idle, with good links")
        assert host.spoke == wires(*SIDES)
        # Weights go on to both neighbours and to the chip, each word once to each.
        yield from host.send("i_weights", 1)
        host.expect("weights wait", o_weights_south_valid=1, o_weights_east_valid=1)
        assert host.seen["o_weights_south_payload"] == host.seen["o_weights_east_payload"] == 1
        yield from host.cycle(o_weights_south_ready=1)
        yield from host.cycle(o_weights_south_ready=0)
        host.expect("one has taken it", o_weights_east_valid=1)
        yield from host.cycle(o_weights_east_ready=1)
        yield from host.cycle(o_weights_east_ready=0)
        host.expect("all have taken it")
        # A frame lost on one side. The error is there for a moment, the silence for ever.
        host.whole = set(SIDES) - {"west"}
        yield from host.until("o_reports_valid")
        report = host.seen["o_reports_payload"]
        assert (report.code, report.link_error) == (Code.LINK_WEST, LinkError.TIMEOUT.value)
        host.spoke = set()
        yield from host.cycles(4 * LINK.timeout)
        host.expect("stop not told yet", o_reports_valid=1, busy=1)
        yield from host.cycles(2, o_reports_ready=1)
        host.whole = set(SIDES)
        yield from host.cycles(4 * LINK.timeout)
        host.expect("stopped", stopped=1)
        assert host.spoke == set()

    chip.run(stimulus())


def test_busy_while_a_border_waits_for_a_neighbour(chip):
    """A map goes to the east and comes back from there, as the link is looped."""
    host = Looped(chip)

    def stimulus():
        yield from host.cycles(2 * LINK.timeout, neighbours=0b1000, o_reports_ready=0)
        yield from host.descriptor(load(halo=1, east=1))
        yield from host.until("i_pixels_ready")
        host.expect("LOAD waits", i_pixels_ready=1, busy=1)
        yield from host.send("i_pixels", 0x3C00)
        yield from host.until("o_reports_valid")
        host.expect("report waits", o_reports_valid=1, busy=1)
        yield from host.cycles(2, o_reports_ready=1)
        host.expect("idle")
        taken = yield from host.descriptor(load())
        assert taken <= host.now
        host.expect("the next operation begins, as the border has come", busy=1)

    chip.run(stimulus())
