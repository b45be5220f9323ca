"""Published figures, as data: comparison at system level, utilisation, the ResNet-34 frame.

Source: "Hyperdrive", JETCAS 2019, cycle, memory and comparison tables. ``mark`` is "published", or
"recalled" for what is attributed to it but was not confirmed by arithmetic on its other figures.
"""

from dataclasses import dataclass

__all__ = ["COMPARISON", "RESNET34", "UTILISATION", "ComparisonRow", "Frame", "UtilisationRow"]


@dataclass(frozen=True)
class ComparisonRow:
    """A design on a network: throughput in GOp/s, energies of a frame in mJ, system efficiency in
    TOp/s/W, I/O at 21 pJ a bit."""

    design: str
    network: str
    voltage: str
    throughput: float
    core: float
    io: float
    total: float
    efficiency: float
    mark: str


def _rows(network, mark, *rows):
    return [ComparisonRow(design, network, *figures, mark) for design, *figures in rows]


COMPARISON = [
    *_rows("ResNet-34 224x224", "recalled",
           ("YodaNN (65 nm)", "1.2", 490, 0.9, 3.6, 4.5, 1.6),
           ("YodaNN (65 nm)", "0.6", 18, 0.1, 3.6, 3.7, 2.0),
           ("Wang (130 nm)", "1.08", 876, 5.4, 1.7, 7.2, 1.0),
           ("UNPU (65 nm)", "0.77", 346, 2.3, 3.6, 6.0, 1.2),
           ("Hyperdrive", "1.0", 263, 6.5, 0.5, 7.0, 1.0)),
    *_rows("ResNet-34 224x224", "published", ("Hyperdrive", "0.5", 88, 1.4, 0.5, 1.9, 3.6)),
    *_rows("YOLOv3 320x320", "recalled",
           ("Wang (130 nm)", "1.08", 876, 40.9, 2.7, 43.6, 1.2),
           ("UNPU (65 nm)", "0.77", 346, 17.2, 9.1, 26.4, 2.0),
           ("Hyperdrive", "0.5", 75, 13.1, 1.4, 14.5, 3.7)),
    *_rows("ResNet-34 2048x1024", "recalled",
           ("Wang (130 nm)", "1.08", 876, 243.4, 40.5, 283.9, 1.0),
           ("UNPU (65 nm)", "0.77", 346, 97.7, 105.6, 203.3, 1.5)),
    *_rows("ResNet-34 2048x1024", "published",
           ("Hyperdrive 10x5", "0.5", 4547, 61.9, 7.6, 69.5, 4.3)),
    *_rows("ResNet-152 2048x1024", "published",
           ("Hyperdrive 20x10", "0.5", 18189, 185.2, 21.6, 206.8, 4.4)),
]


@dataclass(frozen=True)
class UtilisationRow:
    """A network on the published array: operations of a frame, cycles, share of the units' cycles
    in use; ``remark`` : what is to be held against it."""

    network: str
    operations: float
    cycles: float
    utilisation: float
    mark: str
    remark: str = ""


UTILISATION = [
    UtilisationRow("ResNet-34 224x224", 7.10e9, 4.65e6, 0.975, "published"),
    UtilisationRow("ShuffleNet 224x224", 140e6, 90.3e3, 0.988, "recalled",
                   "multiply-adds taken as operations; no depthwise layers, no tails"),
    UtilisationRow("YOLOv3 320x320", 53.1e9, 33.9e6, 0.828, "recalled",
                   "the operations are cycles x peak, 36 % more than the network has; its maps do "
                   "not fit the published memory"),
]


@dataclass(frozen=True)
class Frame:
    """The published frame, and by what a network is recognised as it: bits of weights (with
    projections) and of the map that is sent to the chip, units, adder depth."""

    weight_bits: int
    input_bits: int
    units: int
    voltage: str
    steps: float            # cycles of the convolutions, tails not included
    cycles: float           # of all layers
    utilisation: float
    operations: float
    io_bits: float
    io_energy: float        # mJ
    core_energy: float      # mJ
    total_energy: float     # mJ
    efficiency: float       # TOp/s/W, system
    core_efficiency: float  # TOp/s/W
    headline: float         # TOp/s/W, system, of ISVLSI 2018
    throughput: float       # GOp/s
    memory_words: int


RESNET34 = Frame(weight_bits=21_258_240, input_bits=3_211_264, units=784, voltage="0.5",
                 steps=4.52e6, cycles=4.65e6, utilisation=0.975, operations=7.10e9,
                 io_bits=24.5e6, io_energy=0.5, core_energy=1.4, total_energy=1.9,
                 efficiency=3.6, core_efficiency=4.9, headline=5.9, throughput=88,
                 memory_words=401_408)
