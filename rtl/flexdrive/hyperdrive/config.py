"""Parameters of a Hyperdrive chip, checked where they are made."""

from dataclasses import dataclass, fields

from ..errors import ConfigurationError
from .descriptor.fields import Activation

__all__ = ["PRESETS", "ChipConfig"]


def _rule(name, value, rule, holds):
    if not holds:
        raise ConfigurationError(f"Chip parameter {name} = {value!r} is not possible: {rule}")


@dataclass(frozen=True, kw_only=True)
class ChipConfig:
    """One chip: rows x columns spatial tiles, each with ``channels`` accumulate units.

    Attributes
    ----------
    rows, columns : tiles (M and N of the paper), 1 to 255 each.
    channels : output channels computed in parallel (C), 1 to 256.
    fm_words : feature-map memory of one tile in FP16 words, up to 65,536.
    fm_banks : single-port banks of that memory, a power of two that divides ``fm_words``. Bank
        of a word is the low part of its address.
    weight_words : depth of the weight buffer in words of ``channels`` bits, up to 65,535. A
        layer whose tiles have more pixels than are interleaved needs
        input channels x kernel area x interleaved blocks of them.
    adder_depth : pipeline depth L of the accumulate adders, 1 to 4; L pixels or output-channel
        blocks are interleaved in each unit.
    halo : reach of the largest kernel, 1 to 3: kernels of up to 3 x 3, 5 x 5 or 7 x 7. Input tiles
        are at least as wide and high as the reach of the kernel that reads them.
    leaky : the tails have a second multiplier, for leaky ReLU.
    channelwise : the units can hold their sums one by one and take maxima: depthwise convolutions
        and pooling (:mod:`~flexdrive.hyperdrive.control.depthwise_loop`).
    channelwise_lanes : channels that such a layer reads at once, a word of each from a bank of its
        own; 1, 2, 4 or 8. Each has ``channels`` / ``channelwise_lanes`` of the units. Not with
        ``mesh``, whose border memories give a word of one channel.
    ternary : a weight may be zero, which holds the sum; weight words have 2 bits a channel: in the
        low half 1 adds and 0 subtracts, in the high half 1 is a weight of zero.
    stream_words : words of a beat of the pixel streams, which takes a cycle: consecutive channels
        of a pixel; 1, 2, 4 or 8, at most ``fm_banks``.
    overlap : LOAD and STORE run beside convolutions whose words they do not touch, in the banks
        that these leave free (:mod:`~flexdrive.hyperdrive.control.beside`).
    mesh : the chip has links to four neighbours, and border and corner memories.
    border_words : lines of each of the four border memories of a mesh chip, up to 65,536.
    corner_words : words of each of its four corner memories, up to 65,536.
    """

    rows: int = 7
    columns: int = 7
    channels: int = 16
    fm_words: int = 8192
    fm_banks: int = 8
    weight_words: int = 4608
    adder_depth: int = 1
    halo: int = 1
    leaky: bool = False
    channelwise: bool = False
    channelwise_lanes: int = 1
    ternary: bool = False
    stream_words: int = 1
    overlap: bool = False
    mesh: bool = False
    border_words: int = 1024
    corner_words: int = 1024

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            kind = type(field.default)
            _rule(field.name, value, "it must be an integer" if kind is int else "true or false",
                  type(value) is kind)
        _rule("rows", self.rows, "1 to 255", 1 <= self.rows <= 255)
        _rule("columns", self.columns, "1 to 255", 1 <= self.columns <= 255)
        _rule("channels", self.channels, "1 to 256", 1 <= self.channels <= 256)
        _rule("adder_depth", self.adder_depth, "1 to 4", 1 <= self.adder_depth <= 4)
        _rule("halo", self.halo, "1 to 3", 1 <= self.halo <= 3)
        _rule("fm_words", self.fm_words, "2 to 65536 words a tile", 2 <= self.fm_words <= 65536)
        _rule("fm_banks", self.fm_banks, "a power of two from 1 to 64",
              self.fm_banks in (1, 2, 4, 8, 16, 32, 64))
        _rule("fm_banks", self.fm_banks,
              f"it must divide fm_words = {self.fm_words} into banks of at least 2 words",
              self.fm_words % self.fm_banks == 0 and self.fm_words // self.fm_banks >= 2)
        _rule("weight_words", self.weight_words,
              f"{2 * self.adder_depth} (2 x adder_depth) to 65535",
              2 * self.adder_depth <= self.weight_words <= 65535)
        most = (2 * self.halo + 2) ** 2
        _rule("weight_words", self.weight_words,
              f"a chip with channelwise keeps the weights of a kernel, {most} words",
              self.weight_words >= most or not self.channelwise)
        self._check_lanes()
        _rule("stream_words", self.stream_words, "1, 2, 4 or 8", self.stream_words in (1, 2, 4, 8))
        _rule("stream_words", self.stream_words,
              f"the words of a beat lie in as many of the fm_banks = {self.fm_banks} banks",
              self.stream_words <= self.fm_banks)
        _rule("border_words", self.border_words, "2 to 65536 lines",
              2 <= self.border_words <= 65536)
        _rule("corner_words", self.corner_words, "2 to 65536 words",
              2 <= self.corner_words <= 65536)

    def _check_lanes(self):
        name, lanes = "channelwise_lanes", self.channelwise_lanes
        _rule(name, lanes, "1, 2, 4 or 8", lanes in (1, 2, 4, 8))
        _rule(name, lanes, "only a chip with channelwise can have more than 1",
              lanes == 1 or self.channelwise)
        _rule(name, lanes, f"it must divide channels = {self.channels}, the units of all lanes",
              self.channels % lanes == 0)
        _rule(name, lanes, f"the words of a step lie in as many of the fm_banks = {self.fm_banks} "
              "banks", lanes <= self.fm_banks)
        _rule(name, lanes, "a chip with mesh has 1, since its border memories give a word of one "
              "channel", lanes == 1 or not self.mesh)

    @property
    def row_units(self):
        """Units of a lane: pixels of a row that a channelwise layer takes at once."""
        return self.channels // self.channelwise_lanes

    @property
    def bank_words(self):
        """Words of one bank."""
        return self.fm_words // self.fm_banks

    @property
    def layer_parameters(self):
        """The part of module names that says which optional kinds of layers a chip has."""
        return {letter: True for letter, chosen in (
            ("y", self.leaky), ("z", self.channelwise), ("t", self.ternary)) if chosen
        } | self.lanes_parameter

    @property
    def lanes_parameter(self):
        """The part of module names that says how many channels are read at once."""
        return {"q": self.channelwise_lanes} if self.channelwise_lanes > 1 else {}

    @property
    def stream_parameter(self):
        """The part of module names that says how pixels move."""
        return ({"p": self.stream_words} if self.stream_words > 1 else {}) | (
            {"o": True} if self.overlap else {})

    @property
    def channelwise_parameter(self):
        """The part of module names that says whether channels are walked one by one."""
        return {"z": True} if self.channelwise else {}

    @property
    def holds(self):
        """Whether units can keep their sums one by one."""
        return self.channelwise or self.ternary

    @property
    def weight_bits(self):
        """Bits of a weight word."""
        return self.channels * (2 if self.ternary else 1)

    @property
    def weight_chunks(self):
        """Words of 32 bits that a weight word takes outside of the chip."""
        return -(-self.weight_bits // 32)

    @property
    def own_ways(self):
        """Whether words for the host leave the tiles on a way of their own: several in a cycle, or
        beside those of a convolution."""
        return self.stream_words > 1 or self.overlap

    @property
    def beat_bits(self):
        """Bits of a beat of the pixel streams."""
        return 16 * self.stream_words

    @property
    def option_parameters(self):
        """The part of module names that says which kernels, layers and links a chip has."""
        links = ({"x": True, "e": self.border_words, "k": self.corner_words} if self.mesh
                 else {"x": False})
        return {"r": self.halo, **self.layer_parameters, **self.stream_parameter, **links}

    @property
    def activations(self):
        """Legal activations (:class:`~flexdrive.hyperdrive.descriptor.fields.Activation`)."""
        return tuple(kind for kind in Activation if self.leaky or kind != Activation.LEAKY)

    @property
    def kernels(self):
        """Legal kernel edges."""
        return tuple(range(1, 2 * self.halo + 2, 2))

    @property
    def units(self):
        """Accumulate units of the chip: rows x columns x channels."""
        return self.rows * self.columns * self.channels

    @property
    def parameter_words(self):
        """Depth of the scale and bias buffer: two groups of blocks, rounded up to a power of
        two."""
        return 1 << (2 * self.adder_depth * self.channels - 1).bit_length()

    @property
    def interleaves(self):
        """Legal numbers of interleaved output-channel blocks: 1 (L pixels are interleaved) or L
        (L blocks of one pixel)."""
        return (1,) if self.adder_depth == 1 else (1, self.adder_depth)


PRESETS = {
    # The published silicon: 784 units, 6.4 Mbit of feature maps (ISVLSI 2018).
    "paper": ChipConfig(),
    # Small enough for Amaranth's simulator and for reading waveforms.
    "tiny": ChipConfig(rows=2, columns=2, channels=4, fm_words=256, fm_banks=4, weight_words=288),
    # A chip of moderate size for the digits example.
    "digits": ChipConfig(rows=4, columns=4, channels=16, fm_words=1024, fm_banks=4,
                         weight_words=576),
    # Fits an ECP5-85k with memories in block RAM; pipelined for 80 MHz.
    "ecp5": ChipConfig(rows=2, columns=2, channels=8, fm_words=8192, fm_banks=4,
                       weight_words=2304, adder_depth=4),
}
