"""Boards as data: pins, oscillator, device, and what is built for them by default."""

import hashlib
import importlib
import json
from dataclasses import asdict, dataclass, replace

from flexdrive.boards.config import CoreSystemConfig, DotpSystemConfig, SystemConfig
from flexdrive.boards.registers import Design
from flexdrive.boards.soc_config import SOC_PRESETS
from flexdrive.boards.top import Pins
from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core.config import CoreConfig
from flexdrive.hyperdrive.config import PRESETS, ChipConfig

from ..hyperdrive.program import config_hash
from .errors import IdentityError
from .family import ECP5, ICE40, Family

__all__ = ["BOARDS", "DESIGNS", "BoardType", "board_named", "known_chip", "known_soc", "system_for"]

DESIGNS = {design.name.lower(): design for design in Design}


@dataclass(frozen=True, eq=False)
class BoardType:
    """A board.

    Attributes
    ----------
    name : as on the command line. title : as its maker calls it.
    family : :class:`~.family.Family` of its FPGA.
    platform : (module, class) of its Amaranth platform. resources : (function, of that module's
        ``resources``) additions, see ``extra``.
    source : Hz of its oscillator. device : arguments of nextpnr. idcode : of the part, by JTAG;
        None where it is not looked at.
    pins : :class:`flexdrive.boards.top.Pins`.
    systems : :class:`~flexdrive.boards.registers.Design` -> configuration that is built by
        default; the first one is the board's own.
    programmer : command that writes a bitstream, with ``{}`` for its file.
    extra : (tx, rx) of an external serial adapter, (connector, pin) each; of boards without one.
    no_chip : why no Hyperdrive chip is built for it.
    """

    name: str
    title: str
    family: Family
    platform: tuple
    source: int
    device: tuple
    idcode: int | None
    pins: Pins
    systems: dict
    programmer: tuple
    extra: tuple = ()
    no_chip: str = ""

    @property
    def system(self):
        """The configuration of the board's own design."""
        return next(iter(self.systems.values()))

    def make_platform(self):
        """The Amaranth platform, with the resources that the board lacks."""
        module, name = self.platform
        made = getattr(importlib.import_module(f"amaranth_boards.{module}"), name)()
        if self.extra:
            from amaranth.build import Attrs
            from amaranth_boards.resources import UARTResource
            made.add_resources([UARTResource(0, rx=self.extra[0], tx=self.extra[1],
                                             attrs=Attrs(IO_TYPE="LVCMOS33", PULLMODE="UP"))])
        return made


# 64 units and stores for networks of some 100 kB of weights.
_CHIP = ChipConfig(rows=2, columns=2, channels=16, fm_words=16384, fm_banks=4, weight_words=2304,
                   adder_depth=4)
_SYSTEM = SystemConfig(chip=_CHIP, clock=50_000_000, baud=2_000_000, program_words=4096,
                       weight_words=12288, pixel_words=4096, result_words=1024, report_words=512)
_CORE = CoreSystemConfig(core=CoreConfig(registers="ram"), clock=25_000_000, baud=2_500_000,
                         memory_words=32768)


def _systems(clock=_SYSTEM.clock):
    return {Design.HYPERDRIVE: replace(_SYSTEM, clock=clock), Design.FLEXV: _CORE}


