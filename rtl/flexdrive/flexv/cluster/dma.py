"""The DMA unit: transfers between L1 and the outside."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from .dma_buffer import DmaBuffer
from .dma_queue import JOB
from .dma_walk import DmaWalk
from .ports import OUTSIDE_PORT
from .registers import L1_BASE

__all__ = ["Dma"]

# Loads and stores outside that may be under way.
_LOADS, _STORES = 16, 8


class Dma(wiring.Component):
    """One transfer at a time: reads pieces of 8 aligned bytes at the source, writes others at the
    destination, whatever the alignment of both; up to 16 loads are under way.

    Bytes pass in order of the rows, as they are; source and destination that overlap give what
    reading ahead by up to 144 bytes gives. Latency: with a source and a destination that grant at
    once 8 bytes a cycle; 5 cycles and the latency of the source besides.

    Members
    -------
    job, valid, take : transfers, see :class:`.dma_queue.DmaQueue`.
    l1_req, l1_word, l1_granted, l1_rdata : two ports, see :class:`.l1.L1Port`; l1_we, l1_be,
        l1_wdata : the access.
    outside : bus.
    finished : by channel, its transfer is over in this cycle; what it wrote is there.
    failed, failed_address : an access fails, at this address or behind it (outside: the piece that
        comes next).
    active : a transfer is under way or queued.
    """

    def __init__(self, channels, l1_bytes):
        self._channels, self._bits = channels, (l1_bytes - 1).bit_length()
        super().__init__({
            "job": In(JOB), "valid": In(1), "take": Out(1),
            "l1_req": Out(1).array(2), "l1_word": Out(self._bits - 2).array(2),
            "l1_granted": In(1).array(2), "l1_rdata": In(32).array(2), "l1_we": Out(1),
            "l1_be": Out(4).array(2), "l1_wdata": Out(32).array(2),
            "outside": Out(OUTSIDE_PORT), "finished": Out(channels),
            "failed": Out(1), "failed_address": Out(32), "active": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.reads, m.submodules.writes = self._reads, self._writes = DmaWalk(), DmaWalk()
        m.submodules.buffer = self._buffer = DmaBuffer()
        # Words that came, and which bytes of them are meant: offset, count.
        m.submodules.words = self._words = SyncFIFO(width=64, depth=_LOADS)
        m.submodules.pieces = self._pieces = SyncFIFO(width=7, depth=_LOADS)
        self._busy, self._job, begins, done = Signal(), Signal(JOB), Signal(), Signal()
        self._unanswered = Signal(range(_STORES + 1))
        self._begin(m, begins)
        self._fill_buffer(m)
        self._stores(m)
        self._access_l1(m)
        self._access_outside(m)
        m.d.comb += [
            self.take.eq(self.valid & ~self._busy),
            done.eq(self._busy & ~begins & ~self._writes.active & (self._unanswered == 0)),
            self.finished.eq(Mux(done, 1 << self._job.channel, 0)),
            self.active.eq(self._busy | self.valid),
        ]
        m.d.sync += [begins.eq(self.take), self._busy.eq(self.take | (self._busy & ~done))]
        with m.If(self.take):
            m.d.sync += self._job.eq(self.job)
        return m

    def _begin(self, m, begins):
        job = self._job
        for walk, l1 in ((self._reads, job.outward), (self._writes, ~job.outward)):
            m.d.comb += [
                walk.load.eq(begins), walk.length.eq(job.length), walk.rows.eq(job.rows),
                walk.planes.eq(job.planes), walk.base.eq(Mux(l1, job.l1, job.outside)),
                walk.row_stride.eq(Mux(l1, job.l1_stride, job.outside_stride)),
                walk.plane_stride.eq(Mux(l1, job.l1_plane, job.outside_plane)),
            ]

    def _fill_buffer(self, m):
        """Loads as long as there is room for what comes; words to the buffer of bytes."""
        reads, buffer, words, pieces = self._reads, self._buffer, self._words, self._pieces
        flying, self._loads, self._loaded = Signal(range(_LOADS + 1)), Signal(), Signal()
        moves = Signal()
        m.d.comb += [
            self._loads.eq(reads.active & (flying != _LOADS)), reads.step.eq(self._loaded),
            pieces.w_en.eq(self._loaded),
            pieces.w_data.eq(Cat(reads.address[:3], reads.count)),
            moves.eq(words.r_rdy & buffer.room), words.r_en.eq(moves), pieces.r_en.eq(moves),
            buffer.push.eq(moves), buffer.push_data.eq(words.r_data),
            buffer.push_offset.eq(pieces.r_data[:3]), buffer.push_count.eq(pieces.r_data[3:]),
        ]
        m.d.sync += flying.eq(flying + self._loaded - moves)

    def _stores(self, m):
        writes, buffer = self._writes, self._buffer
        self._stores_wanted, self._stored = Signal(), Signal()
        m.d.comb += [
            self._stores_wanted.eq(writes.active & (buffer.level >= writes.count)
                                   & (self._unanswered != _STORES)),
            writes.step.eq(self._stored), buffer.pop.eq(self._stored),
            buffer.pop_offset.eq(writes.address[:3]), buffer.pop_count.eq(writes.count),
        ]

    def _access_l1(self, m):
        """Both words of 8 aligned bytes, each when its bank is free; over when both are."""
        outward, buffer = self._job.outward, self._buffer
        wanted, address, count = Signal(), Signal(32), Signal(4)
        mask, outside_l1, all_there = Signal(8), Signal(), Signal()
        reads, writes = self._reads, self._writes
        m.d.comb += [
            wanted.eq(Mux(outward, self._loads, self._stores_wanted)),
            address.eq(Mux(outward, reads.address, writes.address)),
            count.eq(Mux(outward, reads.count, writes.count)),
            mask.eq(((1 << count) - 1) << address[:3]),
            outside_l1.eq(wanted & (address[self._bits:] != L1_BASE >> self._bits)),
            self.l1_we.eq(~outward),
        ]
        over, came, held = Signal(2), Signal(2), Signal(64)
        needed = Cat(mask[:4].any(), mask[4:].any())
        for i in (0, 1):
            half = slice(32 * i, 32 * i + 32)
            m.d.comb += [
                self.l1_req[i].eq(wanted & needed[i] & ~over[i] & ~outside_l1),
                self.l1_word[i].eq(Cat(i, address[3:])),
                self.l1_be[i].eq(mask[4 * i:4 * i + 4]),
                self.l1_wdata[i].eq(buffer.pop_data[half]),
            ]
            m.d.sync += came[i].eq(self.l1_granted[i])
            with m.If(came[i]):
                m.d.sync += held[half].eq(self.l1_rdata[i])
        granted = Cat(self.l1_granted[0], self.l1_granted[1])
        m.d.comb += all_there.eq(wanted & (((granted | over | ~needed).all()) | outside_l1))
        m.d.sync += over.eq(Mux(all_there | ~wanted, 0, over | granted))
        arrives = Signal()
        m.d.sync += arrives.eq(all_there & outward)
        self._l1_over, self._l1_arrives, self._l1_word = all_there, arrives, Signal(64)
        m.d.comb += self._l1_word.eq(Cat(Mux(came[0], self.l1_rdata[0], held[:32]),
                                         Mux(came[1], self.l1_rdata[1], held[32:])))
        self._beyond = outside_l1

    def _access_outside(self, m):
        outward, bus, buffer = self._job.outward, self.outside, self._buffer
        address = Mux(outward, self._writes.address, self._reads.address)
        m.d.comb += [
            bus.req.eq(Mux(outward, self._stores_wanted, self._loads)),
            bus.addr.eq(Cat(0, 0, 0, address[3:])), bus.we.eq(outward),
            bus.be.eq(Mux(outward, buffer.pop_mask, 0xFF)), bus.wdata.eq(buffer.pop_data),
            self._loaded.eq(Mux(outward, self._l1_over, bus.req & bus.gnt)),
            self._stored.eq(Mux(outward, bus.req & bus.gnt, self._l1_over)),
            self._words.w_en.eq(Mux(outward, self._l1_arrives, bus.rvalid)),
            self._words.w_data.eq(Mux(outward, self._l1_word, bus.rdata)),
            self.failed.eq((bus.rvalid & bus.err) | self._beyond),
            self.failed_address.eq(Mux(self._beyond, Mux(outward, self._reads.address,
                                                         self._writes.address), address)),
        ]
        m.d.sync += self._unanswered.eq(self._unanswered + (outward & self._stored)
                                        - (outward & bus.rvalid))
