"""One spatial tile: memory, data distribution, accumulate units, tail.

A tile has no state machine. Everything that it does in a cycle comes from the sequencer, the
same for all tiles, and arrives already delayed to the pipeline stage that uses it (the constants
in ``hyperdrive/timing.py``).
"""

from functools import reduce
from operator import or_

from amaranth.hdl import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, enum
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .accumulate_unit import AccumulateUnit
from .feature_bank import FeatureBank, bank_port_layout
from .tail import Tail

__all__ = ["Shift", "Tile", "tile_control_layout"]

_MINUS_INFINITY = 0xFC00


class Shift(enum.Enum, shape=2):
    """Whose word a tile takes: its own, that of the tile before (row or column - 1), or that of
    the tile after."""

    OWN = 0
    BEFORE = 1
    AFTER = 2


def tile_control_layout(config):
    """The control word that all tiles share, one field per use and pipeline stage; the fields
    are members of :class:`Tile`."""
    bank = unsigned(max(1, (config.fm_banks - 1).bit_length()))
    return data.StructLayout({
        "banks": data.ArrayLayout(bank_port_layout(config), config.fm_banks),
        "conv_bank": bank,
        "bypass_bank": bank,
        "shift_rows": Shift,
        "shift_columns": Shift,
        "first": unsigned(1),
        "weights": unsigned(config.channels),
        **({"holds": unsigned(config.channels)} if config.holds else {}),
        **({"maximum": unsigned(1)} if config.channelwise else {}),
        **({"apart": unsigned(1)} if config.channelwise_lanes > 1 else {}),
        "capture": unsigned(config.adder_depth),
        "shift": unsigned(config.adder_depth),
        "advance": unsigned(1),
        "scale": unsigned(16),
        "bias": unsigned(16),
        "bypass_valid": unsigned(1),
        "bypass": unsigned(1),
        "late": unsigned(1),
        "sign": unsigned(1),
        "low": unsigned(16),
        "high": unsigned(16),
        **({"slope": unsigned(16)} if config.leaky else {}),
        "load": unsigned(config.fm_banks if config.overlap else 1),
        "load_word": unsigned(config.beat_bits),
        **({"store_banks": unsigned(config.fm_banks)} if config.own_ways else {}),
    })


