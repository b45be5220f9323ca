"""Disassembly from the instruction table."""

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, EMPTY_CSRS, find

__all__ = ["REGISTER_NAMES", "code_words", "disassemble", "far_target", "register_name",
           "source_registers"]

# Those of the psABI.
REGISTER_NAMES = ("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1",
                  *(f"a{i}" for i in range(8)), *(f"s{i}" for i in range(2, 12)),
                  *(f"t{i}" for i in range(3, 7)))

_CSR_NAMES = {csr.number: name for name, csr in (CSRS | EMPTY_CSRS).items()}


def register_name(number):
    """Name of register ``number`` in the psABI."""
    return REGISTER_NAMES[number]


def _decode(word):
    """(instruction, fields) of a 16- or 32-bit word; None when it is illegal."""
    if word & 3 == 3:
        entry = find(word)
        return (entry, entry.encoding.decode(word)) if entry else None
    for short in COMPRESSED:
        if short.matches(word):
            return BY_NAME[short.target], short.expand(word)
    return None


def source_registers(word):
    """Numbers of the registers that an instruction reads by its fields rs1 and rs2."""
    decoded = _decode(word)
    return set() if decoded is None else {decoded[1][name] for name in ("rs1", "rs2")
                                          if name in decoded[1]}


def disassemble(word, pc=0, symbols=None):
    """Text of a 16- or 32-bit instruction at address ``pc``; with ``symbols`` the targets of
    jumps have their names."""
    decoded = _decode(word)
    if decoded is None:
        return f".word {word:#010x}" if word & 3 == 3 else f".half {word:#06x}"
    return _text(*decoded, pc, symbols)


def far_target(before, word):
    """The address that an instruction and the auipc before it make, or None.

    Parameters
    ----------
    before : (address, word) of the instruction before, or None.
    """
    if before is None:
        return None
    first, second = _decode(before[1]), _decode(word)
    if first is None or second is None or first[0].name != "auipc":
        return None
    entry, fields = second
    if fields.get("rs1") != first[1]["rd"] or "simm" not in fields or entry.unit == "branch":
        return None
    return before[0] + first[1]["simm"] + fields["simm"] & 0xFFFFFFFF


def code_words(content, address):
    """(address, word) of the instructions in ``content``, bytes that lie at ``address``."""
    position = 0
    while position + 2 <= len(content):
        size = 4 if content[position] & 3 == 3 and position + 4 <= len(content) else 2
        yield address + position, int.from_bytes(content[position:position + size], "little")
        position += size


def _text(entry, fields, pc, symbols):
    registers = {name: register_name(value) for name, value in fields.items() if name[0] == "r"}
    operands = [registers[name] for name in ("rd", "rs1", "rs2", "rs3") if name in registers]
    offset = fields.get("simm", fields.get("uimm"))
    if entry.unit in ("load", "store"):
        data = registers["rd" if entry.unit == "load" else "rs2"]
        step = offset if offset is not None else registers["rs2" if entry.unit == "load" else "rs3"]
        mark = "!" if "post" in entry.flags else ""
        return f"{entry.name} {data}, {step}({registers['rs1']}{mark})"
    if entry.unit in ("branch", "jump") and entry.op != "indirect":
        extra = [str(fields["simm5"])] if "simm5" in fields else []
        target = pc + offset & 0xFFFFFFFF
        text = f"{entry.name} {', '.join([*operands, *extra, f'{target:#x}'])}"
        return text + symbols.named(target) if symbols is not None else text
    if entry.name in ("lui", "auipc"):
        # The assembler takes the upper 20 bits as a number.
        return f"{entry.name} {registers['rd']}, {fields['simm'] >> 12 & 0xFFFFF:#x}"
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
