"""Every output of a chip in each of its states, and every field of its reports.

States are made with one pixel and a few words, so all that is expected is plain from the
descriptors and from the cycles that the test itself counts.
"""

import pytest
from amaranth.lib import data

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.border.memory import SIDES
from flexdrive.hyperdrive.border.word import Kind
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.descriptor.report import Report
from flexdrive.hyperdrive.link import LinkError

from .bench import Bench, output_names
from .host import Host, conv, load, store

PLAIN = ChipConfig(rows=1, columns=1, channels=1, fm_words=16, fm_banks=1, weight_words=4)
MESH = ChipConfig(rows=1, columns=1, channels=1, fm_words=16, fm_banks=1, weight_words=4,
                  mesh=True, border_words=8, corner_words=8)
FIELDS = {name for name, _ in data.Layout.cast(Report)}
# A chip that has nothing to do: every output but payloads, which count with `valid` alone.
REST = {"i_descriptors_ready": 1, "i_weights_ready": 1, "i_pixels_ready": 0, "o_pixels_valid": 0,
        "o_reports_valid": 0, "busy": 0}
MESH_REST = {**REST, "stopped": 0, **{f"i_{side}_ready": 0 for side in SIDES},
             **{f"o_{side}_valid": 0 for side in SIDES}}
ONE, TWO = 0x3C00, 0x4000


@pytest.fixture(scope="module")
def mesh_chip():
    return Bench(Chip(MESH))


class States(Host):
    """Checks all outputs of a cycle at once."""

    def __init__(self, bench):
        super().__init__()
        self.rest = MESH_REST if bench.component.config.mesh else REST
        # A new port needs a place in these tables.
        assert output_names(bench.component) == set(self.rest) | {
            f"{name.removesuffix('_valid')}_payload" for name in self.rest
            if name.endswith("_valid")}

    def expect(self, state, **changes):
        """All outputs but these are as at rest; payloads are looked at with their ``valid``."""
        wanted = {**self.rest, **changes}
        found = {name: self.seen[name] for name in wanted}
        assert found == wanted, state

    def report(self, **fields):
        """The report on offer, all of it."""
        assert set(fields) == FIELDS
        assert self.seen["o_reports_valid"]
        assert {name: getattr(self.seen["o_reports_payload"], name) for name in fields} == fields


def counters(cycles, active=0, weight_stalls=0, tail_stalls=0):
    return {"cycles": cycles, "active": active, "weight_stalls": weight_stalls,
            "tail_stalls": tail_stalls}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "mesh"])
