"""A whole link in simulation: sender, faulty wires both ways, receiver."""

from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from flexdrive.hyperdrive.link import LinkError, LinkReceiver, LinkSender

from ...engine import Gate, Model
from .faulty_wire import Fault, FaultSettings, FaultyWire, WireSettings

__all__ = ["LinkBench", "LinkRun", "Wire", "link_model", "run_link"]

_FOREVER = 0xFFFFFFFF
_ENDS = ("sender", "receiver")


class LinkBench(wiring.Component):
    """Words in at ``i``, out at ``o``.

    Members
    -------
    forward, reverse : settings of the wires; forward_fault, reverse_fault : their faults.
    sender_error, receiver_error : as at the ends.
    hit_at : cycle in which a fault first changed something; hit : it has.
    sender_failed_at, receiver_failed_at : first cycle with an error, if there is one.
    sender_up_at, receiver_up_at : first cycle in which the end had heard the other.
    failed : both ends have an error. retries : replays asked for.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(config.payload)),
            "o": Out(stream.Signature(config.payload)),
            "forward": In(WireSettings), "reverse": In(WireSettings),
            "forward_fault": In(FaultSettings), "reverse_fault": In(FaultSettings),
            "sender_error": Out(LinkError), "receiver_error": Out(LinkError),
            "sender_failed_at": Out(32), "receiver_failed_at": Out(32),
            "sender_up_at": Out(32), "receiver_up_at": Out(32),
            "hit": Out(1), "hit_at": Out(32), "failed": Out(1), "retries": Out(16),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.sender = sender = LinkSender(config)
        m.submodules.receiver = receiver = LinkReceiver(config)
        m.submodules.forward_wire = forward = FaultyWire(config.width)
        m.submodules.reverse_wire = reverse = FaultyWire(config.reverse_width)
        wiring.connect(m, wiring.flipped(self.i), sender.i)
        wiring.connect(m, sender.forward, forward.i)
        wiring.connect(m, forward.o, receiver.forward)
        wiring.connect(m, receiver.reverse, reverse.i)
        wiring.connect(m, reverse.o, sender.reverse)
        wiring.connect(m, receiver.o, wiring.flipped(self.o))
        now = Signal(32)
        m.d.comb += [
            forward.settings.eq(self.forward), forward.fault.eq(self.forward_fault),
            reverse.settings.eq(self.reverse), reverse.fault.eq(self.reverse_fault),
            self.sender_error.eq(sender.error), self.receiver_error.eq(receiver.error),
            self.hit.eq(forward.hit | reverse.hit),
            self.failed.eq((sender.error != LinkError.NONE) & (receiver.error != LinkError.NONE)),
        ]
        m.d.sync += [now.eq(now + 1), self.retries.eq(self.retries + receiver.retry)]
        with m.If(~self.hit):
            m.d.sync += self.hit_at.eq(now)
        for end, at in ((sender, self.sender_failed_at), (receiver, self.receiver_failed_at)):
            with m.If(end.error == LinkError.NONE):
                m.d.sync += at.eq(now + 1)
        for end, at in ((sender, self.sender_up_at), (receiver, self.receiver_up_at)):
            with m.If(~end.up):
                m.d.sync += at.eq(now + 1)
        return m


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The wires of one direction: :class:`WireSettings` and one :class:`FaultSettings`."""

    latency: int = 0
    stall: int = 0
    seed: int = 1
    kind: Fault = Fault.NONE
    position: int = 0
    duration: int = _FOREVER
    mask: int = 0
    level: int = 0

    @property
    def settings(self):
        return {"latency": self.latency, "stall": self.stall, "seed": self.seed}

    @property
    def fault(self):
        return {"kind": self.kind, "position": self.position, "duration": self.duration,
                "mask": self.mask, "level": self.level}


@dataclass
class LinkRun:
    """What came of a run.

    Attributes
    ----------
    cycles : cycles run. words, times : what arrived, and when; sent_times : when words went in.
    finished : all words have arrived.
    errors, failed_at : by end, ``"sender"`` and ``"receiver"``; ``failed_at`` counts from the
        cycle of the fault to the first with an error, or None.
    hit : the fault has changed something. retries : replays asked for.
    early : ends that had not heard the other when it did.
    passed : cycles from the fault to the last word that arrived after it, 0 if none did.
    """

    cycles: int
    words: np.ndarray
    times: np.ndarray
    sent_times: np.ndarray
    finished: bool
    hit: bool
    retries: int
    errors: dict = field(default_factory=dict)
    failed_at: dict = field(default_factory=dict)
    early: tuple = ()
    passed: int = 0


def _bits(shape, values):
    return shape.const(values).as_bits()


def words_as_chunks(words, payload):
    """Array of Python integers or uint64 as the 32-bit chunks of the engine."""
    words = np.asarray(words, np.uint64)
    chunks = -(-payload // 32)
    return np.stack([(words >> np.uint64(32 * i)) & np.uint64(0xFFFFFFFF)
                     for i in range(chunks)], axis=-1).astype(np.uint32)


def run_link(model, config, words, *, forward=None, reverse=None, source=None, sink=None,
             cycles=100_000, until_failed=False):
    """Send ``words`` (uint64) over the link.

    Parameters
    ----------
    model : :class:`Model` of a :class:`LinkBench` of ``config``.
    forward, reverse : :class:`Wire`.
    source, sink : gates (:class:`flexdrive_sim.engine.Gate`).
    cycles : limit. until_failed : run until both ends have an error, instead of until all words
        have arrived.

    Returns
    -------
    :class:`LinkRun`
    """
    for name, wire in (("forward", forward or Wire()), ("reverse", reverse or Wire())):
        model.set(name, _bits(WireSettings, wire.settings))
        model.set(f"{name}_fault", _bits(FaultSettings, wire.fault))
    model.reset()
    start = model.cycle
    gates = [Gate.always() if gate is None else gate for gate in (source, sink)]
    gates = [np.roll(gate, start % len(gate)) for gate in gates]
    chunks = words_as_chunks(words, config.payload)
    _, sent = model.attach("i", chunks, gates[0], timestamps=True)
    out, times = model.attach("o", len(chunks), gates[1], sink=True, timestamps=True)
    ran, _ = model.run(cycles, until=("failed", 1) if until_failed else None,
                       until_streams=not until_failed)
    model.settle()
    arrived, accepted = int(model.transferred("o")), int(model.transferred("i"))
    joined = sum(out[:arrived, i].astype(np.uint64) << np.uint64(32 * i)
                 for i in range(out.shape[1]))
    hit = bool(model.get("hit"))
    errors = {end: LinkError(model.get(f"{end}_error")) for end in _ENDS}
    failed_at = {end: model.get(f"{end}_failed_at") - model.get("hit_at")
                 if hit and errors[end] != LinkError.NONE else None for end in _ENDS}
    arrivals = times[:arrived].astype(np.int64) - start
    passed = max(0, int(arrivals[-1]) - model.get("hit_at")) if hit and arrived else 0
    return LinkRun(ran, joined, arrivals,
                   sent[:accepted].astype(np.int64) - start, arrived == len(chunks), hit,
                   model.get("retries"), errors, failed_at,
                   tuple(end for end in _ENDS
                         if model.get("hit_at") < model.get(f"{end}_up_at")), passed)


def link_model(config, *, notify=None):
    """Compiled :class:`LinkBench`."""
    return Model(LinkBench(config), notify=notify)
