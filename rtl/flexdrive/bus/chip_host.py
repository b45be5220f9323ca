# amaranth: UnusedElaboratable=no
# What stands inside is made by the constructor, so that testbenches can look at it; a face that is
# only asked for its ports is never elaborated.
"""A chip with registers and packets: what every bus has of it."""

from amaranth.hdl import Cat, DomainRenamer, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..errors import ConfigurationError
from ..hyperdrive.chip import Chip
from .chip_registers import INPUTS
from .packets import Packet, ReportWords, StorePackets, WeightJoin
from .register_bank import RegisterBank

__all__ = ["ChipHost"]


class ChipHost(wiring.Component):
    """A chip, its registers, and its streams in words of a bus.

    The chip and what is under way into it are in the domain ``chip``, which has the clock of
    ``sync`` and, besides its reset, ``registers.reset``; what has left the chip and is offered
    stays on offer through a reset of the chip, and the packet that is open is ended; with ``flush``
    it is reset too. In the cycle of that reset no word moves in or out of the chip.

    Latency: of each stream that of :mod:`.packets`, none where that changes nothing. No input
    reaches an output but ``o_{stream}.ready`` what ``registers`` is told.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`, without links, ``stream_words`` 1,
        without ``overlap``.
    chip : a component with the ports of ``Chip``; by default that chip.
    flush : a reset of the chip also drops the words that have left it.

    Members
    -------
    i_descriptors, i_weights : words of 32 bits. i_pixels : binary16.
    o_results, o_reports : :class:`~flexdrive.bus.packets.Packet`.
    awaited : somebody waits for words of the chip, or has some for it: counts as busy.
    registers : see :class:`~flexdrive.bus.register_bank.RegisterBank`.
    """

    def __init__(self, config, chip=None, *, flush=False):
        if config.mesh:
            raise ConfigurationError("A chip of a mesh has no bus face: its sides are links; take "
                                     "hyperdrive-chip --mesh, or a chip without --mesh")
        if config.stream_words > 1:
            raise ConfigurationError(
                f"Chip parameter stream_words = {config.stream_words} is not possible with a bus "
                "face, whose streams carry a pixel's word at a time: take stream_words 1, or "
                "hyperdrive-chip")
        if config.overlap:
            raise ConfigurationError(
                "Chip parameter overlap = True is not possible with a bus face, whose packets end "
                "with reports in the order of the program: take overlap False, or hyperdrive-chip")
        self.config, self.flush = config, flush
        self.chip = Chip(config) if chip is None else chip
        self._bank = RegisterBank(config)
        ours = ("busy", "waits", "moves", "code", "index")
        super().__init__({
            "i_descriptors": In(stream.Signature(32)), "i_weights": In(stream.Signature(32)),
            "i_pixels": In(stream.Signature(16)),
            "o_results": Out(stream.Signature(Packet(16))),
            "o_reports": Out(stream.Signature(Packet(32))),
            "awaited": In(1),
            "registers": Out(wiring.Signature({
                name: member for name, member in self._bank.signature.members.items()
                if name not in ours})),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.registers = registers = self._bank
        for name, member in self.registers.signature.members.items():
            outer, inner = getattr(self.registers, name), getattr(registers, name)
            m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
        m.submodules.chip = DomainRenamer("chip")(self.chip)
        chip, resetting = self.chip, registers.reset
        join = WeightJoin(self.config.weight_bits)
        m.submodules.join = DomainRenamer("chip")(join)
        results, reports = StorePackets(), ReportWords()
        outputs = DomainRenamer("chip" if self.flush else "sync")
        m.submodules.results, m.submodules.reports = outputs(results), outputs(reports)
        wiring.connect(m, join.o, chip.i_weights)
        sources = {"descriptors": (self.i_descriptors, chip.i_descriptors),
                   "weights": (self.i_weights, join.i), "pixels": (self.i_pixels, chip.i_pixels),
                   "results": (chip.o_pixels, results.i), "reports": (chip.o_reports, reports.i)}
        for source, target in sources.values():
            m.d.comb += [target.payload.eq(source.payload),
                         target.valid.eq(source.valid & ~resetting),
                         source.ready.eq(target.ready & ~resetting)]
        wiring.connect(m, results.o, wiring.flipped(self.o_results))
        wiring.connect(m, reports.o, wiring.flipped(self.o_reports))
        offered = Signal()      # a report, in the cycle before, and it is still
        m.d.sync += offered.eq(chip.o_reports.valid & ~chip.o_reports.ready)
        m.d.comb += [
            results.report.eq(reports.i.valid & ~offered), results.abandon.eq(resetting),
            registers.busy.eq(chip.busy | self.o_results.valid | self.o_reports.valid
                              | self.awaited),
            registers.waits.eq(Cat(self._waits(name) for name in sources)),
            # Weights are counted as words of the chip.
            registers.moves.eq(Cat(
                end.valid & end.ready for end in (
                    chip.i_weights if name == "weights" else target
                    for name, (_, target) in sources.items()))),
            registers.code.eq(reports.i.payload.code), registers.index.eq(reports.i.payload.index),
        ]
        return m

    def _waits(self, name):
        """Seen from outside of the chip: it would take a word that is not offered, or a word is
        offered and not taken."""
        if name in INPUTS:
            port = getattr(self, f"i_{name}")
            return port.ready & ~port.valid
        port = getattr(self, f"o_{name}")
        return port.valid & ~port.ready
