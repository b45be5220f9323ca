"""The part of :mod:`.wishbone_check` that runs inside the simulator: slaves of cocotbext-wishbone
with the program's memory behind them."""
# These come with the extra ``cocotb`` alone.
# pyright: reportMissingImports=false

import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.wishbone.monitor import WishboneSlave

from flexdrive_sim.flexv.iss import Region

_SIGNALS = {"cyc": "cyc", "stb": "stb", "we": "we", "adr": "adr", "datwr": "dat_w",
            "datrd": "dat_r", "ack": "ack"}
_ACK, _ERR = 1, 2
_LIMIT = 400_000


class _Slave(WishboneSlave):
    """The model as a slave of standard mode, with memory: it asks for data, an answer and a delay
    of each access, and tells the bytes and words of all that it has seen."""

    _optional_signals = ["sel", "err"]

    def __init__(self, dut, name, regions, seed, slowest):
        self.regions, self._random = regions, random.Random(seed)
        self.accesses = {}
        super().__init__(dut, name, dut.clk, signals_dict=_SIGNALS, datgen=self._words(),
                         ackgen=self._answers(),
                         waitreplygen=iter(lambda: self._random.randint(0, slowest), None))

    def _place(self):
        address = self.bus.adr.value.to_unsigned()
        assert address % 4 == 0
        for region in self.regions:
            if 0 <= address - region.base < len(region.data):
                return region.data[address - region.base:][:4]
        return None

    def _enabled(self):
        return [i for i in range(4) if self.bus.sel.value.to_unsigned() >> i & 1]

    def _words(self):
        while True:
            place, enabled = self._place(), self._enabled()
            # Bytes that were not asked for are anything.
            word = np.frombuffer(self._random.randbytes(4), np.uint8).copy()
            if place is not None:
                word[enabled] = place[enabled]
            yield int(word.view(np.uint32)[0])

    def _answers(self):
        while True:
            place, enabled = self._place(), self._enabled()
            write = bool(self.bus.we.value)
            kind = ("store" if write else "load", len(enabled), place is not None)
            self.accesses[kind] = self.accesses.get(kind, 0) + 1
            if place is not None and write:
                value = self.bus.datwr.value.to_unsigned()
                for i in enabled:
                    place[i] = value >> 8 * i & 255
            yield _ERR if place is None else _ACK


@cocotb.test()
async def program(dut):
    """Runs what lies in memory.npz until it stores to ``tohost``, and writes result.npz."""
    given = np.load("memory.npz")
    regions = [Region(int(base), given[f"data{i}"].copy())
               for i, base in enumerate(given["bases"])]
    tohost = int(given["tohost"])
    dut.rst.value = 1
    dut.boot_address.value = int(given["boot"])
    dut.interrupts.value = dut.hart_id.value = 0
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    await ClockCycles(dut.clk, 4)
    slaves = [_Slave(dut, name, regions, seed, int(given["slowest"]))
              for seed, name in enumerate(("ibus", "dbus"))]
    await RisingEdge(dut.clk)
    # No cycle during reset (rule 3.20).
    for strobe in (dut.ibus_cyc, dut.dbus_cyc, dut.ibus_stb, dut.dbus_stb):
        assert not strobe.value
    dut.rst.value = 0
    data = next(r for r in regions if 0 <= tohost - r.base < len(r.data))
    cycles = 0
    while not data.data[tohost - data.base] and cycles < _LIMIT:
        await ClockCycles(dut.clk, 100)
        cycles += 100
    assert cycles < _LIMIT, "the program has not ended"
    assert set(slaves[0].accesses) == {("load", 4, True)}, "instructions are read, all four bytes"
    for slave in slaves:
        dut._log.info("accesses %s", slave.accesses)
    Path("seen.txt").write_text(repr((cycles, *(slave.accesses for slave in slaves))))
    np.savez("result.npz", **{f"data{i}": region.data for i, region in enumerate(regions)})
