"""Tail of a chip, cycle by cycle while it has work: shifts, bypass reads, writes, waits."""

from flexdrive.hyperdrive.border.memory import SIDES
from flexdrive.hyperdrive.control.tail_control import TailControl
from flexdrive.hyperdrive.tile.tail import Tail as TileTail

from .scheduler import Event

__all__ = ["Tail"]


class Tail:
    """Tail controller of one layer.

    Parameters
    ----------
    chip : :class:`~.chip.ChipModel`.
    layer : its descriptor.
    reads : :class:`~.convolution.Reads` of the accumulation, which go first.

    Attributes
    ----------
    takes : for each group and the one before the first, the first cycle from which on it holds no
        other from being committed: it is shifted out or, with several lanes, about to be.
    shifted : the same, when it is shifted out.
    drained : first cycle in which all is written; None: not known yet.
    changed : one of them has become known.
    """

    def __init__(self, chip, layer, reads):
        self._chip, self._layer, self._reads = chip, layer, reads
        self._sends = layer.halo and any(getattr(layer, side) for side in SIDES)
        # Offsets of the results on their way, None for nothing; the last is to be written.
        config = chip.config
        self._pipeline = [None] * TileTail.latency_of(
            config.adder_depth, config.leaky, layer.late)
        self._time = 0
        self._idle = 0              # first cycle in which all so far is shifted out and written
        self._held = []             # groups on their way, and from which cycle on they are held
        self._handed = Event()
        self._over = False
        self._group, self._values = None, []    # under way, its last value first
        self._accesses = {}         # cycle -> banks, when transfers run beside
        self.takes, self.shifted = [0], [0]
        # With so few values left, that need no bypass, another group may come.
        self._few = (min(config.channelwise_lanes, TailControl.LEFT)
                     if config.channelwise_lanes > 1 and layer.channelwise and not layer.bypass
                     else 0)
        self.drained = None
        self.changed = Event()

    def hand(self, group, held):
        """The accumulators of a group are held from cycle ``held`` on."""
        self._held.append((group, held))
        self._chip.scheduler.fire(self._handed)

    def banks(self, time):
        """Banks that are written or read for a bypass in a cycle that is over."""
        if self._time <= time and (self._filled or self._values):
            raise RuntimeError(f"The cycle model does not know what is written in cycle {time}")
        return self._accesses.get(time, set())

    def close(self):
        """There are no more groups."""
        self._over = True
        self._chip.scheduler.fire(self._handed)

    def run(self):
        """Process: every group through the tail, then what is left in its pipeline."""
        values = self._values       # of the group under way, the next one last
        while self._held or not self._over or values or self._filled:
            if not values and self._held and (self._time >= self._held[0][1] or not self._filled):
                self._group, held = self._held.pop(0)
                values += self._group.values[::-1]
                self._time = max(self._time, held)
            if not values and not self._filled:
                yield self._handed
                continue
            lines = self._lines(self._pipeline[-1])
            # The senders' state and the accumulation's reads of this cycle must be known.
            if lines or not self._reads.decided(self._time):
                yield self._time
            self._look_ahead()
            entered = self._cycle(values[-1] if values else None, lines)
            if values and entered:
                values.pop()
                if not values:
                    self._finished(self._group)
        self.drained = self._idle
        self._chip.scheduler.fire(self.changed)

    @property
    def _filled(self):
        return self._pipeline.count(None) < len(self._pipeline)

    def _look_ahead(self):
        """Whether this is the first cycle in which the group under way has few values left, and all
        parameters; from the next one on another group may be committed."""
        if (0 < len(self._values) <= self._few and len(self.takes) == len(self.shifted)
                and self._chip.parameters.there(max(
                    parameter for there, _, parameter in self._group.values if there))
                <= self._time):
            self.takes.append(self._time + 1)
            self._chip.scheduler.fire(self.changed)

    def _finished(self, group):
        """The group's last value was shifted out in the cycle before."""
        self._idle = self._time
        self.shifted.append(self._time)
        if len(self.takes) < len(self.shifted):
            self.takes.append(self._time)
        self._chip.parameters.released += [self._time - 1] * group.releases
        if self._chip.config.overlap:
            self._chip.scheduler.fire(self._chip.released)
        self._chip.scheduler.fire(self.changed)

    def _lines(self, offset):
        """Lines that a written word sends: {side: words}."""
        d, config = self._layer, self._chip.config
        if offset is None or not self._sends:
            return {}
        row, column = divmod(offset // d.out_pitch, d.tile_columns)
        # Rows and columns of the first tiles that exist.
        rows = d.tile_rows if d.full_rows else d.made_pixels(d.last_rows)
        columns = d.tile_columns if d.full_columns else d.made_pixels(d.last_columns)
        at = {"north": row < min(d.halo, rows), "south": row >= d.tile_rows - d.halo,
              "west": column < min(d.halo, columns), "east": column >= d.tile_columns - d.halo}
        lines = {}
        for side, there in at.items():
            if there and getattr(d, side):
                full, rest, pixel, tiles = (
                    (d.full_columns, d.last_columns, column, config.columns)
                    if side in ("north", "south") else
                    (d.full_rows, d.last_rows, row, config.rows))
                rest = d.made_pixels(rest)
                lines[side] = min(tiles, full + (pixel < rest))
        return lines

    def _cycle(self, value, lines):
        """One cycle with ``value`` at the front (None: nothing), whose write sends ``lines``;
        returns whether the value went in."""
        time, d, pipeline = self._time, self._layer, self._pipeline
        self._time = time + 1
        banks, exchange = self._chip.config.fm_banks, self._chip.exchange
        last, operands = pipeline[-1], self._reads.banks(time)
        write = None if last is None else (d.out_base + last) % banks
        room = not lines or exchange.room(lines)
        granted = last is not None and write not in operands and room
        ready, enters = True, None
        if value is not None and value[0]:
            _, enters, parameter = value
            ready = self._chip.parameters.there(parameter) <= time
            if ready and d.bypass:
                bypass = (d.bypass_base + enters) % banks
                ready = bypass != write and bypass not in operands and room
        if granted and lines:
            exchange.reserve(time, lines)
        moves = ready and (last is None or granted)
        if self._chip.config.overlap:
            self._accesses[time] = ({write} if granted else set()) | (
                {(d.bypass_base + enters) % banks} if moves and enters is not None and d.bypass
                else set())
        if moves:
            pipeline.pop()
            pipeline.insert(0, enters)
        elif granted:
            pipeline[-1] = None
        if granted:
            self._idle = time + 1
        return moves
