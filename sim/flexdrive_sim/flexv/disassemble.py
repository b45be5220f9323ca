"""Disassembly from the instruction table."""

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, EMPTY_CSRS, find

__all__ = ["disassemble"]

_CSR_NAMES = {csr.number: name for name, csr in (CSRS | EMPTY_CSRS).items()}


def disassemble(word, pc=0):
    """Text of a 16- or 32-bit instruction at address ``pc``."""
    if word & 3 == 3:
        entry = find(word)
        return _text(entry, entry.encoding.decode(word), pc) if entry else f".word {word:#010x}"
    for short in COMPRESSED:
        if short.matches(word):
            return _text(BY_NAME[short.target], short.expand(word), pc)
    return f".half {word:#06x}"


def _text(entry, fields, pc):
    registers = {name: f"x{value}" for name, value in fields.items() if name[0] == "r"}
    operands = [registers[name] for name in ("rd", "rs1", "rs2", "rs3") if name in registers]
    offset = fields.get("simm", fields.get("uimm"))
    if entry.unit in ("load", "store"):
        data = registers["rd" if entry.unit == "load" else "rs2"]
        step = offset if offset is not None else registers["rs2" if entry.unit == "load" else "rs3"]
        mark = "!" if "post" in entry.flags else ""
        return f"{entry.name} {data}, {step}({registers['rs1']}{mark})"
    if entry.unit in ("branch", "jump") and entry.op != "indirect":
        extra = [str(fields["simm5"])] if "simm5" in fields else []
        return f"{entry.name} {', '.join([*operands, *extra, f'{pc + offset & 0xFFFFFFFF:#x}'])}"
    if "csr" in fields:
        name = _CSR_NAMES.get(fields["csr"], f"{fields['csr']:#x}")
        source = registers.get("rs1", str(fields.get("zimm")))
        return f"{entry.name} {registers['rd']}, {name}, {source}"
    values = {name: str(value) for name, value in fields.items()} | registers
    values |= {name: f"{pc + fields[name] & 0xFFFFFFFF:#x}"
               for name in entry.targets if name in fields}
    if "is3" in entry.operands:
        values |= {"is3": str(offset >> 5), "is2": str(offset & 31)}
    return f"{entry.name} {', '.join(values[name] for name in entry.operands)}".rstrip()
