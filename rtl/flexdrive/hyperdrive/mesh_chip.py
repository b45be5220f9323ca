"""A chip as it stands in a mesh: with the ends of its links, and weights passed on.

What the links carry and how faults are found: docs/link.md. What a chip does about them:
:mod:`flexdrive.hyperdrive.control.fault_register`.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Mux, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from ..errors import ConfigurationError
from .border.memory import SIDES
from .border.word import WORD_BITS, BorderWord, link_ports
from .chip import Chip
from .descriptor.report import Report
from .link import LinkConfig, LinkCrossing, LinkError, LinkReceiver, LinkSender, PhitSignature
from .link.stream_fork import WeightHop

__all__ = ["MeshChip", "MeshOptions", "SideLink"]


@dataclass(frozen=True, kw_only=True)
class MeshOptions:
    """How the chips of a mesh are joined.

    Attributes
    ----------
    link : :class:`~flexdrive.hyperdrive.link.LinkConfig` of all links, with the payload of a
        :class:`~flexdrive.hyperdrive.border.word.BorderWord`. None: streams with valid and ready,
        for chips on one die, without detection of faults.
    forward_weights : each chip passes the weights on to the next instead of one broadcast.
    crossing : chips have clocks of their own: what comes in on a side comes with the neighbour's
        clock (:class:`~flexdrive.hyperdrive.link.LinkCrossing`). The link's credits may then not
        be longer than its words, so that however slow this chip is, no more frames wait than
        words are on their way.
    """

    link: LinkConfig | None = None
    forward_weights: bool = False
    crossing: bool = False

    def __post_init__(self):
        if self.link is not None and self.link.payload != WORD_BITS:
            raise ConfigurationError(f"Link parameter payload = {self.link.payload} is not "
                                     f"possible between chips: their words have {WORD_BITS} bits")
        if self.crossing and self.link is None:
            raise ConfigurationError("A clock crossing needs a link: streams with ready do not "
                                     "cross clocks")
        if self.crossing and self.link.reverse.phits > self.link.forward.phits:
            raise ConfigurationError(
                f"Link parameter reverse_width = {self.link.reverse_width} is not possible with a "
                f"clock crossing: a credit takes {self.link.reverse.phits} phits, at most the "
                f"{self.link.forward.phits} of a word; more wires back make it shorter")

    def crossing_depth(self, frame):
        """Phits that a crossing holds: what the window allows, and keep-alive frames."""
        return 1 << ((self.link.window + 2) * frame.phits - 1).bit_length()

    @property
    def parameters(self):
        """What is not as by default, with short names, for the names of modules."""
        found = {"f": True} if self.forward_weights else {}
        if self.crossing:
            found["g"] = True
        if self.link is not None:
            plain = LinkConfig().parameters
            found |= {"link": True, **{f"link{name}": value for name, value in
                                       self.link.parameters.items() if value != plain[name]}}
        return found


class SideLink(Shared):
    """Both directions of the link of one side.

    Latency: ``options.link.latency`` cycles from ``i`` to ``o`` of the neighbour, on an idle link
    and wires without latency; with ``options.crossing`` also that of
    :class:`~flexdrive.hyperdrive.link.LinkCrossing`.

    Parameters
    ----------
    options : :class:`MeshOptions` with a link.

    Members
    -------
    i : words to the neighbour. o : words from it.
    out, out_credit : wires of what is sent, and of the credits for it.
    come, come_credit : the same of what is received. come_clk : of ``out_credit`` and ``come``
        (``options.crossing``).
    enable : low silences both ends. error : the first that either end saw.
    """

    def __init__(self, options):
        self.options = options
        link = options.link
        super().__init__({
            "i": In(stream.Signature(BorderWord)), "o": Out(stream.Signature(BorderWord)),
            "out": Out(PhitSignature(link.width)),
            "out_credit": In(PhitSignature(link.reverse_width)),
            "come": In(PhitSignature(link.width)),
            "come_credit": Out(PhitSignature(link.reverse_width)),
            **({"come_clk": In(1)} if options.crossing else {}),
            "enable": In(1), "error": Out(LinkError),
        }, **options.parameters)

    def elaborate(self, platform):
        m = Module()
        link = self.options.link
        m.submodules.sender = sender = LinkSender(link)
        m.submodules.receiver = receiver = LinkReceiver(link)
        m.d.comb += [
            sender.i.payload.eq(self.i.payload), sender.i.valid.eq(self.i.valid),
            self.i.ready.eq(sender.i.ready),
            self.o.payload.eq(receiver.o.payload), self.o.valid.eq(receiver.o.valid),
            receiver.o.ready.eq(self.o.ready),
            sender.enable.eq(self.enable), receiver.enable.eq(self.enable),
            self.error.eq(Mux(receiver.error != LinkError.NONE, receiver.error, sender.error)),
        ]
        wiring.connect(m, sender.forward, wiring.flipped(self.out))
        wiring.connect(m, receiver.reverse, wiring.flipped(self.come_credit))
        if self.options.crossing:
            m.domains += ClockDomain("board", local=True)
            m.d.comb += ClockSignal("board").eq(self.come_clk)
            m.submodules.reset = ResetSynchronizer(ResetSignal(), domain="board")
        for name, wires, end, frame in (("come", self.come, receiver.forward, link.forward),
                                        ("credit", self.out_credit, sender.reverse, link.reverse)):
            if not self.options.crossing:
                wiring.connect(m, wiring.flipped(wires), end)
                continue
            crossing = LinkCrossing(len(wires.data), depth=self.options.crossing_depth(frame),
                                    source="board", target="sync")
            m.submodules[f"{name}_crossing"] = crossing
            wiring.connect(m, wiring.flipped(wires), crossing.i)
            wiring.connect(m, crossing.o, end)
        return m


class MeshChip(Shared):
    """A chip with the ends of its links.

    Latency: as of :class:`~flexdrive.hyperdrive.chip.Chip`, of border words with ``options.link``
    also that of :class:`SideLink`. With ``options.forward_weights`` a weight comes to the chip, and
    is on offer to the next ones, one cycle after it was accepted. Without a link ``i_{side}``
    reaches ready as of the chip; else no input reaches an output without a register.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig` with ``mesh``.
    options : :class:`MeshOptions`.

    Members
    -------
    i_descriptors, i_weights, i_pixels, o_pixels, o_reports, busy, neighbours, stopped : as of
        :class:`~flexdrive.hyperdrive.chip.Chip`.
    i_{side}, o_{side} : words from and to a neighbour: streams, or with ``options.link`` the wires
        of a link. Whatever has no neighbour stays unconnected.
    i_{side}_credit, o_{side}_credit : (``options.link``) credits for them, in the other direction.
    {side}_clk : (``options.crossing``) clock of the wires that come in on this side.
    o_weights_south, o_weights_east : (``options.forward_weights``) weights for the chips after
        this one; ready where there is none that takes them from here.
    """

    def __init__(self, config, options=None):
        self.config, self.options = config, options or MeshOptions()
        super().__init__({
            "i_descriptors": In(stream.Signature(32)),
            "i_weights": In(stream.Signature(config.weight_bits)),
            "i_pixels": In(stream.Signature(config.beat_bits)),
            "o_pixels": Out(stream.Signature(config.beat_bits)),
            "o_reports": Out(stream.Signature(Report)), "busy": Out(1), "stopped": Out(1),
            "neighbours": In(4), **self._wires(),
            **({f"o_weights_{side}": Out(stream.Signature(config.weight_bits))
                for side in ("south", "east")} if self.options.forward_weights else {}),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, w=config.weight_words, l=config.adder_depth,
            **config.option_parameters, **self.options.parameters)

    def _wires(self):
        link = self.options.link
        if link is None:
            return link_ports()
        ports = {}
        for side in SIDES:
            ports |= {f"i_{side}": In(PhitSignature(link.width)),
                      f"i_{side}_credit": Out(PhitSignature(link.reverse_width)),
                      f"o_{side}": Out(PhitSignature(link.width)),
                      f"o_{side}_credit": In(PhitSignature(link.reverse_width))}
            if self.options.crossing:
                ports[f"{side}_clk"] = In(1)
        return ports

    def elaborate(self, platform):
        m = Module()
        m.submodules.chip = chip = Chip(self.config)
        for name in ("i_descriptors", "i_pixels"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(chip, name))
        for name in ("o_pixels", "o_reports"):
            wiring.connect(m, getattr(chip, name), wiring.flipped(getattr(self, name)))
        m.d.comb += [self.busy.eq(chip.busy), self.stopped.eq(chip.stopped),
                     chip.neighbours.eq(self.neighbours)]
        self._weights(m, chip)
        if self.options.link is None:
            for side in SIDES:
                wiring.connect(m, getattr(chip, f"o_{side}"),
                               wiring.flipped(getattr(self, f"o_{side}")))
                wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")),
                               getattr(chip, f"i_{side}"))
        else:
            self._links(m, chip)
        return m

    def _weights(self, m, chip):
        if not self.options.forward_weights:
            wiring.connect(m, wiring.flipped(self.i_weights), chip.i_weights)
            return
        m.submodules.hop = hop = WeightHop(self.config.weight_bits)
        wiring.connect(m, wiring.flipped(self.i_weights), hop.i)
        wiring.connect(m, hop.chip, chip.i_weights)
        for side in ("south", "east"):
            wiring.connect(m, getattr(hop, side),
                           wiring.flipped(getattr(self, f"o_weights_{side}")))

    def _links(self, m, chip):
        """The ends; after an error on any side all are silent, so the neighbours know too."""
        silent = Signal()
        errors = Signal(len(SIDES))
        for at, side in enumerate(SIDES):
            m.submodules[f"link_{side}"] = link = SideLink(self.options)
            wiring.connect(m, getattr(chip, f"o_{side}"), link.i)
            wiring.connect(m, link.o, getattr(chip, f"i_{side}"))
            for name, port in (("out", f"o_{side}"), ("come_credit", f"i_{side}_credit")):
                wiring.connect(m, getattr(link, name), wiring.flipped(getattr(self, port)))
            for name, port in (("come", f"i_{side}"), ("out_credit", f"o_{side}_credit")):
                wiring.connect(m, wiring.flipped(getattr(self, port)), getattr(link, name))
            m.d.comb += [link.enable.eq(self.neighbours[at] & ~silent),
                         chip.link_errors[at].eq(link.error),
                         errors[at].eq(link.error != LinkError.NONE)]
            if self.options.crossing:
                m.d.comb += link.come_clk.eq(getattr(self, f"{side}_clk"))
        m.d.sync += silent.eq(silent | Cat(errors).any())
        return m
