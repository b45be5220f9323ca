"""General-purpose registers."""

from amaranth.hdl import Module, Mux
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterFile"]


class RegisterFile(wiring.Component):
    """x0 to x31; reading is combinational, x0 reads as 0.

    Parameters
    ----------
    reads, writes : numbers of ports; at most two write ports.

    Members
    -------
    number, value : of each read port.
    write, target, data : of each write port; the second port wins. x0 must not be written.
    """

    def __init__(self, *, reads=3, writes=2):
        self.reads, self.writes = reads, writes
        ports = {}
        for i in range(reads):
            ports |= {f"number{i}": In(5), f"value{i}": Out(32)}
        for i in range(writes):
            ports |= {f"write{i}": In(1), f"target{i}": In(5), f"data{i}": In(32)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=32, depth=32, init=[])
        for i in range(self.reads):
            port, number = cells.read_port(domain="comb"), getattr(self, f"number{i}")
            m.d.comb += [port.addr.eq(number),
                         getattr(self, f"value{i}").eq(Mux(number == 0, 0, port.data))]
        for i in range(self.writes):
            port = cells.write_port()
            m.d.comb += [port.addr.eq(getattr(self, f"target{i}")),
                         port.data.eq(getattr(self, f"data{i}"))]
            enable = getattr(self, f"write{i}")
            if i + 1 < self.writes:
                enable = enable & ~(self.write1 & (self.target0 == self.target1))
            m.d.comb += port.en.eq(enable)
        return m
