"""A mesh of chips, each holding a patch of every feature map.

Source: the systolic multi-chip arrangement of JETCAS 2019. There is no common clock step and no
barrier: a chip waits for its own descriptors, weights and borders and for nothing else.
"""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..errors import ConfigurationError
from .descriptor.report import Report
from .link.stream_fork import StreamFork
from .mesh_chip import MeshChip, MeshOptions

__all__ = ["Mesh"]


class Mesh(Shared):
    """``height`` x ``width`` chips.

    Latency: as of :class:`~flexdrive.hyperdrive.mesh_chip.MeshChip`; a weight is on offer to all
    chips in the cycle in which it comes, with ``options.forward_weights`` to chip (y, x) y + x + 1
    cycles after it was accepted if none waits. No input reaches an output without a register.

    Parameters
    ----------
    config : of each chip, with ``mesh``.
    height, width : chips.
    options : :class:`~flexdrive.hyperdrive.mesh_chip.MeshOptions`, without a clock crossing: all
        chips of this component have one clock.

    Members
    -------
    i_weights : to all chips.
    i_descriptors_{y}_{x} : 32-bit words for chip (y, x).
    i_pixels_{y}_{x}, o_pixels_{y}_{x} : beats of the patches that it loads and stores, as of
        :class:`~flexdrive.hyperdrive.chip.Chip`.
    o_reports_{y}_{x} : a :class:`~flexdrive.hyperdrive.descriptor.report.Report` per descriptor.
    busy : any chip is.
    stopped_{y}_{x} : the chip has stopped after a fault of a link, and its report has left.
    stopped : any chip has, so the results are incomplete; the others follow.
    """

    def __init__(self, config, height, width, options=None):
        self.config, self.height, self.width = config, height, width
        self.options = options or MeshOptions()
        if self.options.crossing:
            raise ConfigurationError("A mesh as one component has one clock; a clock crossing is "
                                     "for chips on their own (MeshChip)")
        super().__init__(self._ports(), v=height, h=width, m=config.rows, n=config.columns,
                         c=config.channels, d=config.fm_words, b=config.fm_banks,
                         w=config.weight_words, l=config.adder_depth, **config.option_parameters,
                         **self.options.parameters)

    def _ports(self):
        ports = {"i_weights": In(stream.Signature(self.config.weight_bits)), "busy": Out(1),
                 "stopped": Out(1)}
        for y in range(self.height):
            for x in range(self.width):
                ports |= {
                    f"i_descriptors_{y}_{x}": In(stream.Signature(32)),
                    f"i_pixels_{y}_{x}": In(stream.Signature(self.config.beat_bits)),
                    f"o_pixels_{y}_{x}": Out(stream.Signature(self.config.beat_bits)),
                    f"o_reports_{y}_{x}": Out(stream.Signature(Report)),
                    f"stopped_{y}_{x}": Out(1),
                }
        return ports

    def elaborate(self, platform):
        return self._build()

    def _build(self):
        m = Module()
        chips = {(y, x): MeshChip(self.config, self.options)
                 for y in range(self.height) for x in range(self.width)}
        for (y, x), chip in chips.items():
            m.submodules[f"chip_{y}_{x}"] = chip
            for name in ("i_descriptors", "i_pixels"):
                wiring.connect(m, wiring.flipped(getattr(self, f"{name}_{y}_{x}")),
                               getattr(chip, name))
            for name in ("o_pixels", "o_reports"):
                wiring.connect(m, getattr(chip, name),
                               wiring.flipped(getattr(self, f"{name}_{y}_{x}")))
            m.d.comb += chip.neighbours.eq(Cat(
                y > 0, y + 1 < self.height, x > 0, x + 1 < self.width))
            m.d.comb += getattr(self, f"stopped_{y}_{x}").eq(chip.stopped)
            for side, opposite, at in (("north", "south", (y - 1, x)),
                                       ("west", "east", (y, x - 1))):
                if at in chips:
                    self._join(m, chips[at], opposite, chip, side)
                    self._join(m, chip, side, chips[at], opposite)
        (self._forward if self.options.forward_weights else self._broadcast)(m, chips)
        m.d.comb += [self.busy.eq(Cat(chip.busy for chip in chips.values()).any()),
                     self.stopped.eq(Cat(chip.stopped for chip in chips.values()).any())]
        return m

    def _join(self, m, chip, side, other, opposite):
        """One direction: what ``chip`` sends on ``side`` comes to ``other``."""
        sent, come = f"o_{side}", f"i_{opposite}"
        if self.options.link is None:
            wiring.connect(m, getattr(chip, sent), getattr(other, come))
            return
        self._wire(m, getattr(chip, sent), getattr(other, come))
        self._wire(m, getattr(other, f"{come}_credit"), getattr(chip, f"{sent}_credit"))

    def _wire(self, m, source, target):
        """Wires of a link; simulations have longer ones."""
        wiring.connect(m, source, target)

    def _broadcast(self, m, chips):
        m.submodules.weights = fork = StreamFork(self.config.weight_bits, len(chips))
        wiring.connect(m, wiring.flipped(self.i_weights), fork.i)
        for n, chip in enumerate(chips.values()):
            wiring.connect(m, getattr(fork, f"o{n}"), chip.i_weights)

    def _forward(self, m, chips):
        """Along the first row of chips, and from there down every column."""
        wiring.connect(m, wiring.flipped(self.i_weights), chips[0, 0].i_weights)
        for (y, x), chip in chips.items():
            for source, at, first in ((chip.o_weights_east, (y, x + 1), y == 0),
                                      (chip.o_weights_south, (y + 1, x), True)):
                if first and at in chips:
                    wiring.connect(m, source, chips[at].i_weights)
                else:
                    m.d.comb += source.ready.eq(1)
