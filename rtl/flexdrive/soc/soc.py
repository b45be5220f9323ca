"""What stands between the link and the two machines: core, chip, DMA, timer, registers."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..bus.chip_host import ChipHost
from ..flexv.core import Core
from ..flexv.core.bus import DATA_PORT, INSTRUCTION_PORT
from .device_bus import DeviceBus, MemoryShare
from .registers import PAGES, Channel, Line
from .stream_dma import StreamDma
from .timer import Timer

__all__ = ["Soc"]


class Soc(wiring.Component):
    """A Flex-V core and a Hyperdrive chip with one memory, which stands outside.

    The core reaches the registers of :data:`~.registers.PAGES`; all its other accesses, and those
    of the stream DMA, go to ``dbus``. The DMA goes in front there, in every second cycle at most.
    The chip's registers are those of every bus face (:class:`~flexdrive.bus.chip_host.ChipHost`):
    transfers of its channels count as being busy, and its reset stops them.

    Latency: that of the core; accesses of it and of the DMA to registers take a cycle. From
    ``dbus`` and ``ibus`` paths lead as from the core's ports.

    Parameters
    ----------
    core : :class:`~flexdrive.flexv.core.CoreConfig`.
    chip : :class:`~flexdrive.hyperdrive.config.ChipConfig`, as of ``ChipHost``.
    base, bits : address of the memory's first byte; bits of an address in it.

    Members
    -------
    ibus, dbus : connect with the memory, which answers one cycle after the grant.
    boot_address : address of the first instruction.
    o_sent : words for the host. sent : for one cycle, the last one of a transfer has left.
    i_received : words of the host. receives : for one cycle: ``receive_count`` of them are wanted.
    """

    def __init__(self, core, chip, base, bits):
        self._core, self._chip, self._base, self._bits = core, chip, base, bits
        super().__init__({
            "ibus": Out(INSTRUCTION_PORT), "dbus": Out(DATA_PORT), "boot_address": In(32),
            "o_sent": Out(stream.Signature(32)), "sent": Out(1),
            "i_received": In(stream.Signature(32)), "receives": Out(1), "receive_count": Out(32)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Core(self._core)
        m.submodules.bus = bus = DeviceBus(PAGES)
        m.submodules.share = share = MemoryShare()
        m.submodules.timer = timer = Timer()
        m.submodules.dma = dma = StreamDma(self._base, self._bits)
        m.submodules.host = host = ChipHost(self._chip, flush=True)
        chip = host.registers
        m.domains += ClockDomain("chip", local=True)
        m.d.comb += [ClockSignal("chip").eq(ClockSignal()),
                     ResetSignal("chip").eq(ResetSignal() | chip.reset)]
        wiring.connect(m, core.ibus, wiring.flipped(self.ibus))
        for port, other in ((core.dbus, bus.core), (bus.memory, share.second),
                            (dma.memory, share.first), (bus.clint, timer.port),
                            (bus.dma, dma.port)):
            wiring.connect(m, port, other)
        wiring.connect(m, share.memory, wiring.flipped(self.dbus))
        m.d.comb += [
            core.boot_address.eq(self.boot_address), host.awaited.eq(dma.chip_busy),
            dma.stop_chip.eq(chip.reset), self.sent.eq(dma.over[Channel.SENT]),
            self.receives.eq(dma.begins[Channel.RECEIVED]), self.receive_count.eq(dma.value),
        ]
        for line, raised in ((Line.SOFTWARE, timer.software), (Line.TIMER, timer.timer),
                             (Line.CHIP, chip.irq), (Line.DMA, dma.irq)):
            m.d.comb += core.interrupts[line].eq(raised)
        self._chip_registers(m, bus.hyperdrive, chip)
        self._streams(m, dma, host)
        return m

    def _chip_registers(self, m, port, chip):
        m.d.comb += [
            chip.read_address.eq(port.address), chip.write_address.eq(port.address),
            chip.write.eq(port.write), chip.write_word.eq(port.word),
            chip.write_bytes.eq(port.bytes), port.read_word.eq(chip.read_word),
            port.readable.eq(chip.readable), port.writable.eq(chip.writable),
        ]

    def _streams(self, m, dma, host):
        for source, target in ((dma.o_descriptors, host.i_descriptors),
                               (dma.o_weights, host.i_weights), (dma.o_pixels, host.i_pixels)):
            wiring.connect(m, source, target)
        for source, target in ((host.o_results, dma.i_results), (host.o_reports, dma.i_reports)):
            m.d.comb += [target.payload.eq(source.payload.word), target.valid.eq(source.valid),
                         source.ready.eq(target.ready)]
        wiring.connect(m, dma.o_sent, wiring.flipped(self.o_sent))
        wiring.connect(m, wiring.flipped(self.i_received), dma.i_received)
