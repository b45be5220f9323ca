"""Cycle model of a mesh of chips: waiting for borders, full senders and the common weight stream.

The chips of a mesh wait for each other, so accumulation, tail and program of each chip are
processes that go on in the order of time; the links are followed cycle by cycle while something is
on them. What a chip does between two waits is computed as for a single chip.
"""

from dataclasses import dataclass

from flexdrive.hyperdrive.descriptor.decoder import check_cycles
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import DESCRIPTOR_WORDS, Code, Operation
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import neighbours, split_program

from ...engine import Gate
from ..golden.descriptor_rules import check
from ..report_row import ReportRow
from .convolution import first_step
from .exchange import ChipExchange, connect, step
from .mesh_convolution import MeshConvolution
from .program import store_times
from .scheduler import Event, Scheduler
from .streams import GatedSink, GatedSource, Ring
from .weights import BroadcastWeights, ForwardedWeights

__all__ = ["MeshPrediction", "predict_mesh"]


@dataclass(frozen=True)
class MeshPrediction:
    """Total cycles (from reset until the last word and report have left), the reports of each chip
    {(y, x): list}, and the words that left on each link {(y, x): {side: (border, corner)}}."""

    cycles: int
    reports: dict
    link_words: dict


class _Links:
    """All links for the scheduler."""

    def __init__(self, chips):
        self._chips = chips
        self._exchanges = {at: chip.exchange for at, chip in chips.items()}

    @property
    def busy(self):
        return any(exchange.busy for exchange in self._exchanges.values())

    def step(self, time):
        step(self._exchanges, time)

    def pending(self):
        return [chip.completed for chip in self._chips.values()
                if chip.completed.waiting and chip.exchange.complete]


class MeshChip:
    """One chip: its streams, its program, what it has in common with its convolutions."""

    def __init__(self, config, position, size, gates, weights):
        y, x = position

        def gate(name):
            return gates.get(f"{name}_{y}_{x}", Gate.always())

        self.config = config
        self.sides = neighbours(*size, y, x)
        self.exchange = ChipExchange(config)
        self.completed = Event()
        self.scheduler = None
        self.descriptors = GatedSource(gate("i_descriptors"))
        self.pixels_in = GatedSource(gate("i_pixels"))
        self.pixels_out = GatedSink(gate("o_pixels"))
        self.reports_out = GatedSink(gate("o_reports"))
        self.weights = weights.branch(position, config.weight_words)
        self.parameters = Ring(config.parameter_words, self.descriptors)
        self.weight_words = self.parameter_words = 0
        self.reports = []

    def run(self, commands):
        """Process of the program."""
        reading = idle = 0
        for d, _ in commands:
            code = check(d, self.config, self.sides)
            for _ in range(DESCRIPTOR_WORDS):
                read = self.descriptors.transfer(reading)
            offered = read + check_cycles(self.config)
            yield max(offered, idle)
            while not self.exchange.complete:
                yield self.completed
            taken = self.scheduler.now
            counters, conv = (0, 0, 0), d.operation == Operation.CONV
            if code != Code.OK:
                reported = taken + 2
                for _ in range(d.payload):
                    self.descriptors.transfer(offered)
            else:
                yield taken + 1
                self.exchange.start(d)
                if conv:
                    self.parameters.ready_from = offered
                    reported, counters = yield from self._convolve(d, taken)
                elif d.operation == Operation.LOAD:
                    reported = yield from self._load(d, taken)
                else:
                    sent = store_times(d, taken, self.pixels_out, self.config.adder_depth)
                    reported = (sent[-1] if sent else taken + 2) + 3
            if code == Code.OK and conv:
                self.parameters.there(self.parameter_words - 1)
            payload_end = self.descriptors.last + 1 if d.payload else offered
            reading = max(taken, payload_end) + 1
            cycles = reported - taken + 1
            reported = max(reported, self.reports_out.last)
            idle = reported + 1
            sent = self.reports_out.transfer(reported + 1)
            self.reports.append(ReportRow(len(self.reports) & 0xFFFF, code, d.operation, cycles,
                                          *counters, sent))

    def _convolve(self, d, taken):
        convolution = MeshConvolution(self, d)
        done = yield from convolution.run(taken + first_step(self.config))
        return done + 1, (convolution.active, convolution.weight_stalls, convolution.tail_stalls)

    def _load(self, d, taken):
        rows, columns = self.config.rows * d.tile_rows, self.config.columns * d.tile_columns
        last = taken + 2
        for y in range(d.height):
            for x in range(d.width):
                rim = {"north": y < d.halo, "south": y >= rows - d.halo, "west": x < d.halo,
                       "east": x >= columns - d.halo}
                lines = {side: 1 for side, there in rim.items() if there and getattr(d, side)}
                for _ in range(d.in_channels):
                    ready = taken + 3
                    if lines:
                        ready = yield from self._reserved(self.pixels_in.offered(ready), lines)
                    last = self.pixels_in.transfer(ready)
        return last + 3

    def _reserved(self, time, lines):
        """The first cycle from ``time`` on with room for ``lines``, which are then reserved."""
        yield time
        while not self.exchange.room(lines):
            yield self.scheduler.now + 1
        self.exchange.reserve(self.scheduler.now, lines)
        return self.scheduler.now

    @property
    def last_transfer(self):
        return max(self.descriptors.last, self.pixels_in.last, self.pixels_out.last,
                   self.reports_out.last)


def predict_mesh(config, height, width, words, options=None, *, gates=None, latency=0):
    """Cycles and reports of a program of the whole mesh.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.ChipConfig` of a chip.
    words : 32-bit words of the program for the whole image, with border fields.
    options : :class:`flexdrive.hyperdrive.mesh_chip.MeshOptions`.
    gates : {stream name: pattern}, as for the RTL of the mesh.
    latency : cycles of a link's wires, in each direction.

    Returns
    -------
    :class:`MeshPrediction`
    """
    gates, options = gates or {}, options or MeshOptions()
    weights = (ForwardedWeights if options.forward_weights else BroadcastWeights)(
        gates.get("i_weights", Gate.always()))
    programs = split_program(config, height, width, iterate(words))
    chips = {at: MeshChip(config, at, (height, width), gates, weights) for at in programs}
    connect({at: chip.exchange for at, chip in chips.items()}, options.link, latency)
    scheduler = Scheduler(_Links(chips))
    weights.scheduler = scheduler
    for at, chip in chips.items():
        chip.scheduler = scheduler
        scheduler.start(chip.run(programs[at]))
    scheduler.run()
    last = max(weights.last, *(chip.last_transfer for chip in chips.values()))
    return MeshPrediction(
        last + 1, {at: chip.reports for at, chip in chips.items()},
        {at: {side: tuple(count) for side, count in chip.exchange.sent.items()}
         for at, chip in chips.items()})
