"""A Hyperdrive chip as a module of LiteX: registers on the SoC's bus, streams as endpoints.

    flexdrive verilog hyperdrive-axi --preset ecp5 -o build/hyperdrive

and in the SoC, with DMAs of litex.soc.cores.dma or logic of one's own at the endpoints:

    from litex_chip import HyperdriveChip
    self.chip = HyperdriveChip(platform, "build/hyperdrive")
    region = SoCRegion(origin=0x9000_0000, size=0x80, cached=False)
    self.bus.add_slave("chip", self.chip.bus, region)
    self.irq.add("chip")

Tried with LiteX 2024.12 from PyPI, as far as simulation goes: a SoC was generated, and reads
IDENTITY in Icarus Verilog. On no board. Ports: docs/bus-faces.md, registers: docs/bus-registers.md.
"""
# LiteX is no dependency of flexdrive.
# pyright: reportMissingImports=false

from pathlib import Path

from litex.gen import LiteXModule
from litex.soc.interconnect import axi, stream
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockSignal, Constant, Instance, ResetSignal

ADDRESS_BITS = 7
SINKS = {"descriptors": 32, "weights": 32, "pixels": 16}
SOURCES = {"pixels": 16, "reports": 32}


class HyperdriveChip(LiteXModule):
    """``bus`` : AXI4-Lite slave. ``descriptors``, ``weights``, ``pixels`` : sinks. ``results``,
    ``reports`` : sources, ``last`` as docs/bus-faces.md says. ``ev`` : the interrupt."""

    def __init__(self, platform, directory):
        self.bus = bus = axi.AXILiteInterface(data_width=32, address_width=32)
        self.ev = EventManager()
        self.ev.chip = EventSourceLevel(description="an enabled event of IRQ_STATUS")
        self.ev.finalize()
        ports = {"i_aclk": ClockSignal("sys"), "i_aresetn": ~ResetSignal("sys"),
                 "o_irq": self.ev.chip.trigger}
        for channel, fields in (("aw", ("addr", "prot")), ("ar", ("addr", "prot")),
                                ("w", ("data", "strb"))):
            end = getattr(bus, channel)
            ports[f"i_s_axi_{channel}valid"] = end.valid
            ports[f"o_s_axi_{channel}ready"] = end.ready
            for field in fields:
                value = Constant(0, 3) if field == "prot" else getattr(end, field)
                ports[f"i_s_axi_{channel}{field}"] = (
                    value[:ADDRESS_BITS] if field == "addr" else value)
        for channel, fields in (("b", ("resp",)), ("r", ("data", "resp"))):
            end = getattr(bus, channel)
            ports[f"o_s_axi_{channel}valid"] = end.valid
            ports[f"i_s_axi_{channel}ready"] = end.ready
            for field in fields:
                ports[f"o_s_axi_{channel}{field}"] = getattr(end, field)
        for name, width in SINKS.items():
            end = stream.Endpoint([("data", width)])
            setattr(self, name, end)
            ports |= {f"i_s_axis_{name}_tdata": end.data, f"i_s_axis_{name}_tvalid": end.valid,
                      f"o_s_axis_{name}_tready": end.ready}
        for name, width in SOURCES.items():
            end = stream.Endpoint([("data", width)])
            setattr(self, "results" if name == "pixels" else name, end)
            ports |= {f"o_m_axis_{name}_tdata": end.data, f"o_m_axis_{name}_tvalid": end.valid,
                      f"i_m_axis_{name}_tready": end.ready, f"o_m_axis_{name}_tlast": end.last}
        self.specials += Instance("hyperdrive_axi", **ports)
        platform.add_source(str(Path(directory) / "hyperdrive_axi.v"))
