"""The end of a link that words go into."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .frame import Kind, LinkError, PhitSignature
from .serial import Deserializer, Serializer
from .timers import Timer

__all__ = ["LinkSender"]


class LinkSender(Shared):
    """Sends words as frames, as many as the receiver has room for.

    Accepts a word every ``config.cycles_per_word`` cycles while the receiver has room. After an
    error it accepts and sends nothing, so the receiver finds out by its own timeout.

    Latency: the frame of a word accepted in cycle t is on the wires from t + 1, with ``retransmit``
    from t + 2 if no frame is sent before it; on an idle link whose wires have no latency the
    receiver offers the word in t + ``config.latency``.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.link.LinkConfig`

    Members
    -------
    i : words. With ``retransmit`` they wait in a buffer of ``window`` words until the receiver
        has passed them on; otherwise a word is taken when its frame begins.
    forward : wires to the receiver, registered. reverse : wires from it.
    enable : low holds this end in reset: silent, without error. For sides without a neighbour.
    up : a good credit has come, so the other end listens; no word is taken before, and damaged
        credits are no error.
    error : what was seen first; stays until reset. Without ``retransmit`` any damaged frame is
        an error; with it, damaged frames are dropped here and replaced by the next one.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(config.payload)),
            "forward": Out(PhitSignature(config.width)),
            "reverse": In(PhitSignature(config.reverse_width)),
            "enable": In(1, init=1), "up": Out(1), "error": Out(LinkError),
        }, **config.parameters)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.frames = frames = Serializer(config.forward)
        m.submodules.credits = credits = Deserializer(config.reverse)
        m.submodules.pace = pace = Timer(config.keepalive, expired_at_reset=True)
        m.submodules.silence = silence = Timer(config.timeout)
        sent = Signal(config.sequence)          # number of the next word to send
        taken = Signal(config.sequence)         # words that have left the receiver
        accepted = Signal(config.sequence)      # words that have come in
        room, pending, live = Signal(), Signal(), Signal()
        message = config.forward.message(frames.message)
        m.d.comb += [
            live.eq(self.error == LinkError.NONE),
            room.eq(self.up & (self._distance(taken, accepted) != config.window)),
            message.kind.eq(Mux(pending, Kind.WORD, Kind.IDLE)),
            message.sequence.eq(sent),
            frames.load.eq(live & (pending | pace.expired)),
            pace.restart.eq(frames.load & frames.ready),
            silence.restart.eq(credits.good),
        ]
        wiring.connect(m, frames.o, wiring.flipped(self.forward))
        wiring.connect(m, wiring.flipped(self.reverse), credits.i)
        if config.retransmit:
            self._replay(m, frames, credits, sent, accepted, room, pending, live)
        else:
            m.d.comb += [
                accepted.eq(sent), pending.eq(self.i.valid & room),
                message.payload.eq(self.i.payload), self.i.ready.eq(live & room & frames.ready),
            ]
            m.d.sync += sent.eq(sent + (self.i.valid & self.i.ready))
        self._watch(m, credits, taken, accepted, silence, live)
        return ResetInserter(~self.enable)(m)

    def _distance(self, begin, end):
        """Words from ``begin`` to ``end``, modulo the sequence numbers."""
        return (end - begin)[:self.config.sequence]

    def _replay(self, m, frames, credits, sent, accepted, room, pending, live):
        """Keep the words, and go back to the one that the receiver asks for."""
        config = self.config
        index = (config.window - 1).bit_length()
        m.submodules.buffer = buffer = memory.Memory(shape=config.payload, depth=config.window,
                                                     init=[])
        write, read = buffer.write_port(), buffer.read_port(domain="comb")
        request = Signal()
        message, credit = config.forward.message(frames.message), \
            config.reverse.message(credits.message)
        m.d.comb += [
            self.i.ready.eq(live & room),
            write.en.eq(self.i.valid & self.i.ready), write.addr.eq(accepted[:index]),
            write.data.eq(self.i.payload),
            read.addr.eq(sent[:index]), message.payload.eq(Mux(pending, read.data, 0)),
            message.request.eq(request), pending.eq(sent != accepted),
        ]
        m.d.sync += [accepted.eq(accepted + write.en),
                     sent.eq(sent + (live & pending & frames.ready))]
        # A request is a change of the bit: repeated credits ask only once, and frames that were
        # on their way when it came can be told from those after it.
        with m.If(credits.good & (credit.request != request)):
            m.d.sync += [request.eq(credit.request), sent.eq(credit.expected)]

    def _watch(self, m, credits, taken, accepted, silence, live):
        """Take credits, and find errors."""
        credit = self.config.reverse.message(credits.message)
        on_the_way = self._distance(taken, accepted)
        possible = self._distance(taken, credit.taken) <= on_the_way
        if self.config.retransmit:
            possible &= self._distance(taken, credit.expected) <= on_the_way
        with m.If(live):
            with m.If(credits.good & ~possible):
                m.d.sync += self.error.eq(LinkError.CREDIT)
            with m.Elif(credits.good):
                m.d.sync += taken.eq(credit.taken)
            with m.Elif(silence.expired):
                m.d.sync += self.error.eq(LinkError.TIMEOUT)
            with m.If(credits.good):
                m.d.sync += self.up.eq(1)
            if not self.config.retransmit:
                with m.If(credits.bad & self.up):
                    m.d.sync += self.error.eq(credits.code)
