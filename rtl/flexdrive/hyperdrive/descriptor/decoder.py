"""Descriptor parser: reads, checks and decodes while the operation before is under way.

The rules and their codes are those of :class:`.fields.Code`; the lowest broken rule is reported.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..taps import behind_first, last_of
from .check import TOO_LARGE, Legality
from .fields import DESCRIPTOR_WORDS, EXTENDED_WORDS, FIELDS, Activation, Code, Operation
from .layer import ScaleBias, ends_layout, kept_fields, layer_layout

__all__ = ["Parser", "check_cycles"]

_FIELDS = data.StructLayout({field.name: field.width for field in FIELDS})
_PLAIN_BITS = 32 * DESCRIPTOR_WORDS
_EXTENDED_BIT = next(field.offset for field in FIELDS if field.name == "extended")
assert _FIELDS.size == 32 * EXTENDED_WORDS
_ONE = 0x3C00              # slope that changes nothing
# Codes of rules; the others are of stops.
_REFUSALS = sorted(code for code in Code if not code.stops)


def _product_names(config):
    """What is multiplied, in that order."""
    return ("area", "out_channels", "out_size", "in_size", "in_row",
            *(("side", "out_side") if config.mesh else ()),
            *(("out_cap",) if config.mesh or config.channelwise else ()))


def check_cycles(config):
    """Cycles from the acceptance of the last word of a descriptor to ``valid``: decode, operands,
    one product each, verdict."""
    return 3 + len(_product_names(config))


class Parser(Shared):
    """Reads a descriptor, checks it, offers it, and passes its payload on.

    Latency: a descriptor is offered :func:`check_cycles` cycles after its last word was accepted.
    Its payload goes to ``parameters`` from then on (combinational), or is dropped when the
    descriptor is refused; the next descriptor is read once this one is taken and its payload is
    through.

    Members
    -------
    i : descriptor stream.
    layer, valid, take : the decoded descriptor, with ``code``; taken by a one-cycle ``take``.
    parameters : payload of accepted convolutions.
    reading : part of a descriptor has been read (busy indication).
    neighbours : sides with a neighbour: north, south, west, east, from bit 0 (with links only).
    ends : (``config.overlap``) first words behind the maps of a legal descriptor.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(32)), "layer": Out(layer_layout(config)), "valid": Out(1),
            "take": In(1), "parameters": Out(stream.Signature(ScaleBias)), "reading": Out(1),
            **({"neighbours": In(4)} if config.mesh else {}),
            **({"ends": Out(ends_layout())} if config.overlap else {}),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            w=config.weight_words, l=config.adder_depth, **config.option_parameters)

    def elaborate(self, platform):
        m = Module()
        raw = Signal(_FIELDS)
        self._out_side = Signal(17, name="out_side")
        self._out_cap = Signal(17, name="out_cap")
        loads = raw.operation != Operation.CONV
        self._made_side = Mux(loads, self.layer.side, self._out_side)
        self._made_cap = Mux(loads, self.layer.in_row, self._out_cap)
        count = Signal(range(DESCRIPTOR_WORDS))
        payload = Signal(16)
        broken = Signal(max(_REFUSALS) + 1)     # bit per code
        m.d.comb += self.reading.eq(1)
        targets, turn = self._products(m, raw)
        self._judge(m, raw, broken)
        with m.FSM():
            with m.State("READ"):
                m.d.comb += [self.i.ready.eq(1), self.reading.eq(count != 0)]
                with m.If(self.i.valid):
                    m.d.sync += [raw.eq(Cat(raw.as_value()[32:_PLAIN_BITS], self.i.payload)),
                                 count.eq(count + 1)]
                    with m.If(count == DESCRIPTOR_WORDS - 1):
                        m.d.sync += count.eq(0)
                        # The word that says so has one place more to go.
                        m.next = "DECODE"
                        with m.If(raw.as_value()[_EXTENDED_BIT + 32]):
                            m.next = "EXTENSION"
            with m.State("EXTENSION"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += [
                        raw.eq(Cat(raw.as_value()[:_PLAIN_BITS], raw.as_value()[_PLAIN_BITS + 32:],
                                   self.i.payload)), count.eq(count + 1)]
                    with m.If(count == EXTENDED_WORDS - DESCRIPTOR_WORDS - 1):
                        m.d.sync += count.eq(0)
                        m.next = "DECODE"
            with m.State("DECODE"):
                self._decode(m, raw)
                m.d.sync += [payload.eq(raw.payload), turn.eq(1)]
                m.next = "PRODUCTS"
            with m.State("PRODUCTS"):
                m.d.sync += turn.eq(turn + 1)
                for index, target in enumerate(targets):
                    with m.If(turn == index + 1):
                        m.d.sync += target.eq(self._product)
                with m.If(turn == len(targets)):
                    m.d.sync += turn.eq(0)
                    m.next = "VERDICT"
            with m.State("VERDICT"):
                # The lowest code is assigned last and stays.
                for code in reversed(_REFUSALS):
                    with m.If(broken[code]):
                        m.d.sync += self.layer.code.eq(code)
                # What LOAD makes has the shape of its input, what CONV makes that of its output.
                m.d.sync += [self.valid.eq(1), self.layer.made_side.eq(self._made_side),
                             self.layer.made_cap.eq(self._made_cap)]
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.parameters.payload.eq(self.i.payload)
                with m.If(payload != 0):
                    with m.If(self.layer.code == Code.OK):
                        m.d.comb += [self.parameters.valid.eq(self.i.valid),
                                     self.i.ready.eq(self.parameters.ready)]
                    with m.Else():
                        m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & self.i.ready):
                    m.d.sync += payload.eq(payload - 1)
                with m.If(self.take):
                    m.d.sync += self.valid.eq(0)
                with m.If((self.take | ~self.valid) & (payload == 0)):
                    m.next = "READ"
        return m

    def _judge(self, m, raw, broken):
        """The broken rules, one bit per code."""
        legality = Legality(
            self.config, raw, self.layer, out_size=self._out_size,
            out_channels=self._out_channels, made_side=self._made_side, made_cap=self._made_cap,
            neighbours=self.neighbours if self.config.mesh else None)
        m.d.comb += [broken[code].eq(rule) for code, rule in legality.broken(m).items()]
        if self.config.overlap:
            m.d.comb += [self.ends[name].eq(end) for name, end in legality.ends.items()]

    def _decode(self, m, raw):
        """Fields that need no arithmetic, into ``layer``."""
        layer, conv = self.layer, raw.operation == Operation.CONV
        m.d.sync += [layer[name].eq(raw[name]) for name in kept_fields()]
        two = conv & (raw.stride == 2)
        up = conv & raw.upsample

        def made(count):
            """Rows or columns that ``count`` of the input give."""
            return Mux(two, (count + 1) >> 1, count << up)

        m.d.sync += [
            layer.code.eq(Code.OK), layer.two.eq(two),
            layer.reach.eq(Mux(conv, (raw.kernel - (raw.extended & two))[:4] >> 1, 0)),
            layer.upsample.eq(up),
            layer.average.eq(raw.average if self.config.channelwise else 0),
            layer.blocks.eq((raw.interleave != 1) if self.config.adder_depth > 1 else 0),
            *(getattr(layer, f"made_{name}").eq(Mux(conv, getattr(raw, f"out_{name}"), loaded))
              for name, loaded in (("channels", raw.in_channels), ("pitch", raw.in_pitch),
                                   ("step", 1))),
            layer.in_tile_rows.eq(raw.tile_rows << two >> up),
            layer.in_tile_columns.eq(raw.tile_columns << two >> up),
            layer.out_last_rows.eq(made(raw.last_rows)),
            layer.out_last_columns.eq(made(raw.last_columns)),
        ]
        self._decode_activation(m, raw, conv)
        for axis, taps in (("rows", raw.row_taps), ("columns", raw.column_taps)):
            window = Signal(2 * self.config.halo + 2, name=f"window_{axis}")
            m.d.comb += window.eq(Mux(raw.extended, taps,
                                      Cat(raw.kernel > at for at in range(len(window)))))
            first, later = behind_first(window)
            m.d.sync += [
                layer[f"before_{axis}"].eq(Mux(conv, ((raw.kernel - 1)[:4] >> 1) - first, 0)),
                layer[f"later_{axis}"].eq(Mux(conv, later, 0))]
            if axis == "columns":
                m.d.sync += layer.span_columns.eq(Mux(conv, last_of(later), 0))
        for side in ("south", "east"):
            there = Signal(4, name=f"{side}_there")     # rows or columns of the made map
            m.d.comb += there.eq(made(getattr(raw, side)))
            m.d.sync += getattr(layer, f"made_{side}").eq(Mux(there < raw.halo, there, raw.halo))

    def _decode_activation(self, m, raw, conv):
        """Every kind as a slope, bounds, and whether it is a sign."""
        layer = self.layer
        m.d.sync += [layer.sign.eq(raw.activation == Activation.SIGN),
                     layer.slope.eq(Mux(conv & (raw.activation != Activation.LEAKY), _ONE,
                                        raw.slope))]
        for at, name in enumerate(("low", "high")):
            with m.Switch(raw.activation):
                for kind in Activation:
                    with m.Case(kind):
                        m.d.sync += layer[name].eq(kind.bounds[at])
            with m.If(raw.extended):
                m.d.sync += layer[name].eq(raw[name])

    def _products(self, m, raw):
        """One multiplication a cycle, on one multiplier that saturates, with a register for what it
        gives; returns the targets, and the number of the product whose operands are at the
        multiplier while the one before is in the register."""
        layer = self.layer
        a = Signal(17)
        b = Signal(16)
        full = Signal(33)
        self._product = Signal(17)
        m.d.sync += full.eq(a * b)
        # TOO_LARGE itself is all ones: any multiple of it but 0 is too large again.
        m.d.comb += self._product.eq(Mux(full[17:].any(), TOO_LARGE, full))
        self._out_size = Signal(17)
        self._out_channels = Signal(17)     # words from the first channel that is made ... + step
        # Input tiles have stride^2 as many pixels.
        in_area = Signal(19)
        in_area_sat = Signal(17)
        m.d.comb += in_area.eq((layer.area << (layer.two << 1)) >> (layer.upsample << 1))
        m.d.sync += in_area_sat.eq(Mux(in_area >= TOO_LARGE, TOO_LARGE, in_area))
        # Operands are taken in the cycle before: the area is none until the product after next, the
        # input's until the one after that.
        products = {
            "area": ((raw.tile_rows, raw.tile_columns), layer.area),
            "out_channels": ((raw.out_channels, raw.out_step), self._out_channels),
            "out_size": ((layer.area, layer.out_pitch), self._out_size),
            "in_size": ((in_area_sat, layer.in_pitch), layer.in_size),
            "in_row": ((layer.in_tile_columns, layer.in_pitch), layer.in_row),
            "side": ((layer.in_tile_rows, layer.in_pitch), layer.side),
            "out_side": ((layer.tile_rows, layer.out_pitch), self._out_side),
            "out_cap": ((layer.tile_columns, layer.out_pitch), self._out_cap),
        }
        products = [products[name] for name in _product_names(self.config)]
        turn = Signal(range(len(products) + 1))
        with m.Switch(turn):
            for index, (operands, _) in enumerate(products):
                with m.Case(index) if index + 1 < len(products) else m.Default():
                    m.d.comb += [a.eq(operands[0]), b.eq(operands[1])]
        return [target for _, target in products], turn
