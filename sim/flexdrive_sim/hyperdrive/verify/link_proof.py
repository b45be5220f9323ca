"""What is proven of the link: a sender and a receiver between an arbitrary source and sink, over
wires with arbitrary latency and at most one arbitrary fault."""

from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.hyperdrive.link import (
    LinkConfig,
    LinkError,
    LinkReceiver,
    LinkSender,
    PhitSignature,
)

from ...proofs.formal import Proof

__all__ = ["PROOFS", "LinkProof", "ProofWire"]


def control_layout(width, longest):
    """What the environment does to the wires of one direction.

    ``latency``: 0 to ``longest``, constant. Faults of this cycle: ``drop``: the phit is lost;
    ``double``: it comes once more and all others a cycle later; ``insert``: where there is no
    phit one with data ``flip`` appears; ``flip``, ``flip_last``: wires are inverted.
    """
    return data.StructLayout({"latency": range(longest + 1), "drop": 1, "double": 1, "insert": 1,
                              "flip": width, "flip_last": 1})


class ProofWire(wiring.Component):
    """Wires of constant latency on which any phit may be hit.

    Members
    -------
    i, o : the wires before and after. control : see :func:`control_layout`.
    hit : a fault changes something in this cycle.
    """

    def __init__(self, width, longest):
        self.longest = longest
        super().__init__({
            "i": In(PhitSignature(width)), "o": Out(PhitSignature(width)),
            "control": In(control_layout(width, longest)), "hit": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        control = self.control
        line = [Cat(self.i.data, self.i.last, self.i.valid)]
        for index in range(self.longest + 1):
            line.append(Signal(len(line[0]), name=f"line_{index}"))
            m.d.sync += line[-1].eq(line[-2])
        late, tap = Signal(), Signal(range(self.longest + 2))
        m.d.comb += tap.eq(control.latency + late)
        phit = Signal(len(line[0]))
        m.d.comb += phit.eq(Array(line)[tap])
        valid = phit[-1]
        with m.If(control.double & valid):
            m.d.sync += late.eq(1)
        m.d.comb += [
            Cat(self.o.data, self.o.last).eq(phit ^ Cat(control.flip, control.flip_last)),
            self.o.valid.eq(Mux(valid, ~control.drop, control.insert)),
            self.hit.eq(Mux(valid, control.drop | control.double | (control.flip != 0)
                            | control.flip_last, control.insert)),
        ]
        return m


class LinkProof(wiring.Component):
    """The assertions.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.link.LinkConfig`
    latency : longest latency of the wires, each way.
    fault : false: no faults. true: at most one phit is hit, once.
    progress : cycles within which a word must move, or None. The sink then stalls at most
        ``patience`` cycles at a time; otherwise arbitrarily.
    detection : without retransmission, cycles from a fault to an error at one of the ends.
    """

    _INDEX = 3

    def __init__(self, config, *, latency=1, fault=False, progress=None, patience=2,
                 detection=None):
        self.config, self.latency, self.fault = config, latency, fault
        self.progress, self.patience, self.detection = progress, patience, detection
        super().__init__({
            "i": In(stream.Signature(config.payload)),
            "o": Out(stream.Signature(config.payload)),
            "index": In(self._INDEX),
            "forward": In(control_layout(config.width, latency)),
            "reverse": In(control_layout(config.reverse_width, latency)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.sender = sender = LinkSender(config).in_place()
        m.submodules.receiver = receiver = LinkReceiver(config).in_place()
        m.submodules.forward_wire = forward = ProofWire(config.width, self.latency)
        m.submodules.reverse_wire = reverse = ProofWire(config.reverse_width, self.latency)
        wiring.connect(m, wiring.flipped(self.i), sender.i)
        wiring.connect(m, sender.forward, forward.i)
        wiring.connect(m, forward.o, receiver.forward)
        wiring.connect(m, receiver.reverse, reverse.i)
        wiring.connect(m, reverse.o, sender.reverse)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        m.d.comb += [sender.enable.eq(1), receiver.enable.eq(1)]
        self._over = Signal()       # the fault has happened
        self._environment(m, forward, reverse)
        failed = (sender.error != LinkError.NONE) | (receiver.error != LinkError.NONE)
        self._words(m)
        if not self.fault or config.retransmit:
            m.d.comb += Assert(~failed, "no error without a fault that matters")
        if self.fault and self.detection is not None:
            # Before an end has heard the other, it may have left reset in the middle of a frame.
            self._detect(m, (forward.hit & receiver.up) | (reverse.hit & sender.up), failed,
                         self.detection)
        if self.progress is not None:
            self._move(m, failed, self.progress)
        return m

    def _environment(self, m, forward, reverse):
        """The latencies and the index are constant, the source keeps its word, faults are few."""
        begun = Signal()
        m.d.sync += begun.eq(1)
        offered, word = Signal(), Signal(self.config.payload)
        m.d.sync += [offered.eq(self.i.valid & ~self.i.ready), word.eq(self.i.payload)]
        m.d.comb += Assume(~offered | (self.i.valid & (self.i.payload == word)))
        constants = [self.index]
        for port, wire in ((self.forward, forward), (self.reverse, reverse)):
            m.d.comb += [wire.control.eq(port), Assume(port.latency <= self.latency)]
            constants.append(port.latency)
        for index, value in enumerate(constants):
            before = Signal(len(value), name=f"constant_{index}")
            m.d.sync += before.eq(value)
            m.d.comb += Assume(~begun | (value == before))
        if not self.fault:
            m.d.comb += Assume(~forward.hit & ~reverse.hit)
            return
        over = self._over
        m.d.sync += over.eq(over | forward.hit | reverse.hit)
        m.d.comb += Assume((forward.hit + reverse.hit + over) <= 1)
        for wire, frame in ((forward, self.config.forward), (reverse, self.config.reverse)):
            # One fault at a time: a phit is not lost and doubled at once.
            m.d.comb += Assume(~(wire.control.drop & wire.control.double))
            if frame.width > self.config.crc:
                # Of a phit wider than the CRC, as many wires as the CRC-5 is sure to find.
                one_less = wire.control.flip & (wire.control.flip - 1)
                m.d.comb += Assume((one_less & (one_less - 1)) == 0)
            if frame.phits == 1:
                # A phit out of nothing may be a whole valid frame.
                m.d.comb += Assume(~wire.control.insert)

    def _words(self, m):
        """Word number ``index`` that comes out is word number ``index`` that went in, and not
        before: as the index is arbitrary, every word comes once and in order."""
        come, gone = Signal(self._INDEX + 1), Signal(self._INDEX + 1)
        kept = Signal(self.config.payload)
        top = (1 << self._INDEX + 1) - 1
        taken, given = self.i.valid & self.i.ready, self.o.valid & self.o.ready
        m.d.sync += [come.eq(Mux(come == top, top, come + taken)),
                     gone.eq(Mux(gone == top, top, gone + given))]
        with m.If(taken & (come == self.index)):
            m.d.sync += kept.eq(self.i.payload)
        with m.If(self.o.valid):
            m.d.comb += Assert((gone < come) | (gone == top), "a word that was not sent")
            with m.If(gone == self.index):
                m.d.comb += Assert(self.o.payload == kept, "a wrong word")
        self._on_the_way = come != gone
        # The assumptions leave room: words arrive, with retransmission also after a fault.
        m.d.comb += Cover(gone == 2)
        if self.fault and self.config.retransmit:
            m.d.comb += Cover(self._over & (gone == 3))

    def _move(self, m, failed, cycles):
        """The link moves on as long as the sink does."""
        idle = Signal(range(self.patience + 1))
        m.d.sync += idle.eq(Mux(self.o.valid & ~self.o.ready, idle + 1, 0))
        m.d.comb += Assume(idle <= self.patience)
        m.d.comb += Assume(~((idle == self.patience) & self.o.valid & ~self.o.ready))
        moves = (self.i.valid & self.i.ready) | (self.o.valid & self.o.ready)
        still = Signal(range(cycles + 2))
        with m.If(moves | ~(self.i.valid | self._on_the_way)):
            m.d.sync += still.eq(0)
        with m.Elif(still <= cycles):
            m.d.sync += still.eq(still + 1)
        m.d.comb += Assert(failed | (still < cycles), "nothing moves")

    def _detect(self, m, hit, failed, cycles):
        since = Signal(range(cycles + 1))
        with m.If(hit | (since != 0)):
            m.d.sync += since.eq(Mux(since == cycles, since, since + 1))
        m.d.comb += Assert(failed | (since != cycles), "a fault that goes unnoticed")


def _config(phits, *, retransmit=False):
    """Two bits of payload, two words of window; ``phits`` says how wide the wires are."""
    width, back, keepalive = {"one": (16, 16, 4), "few": (4, 4, 4), "many": (2, 2, 6),
                              "serial": (1, 1, 12)}[phits]
    return LinkConfig(payload=2, sequence=2, window=2, crc=5, width=width, reverse_width=back,
                      keepalive=keepalive, timeout=4 * keepalive, retransmit=retransmit)


def _proof(name, claim, depth, phits, *, mode="bmc", retransmit=False, **options):
    config = _config(phits, retransmit=retransmit)
    return Proof(
        name=name, depth=depth, mode=mode, component=lambda: LinkProof(config, **options),
        claim=f"{claim} ({config.forward.phits} phits a word on {config.width} wires, "
              f"{config.reverse.phits} a credit, latencies 0 to {options.get('latency', 1)})")


_ORDER = "every word once and in order, no error, under arbitrary stalls"
_MOVES = "with a sink that stalls at most 2 cycles, a word moves within {} cycles"
_FOUND = ("one fault anywhere: no wrong word, and an error at one end within {} cycles if that end "
          "had heard the other before")
_SURVIVED = "one fault anywhere, retransmission: every word once and in order, no error"
_ROOM = "the assumptions are not empty: words arrive, and with retransmission after a fault"
PROOFS = (
    _proof("order-one", _ORDER, 28, "one", latency=2),
    _proof("order-many", _ORDER, 44, "many", latency=3),
    _proof("order-serial", _ORDER, 52, "serial"),
    _proof("order-replay", _ORDER, 32, "few", retransmit=True),
    _proof("progress-one", _MOVES.format(16), 28, "one", progress=16),
    _proof("progress-many", _MOVES.format(32), 48, "many", progress=32),
    _proof("fault-one", _FOUND.format(18), 28, "one", fault=True, detection=18),
    _proof("fault-few", _FOUND.format(20), 32, "few", fault=True, detection=20),
    _proof("fault-many", _FOUND.format(28), 40, "many", fault=True, detection=28),
    _proof("fault-replay-one", _SURVIVED, 28, "one", retransmit=True, fault=True),
    _proof("fault-replay-few", _SURVIVED, 32, "few", retransmit=True, fault=True),
    _proof("fault-replay-progress", f"{_SURVIVED}; {_MOVES.format(24)}", 32, "one",
           retransmit=True, fault=True, progress=24),
    _proof("room-few", _ROOM, 40, "few", mode="cover", fault=True),
    _proof("room-replay", _ROOM, 40, "one", mode="cover", retransmit=True, fault=True),
)
