"""Memory arbiter: one access per bank and cycle, for all tiles at once.

Operands of the accumulation (and reads for the host, which never come at the same time) always
go first, then writes, then bypass reads. An access that shares its bank with one before it
waits. Banks are interleaved by the low address bits, so maps may lie anywhere and consecutive
channels fall into different banks.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..tile.feature_bank import bank_port_layout

__all__ = ["Arbiter"]


class Arbiter(Shared):
    """Latency: grants in the cycle of the request (combinational); bank ports one cycle later,
    bank numbers and ``bypass_valid`` two.

    Members
    -------
    read, read_address : word for the data distribution; always granted.
    write, write_address, write_granted : word from the tail or the host.
    bypass, bypass_address, bypass_granted : word for the tail.
    banks : registered ports of the banks.
    read_bank, bypass_bank : bank of the last granted read, beside its data.
    bypass_valid : a bypass word is at its bank's output.
    """

    def __init__(self, config):
        self.config = config
        bank = range(config.fm_banks)
        super().__init__({
            "read": In(1), "read_address": In(16),
            "write": In(1), "write_address": In(16), "write_granted": Out(1),
            "bypass": In(1), "bypass_address": In(16), "bypass_granted": Out(1),
            "banks": Out(data.ArrayLayout(bank_port_layout(config), config.fm_banks)),
            "read_bank": Out(bank), "bypass_bank": Out(bank), "bypass_valid": Out(1),
        }, d=config.fm_words, b=config.fm_banks)

    def elaborate(self, platform):
        m = Module()
        bits = (self.config.fm_banks - 1).bit_length()
        read, write, bypass = (address[:bits] for address in (
            self.read_address, self.write_address, self.bypass_address))
        m.d.comb += [
            self.write_granted.eq(self.write & ~(self.read & (read == write))),
            # The tail moves with both or not at all, so a write that waits holds the bypass up.
            self.bypass_granted.eq(self.bypass & ~(self.read & (read == bypass))
                                   & ~(self.write & (write == bypass))
                                   & ~(self.write & ~self.write_granted)),
        ]
        for index in range(self.config.fm_banks):
            port = self.banks[index]
            m.d.sync += [port.read.eq(0), port.write.eq(0)]
            with m.If(self.bypass_granted & (bypass == index)):
                m.d.sync += [port.address.eq(self.bypass_address[bits:]), port.read.eq(1)]
            with m.If(self.write_granted & (write == index)):
                m.d.sync += [port.address.eq(self.write_address[bits:]), port.write.eq(1)]
            with m.If(self.read & (read == index)):
                m.d.sync += [port.address.eq(self.read_address[bits:]), port.read.eq(1)]
        for source, target in ((read, self.read_bank), (bypass, self.bypass_bank)):
            early = Signal.like(target, name=f"{target.name}_early")
            m.d.sync += [early.eq(source), target.eq(early)]
        granted = Signal()
        m.d.sync += [granted.eq(self.bypass_granted), self.bypass_valid.eq(granted)]
        return m
