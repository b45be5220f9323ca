"""A cocotb test of a Hyperdrive chip, driven from files that ``flexdrive compile --vectors X.npy
--export mem`` writes. ``run.py`` builds the simulation; FILES names what the files begin with
(DIR/1-chip), PAUSES=1 lets every stream pause at random.

Nothing here is of flexdrive: a stream moves a word at a rising edge at which valid and ready are
both high (docs/verilog.md).
"""

import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

PAUSES = os.environ.get("PAUSES") == "1"


def words(name):
    """Numbers of a file for $readmemh."""
    lines = Path(f"{os.environ['FILES']}-{name}.mem").read_text().splitlines()
    return [int(line, 16) for line in lines if not line.startswith("//")]


class Stream:
    """A stream port, driven and read at falling edges. The chip has no combinational path from port
    to port, so what it says there still holds at the rising edge, whatever is driven meanwhile."""

    def __init__(self, dut, name):
        self.clock = dut.clk
        self.payload, self.valid, self.ready = (
            getattr(dut, f"{name}_{part}") for part in ("payload", "valid", "ready"))
        self.random = random.Random(name)

    async def pause(self):
        while PAUSES and self.random.randrange(3) == 0:
            await FallingEdge(self.clock)

    async def send(self, numbers):
        """Offer each number until it has moved."""
        for number in numbers:
            await self.pause()
            self.payload.value = number
            self.valid.value = 1
            moved = False
            while not moved:
                moved = self.ready.value == 1
                await FallingEdge(self.clock)
            self.valid.value = 0

    async def receive(self):
        """The next word."""
        await self.pause()
        self.ready.value = 1
        moved = False
        while not moved:
            moved, word = self.valid.value == 1, self.payload.value
            await FallingEdge(self.clock)
        self.ready.value = 0
        return int(word)


@cocotb.test()
async def network(dut):
    """Every word that leaves the chip is as expected, and no descriptor is refused."""
    for name in ("i_descriptors", "i_weights", "i_pixels"):
        getattr(dut, f"{name}_payload").value = 0
        getattr(dut, f"{name}_valid").value = 0
    dut.o_pixels_ready.value = dut.o_reports_ready.value = 0
    dut.rst.value = 1
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    await FallingEdge(dut.clk)
    await FallingEdge(dut.clk)      # one rising edge lies between
    dut.rst.value = 0
    program, expected = words("words"), words("expected")
    sources = [cocotb.start_soon(Stream(dut, name).send(numbers)) for name, numbers in (
        ("i_descriptors", program), ("i_weights", words("weights")),
        ("i_pixels", words("pixels")))]

    descriptors, position = 0, 0
    while position < len(program):      # the first word of each says how long it is
        position, descriptors = position + 12 + (program[position] >> 16), descriptors + 1

    async def reports():
        stream = Stream(dut, "o_reports")
        for number in range(descriptors):
            report = await stream.receive()
            index, code, cycles = report & 0xFFFF, report >> 16 & 0xFF, report >> 32 & 0xFFFFFFFF
            assert (index, code) == (number, 0), f"descriptor {index} refused with code {code}"
            dut._log.info("descriptor %d: %d cycles", index, cycles)

    counted = cocotb.start_soon(reports())
    results = Stream(dut, "o_pixels")
    for place, number in enumerate(expected):
        got = await results.receive()
        assert got == number, f"word {place} is {got:04x}, expected {number:04x}"
    for task in (*sources, counted):
        await task
    await FallingEdge(dut.clk)
    assert dut.busy.value == 0
    assert dut.o_pixels_valid.value == 0
    dut._log.info("%d words equal", len(expected))
