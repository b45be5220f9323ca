"""Constraints of a component for an ASIC flow: Synopsys Design Constraints, version 2.1, of which
only what OpenSTA reads too is used."""

from flexdrive.emit import Port, port_list
from flexdrive.flexv.core import Core
from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import Chip
from flexdrive.hyperdrive.link import LinkConfig
from flexdrive.hyperdrive.mesh_chip import MeshChip, MeshOptions

__all__ = ["ASIC", "asic", "sdc"]

_NO_PATH = "Every output comes from registers alone, so no path leads through the component."
# Name -> (target of `flexdrive verilog` with its options, paths through it, component). The names
# of ports do not depend on sizes, their widths do not matter here.
ASIC = {
    "hyperdrive-chip": ("hyperdrive-chip", _NO_PATH, lambda: Chip(ChipConfig())),
    "hyperdrive-chip-crossing": (
        "hyperdrive-chip --mesh --crossing", _NO_PATH, lambda: MeshChip(
            ChipConfig(mesh=True), MeshOptions(link=LinkConfig(reverse_width=4), crossing=True))),
    "flexv-core": ("flexv-core", "Paths through it lead from a response on ibus to its req and "
                   "addr, and from one on dbus to its req.", Core),
}
# Inputs that come with the clock of the neighbour on a side.
_NEIGHBOUR = ("i_{}_", "o_{}_credit_")


def asic(name):
    """Text of constraints/NAME.sdc, a name of :data:`ASIC`."""
    target, note, make = ASIC[name]
    component = make()
    component._MustUse__used = True         # only its ports are looked at
    return sdc(target, note, port_list(component))


def sdc(name, note, ports, *, period=2.0, clock="clk"):
    """Clocks, delays at the edge and false paths of a component.

    Parameters
    ----------
    name, note : of the component; lines about paths through it, for people.
    ports : list of :class:`flexdrive.emit.Port`.
    period : of the clock, nanoseconds.
    clock : port of the clock.

    Returns
    -------
    text
    """
    others = [port.name for port in ports if port.name.endswith("_clk") and port.name != clock]
    lines = [
        f"# {name}", "# Set period to what is wanted, and the parts of it that are outside.",
        f"set period {period:g}",
        "set outside_in [expr 0.4 * $period]",
        "set outside_out [expr 0.4 * $period]", "",
        f"create_clock -name {clock} -period $period [get_ports {clock}]",
    ]
    if others:
        lines += ["# Neighbours have clocks of their own; what crosses is in Gray code and has two "
                  "registers."]
        lines += [f"create_clock -name {other} -period $period [get_ports {other}]"
                  for other in others]
        groups = " ".join(f"-group {{{each}}}" for each in (clock, *others))
        lines.append(f"set_clock_groups -asynchronous {groups}")
    lines += ["", f"# {note}", "# The reset is synchronous and timed like any input."]
    for port in (Port("rst", 1, "input"), *ports):
        if port.name in (clock, *others):
            continue
        of = next((other for other in others if port.direction == "input" and port.name.startswith(
            tuple(form.format(other.removesuffix("_clk")) for form in _NEIGHBOUR))), clock)
        kind, delay = (("input", "outside_in") if port.direction == "input"
                       else ("output", "outside_out"))
        bits = f"{{{port.name}[*]}}" if port.width > 1 else port.name
        lines.append(f"set_{kind}_delay -clock {of} ${delay} [get_ports {bits}]")
    return "\n".join([*lines, ""])