def test_every_output_in_every_state(kind, mesh_chip):
    chip = mesh_chip if kind == "mesh" else Bench(Chip(PLAIN))
    host = States(chip)
    ok = {"code": Code.OK, "link_error": LinkError.NONE.value}

    def stimulus():
        yield from host.cycle(o_reports_ready=0, o_pixels_ready=0)
        host.expect("idle")
        words = load(channels=2).words()
        yield from host.send("i_descriptors", *words[:5])
        host.expect("part of a descriptor", busy=1)
        yield from host.send("i_descriptors", *words[5:])
        host.expect("descriptor checked", i_descriptors_ready=0, busy=1)
        yield from host.until("i_pixels_ready")
        host.expect("LOAD waits", i_pixels_ready=1, busy=1)
        yield from host.send("i_pixels", ONE)
        yield from host.cycles(3)
        host.expect("LOAD waits for its last word", i_pixels_ready=1, busy=1)
        yield from host.send("i_pixels", TWO)
        yield from host.until("o_reports_valid")
        for _ in range(5):
            yield from host.cycle()
            host.expect("report waits", o_reports_valid=1, busy=1)
        cycles = int(host.seen["o_reports_payload"].cycles)
        host.report(index=0, operation=Operation.LOAD, **counters(cycles), **ok)
        yield from host.cycle(o_reports_ready=1)
        host.expect("report leaves", o_reports_valid=1, busy=1)
        yield from host.cycle(o_reports_ready=0)
        host.expect("idle again")

        # Four words fill the ring.
        yield from host.send("i_weights", 1, 1, 0, 1)
        host.expect("weights wait", i_weights_ready=0)
        taken = yield from host.descriptor(conv(channels=2))
        yield from host.cycles(20)
        host.expect("CONV waits for parameters", busy=1)
        yield from host.send("i_descriptors", ONE | 0x8000 << 16)
        yield from host.until("o_reports_valid")
        cycles = host.now - taken
        host.report(index=1, operation=Operation.CONV, **counters(cycles, active=2), **ok)
        host.expect("report of CONV", o_reports_valid=1, busy=1)
        yield from host.cycles(2, o_reports_ready=1)
        yield from host.cycle(o_reports_ready=0)
        host.expect("idle after CONV")

        taken = yield from host.descriptor(store())
        yield from host.until("o_pixels_valid")
        yield from host.cycles(4)
        host.expect("STORE waits", o_pixels_valid=1, busy=1)
        assert host.seen["o_pixels_payload"] == ONE
        yield from host.cycle(o_pixels_ready=1)
        yield from host.until("o_reports_valid", o_pixels_ready=0)
        host.report(index=2, operation=Operation.STORE, **counters(host.now - taken), **ok)
        host.expect("report of STORE", o_reports_valid=1, busy=1)

        # The report of a refusal waits behind it, and the third descriptor behind that.
        yield from host.descriptor(Descriptor(magic=0, operation=5, payload=0))
        yield from host.cycles(30)
        host.expect("a report waits for another", o_reports_valid=1, busy=1)
        yield from host.cycle(o_reports_ready=1)
        yield from host.cycle(o_reports_ready=0)
        # Taken, looked at, reported.
        host.report(index=3, operation=5, code=Code.MAGIC, link_error=LinkError.NONE.value,
                    **counters(3))
        host.expect("report of a refusal", o_reports_valid=1, busy=1)
        yield from host.cycle(o_reports_ready=1)
        yield from host.cycle(o_reports_ready=0)
        host.expect("idle at the end")

    chip.run(stimulus())


@pytest.mark.parametrize("side", SIDES)
def test_every_output_while_borders_travel(mesh_chip, side):
    """A pixel goes to the neighbour of one side, and one comes from there."""
    host = States(mesh_chip)
    at = SIDES.index(side)

    def stimulus():
        yield from host.cycle(neighbours=1 << at, o_reports_ready=1, o_pixels_ready=1)
        host.expect("idle")
        yield from host.descriptor(load(halo=1, **{side: 1}))
        yield from host.send("i_pixels", TWO)
        yield from host.until("o_reports_valid")
        yield from host.cycles(5)
        # The operation is over, and its border waits for the link.
        host.expect("a border waits", **{f"o_{side}_valid": 1})
        word = host.seen[f"o_{side}_payload"]
        assert (word.pixel, word.kind) == (TWO, Kind.BORDER)
        yield from host.cycle(**{f"o_{side}_ready": 1})
        yield from host.cycle(**{f"o_{side}_ready": 0})
        host.expect("it has left")
        # What reads the neighbour's pixel does not begin before it has come.
        yield from host.send("i_descriptors", *store().words())
        yield from host.cycles(20)
        host.expect("the next operation waits for a border", i_descriptors_ready=0, busy=1)
        yield from host.cycle(**{f"i_{side}_valid": 1,
                                 f"i_{side}_payload": {"pixel": ONE, "kind": Kind.BORDER}})
        host.expect("a border comes", i_descriptors_ready=0, busy=1, **{f"i_{side}_ready": 1})
        yield from host.cycle(**{f"i_{side}_valid": 0})
        yield from host.until("o_pixels_valid")
        host.expect("it goes on", o_pixels_valid=1, busy=1)

    mesh_chip.run(stimulus())


def _nothing(host):
    """Idle after one operation: its counters are of no operation, so they may be anything."""
    yield from host.descriptor(load())
    yield from host.send("i_pixels", ONE)
    yield from host.until("o_reports_valid", o_reports_ready=1)
    yield from host.cycles(2)
    host.expect("idle")
    return {"index": 1, "operation": 0}, None


def _load(host):
    taken = yield from host.descriptor(load(channels=2))
    yield from host.send("i_pixels", ONE)
    yield from host.cycles(7)
    host.expect("LOAD waits", i_pixels_ready=1, busy=1)
    return {"index": 0, "operation": Operation.LOAD}, (taken, 0)


