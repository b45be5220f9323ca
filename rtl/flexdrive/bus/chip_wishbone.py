# amaranth: UnusedElaboratable=no
# What stands inside is made by the constructor, so that testbenches can look at it; a face that is
# only asked for its ports is never elaborated.
"""A chip behind Wishbone: registers, and a window for each stream.

Source: OpenCores, Wishbone System-on-Chip Interconnection Architecture, revision B4.
"""

from amaranth.hdl import Cat, ClockDomain, DomainRenamer, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from ..errors import ConfigurationError
from ..flexv.wishbone import WISHBONE_PORT
from .chip_host import ChipHost
from .chip_registers import ADDRESS_BITS, BANK_BITS, INPUTS, STREAMS, WINDOWS, register_named

__all__ = ["ChipWishbone"]


class ChipWishbone(wiring.Component):
    """:class:`~flexdrive.hyperdrive.chip.Chip` as a slave of Wishbone B4 in pipelined mode.

    Words for the chip and of it wait in FIFOs behind their windows. An access never waits for the
    chip, so the bus never hangs: a window that is full or empty answers ERR and nothing happens, as
    does an address without a register, a register that may not be read or written, and a word
    written in part into a window. The registers NAME_LEVEL say what will pass.

    Everything happens at the rising edge of ``clk_i``. Latency: an access is taken in every cycle
    but that in which the chip is reset, and answered in the next one; words pass a FIFO in two
    cycles. A master that ends its cycle before an answer has cancelled the access. No input reaches
    an output without a register, but ``bus.cyc`` ``bus.ack`` and ``bus.err``: no answer is given to
    another one.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`, without links.
    depth : words of each FIFO, at least 2.
    chip : see :class:`~flexdrive.bus.chip_host.ChipHost`.

    Members
    -------
    clk_i : clock of everything
    rst_i : synchronous reset, active high; one cycle is enough
    bus : Wishbone, pipelined mode
    bus.cyc : the master has the bus
    bus.stb : an access is requested; taken at this clock edge unless stall
    bus.we : the access is a write
    bus.adr : address in bytes; the lowest two bits are not looked at
    bus.sel : bytes of the word that are meant
    bus.dat_w : word to be written
    bus.dat_r : word read, with ack
    bus.ack : the access taken at the last clock edge has succeeded
    bus.err : it has failed and changed nothing
    bus.stall : the chip is being reset
    irq : level: an event that is enabled has happened
    """

    def __init__(self, config, *, depth=32, chip=None):
        if depth < 2:
            raise ConfigurationError(f"FIFOs of depth = {depth!r} are not possible: at least 2")
        self.host = ChipHost(config, chip, flush=True)
        self.config, self.depth = config, depth
        super().__init__({"clk_i": In(1), "rst_i": In(1),
                          "bus": In(WISHBONE_PORT), "irq": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.host = host = self.host
        bus, registers = self.bus, host.registers
        for name, rst in (("sync", self.rst_i), ("chip", self.rst_i | registers.reset)):
            domain = ClockDomain(name)
            domain.clk = self.clk_i
            m.domains += domain
            m.d.comb += domain.rst.eq(rst)
        taken, we, address = Signal(), Signal(), Signal(ADDRESS_BITS - 2)
        word, selected = Signal(32), Signal(4)
        # What is taken in the cycle before a reset of the chip waits, so that no word is lost.
        with m.If(~registers.reset):
            m.d.sync += [taken.eq(bus.cyc & bus.stb), we.eq(bus.we), address.eq(bus.adr[2:]),
                         word.eq(bus.dat_w), selected.eq(bus.sel)]
        now, good = Signal(), Signal()      # an access is executed, and succeeds
        m.d.comb += [bus.stall.eq(registers.reset), now.eq(taken & bus.cyc & ~registers.reset),
                     bus.ack.eq(now & good), bus.err.eq(now & ~good)]
        bank = ~address[BANK_BITS - 2:].any()
        m.d.comb += [
            registers.read_address.eq(address), registers.write_address.eq(address),
            registers.write_word.eq(word), registers.write_bytes.eq(selected),
            registers.write.eq(now & we & bank & registers.writable), self.irq.eq(registers.irq),
        ]
        with m.If(bank):
            m.d.comb += [bus.dat_r.eq(registers.read_word),
                         good.eq((we & registers.writable) | (~we & registers.readable))]
        pushes = self._fifos(m, host, word)
        for name, (fifo, ready, enable, level) in pushes.items():
            window = WINDOWS[name].offset // 4
            with m.If(address == register_named(f"{name.upper()}_LEVEL").offset // 4):
                m.d.comb += [bus.dat_r.eq(level), good.eq(~we)]
            with m.If(address == window):
                if name in INPUTS:
                    whole = selected[:-(-len(fifo.w_data) // 8)].all()
                    m.d.comb += good.eq(we & whole & ready)
                else:
                    m.d.comb += [bus.dat_r.eq(fifo.r_data), good.eq(~we & ready)]
                m.d.comb += [enable.eq(now & good),
                             registers.rejected.eq(now & ~ready)]
        return m

    def _fifos(self, m, host, word):
        """{stream: (FIFO, whether the bus may access it, the access, words it may have)}."""
        found = {}
        for name in STREAMS:
            port = getattr(host, f"i_{name}" if name in INPUTS else f"o_{name}")
            width = len(Cat(port.payload))
            # A word on its way to the output register leaves the others one place less for a cycle:
            # with a place more there is room whenever fewer than ``depth`` are held.
            fifo = SyncFIFOBuffered(width=width, depth=self.depth + (name in INPUTS))
            m.submodules[name] = DomainRenamer("chip")(fifo)
            if name in INPUTS:
                m.d.comb += [fifo.w_data.eq(word), port.payload.eq(fifo.r_data),
                             port.valid.eq(fifo.r_rdy), fifo.r_en.eq(port.ready)]
                found[name] = (fifo, fifo.level < self.depth, fifo.w_en,
                               self.depth - fifo.level)
            else:
                m.d.comb += [fifo.w_data.eq(port.payload), fifo.w_en.eq(port.valid),
                             port.ready.eq(fifo.w_rdy)]
                found[name] = (fifo, fifo.r_rdy, fifo.r_en, fifo.level)
        return found