# Speed grade 6 is the slowest, 8 the fastest. IDCODEs: Lattice, FPGA-TN-02039.
BOARDS = {board.name: board for board in (
    BoardType("ulx3s-85f", "Radiona ULX3S with LFE5U-85F", ECP5, ("ulx3s", "ULX3S_85F_Platform"),
              25_000_000, ("--85k", "--package", "CABGA381", "--speed", "6"), 0x41113043,
              Pins(clock=("clk25", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("led", 0, None), busy=("led", 1, None), fault=("led", 2, None)),
              _systems(), ("openFPGALoader", "-b", "ulx3s", "{}")),
    BoardType("ecpix5-85f", "LambdaConcept ECPIX-5 with LFE5UM5G-85F", ECP5,
              ("ecpix5", "ECPIX585Platform"), 100_000_000,
              ("--um5g-85k", "--package", "CABGA554", "--speed", "8"), 0x81113043,
              Pins(clock=("clk100", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("rgb_led", 0, "g"), busy=("rgb_led", 0, "b"),
                   fault=("rgb_led", 0, "r")),
              _systems(), ("openFPGALoader", "-b", "ecpix5", "{}")),
    BoardType("orangecrab-85f", "OrangeCrab r0.2 with LFE5U-85F", ECP5,
              ("orangecrab_r0_2", "OrangeCrabR0_2_85FPlatform"), 48_000_000,
              ("--85k", "--package", "CSFBGA285", "--speed", "8"), 0x41113043,
              Pins(clock=("clk", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("rgb_led", 0, "g"), busy=("rgb_led", 0, "b"),
                   fault=("rgb_led", 0, "r")),
              {Design.HYPERDRIVE: replace(_SYSTEM, clock=48_000_000),
               Design.FLEXV: replace(_CORE, clock=24_000_000, baud=2_000_000)},
              ("dfu-util", "-a", "0", "-D", "{}"),
              # An adapter of 3.3 V at the pins marked 0 (to the board) and 1 (from it).
              extra=("N17", "M18")),
    BoardType("icebreaker", "1BitSquared iCEBreaker with iCE40UP5K", ICE40,
              ("icebreaker", "ICEBreakerPlatform"), 12_000_000,
              ("--up5k", "--package", "sg48"), None,
              # Its third light is the other one's colour; busy goes without.
              Pins(clock=("clk12", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("led_g", 0, None), busy=None, fault=("led_r", 0, None)),
              {Design.DOTP: DotpSystemConfig(clock=12_000_000, baud=1_000_000,
                                             request_words=256)},
              ("iceprog", "{}"),
              # One tile of one unit without a link: 4,836 LUT4 (docs/results/boards.md).
              no_chip="the smallest one takes 4,836 of the 5,280 LUT4 without its link"),
)}
# Behind a pseudo-terminal: small, and few cycles a bit, so that it is quick.
_SIMULATED = {
    "tiny": SystemConfig(chip=PRESETS["tiny"], clock=16_000_000, baud=2_000_000,
                         program_words=512, weight_words=500, pixel_words=64, result_words=64,
                         report_words=64, request_words=256),
    "digits": SystemConfig(chip=PRESETS["digits"], clock=16_000_000, baud=2_000_000,
                           weight_words=6144),
    "flexv": CoreSystemConfig(clock=16_000_000, baud=2_000_000),
    "dotp": DotpSystemConfig(clock=16_000_000, baud=2_000_000, request_words=128),
    **SOC_PRESETS,
}


def board_named(name):
    """The :class:`BoardType` of that name; ConfigurationError when there is none."""
    if name not in BOARDS:
        raise ConfigurationError(f"There is no board {name!r}; there are {', '.join(BOARDS)}")
    return BOARDS[name]


def _found(name, design):
    """The configuration of a design on a board, or of one that exists in simulation only."""
    if name in _SIMULATED and design is None:
        return _SIMULATED[name]
    board = BOARDS.get(name)
    if board is None:
        raise ConfigurationError(f"There is no board {name!r}; there are "
                                 f"{', '.join((*BOARDS, *_SIMULATED))}")
    if design is None:
        return board.system
    if DESIGNS[design] not in board.systems:
        there = " or ".join(f"--design {each.name.lower()}" for each in board.systems)
        why = f": {board.no_chip}" if design == "hyperdrive" and board.no_chip else ""
        raise ConfigurationError(f"{name} has no design {design}{why}. What would pass: {there}, "
                                 "or another board")
    return board.systems[DESIGNS[design]]


def _hash(config):
    """Number of 64 bits that names what is behind the link."""
    if isinstance(config, SystemConfig):
        return int(config_hash(config.chip), 16)
    own = {name: value for name, value in asdict(config).items()
           if name in ("core", "memory_words", "console_words", "structure", "chip", "input_words",
                      "output_words")}
    text = json.dumps(own, sort_keys=True)
    return int(hashlib.sha256(text.encode()).hexdigest()[:16], 16)


def system_for(name, chip=None, design=None):
    """Configuration of a design on a board, with its hash.

    Parameters
    ----------
    name : of the board, or of one of the small ones that exist in simulation only.
    chip : ChipConfig instead of its own. design : of :data:`DESIGNS`, by default the board's own.

    Raises
    ------
    ConfigurationError
        when there is no such board, or the design is not for it.
    """
    if chip is not None and design is None and name in BOARDS:
        design = "hyperdrive"
    found = _found(name, design)
    if chip is not None:
        if not isinstance(found, SystemConfig):
            raise ConfigurationError(f"{name}: a configuration of a chip is for the design "
                                     "hyperdrive")
        found = replace(found, chip=chip)
    return replace(found, configuration=_hash(found))


def known_chip(identity):
    """The ChipConfig that a board's hash is of, among presets and boards.

    Raises
    ------
    IdentityError
        when it is none of them.
    """
    systems = [*_SIMULATED.values(), *(system for board in BOARDS.values()
                                       for system in board.systems.values())]
    chips = [system.chip for system in systems if isinstance(system, SystemConfig)]
    for chip in (*chips, *PRESETS.values()):
        if config_hash(chip) == identity.configuration:
            return chip
    raise IdentityError(f"{identity.name}: its chip ({identity.about}, configuration "
                        f"{identity.configuration}) is none that is known here. What would pass: "
                        "--chip FILE, the file that the bitstream was built with")


def known_soc(identity):
    """The ChipConfig beside the core of a board whose hash is that of a preset.

    Raises
    ------
    IdentityError
        when it is of none of them.
    """
    for config in SOC_PRESETS.values():
        if f"{_hash(config):016x}" == identity.configuration:
            return config.chip
    raise IdentityError(f"{identity.name}: its configuration ({identity.about}, "
                        f"{identity.configuration}) is none that is known here: "
                        f"{', '.join(SOC_PRESETS)} are")
