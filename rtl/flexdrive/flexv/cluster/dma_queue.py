"""Descriptors of transfers, and the order in which they were started."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .registers import offset_of

__all__ = ["JOB", "DmaQueue"]

# Fields of a descriptor in the order of their registers, and the rest.
_FIELDS = {"outside": 32, "l1": 32, "length": 20, "rows": 16, "outside_stride": 32,
           "l1_stride": 32, "planes": 16, "outside_plane": 32, "l1_plane": 32}
# Words that a transfer of one row, of one plane and of all planes needs.
_WORDS = (3, 6, 9)
JOB = data.StructLayout({**_FIELDS, "outward": 1, "channel": 5})
_SLOTS = 2


class DmaQueue(wiring.Component):
    """A channel each for several users: two transfers of each may be queued.

    Latency: the job stands 5, 8 or 11 cycles after the start of one row, one plane or all planes;
    the next one is prepared while one runs.

    Members
    -------
    write : ``value`` is written to the register at ``offset`` of channel ``channel``; not to one
        that is full.
    full : by channel, nothing may be written. outstanding : transfers that are not over.
    job, valid, take : what is next.
    finished : a transfer of the channel is over, by channel.
    """

    def __init__(self, channels):
        self._channels = channels
        super().__init__({
            "write": In(1), "channel": In(range(channels)), "offset": In(7), "value": In(32),
            "full": Out(channels), "outstanding": Out(2).array(channels),
            "job": Out(JOB), "valid": Out(1), "take": In(1), "finished": In(channels),
        })

    def elaborate(self, platform):
        m = Module()
        bits = len(self.channel)
        m.submodules.fields = fields = Memory(shape=32, depth=_SLOTS * 16 << bits, init=[])
        m.submodules.order = order = SyncFIFO(width=bits + 4, depth=_SLOTS * self._channels)
        write, read = fields.write_port(), fields.read_port()
        slots, starts = Signal(self._channels), Signal()
        word = self.offset[2:6]
        slot = slots.bit_select(self.channel, 1)
        m.d.comb += [
            starts.eq(self.write & (self.offset == offset_of("DMA_START"))),
            write.addr.eq(Cat(word, slot, self.channel)), write.data.eq(self.value),
            write.en.eq(self.write & ~starts),
            order.w_data.eq(Cat(self.channel, slot, self.value[:3])), order.w_en.eq(starts),
        ]
        for i in range(self._channels):
            count, begins = self.outstanding[i], Signal(name=f"begins_{i}")
            m.d.comb += [begins.eq(starts & (self.channel == i)),
                         self.full[i].eq(count == _SLOTS)]
            m.d.sync += count.eq(count + begins - self.finished[i])
            with m.If(begins):
                m.d.sync += slots[i].eq(~slots[i])
        self._load(m, order, read, bits)
        return m

    def _load(self, m, order, read, bits):
        """Word by word from memory, a word behind its address."""
        asks, at, comes, came = Signal(), Signal(4), Signal(), Signal(4)
        channel, slot, outward, size = (order.r_data[:bits], order.r_data[bits],
                                        order.r_data[bits + 1], order.r_data[bits + 2:])
        last = Signal(4)
        m.d.comb += [
            last.eq(Array([words - 1 for words in (*_WORDS, _WORDS[-1])])[size]),
            asks.eq(order.r_rdy & ~self.valid & ~(comes & (came == last))),
            read.addr.eq(Cat(at, slot, channel)), read.en.eq(asks),
            order.r_en.eq(comes & (came == last)),
        ]
        m.d.sync += [comes.eq(asks & (at <= last)), came.eq(at),
                     at.eq(Mux(asks, at + 1, 0))]
        with m.If(comes):
            with m.Switch(came):
                for i, name in enumerate(_FIELDS):
                    with m.Case(i):
                        m.d.sync += self.job[name].eq(read.data)
            with m.If(came == last):
                m.d.sync += [self.valid.eq(1), self.job.outward.eq(outward),
                             self.job.channel.eq(channel)]
                with m.If(size == 0):
                    m.d.sync += self.job.rows.eq(1)
                with m.If(size < 2):
                    m.d.sync += self.job.planes.eq(1)
        with m.If(self.take):
            m.d.sync += self.valid.eq(0)
