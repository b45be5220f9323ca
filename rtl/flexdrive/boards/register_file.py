"""The registers of :mod:`.registers` in hardware."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .registers import REGISTERS, Access

__all__ = ["RegisterFile", "register_layout"]


def register_layout(access, table=REGISTERS):
    """Layout of all registers of an :class:`~.registers.Access`, 32 bits each, by name."""
    return data.StructLayout({register.name: 32 for register in table
                              if register.access == access})


class RegisterFile(wiring.Component):
    """Registers that are written and read one by one.

    Latency: one cycle, of reading and of writing.

    Parameters
    ----------
    constants : ((name, value), ...) of the constant registers.
    table : of :data:`~.registers.TABLES`.

    Members
    -------
    state : values of the state registers. control : the control registers.
    address : of the register that is read or written; others read 0, and take no value.
    word : its value one cycle later. write, value : change it.
    """

    def __init__(self, constants, table=REGISTERS):
        self.constants, self.table = dict(constants), table
        wanted = {register.name for register in table if register.access == Access.CONSTANT}
        if set(self.constants) != wanted:
            raise ValueError(f"Constants {sorted(self.constants)}, expected {sorted(wanted)}")
        super().__init__({
            "state": In(register_layout(Access.STATE, table)),
            "control": Out(register_layout(Access.CONTROL, table)),
            "address": In(range(len(table))), "word": Out(32), "write": In(1), "value": In(32)})

    def elaborate(self, platform):
        m = Module()
        chosen = Signal(32)
        m.d.sync += self.word.eq(chosen)
        with m.Switch(self.address):
            for register in self.table:
                with m.Case(register.address):
                    if register.access == Access.CONSTANT:
                        m.d.comb += chosen.eq(self.constants[register.name])
                    elif register.access == Access.STATE:
                        m.d.comb += chosen.eq(self.state[register.name])
                    else:
                        m.d.comb += chosen.eq(self.control[register.name])
                        with m.If(self.write):
                            m.d.sync += self.control[register.name].eq(self.value)
        return m
