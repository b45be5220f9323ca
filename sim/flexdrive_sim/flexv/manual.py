"""docs/flexv-isa.md from the instruction table: ``python -m flexdrive_sim.flexv.manual [DIR]``."""

from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import COMPRESSED, CSRS, EMPTY_CSRS, INSTRUCTIONS

from ..manual import write_pages
from .cluster_manual import cluster_registers

__all__ = ["PAGES", "manual"]


def _cell(text):
    return text.replace("|", "\\|")


def manual():
    """Text of the manual pages."""
    lines = ["# Flex-V: instructions and registers", "",
             "Generated from the instruction table by `python -m flexdrive_sim.flexv.manual`.",
             "Encodings run from bit 31 down; `-` is ignored."]
    for extension in dict.fromkeys(entry.extension for entry in INSTRUCTIONS):
        lines += ["", f"## {extension}", "", "| instruction | encoding | effect |", "|---|---|---|"]
        lines += [f"| {e.name} | `{_cell(e.encoding.text)}` | {_cell(e.meaning)} |"
                  for e in INSTRUCTIONS if e.extension == extension]
    lines += ["", "## c", "", "| instruction | encoding | stands for |", "|---|---|---|"]
    lines += [f"| {s.name} | `{_cell(s.encoding.text)}` | {s.target} |" for s in COMPRESSED]
    lines += ["", "## Registers", "", "| number | name | group | writable | reset | meaning |",
              "|---|---|---|---|---|---|"]
    lines += [f"| {c.number:#05x} | {c.name} | {c.extension} | {c.writable:#010x} | {c.reset:#x} | "
              f"{_cell(c.meaning)} |" for c in sorted(CSRS.values(), key=lambda c: c.number)]
    empty = sorted(csr.number for csr in EMPTY_CSRS.values())
    names = {csr.number: name for name, csr in EMPTY_CSRS.items()}
    blocks = [[n for n in empty if n >> 5 == block] for block in sorted({n >> 5 for n in empty})]
    lines += ["", "These read 0, and a write changes nothing: "
              + ", ".join(f"{names[b[0]]} ({b[0]:#05x}) to {names[b[-1]]} ({b[-1]:#05x})"
                          for b in blocks) + "."]
    lines += ["", "## Formats (ivec_fmt)", "", "| code | format | slices | products |",
              "|---|---|---|---|"]
    lines += [f"| {code} | {f.name} | {f.slices} | {f.lanes} |" for code, f in FORMATS.items()]
    return "\n".join(lines) + "\n"


PAGES = {"flexv-isa.md": manual, "cluster-registers.md": cluster_registers}


if __name__ == "__main__":
    write_pages(PAGES)
