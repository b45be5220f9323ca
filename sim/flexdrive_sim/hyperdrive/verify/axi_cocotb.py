"""The part of :mod:`.axi_check` that runs inside the simulator."""
# These come with the extra ``cocotb`` alone.
# pyright: reportMissingImports=false

import json
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from flexdrive.bus.chip_registers import INPUTS, MAGIC, REGISTERS, STREAMS, Event
from flexdrive.bus.packets import REPORT_WORDS

_PERIOD = 10        # ns
_LIMIT = 200_000    # cycles
_OFFSET = {register.name: register.offset for register in REGISTERS}
_BYTES = {"descriptors": 4, "weights": 4, "pixels": 2}


def _pauses(seed):
    generator = random.Random(seed)
    while True:
        yield generator.random() < 0.4


def _words(data, size):
    return [int.from_bytes(data[at:at + size], "little") for at in range(0, len(data), size)]


async def _packets(sink, count, size):
    return [_words(bytes((await sink.recv()).tdata), size) for _ in range(count)]


async def _wrong(given, dut, master, sources, pixels, reports):
    """What differs, or None."""
    read = master.read_dword
    if await read(_OFFSET["IDENTITY"]) != MAGIC:
        return "IDENTITY"
    await master.write_dword(_OFFSET["TIMEOUT"], 0x01020304)
    await master.write(_OFFSET["TIMEOUT"] + 1, bytes([9]))
    if await read(_OFFSET["TIMEOUT"]) != 0x01020904:
        return "a byte of TIMEOUT"
    answer = await master.write(_OFFSET["IDENTITY"], bytes(4))
    if answer.resp != AxiResp.SLVERR:
        return "IDENTITY can be written"
    if (await master.read(_OFFSET["REPORTS_COUNT"] + 4, 4)).resp != AxiResp.SLVERR:
        return "there is a register after the last one"
    await master.write_dword(_OFFSET["IRQ_ENABLE"], 1 << Event.REPORT)
    for name, source in sources.items():
        data = b"".join(word.to_bytes(_BYTES[name], "little") for word in given[name])
        await source.send(AxiStreamFrame(data))
    came = await _packets(pixels, len(given["packets"]), 2)
    if came != given["packets"]:
        return "packets of pixels"
    if [len(packet) for packet in await _packets(reports, given["reports"], 4)] != (
            [REPORT_WORDS] * given["reports"]):
        return "packets of reports"
    if not dut.irq.value:
        return "irq"
    counts = [await read(_OFFSET[f"{name.upper()}_COUNT"]) for name in STREAMS]
    parts = await read(_OFFSET["WEIGHT_BUFFER"]) >> 16
    if counts != [len(given["descriptors"]), len(given["weights"]) // parts, len(given["pixels"]),
                  sum(map(len, given["packets"])), given["reports"]]:
        return f"counters {counts}"
    if await read(_OFFSET["IRQ_STATUS"]) != 1 << Event.REPORT:
        return "IRQ_STATUS"
    await ClockCycles(dut.aclk, 50)
    return None if pixels.empty() and reports.empty() else "more than was asked for"


@cocotb.test()
async def program(dut):
    """Runs program.json, and writes seen.json."""
    given = json.loads(Path("program.json").read_text())
    cocotb.start_soon(Clock(dut.aclk, _PERIOD, "ns").start())
    dut.aresetn.value = 0
    ends = {"reset": dut.aresetn, "reset_active_level": False}
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **ends)
    sources = {name: AxiStreamSource(AxiStreamBus.from_prefix(dut, f"s_axis_{name}"), dut.aclk,
                                     **ends) for name in INPUTS}
    pixels, reports = (AxiStreamSink(AxiStreamBus.from_prefix(dut, f"m_axis_{name}"), dut.aclk,
                                     **ends) for name in ("pixels", "reports"))
    if given["pauses"]:
        channels = (master.write_if.aw_channel, master.write_if.w_channel,
                    master.write_if.b_channel, master.read_if.ar_channel,
                    master.read_if.r_channel)
        for seed, end in enumerate((*sources.values(), pixels, reports, *channels)):
            end.set_pause_generator(_pauses(given["seed"] * 100 + seed))
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await ClockCycles(dut.aclk, 2)
    wrong = await with_timeout(_wrong(given, dut, master, sources, pixels, reports),
                               _PERIOD * _LIMIT, "ns")
    Path("seen.json").write_text(json.dumps({
        "cycles": round(get_sim_time("ns") / _PERIOD), "wrong": wrong}))