def _store(host):
    taken = yield from host.descriptor(store())
    yield from host.until("o_pixels_valid")
    yield from host.cycles(3)
    host.expect("STORE waits", o_pixels_valid=1, busy=1)
    return {"index": 0, "operation": Operation.STORE}, (taken, 0)


def _conv(host):
    """Two of four steps are made, then no weight comes."""
    yield from host.send("i_weights", 1, 0)
    taken = yield from host.descriptor(conv(channels=4))
    yield from host.send("i_descriptors", ONE)
    yield from host.cycles(11)
    host.expect("CONV waits for weights", busy=1)
    return {"index": 0, "operation": Operation.CONV}, (taken, 2)


@pytest.mark.parametrize(("begin", "side", "error"), [
    (_nothing, "north", LinkError.CRC), (_load, "south", LinkError.FRAMING),
    (_store, "west", LinkError.TIMEOUT), (_conv, "east", LinkError.RETRY)])
def test_every_field_of_a_stop(mesh_chip, begin, side, error):
    """A link fails in each state of the chip; its report is for what was under way."""
    host = States(mesh_chip)
    none = [LinkError.NONE] * len(SIDES)
    failing = [error if name == side else LinkError.NONE for name in SIDES]

    def stimulus():
        yield from host.cycle(o_reports_ready=0, o_pixels_ready=0)
        fields, under_way = yield from begin(host)
        waits = {name: host.seen[name] for name in ("i_descriptors_ready", "i_pixels_ready")}
        # The link's error may go away again; the chip's stop may not.
        yield from host.cycle(link_errors=failing, o_reports_ready=0)
        yield from host.until("o_reports_valid", link_errors=none)
        counted = host.seen["o_reports_payload"]
        expected = {name: getattr(counted, name) for name in counters(0)}
        if under_way is not None:
            taken, active = under_way
            # From the cycle in which it was taken to the last one before that of the report.
            cycles = host.now - 1 - taken
            # Taken, dispatched, two cycles to the first step (L = 1); all others have a reason.
            lost = cycles - active - 4 if fields["operation"] == Operation.CONV else 0
            expected = counters(cycles, active=active, weight_stalls=lost)
        for _ in range(3):
            host.report(code=Code[f"LINK_{side.upper()}"], link_error=error.value, **fields,
                        **expected)
            host.expect("stop not told yet", o_reports_valid=1, busy=1, **waits)
            yield from host.cycle(o_pixels_ready=1)
        yield from host.cycle(o_reports_ready=1)
        # Nothing more comes out, whatever comes in, and however long.
        for _ in range(40):
            yield from host.cycle(i_pixels_valid=1, i_weights_valid=1, i_descriptors_valid=1)
            for name in ("o_pixels_valid", "o_reports_valid", "busy"):
                assert not host.seen[name], name
            assert host.seen["stopped"]

    mesh_chip.run(stimulus())


def test_a_stop_behind_a_report_that_waits(mesh_chip):
    """Both are told, one after the other, and the second error changes nothing."""
    host = States(mesh_chip)

    def errors(*found):
        return {"link_errors": [*found, *[LinkError.NONE] * (len(SIDES) - len(found))]}

    def stimulus():
        yield from host.descriptor(Descriptor(magic=0, operation=Operation.STORE))
        yield from host.until("o_reports_valid", o_reports_ready=0)
        # Of errors of one cycle the first side counts, of two cycles the first.
        yield from host.cycle(**errors(LinkError.NONE, LinkError.CREDIT, LinkError.CRC))
        yield from host.cycles(5, **errors(LinkError.SEQUENCE))
        host.report(index=0, code=Code.MAGIC, operation=Operation.STORE,
                    link_error=LinkError.NONE.value, **counters(3))
        host.expect("refusal not told yet", o_reports_valid=1, busy=1)
        yield from host.cycle(o_reports_ready=1)
        yield from host.cycle(o_reports_ready=0)
        fields = {name: getattr(host.seen["o_reports_payload"], name) for name in counters(0)}
        host.report(index=1, code=Code.LINK_SOUTH, operation=0,
                    link_error=LinkError.CREDIT.value, **fields)
        host.expect("stop not told yet", o_reports_valid=1, busy=1)
        yield from host.cycles(2, o_reports_ready=1)
        host.expect("stopped", stopped=1)

    mesh_chip.run(stimulus())
