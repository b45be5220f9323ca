"""Exchange of borders: rim pixels out as they are finished, the neighbours' pixels in.

Words travel in the order in which both sides make them, so nothing but the word and its kind goes
over a link; the receiver counts where it belongs and fills its own memories. A corner pixel goes
to the vertical neighbour with its border, and that neighbour passes it on sideways.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border_position import rim_layout
from ..descriptor.layer import layer_layout
from ..timing import delayed
from .memory import CORNERS, SIDES, border_write_layout
from .receiver import BorderReceiver
from .sender import BorderSender
from .word import Kind, link_ports

__all__ = ["Exchange"]


class Exchange(Shared):
    """Senders and receivers of the four sides.

    Latency: the first word of what is written in cycle t is on ``o_{side}`` from t + 6, a corner
    pixel accepted on ``i_north`` or ``i_south`` in t on ``o_west`` or ``o_east`` from t + 3, if
    nothing waits before them. Combinational from ``i_{side}`` to its ready and to
    ``{side}_write`` and ``{corner}_write``, from ``i_north`` also to ready and write of the south,
    and from ``wanted``, ``rim``, ``loading`` and ``load_rim`` to ``room`` and ``sends``.

    Members
    -------
    layer, start : the operation, as of :class:`~flexdrive.hyperdrive.control.controller.Sequencer`.
    complete : everything that operations so far receive has arrived.
    write, rim : a value is written in all tiles (CONV). wanted : it waits to be.
    load, row, column, load_rim, word : a word is written in one tile (LOAD).
    room : the senders that the waiting value or word needs can take it. sends : it needs any.
    lines_{side} : the results of the tiles along a side, LINES cycles after ``write``.
    i_{side}, o_{side} : links.
    {side}_write, {corner}_write : received words.
    idle : nothing waits to be sent.
    """

    LINES = 2
    """Cycles from a write to its results on ``lines_{side}``: a register of the arbiter, one of the
    tile."""

    def __init__(self, config):
        self.config = config
        lanes = {side: config.columns if side in ("north", "south") else config.rows
                 for side in SIDES}
        self.lanes = lanes
        super().__init__({
            "layer": In(layer_layout(config)), "start": In(1), "complete": Out(1),
            "wanted": In(1), "write": In(1), "rim": In(rim_layout()),
            "loading": In(1), "load": In(1), "row": In(range(config.rows)),
            "column": In(range(config.columns)), "load_rim": In(rim_layout()), "word": In(16),
            "room": Out(1), "sends": Out(1), "idle": Out(1),
            **{f"lines_{side}": In(16 * lanes[side]) for side in SIDES},
            **link_ports(),
            **{f"{side}_write": Out(border_write_layout(config.border_words, lanes[side]))
               for side in SIDES},
            **{f"{corner}_write": Out(border_write_layout(config.corner_words, 1))
               for corner in CORNERS},
        }, m=config.rows, n=config.columns, c=config.channels, l=config.adder_depth,
            r=config.halo, e=config.border_words, k=config.corner_words,
            **config.channelwise_parameter)

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        senders = {side: BorderSender(self.lanes[side]) for side in SIDES}
        receivers = {side: BorderReceiver(self.config, side) for side in SIDES}
        for side in SIDES:
            m.submodules[f"send_{side}"] = senders[side]
            m.submodules[f"receive_{side}"] = receivers[side]
            wiring.connect(m, senders[side].o, wiring.flipped(getattr(self, f"o_{side}")))
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")), receivers[side].i)
        m.d.comb += self.idle.eq(Cat(sender.idle for sender in senders.values()).all())
        self._send(m, senders)
        self._receive(m, receivers)
        # A vertical neighbour's first and last pixels go on to the left and to the right.
        for target, end in (("west", "first"), ("east", "last")):
            offered = {side: receivers[side].pass_on & getattr(receivers[side], end)
                       & (getattr(layer, target) != 0) for side in ("north", "south")}
            corners = senders[target].i_corners
            north = Signal(name=f"{target}_takes_north")
            m.d.comb += [
                north.eq(offered["north"]),
                corners.payload.pixel.eq(Mux(north, receivers["north"].i.payload.pixel,
                                             receivers["south"].i.payload.pixel)),
                corners.payload.kind.eq(Mux(north, Kind.CORNER_NORTH, Kind.CORNER_SOUTH)),
                corners.valid.eq(Cat(offered[side] & receivers[side].passed
                                     for side in ("north", "south")).any()),
            ]
        for side in ("north", "south"):
            needs = []
            for target, end in (("west", "first"), ("east", "last")):
                wanted = getattr(receivers[side], end) & (getattr(layer, target) != 0)
                free = senders[target].i_corners.ready
                if side == "south":         # the north goes first
                    free = free & ~(receivers["north"].pass_on & getattr(receivers["north"], end)
                                    & (getattr(layer, target) != 0))
                needs.append(~wanted | free)
            m.d.comb += receivers[side].passed.eq(needs[0] & needs[1])
        return m

    def _send(self, m, senders):
        """Reserve a place for a line in the cycle of its write, push it when the results come."""
        layer, room, needs = self.layer, [], []
        rows, columns = layer.full_rows, layer.full_columns
        masks = {
            "rows": Cat((rows > i) | ((rows == i) & self.rim.inside_rows)
                        for i in range(self.config.rows)),
            "columns": Cat((columns > j) | ((columns == j) & self.rim.inside_columns)
                           for j in range(self.config.columns)),
        }
        # Rows and columns of the first tiles that exist; those of the last ones do where there is
        # a neighbour after them.
        exists = {"north": (rows != 0) | self.rim.inside_rows,
                  "west": (columns != 0) | self.rim.inside_columns}
        for side, sender in senders.items():
            axis, at = ("columns", self.column) if side in ("north", "south") else (
                "rows", self.row)
            sends = (layer.halo != 0) & (getattr(layer, side) != 0)
            needed = Signal(name=f"needs_{side}")
            mask = Signal(self.lanes[side], name=f"mask_{side}")
            m.d.comb += [
                needed.eq(sends & ((self.wanted & getattr(self.rim, side)
                                     & exists.get(side, 1))
                                   | (self.loading & getattr(self.load_rim, side)))),
                sender.start.eq(self.start & (layer.halo != 0)),
                sender.reserve.eq(needed & (self.write | self.load)),
                mask.eq(Mux(self.load, 1 << at, masks[axis])),
            ]
            room.append(~needed | sender.room)
            needs.append(needed)
            m.d.comb += [
                sender.push.eq(delayed(m, f"push_{side}", sender.reserve, self.LINES)),
                sender.mask.eq(delayed(m, f"mask_{side}", mask, self.LINES)),
                sender.line.eq(Mux(delayed(m, f"load_{side}", self.load, self.LINES),
                                   delayed(m, f"word_{side}", self.word, self.LINES).replicate(
                                       self.lanes[side]),
                                   getattr(self, f"lines_{side}"))),
            ]
        m.d.comb += [self.room.eq(Cat(room).all()), self.sends.eq(Cat(needs).any())]

    def _receive(self, m, receivers):
        layer = self.layer
        here = ((layer.full_rows != 0) | (layer.last_rows != 0)) & (
            (layer.full_columns != 0) | (layer.last_columns != 0))
        for side, receiver in receivers.items():
            m.d.comb += [
                receiver.layer.eq(layer), receiver.start.eq(self.start & (layer.halo != 0)),
                receiver.active.eq(here & (getattr(layer, side) != 0)),
                getattr(self, f"{side}_write").eq(receiver.write),
            ]
            if side in ("west", "east"):
                m.d.comb += [
                    receiver.corners.eq(Cat(layer.north, layer.south != 0)),
                    getattr(self, f"north_{side}_write").eq(receiver.corner_write[0]),
                    getattr(self, f"south_{side}_write").eq(receiver.corner_write[1]),
                ]
        m.d.comb += self.complete.eq(Cat(r.done for r in receivers.values()).all())
