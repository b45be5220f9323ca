"""The manual page of the cluster's registers."""

from flexdrive.flexv.cluster.registers import CAUSES, CLUSTER_CHANNEL, EVENTS, REGISTERS

__all__ = ["cluster_registers"]

_ACCESS = {"r": "read", "w": "write", "rw": "read, write", "wait": "waits"}


def cluster_registers():
    """Text of the page."""
    lines = ["# Registers of the cluster", "",
             "Generated from the register table by `python -m flexdrive_sim.flexv.manual`. What "
             "they are for: [cluster.md](cluster.md). Names for C and assembly: "
             "`firmware/flexv_cluster_registers.h`.", "",
             "| address | register | access | what |", "|---|---|---|---|"]
    for r in REGISTERS:
        name = f"{r.name}[{r.count}]" if r.count > 1 else r.name
        lines.append(f"| {r.address:#010x} | {name} | {_ACCESS[r.access]} | {r.meaning} |")
    lines += ["", f"The registers DMA_... of the cluster's channel lie {CLUSTER_CHANNEL:#x} behind "
              "those of the core's own.", "", "## Events", "", "| bit | what |", "|---|---|"]
    for name, (first, count) in EVENTS.items():
        bits = f"{first} to {first + count - 1}" if count > 1 else f"{first}"
        lines.append(f"| {bits} | {name} |")
    lines += ["", "## FAULT_CAUSE", "", "| value | what |", "|---|---|",
              "| less than 64 | mcause of a trap |"]
    lines += [f"| {value} | {text} |" for value, text in CAUSES.items()]
    return "\n".join(lines) + "\n"
