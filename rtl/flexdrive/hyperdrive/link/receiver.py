"""The end of a link that words come out of."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .frame import Kind, LinkError, PhitSignature
from .serial import Deserializer, Serializer
from .timers import Timer

__all__ = ["LinkReceiver"]


class LinkReceiver(Shared):
    """Checks frames and passes their words on, each once and in order.

    Latency: a word is offered two cycles after the last phit of its frame, and its credit is on the
    wires from two cycles after it was taken if they are free. After an error no further word
    is accepted (those before it are good and stay on offer), and nothing is sent back, so the
    sender finds out by its own timeout.

    Parameters
    ----------
    config : :class:`flexdrive.hyperdrive.link.LinkConfig`

    Members
    -------
    forward : wires from the sender. reverse : wires to it, registered.
    o : words, from a buffer of ``window`` words.
    enable : low holds this end in reset: silent, without error. For sides without a neighbour.
    up : a good frame has come. What is damaged before that is no error: this end may have left
        reset in the middle of a frame. A word that it missed shows in the sequence.
    error : what was seen first; stays until reset. With ``retransmit`` damaged, lost and doubled
        frames are no error but asked for again, ``retries`` times in a row.
    retry : with ``retransmit``, high for one cycle with each replay that is asked for.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "forward": In(PhitSignature(config.width)),
            "reverse": Out(PhitSignature(config.reverse_width)),
            "o": Out(stream.Signature(config.payload)),
            "enable": In(1, init=1), "up": Out(1), "error": Out(LinkError), "retry": Out(1),
        }, **config.parameters)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.frames = frames = Deserializer(config.forward)
        m.submodules.buffer = buffer = memory.Memory(shape=config.payload, depth=config.window,
                                                     init=[])
        write, read = buffer.write_port(), buffer.read_port(domain="comb")
        index = (config.window - 1).bit_length()
        expected = Signal(config.sequence)      # number of the next word to come
        taken = Signal(config.sequence)         # words that have left
        live = Signal()
        wiring.connect(m, wiring.flipped(self.forward), frames.i)
        m.d.comb += [
            live.eq(self.error == LinkError.NONE),
            write.addr.eq(expected[:index]),
            write.data.eq(config.forward.message(frames.message).payload),
            read.addr.eq(taken[:index]),
            self.o.payload.eq(read.data), self.o.valid.eq(expected != taken),
        ]
        m.d.sync += [taken.eq(taken + (self.o.valid & self.o.ready)),
                     expected.eq(expected + write.en)]
        request = Signal()
        with m.If(live):
            self._take(m, frames, expected, taken, write, request)
        self._give_credit(m, live, expected, taken, request)
        return ResetInserter(~self.enable)(m)

    def _take(self, m, frames, expected, taken, write, request):
        """Accept the next word; everything else is an error or asked for again."""
        config = self.config
        m.submodules.silence = silence = Timer(config.timeout)
        message = config.forward.message(frames.message)
        retries = Signal(range(config.retries + 1))     # since the last frame in order
        m.d.comb += silence.restart.eq(frames.good)
        # Frames from before the replay that was asked for are not looked at.
        current = (message.request == request) if config.retransmit else 1
        with m.If(frames.good & current):
            m.d.sync += retries.eq(0)
            with m.If(message.sequence != expected):
                self._lost(m, request, retries)
            with m.Elif(message.kind == Kind.WORD):
                with m.If((expected - taken)[:config.sequence] == config.window):
                    m.d.sync += self.error.eq(LinkError.CREDIT)
                with m.Else():
                    m.d.comb += write.en.eq(1)
        with m.Elif(silence.expired & ~frames.good):
            m.d.sync += self.error.eq(LinkError.TIMEOUT)
        with m.If(frames.good):
            m.d.sync += self.up.eq(1)
        if not config.retransmit:
            with m.If(frames.bad & self.up):
                m.d.sync += self.error.eq(frames.code)

    def _lost(self, m, request, retries):
        """A frame that is not the next one has come."""
        if not self.config.retransmit:
            m.d.sync += self.error.eq(LinkError.SEQUENCE)
            return
        with m.If(retries == self.config.retries):
            m.d.sync += self.error.eq(LinkError.RETRY)
        with m.Else():
            m.d.comb += self.retry.eq(1)
            m.d.sync += [request.eq(~request), retries.eq(retries + 1)]

    def _give_credit(self, m, live, expected, taken, request):
        """Tell the sender when something is new, and from time to time anyway."""
        config = self.config
        m.submodules.credits = credits = Serializer(config.reverse)
        m.submodules.pace = pace = Timer(config.keepalive, expired_at_reset=True)
        credit = config.reverse.message(credits.message)
        told = Signal(config.reverse.layout)    # the last credit sent
        news = told.taken != taken
        m.d.comb += credit.taken.eq(taken)
        if config.retransmit:
            news |= told.request != request
            m.d.comb += [credit.request.eq(request), credit.expected.eq(expected)]
        m.d.comb += [credits.load.eq(live & (news | pace.expired)),
                     pace.restart.eq(credits.load & credits.ready)]
        with m.If(pace.restart):
            m.d.sync += told.eq(credit)
        wiring.connect(m, credits.o, wiring.flipped(self.reverse))
