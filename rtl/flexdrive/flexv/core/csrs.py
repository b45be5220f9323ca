"""Control and status registers: access, traps, counters.

Source: The RISC-V Instruction Set Manual, volume II, machine mode 1.12.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..isa import CSR_PLACES, CSRS, reset_value
from .control import CsrOp

__all__ = ["COUNTED", "CsrFile"]

# Counters that count an event, and the name of the event's port.
COUNTED = {"mhpmcounter3": "operand_wait", "mhpmcounter4": "memory_wait",
           "mhpmcounter5": "no_instruction", "mhpmcounter6": "unit_wait"}
# Position in mcountinhibit.
_INHIBIT = {"mcycle": 0, "minstret": 2, "mhpmcounter3": 3, "mhpmcounter4": 4, "mhpmcounter5": 5,
            "mhpmcounter6": 6}


class CsrFile(wiring.Component):
    """All registers of the table.

    Combinational from ``selected``, ``interrupts`` and ``hart_id`` to ``value``, from an access to
    ``write_value`` and ``elsewhere_write``, from ``cause`` to ``vector``. Latency: a write, a trap
    or a return in cycle t shows in the registers from t + 1, a retirement or an event from t + 2.
    ``interrupts``, and a change of a register, in cycle t show on ``interrupt``, ``wanted`` and
    ``wake`` from t + 2.

    Members
    -------
    selected, op, operand : access, see :data:`flexdrive.flexv.isa.CSR_PLACES`; ``value`` is the
        register's value before it, once the register is not ``busy``.
    writes : the access writes. The register exists, and can be written if it is.
    access, commit : the access takes place in this cycle if ``commit``, which is known late.
    trap : enter a trap; ``trap_pc``, ``cause`` (bit 5: interrupt), ``trap_value`` go to mepc,
        mcause and mtval. leave : return from a trap.
    vector, epc : where a trap, a return continue.
    retire, unretire : one instruction retires, one that was counted did not; never both.
    elsewhere_values, elsewhere_write, write_value : registers that other modules hold, their write
        strobes, and the value to be written.
    interrupts : pending lines, numbered as in mip. wanted : the interrupt to be taken, valid with
        ``interrupt``. wake : an enabled interrupt is pending, whether or not it may be taken.
        For a cycle after a change of any register there is none of the three.
    """

    def __init__(self, extensions, elsewhere=()):
        self._elsewhere = list(elsewhere)
        self._extensions = extensions
        self._table = [csr for csr in CSRS.values() if csr.extension in extensions]
        super().__init__({
            "selected": In(len(CSRS)), "op": In(CsrOp), "operand": In(32), "writes": In(1),
            "value": Out(32), "busy": Out(1), "access": In(1), "commit": In(1),
            "trap": In(1), "trap_pc": In(32), "cause": In(6), "trap_value": In(32),
            "leave": In(1), "vector": Out(32), "epc": Out(32),
            "retire": In(1), "unretire": In(1),
            "interrupts": In(32), "interrupt": Out(1), "wanted": Out(5), "wake": Out(1),
            "hart_id": In(32), "write_value": Out(32),
            "elsewhere_values": In(32).array(max(1, len(self._elsewhere))),
            "elsewhere_write": Out(max(1, len(self._elsewhere))),
            **{event: In(1) for event in COUNTED.values()},
        })

    def elaborate(self, platform):
        m = Module()
        self._registers = {}
        self._write_value = self.write_value
        self._selected = {}
        for csr in self._table:
            self._selected[csr.name] = self.selected[CSR_PLACES[csr.name]]
        self._machine_state(m)
        self._counters(m)
        self._interrupts(m)
        self._access(m)
        for i, name in enumerate(self._elsewhere):
            m.d.comb += self.elsewhere_write[i].eq(self._written(name))
        return m

    def _register(self, name, width=32):
        self._registers[name] = register = Signal(width, name=name, init=CSRS[name].reset)
        return register

    def _written(self, name):
        return self.access & self.writes & self._selected[name] & self.commit

    def _access(self, m):
        values = {**self._constants(), **self._registers,
                  **dict(zip(self._elsewhere, self.elsewhere_values, strict=False))}
        value = Const(0, 32)
        for csr in self._table:
            value = value | Mux(self._selected[csr.name], values[csr.name], 0)
        m.d.comb += self.value.eq(value)
        with m.Switch(self.op):
            with m.Case(CsrOp.SET):
                m.d.comb += self._write_value.eq(self.value | self.operand)
            with m.Case(CsrOp.CLEAR):
                m.d.comb += self._write_value.eq(self.value & ~self.operand)
            with m.Default():
                m.d.comb += self._write_value.eq(self.operand)

    def _constants(self):
        named = {csr.name: Const(reset_value(csr, self._extensions), 32) for csr in self._table}
        named |= {"mip": self.interrupts & CSRS["mie"].writable, "mhartid": self.hart_id,
                  "cycle": self._registers["mcycle"], "instret": self._registers["minstret"],
                  "cycleh": self._registers["mcycleh"], "instreth": self._registers["minstreth"]}
        return named

    def _machine_state(self, m):
        names = ("mie", "mtvec", "mscratch", "mepc", "mcause", "mtval", "mcountinhibit")
        for name in names:
            register, writable = self._register(name), CSRS[name].writable
            with m.If(self._written(name)):
                m.d.sync += register.eq((self._write_value & writable)
                                        | (CSRS[name].reset & ~writable))
        status = self._register("mstatus")
        with m.If(self._written("mstatus")):
            m.d.sync += [status[3].eq(self._write_value[3]), status[7].eq(self._write_value[7])]
        with m.If(self.trap):
            m.d.sync += [
                status[7].eq(status[3]), status[3].eq(0),
                self._registers["mepc"].eq(Cat(0, self.trap_pc[1:])),
                self._registers["mcause"].eq(Cat(self.cause[:5], Const(0, 26), self.cause[5])),
                self._registers["mtval"].eq(self.trap_value),
            ]
        with m.Elif(self.leave):
            m.d.sync += [status[3].eq(status[7]), status[7].eq(1)]
        base = Cat(0, 0, self._registers["mtvec"][2:])
        vectored, place = Signal(), Signal(32)
        m.d.comb += [
            vectored.eq(self._registers["mtvec"][0] & self.cause[5]),
            # Interrupts alone are vectored.
            place.eq(base + (self.wanted << 2)), self.vector.eq(Mux(vectored, place, base)),
            self.epc.eq(self._registers["mepc"])]

    def _counters(self, m):
        inhibited = self._registers["mcountinhibit"]
        # Whether an instruction retires is known late, so it is counted in the next cycle, and
        # the counter is accessed when nothing is left to be counted.
        one_more, one_less = Signal(), Signal()
        m.d.comb += self.busy.eq((one_more | one_less) & Cat(self._selected[name] for name in (
            "minstret", "minstreth", "instret", "instreth")).any())
        writes = self._written("minstret") | self._written("minstreth")
        m.d.sync += [
            # The counter does not count the instruction that writes it.
            one_more.eq(self.retire & ~inhibited[_INHIBIT["minstret"]] & ~writes),
            one_less.eq(self.unretire & ~inhibited[_INHIBIT["minstret"]])]
        for name in ("mcycle", "minstret"):
            low, high = self._register(name), self._register(name + "h")
            count, both = Signal(64, name=f"next_{name}"), Cat(low, high)
            if name == "mcycle":
                m.d.comb += count.eq(both + ~inhibited[_INHIBIT[name]])
            else:
                m.d.comb += count.eq(both + Cat(one_more | one_less, one_less.replicate(63)))
            m.d.sync += both.eq(count)
            # A write replaces its own half.
            with m.If(self._written(name)):
                m.d.sync += [low.eq(self._write_value), high.eq(high)]
            with m.If(self._written(name + "h")):
                m.d.sync += [high.eq(self._write_value), low.eq(low)]
        for name, event in COUNTED.items():
            register, happens = self._register(name), Signal(name=f"counts_{event}")
            m.d.sync += [happens.eq(getattr(self, event) & ~inhibited[_INHIBIT[name]]),
                         register.eq(register + happens)]
            with m.If(self._written(name)):
                m.d.sync += register.eq(self._write_value)

    def _interrupts(self, m):
        lines, candidates, pending, settled = Signal(32), Signal(32), Signal(), Signal()
        m.d.comb += [candidates.eq(lines & self._registers["mie"]),
                     self.wake.eq(pending & settled),
                     self.interrupt.eq(self.wake & self._registers["mstatus"][3])]
        m.d.sync += [lines.eq(self.interrupts), pending.eq(candidates.any()),
                     # What was found before a change does not count.
                     settled.eq(~((self.access & self.commit) | self.trap | self.leave))]
        # Local ones first, the highest number first; then external, software, timer.
        for number in (7, 3, 11, *range(16, 32)):
            with m.If(candidates[number]):
                m.d.sync += self.wanted.eq(number)
