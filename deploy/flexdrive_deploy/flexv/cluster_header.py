"""The cluster's registers for C and assembly, derived from their table."""

from flexdrive.flexv.cluster.registers import CLUSTER_CHANNEL, EVENTS, L1_BASE, REGISTERS

__all__ = ["cluster_header"]

_NOTE = "Generated from the register table by flexdrive_deploy.flexv.headers; do not edit."


def cluster_header():
    """Text of flexv_cluster_registers.h."""
    lines = [f"// {_NOTE}", "#ifndef FLEXV_CLUSTER_REGISTERS_H",
             "#define FLEXV_CLUSTER_REGISTERS_H", "", f"#define FLEXV_L1_BASE {L1_BASE:#x}",
             "// What the registers DMA_... have in the cluster's channel beside a core's own.",
             f"#define FLEXV_CLUSTER_CHANNEL {CLUSTER_CHANNEL:#x}", ""]
    for name, (first, _) in EVENTS.items():
        lines.append(f"#define FLEXV_EVENT_{_identifier(name)} {first}")
    lines.append("")
    for r in REGISTERS:
        lines.append(f"#define FLEXV_ADDRESS_{r.name} {r.address:#x} // {r.access}")
    lines += ["", "#ifndef __ASSEMBLER__", "#include <stdint.h>", ""]
    for r in REGISTERS:
        many = f"[0] to [{r.count - 1}]: " if r.count > 1 else ""
        lines += [f"// {many}{r.meaning}",
                  f"#define FLEXV_{r.name} ((volatile uint32_t *)FLEXV_ADDRESS_{r.name})"]
    return "\n".join([*lines, "", "#endif", "#endif"]) + "\n"


def _identifier(name):
    return name.upper().replace("'", "").replace(" ", "_")
