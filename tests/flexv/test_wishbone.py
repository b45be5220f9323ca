"""The core behind Wishbone: random programs in lockstep with slaves of every legal kind, which
check all that the core gives them."""

import pytest
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from flexdrive.flexv.core.rvfi import RVFI_PORT
from flexdrive.flexv.isa import EXTENSIONS
from flexdrive.flexv.wishbone import WISHBONE_PORT, WishboneCore
from flexdrive_sim.flexv.drive.rtl_core import build_core
from flexdrive_sim.flexv.verify.random_check import check_random

pytestmark = pytest.mark.slow

_SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(2, 6))]

# How a slave in pipelined mode makes its answers of those of the memory: as they come; as a slave
# of standard mode behind the standard's adapter, STALL = CYC & ~ACK; with ACK held,
# which a slave that always answers at once may do (rule 3.55).
_AS_THEY_COME, _ADAPTER, _HELD = range(3)
# What the program of a core behind bridges of standard mode has: loads and stores of all kinds.
_PLAIN = ("i", "zicsr", "m", "xpulp_memory")
# By bit of ``broken``.
_RULES = ("STB with CYC only", "CYC while an access is under way and not else",
          "what is not taken stays as it is", "addresses of words",
          "instructions are read, all four bytes")


class _Slave(wiring.Component):
    """A Wishbone slave in front of the test bench's memory, which grants and answers at random.

    ``fetches``: it is at the port of instructions.
    """

    def __init__(self, pipelined, fetches):
        self._pipelined, self._fetches = pipelined, fetches
        super().__init__({"bus": In(WISHBONE_PORT), "out": Out(DATA_PORT), "style": In(2),
                          "broken": Out(len(_RULES))})

    def elaborate(self, platform):
        m = Module()
        bus, out = self.bus, self.out
        # Accesses that the memory has not answered.
        waiting, answered, classic = Signal(8), Signal(), Signal()
        requested = bus.cyc & bus.stb
        m.d.sync += waiting.eq(waiting + (out.req & out.gnt) - out.rvalid)
        m.d.comb += [
            classic.eq((self.style == _ADAPTER) if self._pipelined else 1),
            out.req.eq(requested & (~classic | (waiting == 0))),
            out.addr.eq(bus.adr), out.we.eq(bus.we), out.be.eq(bus.sel),
            out.wdata.eq(bus.dat_w), bus.dat_r.eq(out.rdata),
            bus.err.eq(out.rvalid & out.err),
            bus.ack.eq(Mux(self.style == _HELD, ~bus.err, out.rvalid & ~out.err)),
            answered.eq(bus.ack | bus.err),
            # In standard mode it is not looked at.
            bus.stall.eq(Mux(classic, bus.cyc & ~answered, ~out.gnt)),
        ]
        self._watch(m, waiting, Mux(classic, ~answered, ~out.gnt))
        return m

    def _watch(self, m, waiting, kept):
        bus = self.bus
        fields = Cat(bus.cyc, bus.stb, bus.we, bus.adr, bus.sel, Mux(bus.we, bus.dat_w, 0))
        before, asked = Signal(len(fields)), Signal()
        m.d.sync += [before.eq(fields), asked.eq(bus.stb & kept)]
        # What a slave of standard mode has not answered is still requested.
        wanted = bus.stb | (waiting != 0)
        faults = (bus.stb & ~bus.cyc, bus.cyc != wanted, asked & (fields != before),
                  bus.stb & bus.adr[:2].any(),
                  (bus.stb & (bus.we | ~bus.sel.all())) if self._fetches else 0)
        for i, fault in enumerate(faults):
            with m.If(fault):
                m.d.sync += self.broken[i].eq(1)


class _Bench(wiring.Component):
    """The core's own ports around core, bridges and slaves."""

    def __init__(self, pipelined):
        self._pipelined = pipelined
        super().__init__({
            "ibus": Out(INSTRUCTION_PORT), "dbus": Out(DATA_PORT), "boot_address": In(32),
            "interrupts": In(32), "hart_id": In(32), "sleeping": Out(1), "rvfi": Out(RVFI_PORT),
            "style": In(2), "broken": Out(len(_RULES))})

    def elaborate(self, platform):
        m = Module()
        extensions = EXTENSIONS if self._pipelined else _PLAIN
        m.submodules.core = core = WishboneCore(CoreConfig(extensions=extensions, rvfi=True),
                                                pipelined=self._pipelined)
        m.submodules.instructions = instructions = _Slave(self._pipelined, True)
        m.submodules.data = data = _Slave(self._pipelined, False)
        wiring.connect(m, core.ibus, instructions.bus)
        wiring.connect(m, core.dbus, data.bus)
        wiring.connect(m, wiring.flipped(self.dbus), data.out)
        for name, member in INSTRUCTION_PORT.members.items():
            outer, inner = getattr(self.ibus, name), getattr(instructions.out, name)
            m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
        wiring.connect(m, wiring.flipped(self.rvfi), core.rvfi)
        m.d.comb += [core.boot_address.eq(self.boot_address), core.interrupts.eq(self.interrupts),
                     core.hart_id.eq(self.hart_id), self.sleeping.eq(core.sleeping),
                     instructions.style.eq(self.style), data.style.eq(self.style),
                     self.broken.eq(instructions.broken | data.broken)]
        return m


@pytest.fixture(scope="module")
def pipelined():
    return build_core(component=_Bench(True))


@pytest.fixture(scope="module")
def standard():
    return build_core(component=_Bench(False))


def _check(built, seed, fastest, style=_AS_THEY_COME, extensions=EXTENSIONS):
    lockstep = check_random(built, seed, 4_000, extensions, fastest=fastest,
                            inputs={"style": style})
    assert lockstep.traps > 0
    broken = lockstep.bench.output("broken")
    assert not [rule for i, rule in enumerate(_RULES) if broken >> i & 1]


# Of six seeds, two have neither stalls nor random latencies, and two each have latencies from 0, 1
# and 2 on where the fastest answer is in the cycle of acceptance.
@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("style", [_AS_THEY_COME, _ADAPTER], ids=["as they come", "adapter"])
@pytest.mark.parametrize("fastest", [0, 1])
def test_random_program(pipelined, seed, style, fastest):
    _check(pipelined, seed, fastest, style)


# Neither stalls nor latency: seeds 0 and 7 * 6 + 3 have none.
def test_random_program_with_ack_held(pipelined):
    _check(pipelined, 0, 0, _HELD)


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("fastest", [0, 1])
def test_random_program_in_standard_mode(standard, seed, fastest):
    _check(standard, seed, fastest, extensions=_PLAIN)