class Tile(Shared):
    """One tile of the array.

    Data distribution (paper: DDU): a word read from the tile's memory goes to ``word`` (one
    register), the vertical choice among the own and the two neighbouring rows to ``row_word``
    (one register), the horizontal choice to the operand register. Since address and displacement
    are the same in all tiles, no two tiles ever want the same memory at once.

    Parameters
    ----------
    config : :class:`~flexdrive.hyperdrive.config.ChipConfig`.

    Latency: read at cycle t (bank ports) -> data t+1 -> ``word`` t+2 -> ``row_word`` t+3 ->
    operand t+4 -> accumulator t+4+adder_depth.

    Members
    -------
    banks : address, read and write of each bank, the same for all tiles.
    conv_bank : bank of the operand, one cycle after its read.
    bypass_bank : bank of the bypass word, one cycle after its read.
    shift_rows : vertical selection (0 own, 1 row before, 2 row after), two cycles after the read.
    shift_columns : horizontal selection, three cycles after the read.
    first : the next cycle's operand starts a new sum.
    weights : weight bit of each channel, for the next cycle's operand.
    holds : units that the next cycle's operand changes nothing of (chips with channelwise or
        ternary).
    maximum : the layer takes the largest operand (chips with channelwise).
    apart : (``channelwise_lanes`` of more than 1) unit u takes the word of lane u modulo their
        number, else all take that of lane 0.
    capture : one bit per slot: the accumulators are finished sums of that slot.
    shift : one bit per slot: the tail takes the next held accumulator; only with advance.
    advance : the tail's pipeline moves.
    scale, bias : binary16 parameters of the value shifted out one advance before.
    bypass_valid : a bypass word is at its bank's output.
    bypass : the layer has a bypass.
    late : the bypass is added after the activation.
    sign, low, high : of the layer's activation.
    slope : of negative values (chips with leaky).
    load : the word to write is load_word, from the host, not the tail's result; with ``overlap`` a
        bit for each bank.
    load_word : binary16 words from the host, one for each residue of banks modulo their number.
    loading : this tile is the one that the host's words are for.
    store_banks : (``own_ways``) banks whose data go to the host.
    storing : (the same) this tile is the one whose data do.
    stored : (the same) those words, in the order of ``load_word``, else 0;
        combinational.
    valid : the operand's source pixel lies inside the feature map (else it is +0, minus infinity
        for a maximum).
    word : this tile's word, for the rows above and below and for the host; with
        ``channelwise_lanes`` of more than 1 a word for each lane, of consecutive banks, the first
        in the lowest bits.
    word_before, word_after : ``word`` of the tile in the row above and below (0 at the rim).
    row_word : the word after the vertical choice, for the columns beside.
    row_word_before, row_word_after : ``row_word`` of the tiles left and right.
    result : word that the tail wrote in the cycle before (mesh).
    """

    def __init__(self, config):
        self.config = config
        layout = tile_control_layout(config)
        super().__init__({
            **{name: In(field.shape) for name, field in layout if name != "banks"},
            "banks": In(data.ArrayLayout(bank_port_layout(config), config.fm_banks)),
            "loading": In(1), "valid": In(1),
            **{name: port(16 * config.channelwise_lanes) for name, port in (
                ("word", Out), ("word_before", In), ("word_after", In), ("row_word", Out),
                ("row_word_before", In), ("row_word_after", In))},
            **({"result": Out(16)} if config.mesh else {}),
            **({"storing": In(1), "stored": Out(config.beat_bits)} if config.own_ways else {}),
        }, c=config.channels, d=config.fm_words, b=config.fm_banks, l=config.adder_depth,
            x=config.mesh, **config.layer_parameters, **config.stream_parameter)

    def elaborate(self, platform):
        m = Module()
        result = Signal(16)
        read_data = self._memory(m, result)
        operands = self._distribution(m, self._read_words(read_data))
        accumulators = []
        for channel in range(self.config.channels):
            unit = AccumulateUnit(self.config.adder_depth, channelwise=self.config.channelwise,
                                  ternary=self.config.ternary)
            m.submodules[f"unit{channel}"] = unit
            m.d.comb += [unit.x.eq(operands[channel % len(operands)]),
                         unit.weight.eq(self.weights[channel]),
                         unit.first.eq(self.first)]
            if self.config.holds:
                m.d.comb += unit.hold.eq(self.holds[channel])
            if self.config.channelwise:
                m.d.comb += unit.maximum.eq(self.maximum)
            accumulators.append(unit.y)
        m.submodules.tail = tail = Tail(
            self.config.channels, self.config.adder_depth, leaky=self.config.leaky)
        m.d.comb += [
            tail.accumulators.eq(Cat(accumulators)), tail.bypass_word.eq(
                read_data[self.bypass_bank]),
            *(getattr(tail, name).eq(getattr(self, name)) for name in
              ("capture", "shift", "advance", "scale", "bias", "bypass_valid", "bypass",
               "late", "sign", "low", "high", *(["slope"] if self.config.leaky else []))),
            result.eq(tail.result),
        ]
        if self.config.mesh:
            m.d.sync += self.result.eq(result)
        return m

    def _memory(self, m, result):
        """The banks; returns their read data as an Array."""
        read_data = []
        lanes = self.config.stream_words
        for index in range(self.config.fm_banks):
            bank = FeatureBank(self.config.bank_words)
            m.submodules[f"bank{index}"] = bank
            port = self.banks[index]
            load = self.load[index] if self.config.overlap else self.load
            m.d.comb += [
                bank.address.eq(port.address), bank.read.eq(port.read),
                bank.write.eq(port.write & (~load | self.loading)),
                bank.write_data.eq(Mux(load, self.load_word.word_select(index % lanes, 16),
                                       result)),
            ]
            read_data.append(bank.read_data)
        if self.config.own_ways:
            chosen = [word & (self.store_banks[index] & self.storing).replicate(16)
                      for index, word in enumerate(read_data)]
            m.d.comb += self.stored.eq(Cat(
                reduce(or_, chosen[lane::lanes]) for lane in range(lanes)))
        return Array(read_data)

    def _read_words(self, read_data):
        """Words of all lanes, from the bank of the first one on."""
        lanes, banks = self.config.channelwise_lanes, len(read_data)
        if lanes == 1:
            return read_data[self.conv_bank]
        # Rotated by one power of two after the other; the last step makes what is wanted alone.
        words = list(read_data)
        for bit in reversed(range(len(self.conv_bank))):
            wanted = min(banks, lanes + (1 << bit) - 1)
            words = [Mux(self.conv_bank[bit], words[(at + (1 << bit)) % len(words)], words[at])
                     for at in range(wanted)]
        return Cat(words)

    def _distribution(self, m, read_word):
        """Two shifts, then zero where there is no pixel; returns the operand register of each
        lane."""
        m.d.sync += self.word.eq(read_word)
        with m.Switch(self.shift_rows):
            with m.Case(Shift.BEFORE):
                m.d.sync += self.row_word.eq(self.word_before)
            with m.Case(Shift.AFTER):
                m.d.sync += self.row_word.eq(self.word_after)
            with m.Default():
                m.d.sync += self.row_word.eq(self.word)
        chosen = Signal(len(self.word))
        with m.Switch(self.shift_columns):
            with m.Case(Shift.BEFORE):
                m.d.comb += chosen.eq(self.row_word_before)
            with m.Case(Shift.AFTER):
                m.d.comb += chosen.eq(self.row_word_after)
            with m.Default():
                m.d.comb += chosen.eq(self.row_word)
        nothing = Mux(self.maximum, _MINUS_INFINITY, 0) if self.config.channelwise else 0
        operands = []
        for lane in range(self.config.channelwise_lanes):
            operand = Signal(16, name="operand" if lane == 0 else f"operand{lane}",
                             reset_less=True)
            word = chosen.word_select(lane, 16)
            if lane > 0:
                word = Mux(self.apart, word, chosen[:16])
            m.d.sync += operand.eq(Mux(self.valid, word, nothing))
            operands.append(operand)
        return operands
