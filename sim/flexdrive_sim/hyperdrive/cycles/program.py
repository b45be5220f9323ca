"""A whole program on the cycle model."""

from dataclasses import dataclass

from flexdrive.hyperdrive.descriptor.decoder import check_cycles
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import DESCRIPTOR_WORDS, Code, Operation
from flexdrive.hyperdrive.memory.global_average import Average
from flexdrive.hyperdrive.timing import REQUEST, STORED

from ...engine import Gate
from ..golden.descriptor_rules import check
from ..report_row import ReportRow
from .convolution import ConvolutionModel, first_step
from .groups import layer_words
from .streams import GatedSink, GatedSource, Ring

__all__ = ["Prediction", "predict", "store_times"]

# From a word at the output FIFO's input to the word on the stream.
_FIFO_LATENCY = 2
_FIFO_WORDS = 16


@dataclass(frozen=True)
class Prediction:
    """Total cycles (from reset until the last word and report have left) and the reports."""

    cycles: int
    reports: list


def store_times(descriptor, taken, sink, depth):
    """Cycles in which the words of a STORE leave into ``sink``; ``depth``: L of the chip."""
    if descriptor.average:
        return _average_times(descriptor, taken, sink, depth)
    sent, read = [], taken + 2
    for word in range(descriptor.height * descriptor.width * descriptor.in_channels):
        read += 1
        if word >= _FIFO_WORDS:
            read = max(read, sent[word - _FIFO_WORDS] + 1)
        sent.append(sink.transfer(read + STORED - REQUEST + _FIFO_LATENCY))
    return sent


def _average_times(d, taken, sink, depth):
    """The same of averages: L channels of a pixel in each turn of L cycles, while there is room for
    all of them."""
    sent, left, turn = [], 0, taken + 3
    way = STORED - REQUEST + Average.latency_of(depth) + _FIFO_LATENCY
    for first in range(0, d.in_channels, depth):
        for pixel in range(1, d.height * d.width + 1):
            while True:
                while left < len(sent) and sent[left] < turn:
                    left += 1
                if len(sent) - left <= _FIFO_WORDS - depth:
                    break
                turn += depth
            if pixel == d.height * d.width:
                sent += [sink.transfer(turn + slot + way)
                         for slot in range(min(depth, d.in_channels - first))]
            turn += depth
    return sent


class _Chip:
    """State of the executor between two descriptors."""

    def __init__(self, config, gates):
        def gate(name):
            return gates.get(name, Gate.always())

        self.config = config
        self.descriptors = GatedSource(gate("i_descriptors"))
        self.pixels_in = GatedSource(gate("i_pixels"))
        self.pixels_out = GatedSink(gate("o_pixels"))
        self.reports_out = GatedSink(gate("o_reports"))
        self.weight_source = GatedSource(gate("i_weights"))
        self.weights = Ring(config.weight_words, self.weight_source)
        self.parameters = Ring(config.parameter_words, self.descriptors)
        self.weight_words = self.parameter_words = 0
        self.reading = 0        # first cycle in which the parser reads the next descriptor
        self.idle = 0           # first cycle in which the executor may take one

    def execute(self, index, descriptor):
        code = check(descriptor, self.config)
        for _ in range(DESCRIPTOR_WORDS):
            read = self.descriptors.transfer(self.reading)
        offered = read + check_cycles(self.config)
        taken = max(offered, self.idle)
        counters = (0, 0, 0)
        conv = descriptor.operation == Operation.CONV
        if code != Code.OK:
            reported = taken + 2
            for _ in range(descriptor.payload):
                self.descriptors.transfer(offered)
        elif conv:
            self.parameters.ready_from = offered
            reported, counters = self._convolve(descriptor, taken)
        elif descriptor.operation == Operation.LOAD:
            reported = self._load(descriptor, taken)
        else:
            reported = store_times(descriptor, taken, self.pixels_out,
                                   self.config.adder_depth)[-1] + 3
        if code == Code.OK and conv:
            self.parameters.there(self.parameter_words - 1)
        payload_end = self.descriptors.last + 1 if descriptor.payload else offered
        self.reading = max(taken, payload_end) + 1
        cycles = reported - taken + 1
        # A report waits in a register of one; the next needs it empty or just being emptied.
        reported = max(reported, self.reports_out.last)
        self.idle = reported + 1
        sent = self.reports_out.transfer(reported + 1)
        return ReportRow(index & 0xFFFF, code, descriptor.operation, cycles, *counters, sent)

    def _convolve(self, descriptor, taken):
        model = ConvolutionModel(self.config, descriptor, self.weights, self.parameters,
                                 self.weight_words, self.parameter_words)
        weights, parameters = layer_words(descriptor, self.config)
        self.weight_words += weights
        self.parameter_words += parameters
        done = model.run(taken + first_step(self.config))
        return done + 1, (model.active, model.weight_stalls, model.tail_stalls)

    def _load(self, descriptor, taken):
        for _ in range(descriptor.height * descriptor.width * descriptor.in_channels):
            last = self.pixels_in.transfer(taken + 3)
        return last + 3

    @property
    def last_transfer(self):
        return max(self.descriptors.last, self.pixels_in.last, self.pixels_out.last,
                   self.reports_out.last, self.weight_source.last)


def predict(config, words, gates=None):
    """Cycles and reports of a program.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.ChipConfig`.
    words : descriptor stream, 32-bit words.
    gates : {stream name: :class:`flexdrive_sim.engine.Gate` pattern}, as for the RTL.

    Returns
    -------
    :class:`Prediction`
    """
    chip = _Chip(config, gates or {})
    reports = [chip.execute(index, descriptor)
               for index, (descriptor, _) in enumerate(iterate(words))]
    return Prediction(chip.last_transfer + 1, reports)
