"""Streams of the chip and of the host from and to the memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..flexv.cluster.arbiter import RoundRobin, chosen
from ..flexv.core.bus import DATA_PORT
from .channels import ReadChannel, WriteChannel
from .ports import device_port
from .registers import CHIP_CHANNELS, DMA, FAULT_BIT, Channel, dma_register

__all__ = ["StreamDma"]

_EVENTS = len(dma_register("IRQ_STATUS").fields)


class StreamDma(wiring.Component):
    """A channel for each stream (:class:`~.registers.Channel`), in turn at one port of a memory; at
    most every second cycle asks for an access there.

    A channel whose next address is not in the memory, or no multiple of the item's size, stops and
    drops what is left; the access is not made.

    Latency: an access is asked for in the cycle after a channel wants it; a transfer without waits
    takes three cycles a word. Registers count from the next cycle. No input reaches an output
    without a register but those of ``port``.

    Parameters
    ----------
    base : address of the memory's first byte. bits : of an address in bytes inside of it.

    Members
    -------
    port : registers of the page DMA. irq : level.
    memory : connect with the memory's; answers one cycle after the grant or later, in order.
    i_{channel}, o_{channel} : streams, as items.
    stop_chip : the channels of the chip stop.
    begins, value : by channel: a transfer of ``value`` items begins. over : by channel, it is.
    chip_busy : transfers from or to the chip are not over.
    """

    def __init__(self, base, bits):
        self._base, self._bits = base, bits
        streams = {f"{'o' if each.reads else 'i'}_{each.name.lower()}":
                   (Out if each.reads else In)(stream.Signature(8 * each.item_bytes))
                   for each in Channel}
        count = len(Channel)
        super().__init__({
            "port": In(device_port(DMA.bits)), "irq": Out(1), "memory": Out(DATA_PORT), **streams,
            "stop_chip": In(1), "begins": Out(count), "value": Out(32), "over": Out(count),
            "chip_busy": Out(1)})

    def elaborate(self, platform):
        m = Module()
        self._channels, self._stops = [], Signal(len(Channel))
        self._refused = Signal(len(Channel))
        for each in Channel:
            channel = (ReadChannel if each.reads else WriteChannel)(each.item_bytes)
            m.submodules[each.name.lower()] = channel
            self._channels.append(channel)
            if each.reads:
                wiring.connect(m, channel.o, wiring.flipped(
                    getattr(self, f"o_{each.name.lower()}")))
            else:
                wiring.connect(m, wiring.flipped(getattr(self, f"i_{each.name.lower()}")),
                               channel.i)
            m.d.comb += [
                channel.value.eq(self.port.word),
                channel.stop.eq(self._stops[each] | self._refused[each]
                                | (self.stop_chip & (each in CHIP_CHANNELS))),
                self.over[each].eq(channel.over), self.begins[each].eq(channel.set_left),
            ]
        self._busy = Cat(channel.busy for channel in self._channels)
        m.d.comb += [self.value.eq(self.port.word), self.chip_busy.eq(
            Cat(self._channels[each].busy for each in CHIP_CHANNELS).any())]
        self._accesses(m)
        self._registers(m)
        return m

    def _accesses(self, m):
        """Choose, ask, wait for the answer: at each time one access."""
        memory, channels = self.memory, self._channels
        m.submodules.turn = turn = RoundRobin(len(channels))
        asks, waits, owner = Signal(), Signal(), Signal(range(len(channels)))
        address, free, legal = Signal(32), Signal(), Signal()
        grant = turn.grant
        m.d.comb += [
            turn.requests.eq(Cat(channel.request for channel in channels)),
            free.eq(~asks & (~waits | memory.rvalid)), turn.take.eq(free),
            address.eq(chosen(grant, [channel.word_address for channel in channels])),
            legal.eq((address[self._bits:] == self._base >> self._bits)
                     & ~(grant & Cat(channel.misplaced for channel in channels)).any()),
            memory.req.eq(asks),
        ]
        begins = Signal()
        m.d.comb += [
            begins.eq(free & grant.any() & legal),
            self._refused.eq(Mux(free & ~legal, grant, 0)),
        ]
        writes = [None if each.reads else channel
                  for each, channel in zip(Channel, channels, strict=True)]
        with m.If(begins):
            m.d.sync += [
                asks.eq(1), owner.eq(self._number(grant)), memory.addr.eq(address),
                memory.we.eq((grant >> Channel.RESULTS) != 0),
                memory.be.eq(chosen(grant, [channel.be if channel else Const(15, 4)
                                            for channel in writes])),
                memory.wdata.eq(chosen(grant, [channel.wdata if channel else Const(0, 32)
                                               for channel in writes])),
            ]
        with m.Elif(memory.gnt):
            m.d.sync += asks.eq(0)
        with m.If(asks & memory.gnt):
            m.d.sync += waits.eq(1)
        with m.Elif(memory.rvalid):
            m.d.sync += waits.eq(0)
        for at, (each, channel) in enumerate(zip(Channel, channels, strict=True)):
            m.d.comb += [channel.taken.eq(begins & grant[at]),
                         channel.answer.eq(memory.rvalid & waits & (owner == at))]
            if each.reads:
                m.d.comb += channel.rdata.eq(memory.rdata)

    def _registers(self, m):
        port, channels = self.port, self._channels
        whole = port.bytes.all()
        enable, happened = Signal(_EVENTS), Signal(_EVENTS)
        fault_address, fault_channel = Signal(32), Signal(range(len(channels)))
        cleared, events = Signal(_EVENTS), Signal(_EVENTS)
        at_fault = len(channels)
        word = Cat(port.word[:at_fault], port.word[FAULT_BIT])
        refused = self._refused.any()
        m.d.comb += events.eq(Cat(self.over, refused))
        m.d.sync += [happened.eq((happened & ~cleared) | events),
                     self.irq.eq((happened & enable).any())]
        with m.If(refused & ~happened[at_fault]):
            m.d.sync += [
                fault_address.eq(chosen(self._refused, [channel.fault_address
                                                        for channel in channels])),
                fault_channel.eq(self._number(self._refused))]
        words = {"BUSY": self._busy, "IRQ_ENABLE": _spread(enable), "IRQ_STATUS": _spread(happened),
                 "FAULT_ADDRESS": fault_address, "FAULT_CHANNEL": fault_channel}
        writes = {"IRQ_ENABLE": 1, "IRQ_STATUS": 1, "STOP": 1}
        for each, channel in zip(Channel, channels, strict=True):
            words[f"{each.name}_ADDRESS"], words[f"{each.name}_LEFT"] = (channel.address,
                                                                         channel.left)
            writes[f"{each.name}_ADDRESS"] = writes[f"{each.name}_LEFT"] = ~channel.busy
        for register in DMA.registers:
            name = register.name
            with m.If(port.address == register.offset // 4):
                if name in words:
                    m.d.comb += [port.read_word.eq(words[name]), port.readable.eq(1)]
                if name in writes:
                    m.d.comb += port.writable.eq(writes[name] & whole)
                with m.If(port.write):
                    self._store(m, name, word, enable, cleared)

    def _number(self, one):
        """Of the channel whose bit is set."""
        return chosen(one, [Const(each, 3) for each in Channel])

    def _store(self, m, name, word, enable, cleared):
        """What a store to the register ``name`` does."""
        if name == "IRQ_ENABLE":
            m.d.sync += enable.eq(word)
        elif name == "IRQ_STATUS":
            m.d.comb += cleared.eq(word)
        elif name == "STOP":
            m.d.comb += self._stops.eq(word)
        for each, channel in zip(Channel, self._channels, strict=True):
            if name == f"{each.name}_ADDRESS":
                m.d.comb += channel.set_address.eq(1)
            elif name == f"{each.name}_LEFT":
                m.d.comb += channel.set_left.eq(1)


def _spread(bits):
    """Events as bits of a register: those of the channels, then the fault's."""
    return Cat(bits[:-1], Const(0, FAULT_BIT - len(Channel)), bits[-1])
