"""The chip: rows x columns tiles and their sequencer, with four streams to the host."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .border.memory import CORNERS, SIDES, BorderArray
from .border.word import link_ports
from .control.controller import Sequencer
from .control.fault_register import link_errors_layout
from .descriptor.report import Report
from .tile.tile import Tile, tile_control_layout

__all__ = ["Chip", "TileArray"]


class TileArray(Shared):
    """The tiles, wired to their neighbours, and the way of a word to the host.

    Members as of :class:`~flexdrive.hyperdrive.control.controller.Sequencer`, in the other
    direction. In a mesh, ``north``, ``south``, ``west``, ``east`` are the words of
    :class:`~flexdrive.hyperdrive.border.memory.BorderArray` and ``lines_{side}`` the results of
    the tiles along each side.

    ``store_word`` is in the order of banks (:mod:`~flexdrive.hyperdrive.memory.beat`).

    Latency: as of :class:`~flexdrive.hyperdrive.tile.tile.Tile`; ``store_word`` follows
    ``store_row`` and ``store_column`` by two cycles.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "control": In(tile_control_layout(config)),
            "row_valid": In(config.rows), "column_valid": In(config.columns),
            "load_row": In(config.rows), "load_column": In(config.columns),
            "store_row": In(config.rows), "store_column": In(config.columns),
            "store_word": Out(config.beat_bits), **self._border_ports(config),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, l=config.adder_depth, x=config.mesh, **config.layer_parameters,
            **config.stream_parameter)

    def _border_ports(self, config):
        """Words of the border memories in, results along the sides out."""
        if not config.mesh:
            return {}
        lanes = {side: config.columns if side in ("north", "south") else config.rows
                 for side in SIDES}
        return ({side: In(16 * lanes[side]) for side in SIDES}
                | {f"lines_{side}": Out(16 * lanes[side]) for side in SIDES})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        tiles = [[Tile(config) for _ in range(config.columns)] for _ in range(config.rows)]
        shared = [name for name, _ in tile_control_layout(config)]
        words = []
        for i, row in enumerate(tiles):
            selected = []
            for j, tile in enumerate(row):
                m.submodules[f"tile_{i}_{j}"] = tile
                m.d.comb += [getattr(tile, name).eq(self.control[name]) for name in shared]
                m.d.comb += [
                    tile.valid.eq(self.row_valid[i] & self.column_valid[j]),
                    tile.loading.eq(self.load_row[i] & self.load_column[j]),
                ]
                for name, line, at in (("word", [r[j] for r in tiles], i), ("row_word", row, j)):
                    if at > 0:
                        m.d.comb += getattr(tile, f"{name}_before").eq(
                            getattr(line[at - 1], name))
                    if at + 1 < len(line):
                        m.d.comb += getattr(tile, f"{name}_after").eq(
                            getattr(line[at + 1], name))
                if not config.own_ways:
                    selected.append(tile.word[:16] & self.store_column[j].replicate(16))
                else:
                    m.d.comb += tile.storing.eq(self.store_column[j])
                    selected.append(tile.stored)
            word = Signal(config.beat_bits, name=f"store_row_word{i}")
            chosen = selected[0]
            for other in selected[1:]:
                chosen = chosen | other
            m.d.sync += word.eq(chosen & self.store_row[i].replicate(config.beat_bits))
            words.append(word)
        any_word = words[0]
        for other in words[1:]:
            any_word = any_word | other
        m.d.sync += self.store_word.eq(any_word)
        if config.mesh:
            self._borders(m, tiles)
        return m

    def _borders(self, m, tiles):
        """The border memories stand where a further row or column of tiles would."""
        columns = list(zip(*tiles, strict=True))
        for side, line, port in (
                ("north", tiles[0], "word_before"), ("south", tiles[-1], "word_after"),
                ("west", columns[0], "row_word_before"), ("east", columns[-1], "row_word_after")):
            words = getattr(self, side)
            m.d.comb += [getattr(tile, port).eq(words.word_select(at, 16))
                         for at, tile in enumerate(line)]
            m.d.comb += getattr(self, f"lines_{side}").eq(Cat(tile.result for tile in line))


