"""One CONV of a chip of a mesh: accumulation and tail as two processes."""

from flexdrive.hyperdrive.timing import OPERAND, REQUEST

from .convolution import Steps
from .groups import groups, layer_words
from .scheduler import Event
from .tail import tail_stages

__all__ = ["MeshConvolution"]


class MeshConvolution:
    """Times of one convolution; attributes as of :class:`~.convolution.ConvolutionModel`."""

    def __init__(self, chip, descriptor):
        self._chip, self._layer = chip, descriptor
        self._config = chip.config
        self._depth = chip.config.adder_depth
        self._recent = []
        # From the decision of which cycle on steps may be missing in `_recent`.
        self._known_until = 0
        self._held = []             # groups on their way to the tail, and when they are held
        self._tail_free = 0         # first cycle in which the tail is free; None: not known yet
        self._freed, self._handed = Event(), Event()
        self._over = False
        self._drained = None
        self._finished = Event()
        self.active = self.weight_stalls = self.tail_stalls = 0

    def run(self, start):
        """Process: the accumulation; ends with the cycle in which all is done."""
        depth, chip, time = self._depth, self._chip, start
        chip.scheduler.start(self._tail(), start)
        for group in groups(self._config, self._layer, chip.weight_words, chip.parameter_words):
            steps = Steps(group)
            self._recent = [*self._recent[-2:], steps]
            commit = yield from self._group(steps, time)
            time = commit + depth
            self._tail_free = None
            self._held.append((group, commit + group.slots - 1 + OPERAND + depth))
            chip.scheduler.fire(self._handed)
        weights, parameters = layer_words(self._layer, self._config)
        chip.weight_words += weights
        chip.parameter_words += parameters
        self._over = True
        self._known_until = None
        chip.scheduler.fire(self._handed)
        while self._drained is None:
            yield self._finished
        return max(time, self._drained)

    def _group(self, steps, time):
        """Decide all steps of a group; returns the cycle of the last."""
        group, depth, weights = steps.group, self._depth, self._chip.weights
        count = group.steps

        def decide(time, index, number):
            steps.append(time, index, number, depth)
            self._known_until = time + number * depth
            if group.gives_back:
                weights.release([time + (step - index) * depth
                                 for step in range(index, index + number)
                                 for _ in range(group.takes[step])])

        if not group.streams:
            if count > 1:
                yield time
                decide(time, 0, count - 1)
            time += (count - 1) * depth
        else:
            for step, need in enumerate(group.needs):
                if need is not None:
                    there = yield from weights.there(need)
                    late = max(0, -(-(there - time) // depth)) * depth
                    self.weight_stalls += late
                    time += late
                if step < count - 1:
                    self._known_until = time
                    yield time
                    decide(time, step, 1)
                    time += depth
        self._known_until = time
        yield time
        while self._tail_free is None:
            yield self._freed
        late = max(0, -(-(self._tail_free - time) // depth)) * depth
        self.tail_stalls += late
        time += late
        self._known_until = time
        yield time
        decide(time, count - 1, 1)
        self.active += count * group.slots
        return time

    def _operand_bank(self, time):
        """Bank that the accumulation reads in a cycle, or None."""
        for steps in reversed(self._recent):
            bank = steps.bank(time - REQUEST, self._depth)
            if bank is not None:
                return bank
        return None

    # The tail.

    def _tail(self):
        """Process: every group through the tail, then what is left in its pipeline."""
        self._pipeline = [None] * tail_stages(self._config)
        self._time = self._idle = 0
        while self._held or not self._over or any(e is not None for e in self._pipeline):
            if self._held and self._time >= self._held[0][1]:
                yield from self._finish(self._held.pop(0)[0])
            elif any(entry is not None for entry in self._pipeline):
                yield from self._cycle(None)
            elif self._held:
                self._time = self._held[0][1]
            else:
                yield self._handed
        self._drained = self._idle
        self._chip.scheduler.fire(self._finished)

    def _finish(self, group):
        """Shift out a whole group."""
        for value in group.values:
            while not (yield from self._cycle(value)):
                pass
        last = self._time - 1
        self._idle = last + 1
        self._chip.parameters.released += [last] * group.releases
        self._tail_free = last + 1
        self._chip.scheduler.fire(self._freed)

    def _lines(self, offset):
        """Lines that a written word sends: {side: words}."""
        d, config = self._layer, self._config
        if not d.halo:
            return {}
        row, column = divmod(offset // d.out_pitch, d.tile_columns)
        # Rows and columns of the first tiles that exist.
        rows = d.tile_rows if d.full_rows else -(-d.last_rows // d.stride)
        columns = d.tile_columns if d.full_columns else -(-d.last_columns // d.stride)
        at = {"north": row < min(d.halo, rows), "south": row >= d.tile_rows - d.halo,
              "west": column < min(d.halo, columns), "east": column >= d.tile_columns - d.halo}
        lines = {}
        for side, there in at.items():
            if there and getattr(d, side):
                full, rest, pixel, tiles = (
                    (d.full_columns, d.last_columns, column, config.columns)
                    if side in ("north", "south") else
                    (d.full_rows, d.last_rows, row, config.rows))
                rest = -(-rest // d.stride)
                lines[side] = min(tiles, full + (pixel < rest))
        return lines

    def _cycle(self, value):
        """One cycle with ``value`` at the front; returns whether it went in."""
        time, banks, pipeline = self._time, self._config.fm_banks, self._pipeline
        self._time = time + 1
        last = pipeline[-1]
        lines = self._lines(last) if last is not None else {}
        # The accumulation's reads of this cycle must be known, and the senders' state.
        if lines or (self._known_until is not None and time - REQUEST >= self._known_until):
            yield time
        operand = self._operand_bank(time)
        room = not lines or self._chip.exchange.room(lines)
        write_bank = None if last is None else (self._layer.out_base + last) % banks
        granted = last is not None and room and operand != write_bank
        ready, enters = True, None
        if value is not None and value[0]:
            _, offset, parameter = value
            ready = self._chip.parameters.stored(parameter, time)
            if ready and self._layer.bypass:
                bank = (self._layer.bypass_base + offset) % banks
                ready = bank not in (operand, write_bank) and (last is None or room)
            enters = offset
        if granted and lines:
            self._chip.exchange.reserve(time, lines)
        if ready and (last is None or granted):
            pipeline.pop()
            pipeline.insert(0, enters)
            if last is not None:
                self._idle = time + 1
            return True
        if granted:
            pipeline[-1] = None
            self._idle = time + 1
        return False
