"""Frames to phits and back."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .frame import FrameCrc, LinkError, PhitSignature

__all__ = ["Deserializer", "Serializer"]


class Serializer(wiring.Component):
    """Sends frames back to back.

    Latency: a message loaded in cycle t is on the wires in cycles t + 1 to t + phits. The outputs
    are registers.

    Members
    -------
    message, load : send ``message``, with the beat put in; taken in a cycle with ``ready``, else
        ignored.
    ready : the wires are free after this cycle. Does not wait for ``load``.
    o : the wires.
    """

    def __init__(self, frame):
        self.frame = frame
        super().__init__({"message": In(frame.message_bits), "load": In(1), "ready": Out(1),
                          "o": Out(PhitSignature(frame.width))})

    def elaborate(self, platform):
        m = Module()
        frame = self.frame
        m.submodules.crc = crc = FrameCrc(frame)
        bits = Signal(frame.bits)
        left = Signal(range(frame.phits))       # phits after the one on the wires
        beat = Signal(init=1)
        message = Signal(frame.layout)
        m.d.comb += [
            message.eq(self.message), message.beat.eq(beat), crc.message.eq(message),
            self.o.data.eq(bits[:frame.width]),
            self.ready.eq(~self.o.valid | self.o.last),
        ]
        with m.If(self.ready):
            m.d.sync += self.o.valid.eq(self.load)
        with m.If(self.ready & self.load):
            m.d.sync += [beat.eq(~beat), bits.eq(Cat(message, crc.bits)),
                         left.eq(frame.phits - 1), self.o.last.eq(frame.phits == 1)]
        with m.Else():
            m.d.sync += [bits.eq(bits >> frame.width), left.eq(Mux(left == 0, 0, left - 1)),
                         self.o.last.eq(left == 1)]
        return m


class Deserializer(wiring.Component):
    """Collects and checks frames; no back-pressure.

    Latency: ``good`` or ``bad`` is high for one cycle, the one after the phit that decides. Phits
    of a frame may come with any gaps between them. A frame must end with ``last`` at its full
    length; after one that does not, the next begins where it should have ended, or after ``last``.
    A frame with the beat of the last good one is bad; the first good one may have either.

    Members
    -------
    i : the wires.
    good : ``message`` has arrived whole. bad : a frame was damaged; ``code`` says how.
    """

    def __init__(self, frame):
        self.frame = frame
        super().__init__({"i": In(PhitSignature(frame.width)), "good": Out(1), "bad": Out(1),
                          "message": Out(frame.message_bits), "code": Out(LinkError)})

    def elaborate(self, platform):
        m = Module()
        frame = self.frame
        m.submodules.crc = crc = FrameCrc(frame)
        bits = Signal(frame.bits)
        have = Signal(range(frame.phits))       # phits of the current frame
        complete = Signal()
        misframed = Signal()
        full = have == frame.phits - 1 if frame.phits > 1 else Const(1)
        right_crc = Signal()
        right_beat = Signal()
        beat = Signal()                         # of the last good frame
        begun = Signal()                        # there was one
        m.d.comb += [
            crc.message.eq(bits),
            right_crc.eq(bits[frame.message_bits:] == Cat(crc.bits)),
            self.message.eq(bits),
            right_beat.eq(~begun | (frame.message(bits).beat != beat)),
            self.good.eq(complete & right_crc & right_beat),
            self.bad.eq(misframed | (complete & ~(right_crc & right_beat))),
            self.code.eq(Mux(misframed, LinkError.FRAMING,
                             Mux(right_crc, LinkError.SEQUENCE, LinkError.CRC))),
        ]
        with m.If(self.good):
            m.d.sync += [begun.eq(1), beat.eq(frame.message(bits).beat)]
        m.d.sync += [complete.eq(0), misframed.eq(0)]
        with m.If(self.i.valid):
            m.d.sync += [
                bits.eq(Cat(bits, self.i.data)[frame.width:]),
                have.eq(Mux(full | self.i.last, 0, have + 1)),
                complete.eq(full & self.i.last),
                misframed.eq(full ^ self.i.last),
            ]
        return m
