"""AXI4-Lite and AXI4-Stream.

Source: Arm, AMBA AXI and ACE Protocol Specification, IHI 0022, part B (AXI4-Lite); AMBA 4
AXI4-Stream Protocol Specification, IHI 0051. Members are called as in the standards, in lower case,
so that with the names of ports made of them (``s_axi_awaddr``) tools find the interfaces.
"""

import enum

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..emit import Shared

__all__ = ["AxiLite", "AxiLiteSlave", "AxiStream", "Response"]


class Response(enum.IntEnum):
    """Codes of BRESP and RRESP; any with bit 1 set is an error."""

    OKAY = 0
    SLVERR = 2
    DECERR = 3


class AxiLite(wiring.Signature):
    """AXI4-Lite with 32 bits of data, as its master has it; ``address`` bits of address; without
    ``writes`` the two channels of reading alone."""

    def __init__(self, address, *, writes=True):
        super().__init__({
            **({"awaddr": Out(address), "awprot": Out(3), "awvalid": Out(1), "awready": In(1),
                "wdata": Out(32), "wstrb": Out(4), "wvalid": Out(1), "wready": In(1),
                "bresp": In(2), "bvalid": In(1), "bready": Out(1)} if writes else {}),
            "araddr": Out(address), "arprot": Out(3), "arvalid": Out(1), "arready": In(1),
            "rdata": In(32), "rresp": In(2), "rvalid": In(1), "rready": Out(1),
        })


class AxiStream(wiring.Signature):
    """AXI4-Stream of ``width`` bits, whole bytes, as its sender has it; ``packets``: with TLAST and
    TKEEP."""

    def __init__(self, width, *, packets=False):
        assert width % 8 == 0
        super().__init__({
            "tdata": Out(width), "tvalid": Out(1), "tready": In(1),
            **({"tkeep": Out(width // 8), "tlast": Out(1)} if packets else {}),
        })


class AxiLiteSlave(Shared):
    """AXI4-Lite as reads and writes of registers.

    A write takes place once its address and its data are there, in whatever order they came; a
    read beside it, also of the same register, says what it was or what it becomes. What must not be
    read or written is answered SLVERR and changes nothing.

    Latency: a response is on offer two cycles after the request came; a write every two cycles, a
    read every two. No input reaches an output of ``bus`` without a register.

    Parameters
    ----------
    address_bits : of an address in bytes.

    Members
    -------
    bus : AXI4-Lite. AxPROT is not looked at.
    read_address, write_address : number of a word. read : it is read in this cycle.
    read_word, readable, writable : answers, in the same cycle.
    write, write_word, write_bytes : write the selected bytes; only what is ``writable``.
    """

    def __init__(self, address_bits):
        self.address_bits = address_bits
        words = address_bits - 2
        super().__init__({
            "bus": In(AxiLite(address_bits)),
            "read_address": Out(words), "read": Out(1), "read_word": In(32), "readable": In(1),
            "write_address": Out(words), "writable": In(1), "write": Out(1),
            "write_word": Out(32), "write_bytes": Out(4)}, a=address_bits)

    def elaborate(self, platform):
        m = Module()
        self._writes(m)
        self._reads(m)
        return m

    def _writes(self, m):
        bus, now = self.bus, Signal(name="writing")
        address, data = Signal(name="has_address"), Signal(name="has_data")
        m.d.comb += [
            bus.awready.eq(~address), bus.wready.eq(~data),
            now.eq(address & data & (~bus.bvalid | bus.bready)),
            self.write.eq(now & self.writable),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [address.eq(1), self.write_address.eq(bus.awaddr[2:])]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [data.eq(1), self.write_word.eq(bus.wdata), self.write_bytes.eq(bus.wstrb)]
        with m.If(now):
            m.d.sync += [address.eq(0), data.eq(0), bus.bvalid.eq(1), bus.bresp.eq(Response.OKAY)]
            with m.If(~self.writable):
                m.d.sync += bus.bresp.eq(Response.SLVERR)
        with m.Elif(bus.bready):
            m.d.sync += bus.bvalid.eq(0)

    def _reads(self, m):
        bus, address = self.bus, Signal(name="has_read_address")
        m.d.comb += [bus.arready.eq(~address),
                     self.read.eq(address & (~bus.rvalid | bus.rready))]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [address.eq(1), self.read_address.eq(bus.araddr[2:])]
        with m.If(self.read):
            m.d.sync += [address.eq(0), bus.rvalid.eq(1), bus.rdata.eq(self.read_word),
                         bus.rresp.eq(Response.OKAY)]
            with m.If(~self.readable):
                m.d.sync += [bus.rdata.eq(0), bus.rresp.eq(Response.SLVERR)]
        with m.Elif(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
