"""What is sent to a target, and what it has to answer."""

from dataclasses import dataclass, field, fields

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import encode, iterate
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.hdl.targets import TARGETS
from flexdrive_deploy.hyperdrive.mesh_borders import (
    patches,
    split_program,
    whole_config,
    without_borders,
)

from ..hyperdrive.drive.chip import count_descriptors
from ..hyperdrive.drive.mesh import random_chain
from ..hyperdrive.drive.stimuli import Stimulus as Program
from ..hyperdrive.golden.chip import GoldenChip
from ..hyperdrive.verify.random_layer import random_layer_stimulus

__all__ = ["Stimulus", "core_program", "stimulus"]

# Programs to choose the shortest one of: a four-state simulator makes some hundred cycles a second.
_SEEDS = 20
_WORDS = 80     # random operands of arithmetic
_WARM = 20      # cycles of a tile before they are random


@dataclass
class Stimulus:
    """Streams by name.

    Attributes
    ----------
    sent : words of each stream into the target, integers.
    expected : words of each stream out of it; None for a word that may be anything but X.
    ports : words of each plain input, one a cycle, from the first cycle after reset.
    results : words of each plain output, and the cycles after its operands.
    """

    sent: dict = field(default_factory=dict)
    expected: dict = field(default_factory=dict)
    ports: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    latency: int = 0


