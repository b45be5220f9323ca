"""Consistent overhead byte stuffing: frames of any bytes, between zeros.

Source: S. Cheshire, M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on
Networking 7(2), 1999. Zero occurs nowhere but at the end of a frame, so whatever the line did, the
byte after the next zero begins a frame.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..emit import Shared

__all__ = ["ENCODED_BYTE", "CobsDecoder", "CobsEncoder"]

# Longest group: a code of 255 stands for 254 bytes and no zero after them.
_GROUP = 254

ENCODED_BYTE = StructLayout({"byte": 8, "last": 1})


class CobsDecoder(Shared):
    """Bytes of a line to bytes of frames; no flow control, one byte makes at most one.

    Latency: combinational from input to output.

    Members
    -------
    byte, valid : from the line. abort : forget the frame under way.
    o, o_valid : a byte of a frame.
    end : the frame is over; good : with ``end``: its last group is complete.
    """

    def __init__(self):
        super().__init__({"byte": In(8), "valid": In(1), "abort": In(1), "o": Out(8),
                          "o_valid": Out(1), "end": Out(1), "good": Out(1)})

    def elaborate(self, platform):
        m = Module()
        left = Signal(8)        # bytes of the group to come
        zero = Signal()         # the group before the next one ends with a zero
        with m.If(self.valid):
            with m.If(self.byte == 0):
                m.d.comb += [self.end.eq(1), self.good.eq(left == 0)]
                m.d.sync += [left.eq(0), zero.eq(0)]
            with m.Elif(left == 0):
                m.d.comb += [self.o_valid.eq(zero), self.o.eq(0)]
                m.d.sync += [left.eq(self.byte - 1), zero.eq(self.byte != _GROUP + 1)]
            with m.Else():
                m.d.comb += [self.o_valid.eq(1), self.o.eq(self.byte)]
                m.d.sync += left.eq(left - 1)
        with m.If(self.abort):
            m.d.sync += [left.eq(0), zero.eq(0)]
        return m


class CobsEncoder(Shared):
    """Frames to bytes of a line, each with its zero at the end.

    A group is gathered in a memory of 256 bytes, then sent; gathering takes one cycle a byte.

    Latency: a group leaves when it is whole: with the zero, the end or the byte number 254 that
    ends it.

    Members
    -------
    i : bytes of frames (``ENCODED_BYTE``: ``byte``, ``last`` of the frame).
    o : bytes of the line.
    """

    def __init__(self):
        super().__init__({"i": In(stream.Signature(ENCODED_BYTE)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=8, depth=256, init=[])
        write, read = memory.write_port(), memory.read_port()
        count, sent = Signal(8), Signal(8)
        last = Signal()         # the frame ends with this group
        tail = Signal()         # ... and its last byte was a zero: one empty group more
        byte = self.i.payload.byte
        m.d.comb += [write.addr.eq(count), write.data.eq(byte), read.en.eq(1),
                     read.addr.eq(sent)]
        with m.FSM():
            with m.State("GATHER"):
                m.d.comb += [self.i.ready.eq(1), write.en.eq(self.i.valid & (byte != 0))]
                m.d.sync += sent.eq(0)
                with m.If(self.i.valid):
                    m.d.sync += [last.eq(self.i.payload.last),
                                 tail.eq(self.i.payload.last & (byte == 0))]
                    with m.If(byte != 0):
                        m.d.sync += count.eq(count + 1)
                    with m.If((byte == 0) | self.i.payload.last | (count == _GROUP - 1)):
                        m.next = "CODE"
            with m.State("CODE"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(count + 1)]
                with m.If(self.o.ready):
                    m.next = "NEXT"
            with m.State("NEXT"):       # the memory reads
                with m.If(sent != count):
                    m.next = "BYTE"
                with m.Else():
                    m.d.sync += [count.eq(0), sent.eq(0)]
                    with m.If(tail):
                        m.d.sync += tail.eq(0)
                        m.next = "CODE"
                    with m.Elif(last):
                        m.next = "END"
                    with m.Else():
                        m.next = "GATHER"
            with m.State("BYTE"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(read.data),
                             read.en.eq(0)]
                with m.If(self.o.ready):
                    m.d.sync += sent.eq(sent + 1)
                    m.next = "NEXT"
            with m.State("END"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(0)]
                with m.If(self.o.ready):
                    m.next = "GATHER"
        return m
