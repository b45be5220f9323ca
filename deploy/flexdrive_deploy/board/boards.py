"""Boards as data: pins, oscillator, device, and what is built for them by default."""

import importlib
from dataclasses import dataclass, replace

from flexdrive.boards.config import SystemConfig
from flexdrive.boards.top import Pins
from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.config import PRESETS, ChipConfig

from ..hyperdrive.program import config_hash
from .errors import IdentityError

__all__ = ["BOARDS", "BoardType", "board_named", "known_chip", "system_for"]


@dataclass(frozen=True)
class BoardType:
    """A board.

    Attributes
    ----------
    name : as on the command line. title : as its maker calls it.
    platform : (module, class) of its Amaranth platform. resources : (function, of that module's
        ``resources``) additions, see ``extra``.
    source : Hz of its oscillator. device : arguments of nextpnr. idcode : of the part, by JTAG.
    pins : :class:`flexdrive.boards.top.Pins`.
    system : :class:`flexdrive.boards.config.SystemConfig` that is built by default.
    programmer : command that writes a bitstream, with ``{}`` for its file.
    extra : (tx, rx) of an external serial adapter, (connector, pin) each; of boards without one.
    """

    name: str
    title: str
    platform: tuple
    source: int
    device: tuple
    idcode: int
    pins: Pins
    system: SystemConfig
    programmer: tuple
    extra: tuple = ()

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
# Speed grade 6 is the slowest, 8 the fastest. IDCODEs: Lattice, FPGA-TN-02039.
BOARDS = {board.name: board for board in (
    BoardType("ulx3s-85f", "Radiona ULX3S with LFE5U-85F", ("ulx3s", "ULX3S_85F_Platform"),
              25_000_000, ("--85k", "--package", "CABGA381", "--speed", "6"), 0x41113043,
              Pins(clock=("clk25", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("led", 0, None), busy=("led", 1, None), fault=("led", 2, None)),
              _SYSTEM, ("openFPGALoader", "-b", "ulx3s", "{}")),
    BoardType("ecpix5-85f", "LambdaConcept ECPIX-5 with LFE5UM5G-85F",
              ("ecpix5", "ECPIX585Platform"), 100_000_000,
              ("--um5g-85k", "--package", "CABGA554", "--speed", "8"), 0x81113043,
              Pins(clock=("clk100", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("rgb_led", 0, "g"), busy=("rgb_led", 0, "b"),
                   fault=("rgb_led", 0, "r")),
              _SYSTEM, ("openFPGALoader", "-b", "ecpix5", "{}")),
    BoardType("orangecrab-85f", "OrangeCrab r0.2 with LFE5U-85F",
              ("orangecrab_r0_2", "OrangeCrabR0_2_85FPlatform"), 48_000_000,
              ("--85k", "--package", "CSFBGA285", "--speed", "8"), 0x41113043,
              Pins(clock=("clk", 0, None), rx=("uart", 0, "rx"), tx=("uart", 0, "tx"),
                   alive=("rgb_led", 0, "g"), busy=("rgb_led", 0, "b"),
                   fault=("rgb_led", 0, "r")),
              replace(_SYSTEM, clock=48_000_000), ("dfu-util", "-a", "0", "-D", "{}"),
              # An adapter of 3.3 V at the pins marked 0 (to the board) and 1 (from it).
              extra=("N17", "M18")),
)}
# Behind a pseudo-terminal: small, and few cycles a bit, so that it is quick.
_SIMULATED = {
    "tiny": SystemConfig(chip=PRESETS["tiny"], clock=16_000_000, baud=2_000_000,
                         program_words=512, weight_words=500, pixel_words=64, result_words=64,
                         report_words=64, request_words=256),
    "digits": SystemConfig(chip=PRESETS["digits"], clock=16_000_000, baud=2_000_000,
                           weight_words=6144),
}


def board_named(name):
    """The :class:`BoardType` of that name; ConfigurationError when there is none."""
    if name not in BOARDS:
        raise ConfigurationError(f"There is no board {name!r}; there are {', '.join(BOARDS)}")
    return BOARDS[name]


def system_for(name, chip=None):
    """SystemConfig of a board, or of one of the small ones that exist in simulation only, with its
    configuration's hash; ``chip`` instead of its own."""
    found = _SIMULATED.get(name) or (BOARDS[name].system if name in BOARDS else None)
    if found is None:
        raise ConfigurationError(f"There is no board {name!r}; there are "
                                 f"{', '.join((*BOARDS, *_SIMULATED))}")
    chip = chip or found.chip
    return replace(found, chip=chip, configuration=int(config_hash(chip), 16))


def known_chip(identity):
    """The ChipConfig that a board's hash is of, among presets and boards.

    Raises
    ------
    IdentityError
        when it is none of them.
    """
    for chip in (*(found.chip for found in _SIMULATED.values()),
                 *(board.system.chip for board in BOARDS.values()), *PRESETS.values()):
        if config_hash(chip) == identity.configuration:
            return chip
    raise IdentityError(f"{identity.name}: its chip ({identity.chip}, configuration "
                        f"{identity.configuration}) is none that is known here. What would pass: "
                        "--chip FILE, the file that the bitstream was built with")
