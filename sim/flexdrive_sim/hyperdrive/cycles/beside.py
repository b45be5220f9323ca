"""A chip with ``overlap`` on the cycle model: a CONV and a transfer run beside each other.

The transfer gets the banks that the CONV leaves, so it never changes the CONV's times; its own are
followed cycle by cycle, each cycle when it is over and all that the CONV did in it is known.
"""

from bisect import bisect_left

from flexdrive.hyperdrive.control.beside import Executor
from flexdrive.hyperdrive.control.controller import Sequencer
from flexdrive.hyperdrive.descriptor.decoder import check_cycles
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.memory.feature_map_dma import Transfer

from ..golden.descriptor_rules import check, regions
from ..report_row import ReportRow
from .chip import ChipModel, first_step
from .convolution import Convolution
from .groups import layer_words
from .scheduler import Event
from .transfer import WAY, beats, store_times

__all__ = ["BesideModel"]

_DISPATCH, _REPORT = Sequencer.DISPATCH, Sequencer.REPORT


class _Engine:
    """What executes one operation at a time.

    Attributes
    ----------
    running : (descriptor, code) under way, or None. idle : it has ended.
    ready : cycle from which on it wants to report, None when it does not.
    """

    def __init__(self):
        self.running = None
        self.ready = None
        self.idle = Event()


def _apart(d, code, other):
    """Whether an operation may run beside the one under way, one of both a transfer."""
    if other is None:
        return True
    (conv, conv_code), (moved, _) = sorted(
        ((d, code), other), key=lambda each: each[1] == Code.OK
        and each[0].operation != Operation.CONV)
    loads = moved.operation == Operation.LOAD
    if moved.average or (loads and moved.halo):
        return False
    if conv_code != Code.OK:
        return True
    read, made, bypass = regions(conv)
    begin, end = regions(moved)[0]
    touched = [made, *([read, *([bypass] if conv.bypass else [])] if loads else [])]
    return not any(first < end and begin < behind for first, behind in touched)


class BesideModel(ChipModel):
    """As of :class:`~.chip.ChipModel`; reports in the order of the program."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._order = []                # of ``reports``: their places in the program
        self._conv, self._moved = _Engine(), _Engine()
        self._convolution = None        # that is under way, or was the last
        self.released = Event()         # places of parameters are given back

    def run(self, commands):
        """Process of the program."""
        reading = parameters = 0
        for index, (d, _) in enumerate(commands):
            code = check(d, self.config, self.sides)
            offered = (self._descriptors.transfers(d.length, reading)
                       + check_cycles(self.config))
            yield offered + Executor.SETTLE
            yield from self._turn(d, code)
            taken = self.scheduler.now
            moves = code == Code.OK and d.operation != Operation.CONV
            engine = self._moved if moves else self._conv
            engine.running = d, code
            self.scheduler.start(self._execute(engine, index, d, code, taken), taken)
            payload_end = offered
            if d.payload and code == Code.OK:
                parameters += layer_words(d, self.config)[1]
                # The descriptors behind are read when the ring has taken all of them.
                self.parameters.ready_from = offered
                while True:
                    for word in range(len(self.parameters.accepted), parameters):
                        if self.parameters.room(word) is None:
                            break
                        self.parameters.there(word)
                    else:
                        break
                    yield self.released
                payload_end = self.parameters.there(parameters - 1)
            elif d.payload:
                self._descriptors.transfers(d.payload, offered)
                payload_end = self._descriptors.last + 1
            reading = max(taken, payload_end) + 1

    def _turn(self, d, code):
        """Process: until the operation may begin."""
        moves = code == Code.OK and d.operation != Operation.CONV
        mine, other = (self._moved, self._conv) if moves else (self._conv, self._moved)
        while True:
            if mine.running is not None:
                yield mine.idle
            elif other.running is not None and not _apart(d, code, other.running):
                yield other.idle
            elif not self.exchange.complete and not (moves and not d.halo):
                yield self.completed
            else:
                return

    def _execute(self, engine, index, d, code, taken):
        """Process of one operation, to its report."""
        counters = (0, 0, 0)
        if code != Code.OK:
            complete = taken + _DISPATCH
        elif engine is self._conv:
            yield taken + _DISPATCH
            self.exchange.start(d)
            self._convolution = convolution = Convolution(self, d)
            weights, parameters = layer_words(d, self.config)
            self.weight_words += weights
            self.parameter_words += parameters
            complete = yield from convolution.run(taken + first_step(self.config))
            counters = (convolution.active, convolution.weight_stalls, convolution.tail_stalls)
        else:
            yield taken + _DISPATCH
            if d.halo:
                self.exchange.start(d)
            first = taken + _DISPATCH + Transfer.FIRST_WORD
            complete = Transfer.DONE + (yield from self._transfer(d, first))
        ready = complete + _REPORT
        sent = yield from self._report(engine, ready)
        at = bisect_left(self._order, index)
        self._order.insert(at, index)
        self.reports.insert(at, ReportRow(index & 0xFFFF, code, d.operation, ready - taken + 1,
                                          *counters, sent))
        engine.running = None
        self.scheduler.fire(engine.idle)

    def _report(self, engine, ready):
        """Process: until the report is in the register; returns when it leaves."""
        engine.ready = ready
        while True:
            time = max(ready, self._reports_out.last)
            yield time + 1
            if self._reports_out.last > time:
                continue
            conv = self._conv.ready
            if engine is self._moved and conv is not None and conv <= time:
                ready = time + 1        # both at once: the CONV's is first
                continue
            engine.ready = None
            return self._reports_out.transfer(time + 1)

    def _transfer(self, d, first):
        """Process: LOAD or STORE; returns when its last beat is written or has left."""
        if d.operation == Operation.LOAD:
            return (yield from (self._load(d, first) if d.halo else self._load_beside(d, first)))
        if d.average:
            sent = store_times(d, first, self._pixels_out, self.config)
            return sent[-1] if sent else first - 1
        return (yield from self._store_beside(d, first))

    def _places(self, d):
        """First address and number of words of each beat of a map, in the order of the stream."""
        sizes = beats(d.in_channels, self.config)
        for y in range(d.height):
            for x in range(d.width):
                at = d.in_base + d.in_pitch * (
                    y % d.in_tile_rows * d.in_tile_columns + x % d.in_tile_columns)
                for count in sizes:
                    yield at, count
                    at += count

    def _beat(self, time, address, count):
        """Process: the cycle in which the last words of a beat get their banks, the first ones from
        ``time`` on."""
        left = {(address + word) % self.config.fm_banks for word in range(count)}
        while True:
            yield time + 1
            left &= self._busy(time)
            if not left:
                return time
            time += 1

    def _busy(self, time):
        """Banks that the convolution has in a cycle."""
        return set() if self._convolution is None else self._convolution.banks(time)

    def _load_beside(self, d, first):
        last = first - 1
        for address, count in self._places(d):
            last = yield from self._beat(self._pixels_in.offered(first), address, count)
            self._pixels_in.transfer(last)
        return last

    def _store_beside(self, d, first):
        sent, read = [], first
        for address, count in self._places(d):
            if len(sent) >= Transfer.FIFO_WORDS:
                read = max(read, sent[-Transfer.FIFO_WORDS] + 1)
            read = yield from self._beat(read, address, count)
            sent.append(self._pixels_out.transfer(read + WAY))
            read += 1
        return sent[-1] if sent else first - 1
