"""Constraints of a component for an ASIC flow: Synopsys Design Constraints, version 2.1, of which
only what OpenSTA reads too is used."""

from flexdrive.emit import Port

__all__ = ["sdc"]


def sdc(name, ports, *, period=2.0, clock="clk"):
    """Clocks, delays at the edge and false paths of a component.

    Parameters
    ----------
    name : of the component, for the first line.
    ports : list of :class:`flexdrive.emit.Port`.
    period : of the clock, nanoseconds.
    clock : port of the clock.

    Returns
    -------
    text
    """
    others = [port.name for port in ports if port.name.endswith("_clk") and port.name != clock]
    lines = [
        f"# {name}: set period to what is wanted, and the parts of it that are outside.",
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
    lines += ["", "# Every output comes from registers, every input goes to some: no path leads",
              "# through the component. The reset is synchronous and timed like any input."]
    for port in (Port("rst", 1, "input"), *ports):
        if port.name in (clock, *others):
            continue
        of = next((other for other in others if port.direction == "input" and port.name.startswith(
            tuple(other.removesuffix("come_clk") + what for what in ("come_", "out_credit_")))),
            clock)
        kind, delay = (("input", "outside_in") if port.direction == "input"
                       else ("output", "outside_out"))
        bits = f"{{{port.name}[*]}}" if port.width > 1 else port.name
        lines.append(f"set_{kind}_delay -clock {of} ${delay} [get_ports {bits}]")
    return "\n".join([*lines, ""])

