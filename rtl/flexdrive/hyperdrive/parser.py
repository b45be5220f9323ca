"""Descriptor parser: reads, checks and decodes while the operation before is under way.

The rules and their codes are those of :class:`flexdrive.hyperdrive.descriptor.Code`; the lowest
broken rule is reported.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .descriptor import DESCRIPTOR_WORDS, FIELDS, MAGIC, VERSION, Code, Operation
from .layer import layer_layout
from .multiple import multiple, multiple_of
from .parameters import ScaleBias

__all__ = ["Parser", "check_cycles"]

_FIELDS = data.StructLayout({field.name: field.width for field in FIELDS})
_BORDER_FIELDS = ("halo", "north", "south", "west", "east", "in_border_rows",
                  "in_border_columns", "in_corner", "border_rows", "border_columns",
                  "border_corner")
# Codes of rules; the others are of stops.
_REFUSALS = sorted(code for code in Code if not code.stops)
_SUM_BITS = 20             # of the largest sum: 9 pitches, and what is added to them
_TOO_LARGE = 0x1FFFF       # what a product saturates to; no memory has so many words


def check_cycles(config):
    """Cycles from the acceptance of the last word of a descriptor to ``valid``: decode, one
    product each (three more with links), verdict."""
    return 11 if config.mesh else 8 + config.channelwise


class Parser(Shared):
    """Reads a descriptor, checks it, offers it, and passes its payload on.

    A descriptor is offered :func:`check_cycles` cycles after its last word was accepted. Its
    payload goes to ``parameters`` from then on, or is dropped when the descriptor is refused; the
    next descriptor is read once this one is taken and its payload is through.

    Members
    -------
    i : descriptor stream.
    layer, valid, take : the decoded descriptor, with ``code``; taken by a one-cycle ``take``.
    parameters : payload of accepted convolutions.
    reading : part of a descriptor has been read (busy indication).
    neighbours : sides with a neighbour: north, south, west, east, from bit 0 (with links only).
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(32)), "layer": Out(layer_layout(config)), "valid": Out(1),
            "take": In(1), "parameters": Out(stream.Signature(ScaleBias)), "reading": Out(1),
            **({"neighbours": In(4)} if config.mesh else {}),
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
        products = self._products(m, raw)
        self._rules(m, raw, broken)
        with m.FSM():
            with m.State("READ"):
                m.d.comb += [self.i.ready.eq(1), self.reading.eq(count != 0)]
                with m.If(self.i.valid):
                    m.d.sync += [raw.eq(Cat(raw.as_value()[32:], self.i.payload)),
                                 count.eq(count + 1)]
                    with m.If(count == DESCRIPTOR_WORDS - 1):
                        m.d.sync += count.eq(0)
                        m.next = "DECODE"
            with m.State("DECODE"):
                self._decode(m, raw)
                self._operands(m, products, 0)
                m.d.sync += payload.eq(raw.payload)
                m.next = "PRODUCT0"
            for index, (_, target) in enumerate(products):
                with m.State(f"PRODUCT{index}"):
                    m.d.sync += target.eq(self._product)
                    self._operands(m, products, index + 1)
                    m.next = (f"PRODUCT{index + 1}" if index + 1 < len(products) else "VERDICT")
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

    def _decode(self, m, raw):
        """Fields that need no arithmetic, into ``layer``."""
        layer, conv = self.layer, raw.operation == Operation.CONV
        m.d.sync += [getattr(layer, name).eq(getattr(raw, name)) for name in (
            "operation", "in_base", "in_channels", "out_base", "out_channels", "bypass_base",
            "tile_rows", "tile_columns", "full_rows", "full_columns", "last_rows",
            "last_columns", "in_pitch", "out_pitch", "out_step", "slope", *_BORDER_FIELDS)]
        two = conv & (raw.stride == 2)
        up = conv & raw.upsample

        def made(count):
            """Rows or columns that ``count`` of the input give."""
            return Mux(two, (count + 1) >> 1, count << up)

        m.d.sync += [
            layer.code.eq(Code.OK), layer.two.eq(two),
            layer.reach.eq(Mux(conv, raw.kernel >> 1, 0)),
            layer.before.eq(Mux(conv, (raw.kernel - 1)[:4] >> 1, 0)),
            layer.channelwise.eq(raw.channelwise), layer.maximum.eq(raw.maximum),
            layer.upsample.eq(up),
            layer.average.eq(raw.average if self.config.channelwise else 0),
            layer.last_tap.eq(raw.kernel - 1),
            layer.activation.eq(raw.activation[:2]), layer.bypass.eq(raw.bypass),
            layer.blocks.eq((raw.interleave != 1) if self.config.adder_depth > 1 else 0),
            *(getattr(layer, f"made_{name}").eq(Mux(conv, getattr(raw, f"out_{name}"), loaded))
              for name, loaded in (("channels", raw.in_channels), ("pitch", raw.in_pitch),
                                   ("step", 1))),
            layer.in_tile_rows.eq(raw.tile_rows << two >> up),
            layer.in_tile_columns.eq(raw.tile_columns << two >> up),
            layer.out_last_rows.eq(made(raw.last_rows)),
            layer.out_last_columns.eq(made(raw.last_columns)),
        ]
        for side in ("south", "east"):
            there = Signal(4, name=f"{side}_there")     # rows or columns of the made map
            m.d.comb += there.eq(made(getattr(raw, side)))
            m.d.sync += getattr(layer, f"made_{side}").eq(Mux(there < raw.halo, there, raw.halo))

    def _products(self, m, raw):
        """One multiplication a cycle, on one multiplier that saturates, with a register for its
        operands; returns (operands, target) of each."""
        layer = self.layer
        self._a = Signal(17)
        self._b = Signal(16)
        self._product = Signal(17)
        full = Signal(33)
        m.d.comb += [full.eq(self._a * self._b),
                     self._product.eq(Mux(
                         full[17:].any() | ((self._a == _TOO_LARGE) & (self._b != 0)),
                         _TOO_LARGE, full))]
        self._out_size = Signal(17)
        self._out_channels = Signal(17)     # words from the first channel that is made ... + step
        # Input tiles have stride^2 as many pixels.
        in_area = Signal(19)
        in_area_sat = Signal(17)
        m.d.comb += [in_area.eq((layer.area << (layer.two << 1)) >> (layer.upsample << 1)),
                     in_area_sat.eq(Mux(in_area >= _TOO_LARGE, _TOO_LARGE, in_area))]
        # Operands are taken in the cycle before: the area is none until the product after next.
        return [
            ((raw.out_channels, raw.out_step), self._out_channels),
            ((raw.tile_rows, raw.tile_columns), layer.area),
            ((layer.in_tile_columns, layer.in_pitch), layer.in_row),
            ((in_area_sat, layer.in_pitch), layer.in_size),
            ((layer.area, layer.out_pitch), self._out_size),
            *([((layer.in_tile_rows, layer.in_pitch), layer.side),
               ((layer.tile_rows, layer.out_pitch), self._out_side)] if self.config.mesh else []),
            *([((layer.tile_columns, layer.out_pitch), self._out_cap)]
              if self.config.mesh or self.config.channelwise else []),
        ]

    def _operands(self, m, products, index):
        if index < len(products):
            (a, b), _ = products[index]
            m.d.sync += [self._a.eq(a), self._b.eq(b)]

    def _rules(self, m, raw, broken):
        """The broken rules, one bit per code; valid once the products are there."""
        config, layer = self.config, self.layer
        conv = raw.operation == Operation.CONV
        reserved = Cat(getattr(raw, f.name) for f in FIELDS if f.name.startswith("reserved"))
        in_end, out_end, bypass_end = (Signal(_SUM_BITS, name=f"{n}_end")
                                       for n in ("in", "out", "bypass"))
        # The last pixel takes its channels only, not its whole pitch. Differences wrap; the sums
        # are right again.
        in_rest, out_rest, out_base, bypass_base = (
            Signal(_SUM_BITS, name=name)
            for name in ("in_rest", "out_rest", "out_base", "bypass_base"))
        # The last product but one stands a cycle before the verdict.
        m.d.sync += [
            in_rest.eq(raw.in_channels - raw.in_pitch), in_end.eq(
                raw.in_base + layer.in_size + in_rest),
            out_rest.eq(self._out_channels - raw.out_step + 1 - raw.out_pitch),
            out_base.eq(raw.out_base + out_rest), bypass_base.eq(raw.bypass_base + out_rest),
        ]
        m.d.comb += [out_end.eq(out_base + self._out_size),
                     bypass_end.eq(bypass_base + self._out_size)]
        made_rest = Mux(conv, out_rest, in_rest)
        ahead, beside = self._side_by_side(m, raw)

        def meets(base_a, end_a, base_b, end_b):
            return (base_a < end_b) & (base_b < end_a)

        def misfit(full, last, tiles, edge):
            return (full > tiles) | ((full == tiles) & (last != 0)) | (last >= edge)

        rules = {
            Code.MAGIC: (raw.magic != MAGIC) | (raw.version != VERSION),
            Code.OPERATION: (raw.operation < Operation.CONV) | (raw.operation > Operation.STORE),
            Code.RESERVED: reserved.any(),
            Code.KERNEL: conv & (
                (~raw.kernel[0] & ~(raw.channelwise & (raw.kernel == 2)))
                | (raw.kernel > max(config.kernels))),
            Code.STRIDE: conv & (raw.stride != 1) & (raw.stride != 2),
            Code.ACTIVATION: conv & ~Cat(raw.activation == kind
                                         for kind in config.activations).any(),
            Code.INTERLEAVE: conv & (raw.interleave != 1)
            & (raw.interleave != config.adder_depth),
            Code.PAYLOAD: raw.payload != Mux(conv, raw.out_channels, 0),
            Code.ZERO: (raw.tile_rows == 0) | (raw.tile_columns == 0) | (raw.in_channels == 0)
            | (layer.in_tile_rows == 0) | (layer.in_tile_columns == 0)
            | (conv & (raw.out_channels == 0))
            | (self._empty(raw) if not config.mesh else 0),
            Code.EXTENT: misfit(raw.full_rows, raw.last_rows, config.rows, layer.in_tile_rows)
            | misfit(raw.full_columns, raw.last_columns, config.columns, layer.in_tile_columns),
            Code.INPUT_RANGE: in_end > config.fm_words,
            Code.OUTPUT_RANGE: conv & (out_end > config.fm_words),
            Code.BYPASS_RANGE: conv & raw.bypass & (bypass_end > config.fm_words),
            Code.OVERLAP: conv & ~beside & meets(raw.in_base, in_end, raw.out_base, out_end),
            Code.BYPASS_OVERLAP: conv & raw.bypass & (raw.bypass_base != raw.out_base)
            & meets(raw.bypass_base, bypass_end, raw.out_base, out_end),
            Code.WEIGHT_DEPTH: conv & ~raw.channelwise & self._weights_exceed(m, raw),
            **self._border_rules(raw, meets, in_rest, made_rest, Mux(conv & beside, ahead, 0)),
            Code.REACH: Cat(
                (layer.reach > layer.in_tile_rows) | (layer.reach > layer.in_tile_columns),
                ((raw.halo > raw.tile_rows) | (raw.halo > raw.tile_columns))
                if config.mesh else 0).any(),
            Code.PITCH: (raw.in_pitch < raw.in_channels) | (conv & (
                (raw.out_step == 0)
                | (self._out_channels + 1 > raw.out_pitch + raw.out_step))),
            Code.CHANNELWISE: self._channelwise_broken(raw, conv),
            Code.UPSAMPLE: raw.upsample & ~(
                raw.channelwise & (raw.kernel == 1) & (raw.stride == 1)
                & ~raw.tile_rows[0] & ~raw.tile_columns[0]),
        }
        m.d.comb += [broken[code].eq(rule) for code, rule in rules.items()]

    def _channelwise_broken(self, raw, conv):
        """Whether channelwise, maximum and average are where they cannot be."""
        config = self.config
        ours = (raw.in_channels != raw.out_channels) | (raw.interleave != config.adder_depth)
        averages = raw.operation == Operation.STORE
        if not config.channelwise:
            ours, averages = 1, 0
        return Mux(raw.channelwise, ~conv | ours, raw.maximum) | (raw.average & ~averages)

    def _side_by_side(self, m, raw):
        """(words from the input's first to the output's first, whether both are different channels
        of one map)."""
        ahead, behind, extent, beside = (Signal(signed(19), name="ahead"),
                                         Signal(signed(19), name="behind"),
                                         Signal(18, name="extent"), Signal(name="beside"))
        m.d.sync += [
            ahead.eq(raw.out_base - raw.in_base), behind.eq(raw.in_base - raw.out_base),
            extent.eq(self._out_channels - raw.out_step + 1),
            beside.eq((raw.stride == 1) & (raw.in_pitch == raw.out_pitch) & (
                ((ahead >= raw.in_channels) & (ahead + extent <= raw.out_pitch))
                | ((behind >= extent) & (behind + raw.in_channels <= raw.in_pitch)))),
        ]
        return ahead, beside

    def _empty(self, raw):
        return (((raw.full_rows == 0) & (raw.last_rows == 0))
                | ((raw.full_columns == 0) & (raw.last_columns == 0)))

    def _border_rules(self, raw, meets, in_rest, made_rest, beside):
        """Rules of the border and corner memories; without links every border field is 0.
        ``in_rest``, ``made_rest``: by how much regions are longer than whole pixels. ``beside``:
        distance of input and output that are channels of one map, else 0."""
        config, layer = self.config, self.layer
        if not config.mesh:
            return {Code.MESH: Cat(getattr(raw, name) for name in _BORDER_FIELDS).any()}
        reads, exchanges = layer.reach != 0, raw.halo != 0

        def sizes(count, side, cap, pitch, rest):
            """Lines and words that ``count`` rows and columns beyond the rim take."""
            corner = pitch
            for number in range(2, config.halo + 1):
                words = multiple_of(pitch, (number - 1) * config.halo + number)
                corner = Mux(count == number, words, corner)
            whole = multiple(side, count, config.halo), multiple(cap, count, config.halo), corner
            return [(words + rest)[:_SUM_BITS] for words in whole]

        read = sizes(layer.reach, layer.side, layer.in_row, raw.in_pitch, in_rest)
        made = sizes(raw.halo, self._made_side, self._made_cap, layer.made_pitch, made_rest)
        regions = tuple(zip(
            (raw.in_border_rows, raw.in_border_columns, raw.in_corner), read,
            (raw.border_rows, raw.border_columns, raw.border_corner), made,
            (config.border_words, config.border_words, config.corner_words), strict=True))
        sides = Cat(raw.north, raw.south != 0, raw.west, raw.east != 0)
        range_broken, overlap = 0, 0
        for in_at, in_size, out_at, out_size, words in regions:
            range_broken |= reads & (in_at + in_size > words)
            range_broken |= exchanges & (out_at + out_size > words)
            apart = (beside != 0) & (out_at - in_at == beside)
            overlap |= reads & exchanges & ~apart & meets(in_at, in_at + in_size, out_at,
                                                          out_at + out_size)
        return {Code.MESH: (sides & ~self.neighbours).any() | (raw.halo > config.halo)
                | (exchanges & (raw.operation == Operation.STORE)),
                Code.BORDER_RANGE: range_broken, Code.BORDER_OVERLAP: overlap}

    def _weights_exceed(self, m, raw):
        """Words that must be kept for several passes exceed the buffer."""
        config, layer = self.config, self.layer
        depth = config.adder_depth
        block = Signal(22)
        interleaved = Signal(range(depth + 1))
        kept = Signal(24)
        channels = raw.in_channels
        # In three stages, which all pass while the products are made.
        m.d.sync += [
            # 1, 9, 25 or 49 taps: each edge has 8, 16, 24 more than the one before.
            block.eq(channels + sum(
                Mux(layer.reach >= reach, multiple_of(channels, 8 * reach), 0)
                for reach in range(1, config.halo + 1))),
            interleaved.eq(1 + sum(layer.blocks & (raw.out_channels > i * config.channels)
                                   for i in range(1, depth))),
            kept.eq(block * interleaved),
        ]
        pixels = Mux(layer.blocks, 1, depth)
        return (layer.area > pixels) & (kept > config.weight_words)
