"""Boards whose FPGA needs its vendor's tool: a project for it. Not built here.

Source of the commands: AMD, "Vivado Design Suite Tcl Command Reference Guide" (UG835).
"""

import hashlib
import importlib
from dataclasses import dataclass, replace

from flexdrive.boards.clock_plan import XILINX7_PLL, ClockPlan
from flexdrive.boards.config import SystemConfig
from flexdrive.boards.xilinx_top import XilinxTop
from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.config import ChipConfig

from ..hdl.verilog import emit_verilog
from ..hyperdrive.program import config_hash

__all__ = ["VENDOR_BOARDS", "VendorBoard", "project", "vendor_board_named", "xdc"]

_TOP = "flexdrive_top"


@dataclass(frozen=True)
class VendorBoard:
    """A board.

    Attributes
    ----------
    name : as on the command line. title : as its maker calls it. part : as the tool calls it.
    platform : (module, class) of its Amaranth platform, which knows the pins.
    source : Hz of its oscillator.
    pins : port of :class:`flexdrive.boards.xilinx_top.XilinxTop` -> (resource, number, subsignal
        or None).
    system : SystemConfig.
    """

    name: str
    title: str
    part: str
    platform: tuple
    source: int
    pins: dict
    system: SystemConfig


_PINS = {"clock": ("clk100", 0, None), "rx": ("uart", 0, "rx"), "tx": ("uart", 0, "tx"),
         "alive": ("led", 0, None), "busy": ("led", 1, None), "fault": ("led", 2, None)}
# By the sizes of the memories in the data sheet; 50 and 135 block RAMs of 36 kbit.
_SMALL = SystemConfig(
    chip=ChipConfig(rows=2, columns=2, channels=8, fm_words=8192, fm_banks=4, weight_words=1152,
                    adder_depth=4),
    clock=50_000_000, baud=2_000_000, program_words=2048, weight_words=4096, pixel_words=1024)
_LARGE = replace(_SMALL, chip=replace(_SMALL.chip, channels=16, fm_words=16384, weight_words=2304),
                 program_words=4096, weight_words=12288, pixel_words=4096)
VENDOR_BOARDS = {board.name: board for board in (
    VendorBoard("arty-a7-35", "Digilent Arty A7-35T", "xc7a35ticsg324-1L",
                ("arty_a7", "ArtyA7_35Platform"), 100_000_000, _PINS, _SMALL),
    VendorBoard("arty-a7-100", "Digilent Arty A7-100T", "xc7a100tcsg324-1",
                ("arty_a7", "ArtyA7_100Platform"), 100_000_000, _PINS, _LARGE),
)}


def vendor_board_named(name):
    """The :class:`VendorBoard` of that name; ConfigurationError when there is none."""
    if name not in VENDOR_BOARDS:
        raise ConfigurationError(f"There is no board {name!r} for a vendor's tool; there are "
                                 f"{', '.join(VENDOR_BOARDS)}")
    return VENDOR_BOARDS[name]


def _pin(platform, resource, number, part):
    """(pin, attributes) of a resource of a platform."""
    found = platform.lookup(resource, number)
    one = next(io for io in found.ios if part is None or getattr(io, "name", None) == part)
    (pin,) = (one.ios[0] if part else one).names
    return pin, found.attrs


def xdc(board):
    """Text of the constraints of a :class:`VendorBoard`: they do not depend on the design."""
    module, name = board.platform
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), name)()
    lines = [f"# {board.title}. Written by `flexdrive board constraints {board.name}`.",
             f"create_clock -name clock -period {1e9 / board.source:.3f} [get_ports clock]"]
    for port, where in board.pins.items():
        pin, attributes = _pin(platform, *where)
        lines.append(f"set_property -dict {{PACKAGE_PIN {pin} IOSTANDARD "
                     f"{attributes['IOSTANDARD']}}} [get_ports {port}]")
    lines += ["# The line from the host passes two registers; what leaves is slow.",
              "set_false_path -from [get_ports rx]",
              "set_false_path -to [get_ports {tx alive busy fault}]",
              "set_property CFGBVS VCCO [current_design]",
              "set_property CONFIG_VOLTAGE 3.3 [current_design]", ""]
    return "\n".join(lines)


def _tcl(board):
    return f"""\
# {board.title}. vivado -mode batch -source build.tcl. Not run where it was made: there was no such
# tool. Errors end it; so does a clock that is missed.
read_verilog {_TOP}.v
read_xdc {board.name}.xdc
synth_design -top {_TOP} -part {board.part}
opt_design
place_design
phys_opt_design
route_design
report_utilization -hierarchical -file utilization.rpt
report_timing_summary -file timing.rpt
foreach kind {{max min}} {{
    set slack [get_property SLACK [get_timing_paths -delay_type $kind]]
    if {{$slack < 0}} {{ error "timing is not met: slack $slack ns ($kind), see timing.rpt" }}
}}
write_bitstream -force top.bit
"""


def project(board, config=None, *, notify=None):
    """What the vendor's tool needs for a bitstream.

    Parameters
    ----------
    board : :class:`VendorBoard`. config : SystemConfig, by default the board's.
    notify : called with a line before a slow step.

    Returns
    -------
    (files, config): name -> text, and the configuration with its hashes.
    """
    config = replace(config or board.system, build=0)
    config = replace(config, configuration=int(config_hash(config.chip), 16))

    plan = ClockPlan.of(board.source, config.clock, XILINX7_PLL)

    def verilog(config):
        return emit_verilog(XilinxTop(config, plan), name=_TOP, notify=notify).text

    files = {f"{board.name}.xdc": xdc(board), "build.tcl": _tcl(board)}
    hashed = hashlib.sha256(verilog(config).encode())
    for _, text in sorted(files.items()):
        hashed.update(text.encode())
    config = replace(config, build=int(hashed.hexdigest()[:16], 16))
    return {f"{_TOP}.v": verilog(config), **files}, config
