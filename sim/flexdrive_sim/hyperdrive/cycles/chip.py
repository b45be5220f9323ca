"""One chip on the cycle model: its streams and its program."""

from flexdrive.hyperdrive.control.controller import Sequencer
from flexdrive.hyperdrive.control.conv_loop import Accumulation
from flexdrive.hyperdrive.descriptor.decoder import check_cycles
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.memory.feature_map_dma import Transfer

from ..golden.descriptor_rules import check
from ..report_row import ReportRow
from .convolution import Convolution
from .exchange import ChipExchange
from .groups import layer_words
from .scheduler import Event
from .streams import GatedSink, GatedSource, StreamRing
from .transfer import beats, load_lines, store_times

__all__ = ["ChipModel", "first_step"]

_DISPATCH, _REPORT = Sequencer.DISPATCH, Sequencer.REPORT


def first_step(config):
    """Cycles from the descriptor to the first step."""
    return _DISPATCH + Accumulation.first_step(config.adder_depth)


class ChipModel:
    """One chip.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.ChipConfig`.
    sides : whether there is a neighbour, north, south, west, east.
    scheduler : :class:`~.scheduler.Scheduler`.
    weights : its branch of the weight stream (:mod:`.weights`).
    gate : function of the name of a stream: pattern of its other side.

    Attributes
    ----------
    exchange : :class:`~.exchange.ChipExchange`. completed : it has everything.
    parameters : :class:`~.streams.StreamRing`.
    weight_words, parameter_words : taken by the layers before.
    reports : :class:`~..report_row.ReportRow` of each descriptor.
    """

    def __init__(self, config, sides, scheduler, weights, gate):
        self.config, self.sides, self.scheduler = config, sides, scheduler
        self.exchange = ChipExchange(config)
        self.completed = Event()
        self.weights = weights
        self._descriptors = GatedSource(gate("i_descriptors"))
        self._pixels_in = GatedSource(gate("i_pixels"))
        self._pixels_out = GatedSink(gate("o_pixels"))
        self._reports_out = GatedSink(gate("o_reports"))
        self.parameters = StreamRing(config.parameter_words, self._descriptors)
        self.weight_words = self.parameter_words = 0
        self.reports = []

    def run(self, commands):
        """Process of the program."""
        reading = 0             # first cycle in which the parser reads the next descriptor
        idle = 0                # first cycle in which the sequencer may take one
        for d, _ in commands:
            code = check(d, self.config, self.sides)
            offered = (self._descriptors.transfers(d.length, reading)
                       + check_cycles(self.config))
            yield max(offered, idle)
            while not self.exchange.complete:
                yield self.completed
            taken = self.scheduler.now
            counters = (0, 0, 0)
            if code != Code.OK:
                complete = taken + _DISPATCH
                self._descriptors.transfers(d.payload, offered)
            else:
                yield taken + _DISPATCH
                self.exchange.start(d)
                self.parameters.ready_from = offered
                complete, counters = yield from self._operate(d, taken)
            payload_end = self._descriptors.last + 1 if d.payload else offered
            reading = max(taken, payload_end) + 1
            end = complete + _REPORT
            cycles = end - taken + 1
            # A report waits in a register of one; the next needs it empty or just being emptied.
            end = max(end, self._reports_out.last)
            idle = end + 1
            sent = self._reports_out.transfer(end + 1)
            self.reports.append(ReportRow(len(self.reports) & 0xFFFF, code, d.operation, cycles,
                                          *counters, sent))

    def _operate(self, d, taken):
        """Process: a legal operation; returns when it is complete, and its counters."""
        if d.operation == Operation.CONV:
            convolution = Convolution(self, d)
            weights, parameters = layer_words(d, self.config)
            self.weight_words += weights
            self.parameter_words += parameters
            complete = yield from convolution.run(taken + first_step(self.config))
            self.parameters.there(self.parameter_words - 1)
            return complete, (convolution.active, convolution.weight_stalls,
                              convolution.tail_stalls)
        first = taken + _DISPATCH + Transfer.FIRST_WORD
        if d.operation == Operation.LOAD:
            last = yield from self._load(d, first)
        else:
            sent = store_times(d, first, self._pixels_out, self.config)
            last = sent[-1] if sent else first - 1
        return last + Transfer.DONE, (0, 0, 0)

    def _load(self, d, first):
        """Process: a LOAD whose first beat is written in cycle ``first`` at the earliest; returns
        when the last one is."""
        last = first - 1
        in_pixel = beats(d.in_channels, self.config)
        for lines, pixels in load_lines(d, self.config):
            if not lines:
                last = self._pixels_in.transfers(pixels * len(in_pixel), first)
                continue
            for words in in_pixel * pixels:
                yield self._pixels_in.offered(first)
                # The words of a beat of the rim go to the neighbours one by one, and wait for room
                # in the senders.
                for word in range(words):
                    if word:
                        yield self.scheduler.now + 1
                    while not self.exchange.room(lines):
                        yield self.scheduler.now + 1
                    self.exchange.reserve(self.scheduler.now, lines)
                last = self._pixels_in.transfer(self.scheduler.now)
        return last

    @property
    def last_transfer(self):
        """Cycle of the last word or report."""
        return max(self._descriptors.last, self._pixels_in.last, self._pixels_out.last,
                   self._reports_out.last)
