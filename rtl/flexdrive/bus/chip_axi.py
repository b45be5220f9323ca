# amaranth: UnusedElaboratable=no
# What stands inside is made by the constructor, so that testbenches can look at it; a face that is
# only asked for its ports is never elaborated.
"""A chip with AXI: control over AXI4-Lite, words over AXI4-Stream."""

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .axi import AxiLite, AxiLiteSlave, AxiStream
from .chip_host import ChipHost
from .chip_registers import BANK_BITS, INPUTS

__all__ = ["ChipAxi"]


class ChipAxi(wiring.Component):
    """:class:`~flexdrive.hyperdrive.chip.Chip` with AXI.

    Everything happens at the rising edge of ``aclk``. Latency: of registers that of
    :class:`~flexdrive.bus.axi.AxiLiteSlave`, of streams that of :mod:`~flexdrive.bus.packets`. No
    input reaches an output without a register, but ``aresetn`` nothing at all.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`, without links.
    chip : see :class:`~flexdrive.bus.chip_host.ChipHost`.

    Members
    -------
    aclk : clock of everything
    aresetn : synchronous reset, active low; one cycle is enough
    s_axi : AXI4-Lite slave: the registers of docs/bus-faces.md
    s_axis_descriptors : AXI4-Stream slave: words of the program
    s_axis_weights : AXI4-Stream slave: words of 32 bits, lowest part of a weight word first
    s_axis_pixels : AXI4-Stream slave: binary16 words of maps that are loaded
    m_axis_pixels : AXI4-Stream master: binary16 words of maps that are stored, a packet a STORE
    m_axis_reports : AXI4-Stream master: reports, five words each, lowest first, a packet a report
    irq : level: an event that is enabled has happened
    """

    def __init__(self, config, chip=None):
        self.host = ChipHost(config, chip)
        self.config = config
        super().__init__({
            "aclk": In(1), "aresetn": In(1), "s_axi": In(AxiLite(BANK_BITS)),
            "s_axis_descriptors": In(AxiStream(32)), "s_axis_weights": In(AxiStream(32)),
            "s_axis_pixels": In(AxiStream(16)),
            "m_axis_pixels": Out(AxiStream(16, packets=True)),
            "m_axis_reports": Out(AxiStream(32, packets=True)), "irq": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.host = host = self.host
        m.submodules.control = control = AxiLiteSlave(BANK_BITS)
        registers = host.registers
        for name, rst in (("sync", ~self.aresetn), ("chip", ~self.aresetn | registers.reset)):
            domain = ClockDomain(name)
            domain.clk = self.aclk
            m.domains += domain
            m.d.comb += domain.rst.eq(rst)
        wiring.connect(m, wiring.flipped(self.s_axi), control.bus)
        for name in ("read_address", "write_address", "write", "write_word", "write_bytes"):
            m.d.comb += getattr(registers, name).eq(getattr(control, name))
        for name in ("read_word", "readable", "writable"):
            m.d.comb += getattr(control, name).eq(getattr(registers, name))
        m.d.comb += self.irq.eq(registers.irq)
        for name in INPUTS:
            ours, theirs = getattr(self, f"s_axis_{name}"), getattr(host, f"i_{name}")
            m.d.comb += [theirs.payload.eq(ours.tdata), theirs.valid.eq(ours.tvalid),
                         ours.tready.eq(theirs.ready)]
        for ours, theirs in ((self.m_axis_pixels, host.o_results),
                             (self.m_axis_reports, host.o_reports)):
            m.d.comb += [
                ours.tdata.eq(theirs.payload.word), ours.tlast.eq(theirs.payload.last),
                ours.tkeep.eq(~0), ours.tvalid.eq(theirs.valid), theirs.ready.eq(ours.tready),
            ]
        return m