class Chip(Shared):
    """A Hyperdrive chip.

    A chip needs nothing but its streams: descriptors say what to do
    (:mod:`flexdrive.hyperdrive.descriptor.fields`), weights come in the order in which they are
    used. All streams may stop at any time; that changes nothing but time.

    Latency: an operation is taken :func:`~flexdrive.hyperdrive.descriptor.decoder.check_cycles`
    cycles after the last word of its descriptor (with ``config.overlap`` a cycle later), but not
    before the cycle after the one before is complete (with ``config.overlap``: the one before of
    its kind, and what it is not apart from) and, with ``config.mesh``, has all its borders; its
    report is on offer in the cycle
    after it is complete. The cycles between depend on the descriptor and on the streams:
    docs/hyperdrive.md. No input reaches an output without a register but, with ``config.mesh``,
    ``i_{side}`` its own ready and ``i_north`` that of ``i_south``.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Members
    -------
    i_descriptors : 32-bit words.
    i_weights : words of C bits, of 2C bits with ``config.ternary``.
    i_pixels, o_pixels : binary16 words of maps that are loaded and stored, ``stream_words`` a beat:
        channels of one pixel, the first in the lowest bits. A pixel begins a beat of its own; what
        the last one has too many is ignored, and may be anything where the chip sends it.
    o_reports : a :class:`~flexdrive.hyperdrive.descriptor.report.Report` per descriptor, with
        ``overlap`` as they end.
    busy : a descriptor is being read or executed, or a report waits.
    neighbours : (``config.mesh``) sides with a neighbour: north, south, west, east, from bit 0;
        constant.
    link_errors : (``config.mesh``) :class:`~flexdrive.hyperdrive.link.LinkError` of each side's
        link. The first one stops the chip: it sends the report of the stop, no word more on
        ``o_pixels``, and does nothing until reset.
    stopped : (``config.mesh``) the report of a stop has left.
    i_{side}, o_{side} : (``config.mesh``) links, streams of
        :class:`~flexdrive.hyperdrive.border.word.BorderWord`.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_descriptors": In(stream.Signature(32)),
            "i_weights": In(stream.Signature(config.weight_bits)),
            "i_pixels": In(stream.Signature(config.beat_bits)),
            "o_pixels": Out(stream.Signature(config.beat_bits)),
            "o_reports": Out(stream.Signature(Report)), "busy": Out(1),
            **({"neighbours": In(4), "link_errors": In(link_errors_layout()), "stopped": Out(1)}
               | link_ports() if config.mesh else {}),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, w=config.weight_words, l=config.adder_depth,
            **config.option_parameters)

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = Sequencer(self.config)
        m.submodules.array = array = TileArray(self.config)
        for name in ("i_descriptors", "i_weights", "i_pixels"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(sequencer, name))
        for name in ("o_pixels", "o_reports"):
            wiring.connect(m, getattr(sequencer, name), wiring.flipped(getattr(self, name)))
        m.d.comb += [
            self.busy.eq(sequencer.busy), array.control.eq(sequencer.control),
            sequencer.store_word.eq(array.store_word),
            *(getattr(array, name).eq(getattr(sequencer, name)) for name in (
                "row_valid", "column_valid", "load_row", "load_column", "store_row",
                "store_column")),
        ]
        if self.config.mesh:
            self._borders(m, sequencer, array)
        return m

    def _borders(self, m, sequencer, array):
        m.submodules.borders = borders = BorderArray(self.config)
        m.d.comb += [
            sequencer.neighbours.eq(self.neighbours),
            sequencer.link_errors.eq(self.link_errors), self.stopped.eq(sequencer.stopped),
            *(getattr(borders, name).eq(getattr(sequencer, f"border_{name}")) for name in (
                "valid", "from_rows", "from_columns", "row_line", "column_line", "corner")),
            *(getattr(borders, f"{name}_write").eq(getattr(sequencer, f"{name}_write"))
              for name in (*SIDES, *CORNERS)),
        ]
        for side in SIDES:
            m.d.comb += [getattr(array, side).eq(getattr(borders, side)),
                         getattr(sequencer, f"lines_{side}").eq(getattr(array, f"lines_{side}"))]
            wiring.connect(m, getattr(sequencer, f"o_{side}"),
                           wiring.flipped(getattr(self, f"o_{side}")))
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")),
                           getattr(sequencer, f"i_{side}"))
