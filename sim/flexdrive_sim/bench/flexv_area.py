"""Area of the Flex-V core by group of instructions, in gates and in ECP5 cells.

By block: ``flexdrive synth flexv-core --device generic --apart``; the clock: the same command on a
device.
"""

from rich.table import Table

from flexdrive.flexv.core import Core, CoreConfig
from flexdrive.flexv.isa import EXTENSIONS, OPTIONAL
from flexdrive_deploy.hdl.synth import ecp5_cells, gate_area

from ..progress import Progress

__all__ = ["GROUPS", "run"]

# What is added in each step, in an order in which every step makes a legal core.
GROUPS = ("i zicsr zifencei", "m", "xpulp_memory", "xpulp_loop", "xpulp_mac", "xpulp_bits", "dot",
          "xpulp_simd", "macload", "macload_third", "macload_other", "requant", *OPTIONAL)
_CORES = {"RV32IMC": 2, "with XpulpV2": 8, "whole core": len(GROUPS) - len(OPTIONAL),
          "with optional groups": len(GROUPS)}
_CELLS = ("LUT4", "CCU2C", "PFUMX", "L6MUX21", "TRELLIS_FF", "MULT18X18D")


def _core(count, **options):
    """With the first groups."""
    chosen = {name for group in GROUPS[:count] for name in group.split()}
    return Core(CoreConfig(extensions=tuple(e for e in EXTENSIONS + OPTIONAL if e in chosen),
                           **options))


def run(console):
    """Prints two tables; returns {name: figure}."""
    groups = Table("group", title="Each with all groups above it", box=None, pad_edge=False)
    for heading in ("GE", "flip-flops", "GE with flip-flops", "added"):
        groups.add_column(heading, justify="right")
    cores = Table("core", title="ECP5 cells, registers in flip-flops", box=None, pad_edge=False)
    for heading in _CELLS:
        cores.add_column(heading, justify="right")
    figures, before = {}, None
    with Progress(console) as shown:
        last = {"fast_loops": {"fast_loops": True}}
        for count, group in enumerate(shown.track([*GROUPS, *last], "groups of instructions"), 1):
            area = gate_area(_core(count, **last.get(group, {})))
            groups.add_row(group, f"{area.gate_equivalents:,.0f}", f"{area.flip_flops:,}",
                           f"{area.total:,.0f}",
                           "" if before is None else f"{area.total - before:,.0f}")
            before = area.total
            figures |= {f"{group}, gate equivalents": round(area.gate_equivalents),
                        f"{group}, flip-flops": area.flip_flops,
                        f"{group}, with flip-flops": round(area.total)}
        for name, count in shown.track(_CORES.items(), "ECP5"):
            cells = ecp5_cells(_core(count))
            cores.add_row(name, *(f"{cells[cell]:,}" for cell in _CELLS))
            figures |= {f"{name} {cell}": cells[cell] for cell in _CELLS}
    console.print(groups)
    console.print(cores)
    return figures
