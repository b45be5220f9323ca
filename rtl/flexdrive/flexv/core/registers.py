"""General-purpose registers."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["REGISTER_CELLS", "RegisterFile"]

REGISTER_CELLS = ("flops", "ram")


class RegisterFile(wiring.Component):
    """x0 to x31; reading is combinational, x0 reads as 0.

    Parameters
    ----------
    reads, writes : numbers of ports; at most two write ports.
    cells : ``"flops"``, one for each bit, or ``"ram"``: one memory for each write port, as the
        distributed RAM of an FPGA has a single one, and two bits for each register that differ if
        the second memory was written last (C. E. LaForest et al., "Multi-Ported Memories for FPGAs
        via XOR", 2012).

    Members
    -------
    number, value : of each read port.
    write, target, data : of each write port; the second port wins. x0 must not be written.
    """

    def __init__(self, *, reads=3, writes=2, cells="flops"):
        self.reads, self.writes, self.cells = reads, writes, cells
        ports = {}
        for i in range(reads):
            ports |= {f"number{i}": In(5), f"value{i}": Out(32)}
        for i in range(writes):
            ports |= {f"write{i}": In(1), f"target{i}": In(5), f"data{i}": In(32)}
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        if self.cells == "ram" and self.writes == 2:
            self._banks(m)
        else:
            self._flops(m)
        return m

    def _enables(self):
        enables = [getattr(self, f"write{i}") for i in range(self.writes)]
        if self.writes == 2:
            enables[0] = self.write0 & ~(self.write1 & (self.target0 == self.target1))
        return enables

    def _memory(self, m, name, writes, shape=32):
        """What is read from a memory at the read ports' places; ``writes``: {port: (enable,
        data)}."""
        # Tools would make flops of a few bits.
        attrs = {"ram_style": "distributed"} if self.cells == "ram" else {}
        m.submodules[name] = cells = memory.Memory(shape=shape, depth=32, init=[], attrs=attrs)
        for i, (enable, value) in writes.items():
            port = cells.write_port()
            m.d.comb += [port.addr.eq(getattr(self, f"target{i}")), port.data.eq(value),
                         port.en.eq(enable)]
        return [self._value(m, cells, getattr(self, f"number{i}"))
                for i in range(self.reads)], cells

    @staticmethod
    def _value(m, cells, number):
        port = cells.read_port(domain="comb")
        m.d.comb += port.addr.eq(number)
        return port.data

    def _flops(self, m):
        writes = {i: (enable, getattr(self, f"data{i}"))
                  for i, enable in enumerate(self._enables())}
        words, _ = self._memory(m, "cells", writes)
        for i, word in enumerate(words):
            m.d.comb += self._read(i, word)

    def _banks(self, m):
        words, bits, marks = [], [], [Signal(name=f"mark{i}") for i in range(2)]
        for i, enable in enumerate(self._enables()):
            found, _ = self._memory(m, f"bank{i}", {i: (enable, getattr(self, f"data{i}"))})
            words.append(found)
            found, cells = self._memory(m, f"marks{i}", {i: (enable, marks[i])}, shape=1)
            bits.append(found)
            # The other port makes its bit equal to this one, or different from it.
            m.d.comb += marks[1 - i].eq(self._value(
                m, cells, getattr(self, f"target{1 - i}")) ^ (i == 0))
        for i in range(self.reads):
            m.d.comb += self._read(i, Mux(bits[0][i] ^ bits[1][i], words[1][i], words[0][i]))

    def _read(self, i, word):
        return getattr(self, f"value{i}").eq(Mux(getattr(self, f"number{i}") == 0, 0, word))
