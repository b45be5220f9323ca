"""Memory arbiter: one access per bank and cycle, for all tiles at once.

Operands of the accumulation always go first, then writes, then bypass reads. An access that
shares its bank with one before it waits. The host's words come when nothing of this runs, so no
grant depends on them: whether the host is ready is in no path of the tail. Banks are interleaved
by the low address bits, so maps may lie anywhere and consecutive channels fall into different
banks.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..tile.feature_bank import bank_port_layout

__all__ = ["Arbiter"]


class Arbiter(Shared):
    """Latency: grants in the cycle of the request, combinational from the requests of accumulation
    and tail alone; bank ports one cycle later, bank numbers and ``bypass_valid`` two.

    Members
    -------
    read, read_address : word for the data distribution; always granted.
    read_words : (``channelwise_lanes`` of more than 1) words from that address on.
    write, write_address, write_granted : word from the tail.
    bypass, bypass_address, bypass_granted : word for the tail.
    host_read, host_write, host_address : word for or from the host, one of both; always granted.
        Never with a request of the others but with ``config.overlap``.
    host_count : (``config.own_ways``) words from that address on.
    host_banks : (the same) banks that were read for the host, beside their data.
    host_pending : (``config.overlap``) words of the beat that are wanted yet, by their banks modulo
        ``stream_words``. Those requests may come with others, and get what these leave.
    host_granted, host_complete : (the same) those of them that are granted, combinational; it is
        all of them, whether they are requested or not.
    host_loads : (the same) writes of ``banks`` that are the host's.
    banks : registered ports of the banks.
    read_bank, bypass_bank : bank of the last granted read, beside its data.
    bypass_valid : a bypass word is at its bank's output.
    """

    def __init__(self, config):
        self.config = config
        bank = range(config.fm_banks)
        super().__init__({
            "read": In(1), "read_address": In(16),
            **({"read_words": In(config.channelwise_lanes.bit_length())}
               if config.channelwise_lanes > 1 else {}),
            "write": In(1), "write_address": In(16), "write_granted": Out(1),
            "bypass": In(1), "bypass_address": In(16), "bypass_granted": Out(1),
            "host_read": In(1), "host_write": In(1), "host_address": In(16),
            "banks": Out(data.ArrayLayout(bank_port_layout(config), config.fm_banks)),
            "read_bank": Out(bank), "bypass_bank": Out(bank), "bypass_valid": Out(1),
            **({"host_count": In(range(config.stream_words + 1)),
                "host_banks": Out(config.fm_banks)} if config.own_ways else {}),
            **({"host_pending": In(config.stream_words), "host_granted": Out(config.stream_words),
                "host_complete": Out(1), "host_loads": Out(config.fm_banks)}
               if config.overlap else {}),
        }, d=config.fm_words, b=config.fm_banks, **config.stream_parameter,
            **config.lanes_parameter)

    def elaborate(self, platform):
        m = Module()
        bits = (self.config.fm_banks - 1).bit_length()
        read, write, bypass = (address[:bits] for address in (
            self.read_address, self.write_address, self.bypass_address))
        m.d.comb += [
            self.write_granted.eq(self.write & ~(self.read & self._reads(write))),
            # The tail moves with both or not at all, so a write that waits holds the bypass up.
            self.bypass_granted.eq(self.bypass & ~(self.read & self._reads(bypass))
                                   & ~(self.write & (write == bypass))
                                   & ~(self.write & ~self.write_granted)),
        ]
        host = self.host_address[:bits]
        reads = ((self.bypass_granted, self._word(self.bypass_address)),
                 (self.read, self._operand(m)))
        writes = ((self.write_granted, self._word(self.write_address)),)
        beat = self._beat(m, bits)
        for index in range(self.config.fm_banks):
            port = self.banks[index]
            m.d.sync += [port.read.eq(0), port.write.eq(0)]
            hit, line = beat(index)
            for strobe, accesses, by_host in ((port.read, reads, self.host_read),
                                              (port.write, writes, self.host_write)):
                for request, access in accesses:
                    has, at = access(index)
                    with m.If(request & has):
                        m.d.sync += [port.address.eq(at), strobe.eq(1)]
                with m.If(by_host & hit):
                    m.d.sync += [port.address.eq(line), strobe.eq(1)]
        for source, target in ((Mux(self.read, read, host), self.read_bank),
                               (bypass, self.bypass_bank)):
            early = Signal.like(target, name=f"{target.name}_early")
            m.d.sync += [early.eq(source), target.eq(early)]
        granted = Signal()
        m.d.sync += [granted.eq(self.bypass_granted), self.bypass_valid.eq(granted)]
        return m

    def _reads(self, bank):
        """Whether a bank has a word of the operand."""
        first = self.read_address[:len(bank)]
        if self.config.channelwise_lanes == 1:
            return first == bank
        # From the bank of the first word, around the end.
        return (bank - first)[:len(bank)] < self.read_words

    def _word(self, address):
        """Function of a bank: whether it has the word, and on which line."""
        bits = (self.config.fm_banks - 1).bit_length()
        return lambda index: (address[:bits] == index, address[bits:])

    def _operand(self, m):
        """The same of the words of the operand."""
        if self.config.channelwise_lanes == 1:
            return self._word(self.read_address)
        bits = (self.config.fm_banks - 1).bit_length()
        first, line = self.read_address[:bits], self.read_address[bits:]
        behind = Signal(16 - bits, name="read_following")
        m.d.comb += behind.eq(line + 1)
        return lambda index: (self._reads(Const(index, bits)), Mux(first > index, behind, line))

    def _beat(self, m, bits):
        """Function of a bank: whether it has a word of the host's beat, and on which line."""
        address = self.host_address
        if not self.config.own_ways:
            return lambda index: (address[:bits] == index, address[bits:])
        banks = range(self.config.fm_banks)
        first, line, following = address[:bits], address[bits:], Signal(16 - bits)
        # From the bank of the first word to each, around the end.
        hits = [(index - first)[:bits] < self.host_count for index in banks]
        if self.config.overlap:
            hits = self._left(m, hits)
        early = Signal(self.config.fm_banks, name="host_banks_early")
        m.d.comb += following.eq(line + 1)
        m.d.sync += [early.eq(Mux(self.host_read, Cat(hits), 0)), self.host_banks.eq(early)]
        return lambda index: (hits[index], Mux(first > index, following, line))

    def _left(self, m, hits):
        """Words of the beat whose banks nobody else has in this cycle."""
        lanes, bits = self.config.stream_words, (self.config.fm_banks - 1).bit_length()
        others = [(self.read, self._reads)]
        for granted, address in (
                (self.write_granted, self.write_address),
                (self.bypass_granted, self.bypass_address)):
            others.append((granted, lambda bank, address=address: address[:bits] == bank))
        granted, waiting = [], []
        for index, hit in enumerate(hits):
            wanted = hit & self.host_pending[index % lanes]
            taken = Cat(request & has(Const(index, bits)) for request, has in others).any()
            granted.append(wanted & ~taken)
            waiting.append(wanted & taken)
        m.d.comb += [
            self.host_granted.eq(Cat(Cat(granted[lane::lanes]).any() for lane in range(lanes))),
            self.host_complete.eq(~Cat(waiting).any()),
        ]
        m.d.sync += self.host_loads.eq(Mux(self.host_write, Cat(granted), 0))
        return granted
