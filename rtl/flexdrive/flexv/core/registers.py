"""General-purpose registers: three read ports, two write ports."""

from amaranth.hdl import Module, Mux
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterFile"]


class RegisterFile(wiring.Component):
    """x0 to x31; reading is combinational, x0 reads as 0.

    Members
    -------
    number, value : of each read port.
    write, target, data : of each write port; the second port wins. x0 must not be written.
    """

    def __init__(self):
        ports = {}
        for i in range(3):
            ports |= {f"number{i}": In(5), f"value{i}": Out(32)}
        for i in range(2):
            ports |= {f"write{i}": In(1), f"target{i}": In(5), f"data{i}": In(32)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=32, depth=32, init=[])
        for i in range(3):
            port, number = cells.read_port(domain="comb"), getattr(self, f"number{i}")
            m.d.comb += [port.addr.eq(number),
                         getattr(self, f"value{i}").eq(Mux(number == 0, 0, port.data))]
        for i in range(2):
            port = cells.write_port()
            m.d.comb += [port.addr.eq(getattr(self, f"target{i}")),
                         port.data.eq(getattr(self, f"data{i}"))]
            enable = getattr(self, f"write{i}")
            if i == 0:
                enable = enable & ~(self.write1 & (self.target0 == self.target1))
            m.d.comb += port.en.eq(enable)
        return m
