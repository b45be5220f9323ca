"""The chip: rows x columns tiles and their sequencer, with four streams to the host."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..emit import Shared
from .report import Report
from .sequencer import Sequencer
from .tile import Tile, tile_control_layout

__all__ = ["Chip", "TileArray"]


class TileArray(Shared):
    """The tiles, wired to their neighbours, and the way of a word to the host.

    Members as of :class:`~flexdrive.hyperdrive.sequencer.Sequencer`, in the other direction.
    ``store_word`` follows ``store_row`` and ``store_column`` by two cycles.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "control": In(tile_control_layout(config)),
            "row_valid": In(config.rows), "column_valid": In(config.columns),
            "load_row": In(config.rows), "load_column": In(config.columns),
            "store_row": In(config.rows), "store_column": In(config.columns),
            "store_word": Out(16),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, l=config.adder_depth)

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
                selected.append(tile.word & self.store_column[j].replicate(16))
            word = Signal(16, name=f"store_row_word{i}")
            chosen = selected[0]
            for other in selected[1:]:
                chosen = chosen | other
            m.d.sync += word.eq(chosen & self.store_row[i].replicate(16))
            words.append(word)
        any_word = words[0]
        for other in words[1:]:
            any_word = any_word | other
        m.d.sync += self.store_word.eq(any_word)
        return m


class Chip(Shared):
    """A Hyperdrive chip.

    A chip needs nothing but its streams: descriptors say what to do
    (:mod:`flexdrive.hyperdrive.descriptor`), weights come in the order in which they are used.
    All streams may stop at any time; that changes nothing but time.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Members
    -------
    i_descriptors : 32-bit words.
    i_weights : words of C bits.
    i_pixels, o_pixels : binary16 words of maps that are loaded and stored.
    o_reports : a :class:`~flexdrive.hyperdrive.report.Report` per descriptor.
    busy : a descriptor is being read or executed, or a report waits.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_descriptors": In(stream.Signature(32)),
            "i_weights": In(stream.Signature(config.channels)),
            "i_pixels": In(stream.Signature(16)), "o_pixels": Out(stream.Signature(16)),
            "o_reports": Out(stream.Signature(Report)), "busy": Out(1),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, w=config.weight_words, l=config.adder_depth)

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
        return m
