"""Whether a descriptor is legal: the rules of :class:`.fields.Code` as logic, on fields and on the
products that the parser makes of them."""

from amaranth.hdl import Cat, Mux, Signal, signed

from ...fp16 import is_nan
from ..multiple import multiple, multiple_of
from ..taps import last_of
from .fields import BORDER_FIELDS, FIELDS, MAGIC, VERSION, Code, Operation
from .layer import later_taps

__all__ = ["TOO_LARGE", "Legality"]

SUM_BITS = 20              # of the largest sum: 9 pitches, and what is added to them
TOO_LARGE = 0x1FFFF        # what a product saturates to; no memory has so many words


class Legality:
    """The broken rules of a descriptor.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.
    raw : fields as received. layer : decoded, with its products.
    out_size, out_channels : words of an output tile's pixels, and from the first channel that is
        made to the last, and a step more.
    made_side, made_cap : lines of a column and of a row beyond the rim, of the map that is made.
    neighbours : sides with a neighbour (with links only).

    Attributes
    ----------
    ends : first words behind the maps, by name; from :meth:`broken` on.
    """

    def __init__(self, config, raw, layer, *, out_size, out_channels, made_side, made_cap,
                 neighbours):
        self.config, self.raw, self.layer = config, raw, layer
        self._out_size, self._out_channels = out_size, out_channels
        self._made_side, self._made_cap, self._neighbours = made_side, made_cap, neighbours

    def broken(self, m):
        """{code: whether its rule is broken}; valid once the products are there."""
        config, raw, layer = self.config, self.raw, self.layer
        conv = raw.operation == Operation.CONV
        reserved = Cat(getattr(raw, f.name) for f in FIELDS if f.name.startswith("reserved"))

        def misfit(full, last, tiles, edge):
            return (full > tiles) | ((full == tiles) & (last != 0)) | (last >= edge)

        return {
            Code.MAGIC: (raw.magic != MAGIC) | (raw.version != VERSION),
            Code.OPERATION: (raw.operation < Operation.CONV) | (raw.operation > Operation.STORE),
            Code.RESERVED: reserved.any() | (raw.extended & ~conv),
            Code.KERNEL: conv & (
                (~raw.kernel[0] & ~(raw.channelwise & (raw.kernel == 2)) & ~raw.extended)
                | (raw.kernel > max(config.kernels) + (raw.extended & (raw.stride == 2)))
                | (raw.extended & self._taps_broken())),
            Code.STRIDE: conv & (raw.stride != 1) & (raw.stride != 2),
            Code.ACTIVATION: conv & ~Cat(raw.activation == kind
                                         for kind in config.activations).any()
            | (conv & raw.extended & (is_nan(raw.low) | is_nan(raw.high))),
            Code.INTERLEAVE: conv & (raw.interleave != 1)
            & (raw.interleave != config.adder_depth),
            Code.PAYLOAD: raw.payload != Mux(conv, raw.out_channels, 0),
            Code.ZERO: (raw.tile_rows == 0) | (raw.tile_columns == 0) | (raw.in_channels == 0)
            | (layer.in_tile_rows == 0) | (layer.in_tile_columns == 0)
            | (conv & (raw.out_channels == 0))
            | (self._empty() if not config.mesh else 0),
            Code.EXTENT: misfit(raw.full_rows, raw.last_rows, config.rows, layer.in_tile_rows)
            | misfit(raw.full_columns, raw.last_columns, config.columns, layer.in_tile_columns),
            **self._region_rules(m, conv),
            Code.WEIGHT_DEPTH: conv & ~raw.channelwise & self._weights_exceed(m),
            Code.REACH: Cat(
                *(self._leaves(layer[f"before_{axis}"], later, layer[f"in_tile_{axis}"])
                  for axis, later in zip(("rows", "columns"), later_taps(config, layer),
                                         strict=True)),
                ((raw.halo > raw.tile_rows) | (raw.halo > raw.tile_columns))
                if config.mesh else 0).any(),
            Code.PITCH: (raw.in_pitch < raw.in_channels) | (conv & (
                (raw.out_step == 0)
                | (self._out_channels + 1 > raw.out_pitch + raw.out_step))),
            Code.CHANNELWISE: self._channelwise_broken(conv),
            Code.UPSAMPLE: raw.upsample & ~(
                raw.channelwise & (raw.kernel == 1) & (raw.stride == 1)
                & ~raw.tile_rows[0] & ~raw.tile_columns[0]),
        }

    def _taps_broken(self):
        """Whether there are taps outside of the window, or none before its centre or on it."""
        kernel, broken = self.raw.kernel, 0
        centre = (kernel - 1)[:4] >> 1
        for taps in (self.raw.row_taps, self.raw.column_taps):
            inside = Cat(taps[at] & (kernel > at) for at in range(len(taps)))
            first = Cat(taps[0], *(taps[at] & (centre >= at) for at in range(1, len(taps))))
            broken |= (inside != taps) | (first == 0)
        return broken

    def _leaves(self, before, later, edge):
        """Whether taps lie further than the next tile, or further than a tile from each other."""
        places = Cat(1, later)
        apart = [places[at] & places[at + gap] & ~places[at + 1:at + gap].any()
                 & ((edge < gap) | (gap > 2 * self.config.halo))
                 for gap in range(2, len(places)) for at in range(len(places) - gap)]
        return (before > edge) | (last_of(later) > edge + before) | Cat(*apart).any()

    def _region_rules(self, m, conv):
        """Rules of where maps lie and meet, in the feature-map and the border memories."""
        config, raw, layer = self.config, self.raw, self.layer
        in_end, out_end, bypass_end = (Signal(SUM_BITS, name=f"{n}_end")
                                       for n in ("in", "out", "bypass"))
        self.ends = {"input": in_end, "output": out_end, "bypass": bypass_end}
        # The last pixel takes its channels only, not its whole pitch. Differences wrap; the sums
        # are right again.
        in_rest, out_rest, out_base, bypass_base = (
            Signal(SUM_BITS, name=name)
            for name in ("in_rest", "out_rest", "out_base", "bypass_base"))
        # All of these products stand a cycle before the verdict, that of the output two.
        m.d.sync += [
            in_rest.eq(raw.in_channels - raw.in_pitch), in_end.eq(
                raw.in_base + layer.in_size + in_rest),
            out_rest.eq(self._out_channels - raw.out_step + 1 - raw.out_pitch),
            out_base.eq(raw.out_base + out_rest), bypass_base.eq(raw.bypass_base + out_rest),
            out_end.eq(out_base + self._out_size), bypass_end.eq(bypass_base + self._out_size),
        ]
        made_rest = Mux(conv, out_rest, in_rest)
        ahead, beside = self._side_by_side(m)

        def meets(base_a, end_a, base_b, end_b):
            return (base_a < end_b) & (base_b < end_a)

        return {
            Code.INPUT_RANGE: in_end > config.fm_words,
            Code.OUTPUT_RANGE: conv & (out_end > config.fm_words),
            Code.BYPASS_RANGE: conv & raw.bypass & (bypass_end > config.fm_words),
            Code.OVERLAP: conv & ~beside & ~self._in_place(m)
            & meets(raw.in_base, in_end, raw.out_base, out_end),
            Code.BYPASS_OVERLAP: conv & raw.bypass & (raw.bypass_base != raw.out_base)
            & meets(raw.bypass_base, bypass_end, raw.out_base, out_end),
            **self._border_rules(meets, in_rest, made_rest, Mux(conv & beside, ahead, 0)),
        }

    def _channelwise_broken(self, conv):
        """Whether channelwise, maximum and average are where they cannot be."""
        config, raw = self.config, self.raw
        ours = (raw.in_channels != raw.out_channels) | (raw.interleave != config.adder_depth)
        averages = raw.operation == Operation.STORE
        if not config.channelwise:
            ours, averages = 1, 0
        return Mux(raw.channelwise, ~conv | ours, raw.maximum) | (raw.average & ~averages)

    def _side_by_side(self, m):
        """(words from the input's first to the output's first, whether both are different channels
        of one map)."""
        raw = self.raw
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

    def _in_place(self, m):
        """Every word is read for the last time before something is written there: one pass over the
        pixels, each of which reads itself alone and makes no more words, nor further on."""
        raw, lanes = self.raw, self.config.channels
        one_pass, allowed = Signal(name="one_pass"), Signal(name="in_place")
        m.d.comb += one_pass.eq(raw.out_channels <= Mux(
            self.layer.blocks, lanes * self.config.adder_depth, lanes))
        m.d.sync += allowed.eq(
            one_pass & (raw.kernel == 1) & ~raw.channelwise & (raw.out_base <= raw.in_base)
            & (raw.out_pitch <= raw.in_pitch))
        return allowed

    def _empty(self):
        raw = self.raw
        return (((raw.full_rows == 0) & (raw.last_rows == 0))
                | ((raw.full_columns == 0) & (raw.last_columns == 0)))

    def _border_rules(self, meets, in_rest, made_rest, beside):
        """Rules of the border and corner memories; without links every border field is 0.
        ``in_rest``, ``made_rest``: by how much regions are longer than whole pixels. ``beside``:
        distance of input and output that are channels of one map, else 0."""
        config, raw, layer = self.config, self.raw, self.layer
        if not config.mesh:
            return {Code.MESH: Cat(getattr(raw, name) for name in BORDER_FIELDS).any()}
        reads, exchanges = layer.reach != 0, raw.halo != 0

        def sizes(count, side, cap, pitch, rest):
            """Lines and words that ``count`` rows and columns beyond the rim take."""
            corner = pitch
            for number in range(2, config.halo + 1):
                words = multiple_of(pitch, (number - 1) * config.halo + number)
                corner = Mux(count == number, words, corner)
            whole = multiple(side, count, config.halo), multiple(cap, count, config.halo), corner
            return [(words + rest)[:SUM_BITS] for words in whole]

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
        return {Code.MESH: (sides & ~self._neighbours).any() | (raw.halo > config.halo)
                | (exchanges & (raw.operation == Operation.STORE)),
                Code.BORDER_RANGE: range_broken, Code.BORDER_OVERLAP: overlap}

    def _weights_exceed(self, m):
        """Words that must be kept for several passes exceed the buffer."""
        config, raw, layer = self.config, self.raw, self.layer
        depth = config.adder_depth
        row = Signal(19)
        block = Signal(22)
        interleaved = Signal(range(depth + 1))
        kept = Signal(24)
        most = 2 * config.halo + 2
        rows, columns = (Signal(range(most + 1), name=f"tap_{axis}")
                         for axis in ("rows", "columns"))
        # In four stages, which all pass while the products are made.
        m.d.sync += [
            *(count.eq(1 + sum(later)) for count, later in zip(
                (rows, columns), later_taps(config, layer), strict=True)),
            row.eq(multiple(raw.in_channels, columns, most)), block.eq(multiple(row, rows, most)),
            interleaved.eq(1 + sum(layer.blocks & (raw.out_channels > i * config.channels)
                                   for i in range(1, depth))),
            kept.eq(block * interleaved),
        ]
        pixels = Mux(layer.blocks, 1, depth)
        return (layer.area > pixels) & (kept > config.weight_words)