def stimulus(description):
    """The :class:`Stimulus` of what ``flexdrive verilog`` described; of a core none, whose program
    is :func:`core_program`."""
    random = np.random.default_rng(0)
    ports, configuration = description["ports"], description["configuration"]
    kind = TARGETS[description["target"]].kind
    if kind in ("chip", "mesh"):
        names = {field.name for field in fields(ChipConfig)}
        given = {name: value for name, value in configuration.items() if name in names}
        if kind == "chip":
            return _program(ChipConfig(**given), None)
        height, width = configuration["mesh"].split("x")
        return _program(ChipConfig(**given | {"mesh": True}), (int(height), int(width)))
    if kind == "depth":
        return _operands(description["target"], configuration["depth"], random)
    if kind == "dot":
        (width,) = (port["width"] for port in ports if port["name"] == "i_payload")
        words = [int.from_bytes(random.bytes(width // 8 + 1), "little") % (1 << width)
                 for _ in range(_WORDS)]
        return Stimulus({"i": words}, {"o": [None] * len(words)})
    if kind == "tile":
        return Stimulus(ports={port["name"]: _tile_words(port, random) for port in ports
                               if port["direction"] == "input"
                               and port["name"] not in ("clk", "rst")})
    return Stimulus()


def _operands(name, depth, random):
    a, b = random.normal(0, 1, (2, _WORDS)).astype(np.float16)
    found = Stimulus(ports={"a": _bits(a), "b": _bits(b)}, latency=depth)
    if name == "fp16-mul":
        found.results["y"] = _bits(a * b)
    else:
        subtract = random.integers(0, 2, _WORDS)
        found.ports["subtract"] = subtract.tolist()
        found.results["y"] = _bits(np.where(subtract, a - b, a + b))
    return found


def _bits(values):
    return values.view(np.uint16).tolist()


def _tile_words(port, random):
    """Random control, after cycles in which every register takes something: banks are read, sums
    begin and are captured. Nothing is written, as that might be a sum that never began."""
    words = [int.from_bytes(random.bytes(-(-port["width"] // 8)), "little")
             % (1 << port["width"]) for _ in range(_WORDS)]
    if port["name"] == "banks":
        (read,) = {f["width"] for f in port["fields"]}
        reads = sum(1 << f["lsb"] + read - 2 for f in port["fields"])
        words = [reads] * _WARM + [word & reads for word in words]
    elif port["width"] == 1:
        words = [1] * _WARM + words
    else:
        words = words[:1] * _WARM + words
    return words


def _program(config, size):
    """A random program, its maps cut for the chips of a mesh of ``size`` (None: a chip alone), and
    the words that the golden model stores."""
    if not config.mesh:
        made = _shortest(config, lambda seed: random_layer_stimulus(config, seed))
        words, weights, pixels = made.arrays()
        stored = GoldenChip(config).execute(words, weights, pixels)
        return Stimulus({"i_descriptors": words.tolist(), "i_weights": _wide(weights),
                         "i_pixels": pixels.tolist()},
                        {"o_pixels": stored.tolist(),
                         "o_reports": [None] * count_descriptors(words)})
    height, width = size or (1, 1)
    made = _shortest(config, lambda seed: random_chain(config, height, width, seed))
    words, weights, pixels = made.arrays()
    golden = GoldenChip(whole_config(config, height, width), (config.rows, config.columns))
    commands = list(iterate(words))
    stored = golden.run(golden.checked(without_borders(commands)), weights, pixels)
    loads = patches(config, height, width, commands, pixels, Operation.LOAD)
    stores = patches(config, height, width, commands, stored, Operation.STORE)
    found = Stimulus({"i_weights": _wide(weights)})
    for at, program in split_program(config, height, width, commands).items():
        end = "_{}_{}".format(*at) if size else ""
        found.sent |= {f"i_descriptors{end}": encode(program),
                       f"i_pixels{end}": loads[at].tolist()}
        found.expected |= {f"o_pixels{end}": stores[at].tolist(),
                           f"o_reports{end}": [None] * len(program)}
    return found


def _shortest(config, draw):
    if config.fm_words >= 16:
        return min(map(draw, range(_SEEDS)), key=_work)
    # Hardly any random layer fits: one pixel in, one pixel out.
    made, pixel = Program(config), np.array([[[0x3C00]]], np.uint16)
    made.load(pixel, base=0, tile=(1, 1))
    made.convolve((1, 1, 1), np.ones((1, 1, 1, 1), np.uint8), [0x4200], [0x3800], in_base=0,
                  out_base=1, tile=(1, 1))
    made.store((1, 1, 1), base=1, tile=(1, 1))
    return made


def _work(made):
    words, weights, pixels = made.arrays()
    return len(words) + 8 * len(weights) + len(pixels) + made.out_words


def _wide(rows):
    return [sum(int(chunk) << 32 * i for i, chunk in enumerate(row)) for row in rows]


def core_program():
    """(words of a program for address 0, [(address, word) of its stores, in their order]).

    RV32I alone: sums of 10, 9, ... 1 are stored, loaded again and compared; where one differs the
    program ends in a loop without a store.
    """
    x0, total, count, at, loaded = 0, 1, 2, 3, 4
    stores, value = [], 0
    for n, step in enumerate(range(10, 0, -1)):
        value += step
        stores.append((0x200 + 4 * n, value))
    stores.append((0x100, value))
    return [
        _immediate(0x13, 0, total, x0, 0), _immediate(0x13, 0, count, x0, 10),
        _immediate(0x13, 0, at, x0, 0x200),
        total << 7 | total << 15 | count << 20 | 0x33,                  # 12: add
        _store(total, at, 0),
        _immediate(0x03, 2, loaded, at, 0),                             # lw
        _branch(1, loaded, total, 20),                                  # 24: to the end
        _immediate(0x13, 0, at, at, 4), _immediate(0x13, 0, count, count, -1),
        _branch(1, count, x0, -24),                                     # 36
        _store(total, x0, 0x100), 0x6F, 0x6F,                           # 44: jump to itself
    ], stores


def _immediate(opcode, function, target, source, value):
    return (value & 0xFFF) << 20 | source << 15 | function << 12 | target << 7 | opcode


def _store(value, base, offset):
    return (offset >> 5) << 25 | value << 20 | base << 15 | 2 << 12 | (offset & 31) << 7 | 0x23


def _branch(function, a, b, offset):
    o = offset & 0x1FFF
    return ((o >> 12) << 31 | (o >> 5 & 63) << 25 | b << 20 | a << 15 | function << 12
            | (o >> 1 & 15) << 8 | (o >> 11 & 1) << 7 | 0x63)
