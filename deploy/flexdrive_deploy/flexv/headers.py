"""Assembler macros, C intrinsics and register names, derived from the tables of the hardware.

``python -m flexdrive_deploy.flexv.headers`` writes them into firmware/.
"""

from flexdrive.flexv.isa import CSRS, INSTRUCTIONS, STANDARD

from .cluster_header import cluster_header
from .disassemble import REGISTER_NAMES
from .firmware import firmware_directory
from .soc_header import soc_header

__all__ = ["HEADERS", "assembler_macros", "c_intrinsics"]

_NOTE = "Generated from the instruction table by flexdrive_deploy.flexv.headers; do not edit."


def _term(entry, name):
    """Expression of one operand's bits in the word."""
    if name in ("is3", "is2"):
        return f"((\\{name} & 31) << {25 if name == 'is3' else 20})"
    field = entry.encoding.fields[name]
    if name in ("rd", "rs1", "rs2", "rs3"):
        return f"(flexv_reg_\\{name} << {min(bit for bit, _ in field.bits)})"
    value = f"(\\{name} - .)" if name in entry.targets else f"(\\{name})"
    # Runs of neighbouring bits move together.
    runs, bits = [], sorted(field.bits, key=lambda pair: pair[1])
    for place, bit in bits:
        if runs and runs[-1][0] + runs[-1][2] == place and runs[-1][1] + runs[-1][2] == bit:
            runs[-1][2] += 1
        else:
            runs.append([place, bit, 1])
    return " | ".join(f"(({value} >> {bit} & {(1 << count) - 1:#x}) << {place})"
                      for place, bit, count in runs)


def assembler_macros():
    """Text of flexv.inc: one macro per instruction that the assembler does not know."""
    lines = [f"# {_NOTE}", "# Operands: registers by number or ABI name; fields; labels.", ""]
    for number, name in enumerate(REGISTER_NAMES):
        lines += [f".set flexv_reg_x{number}, {number}", f".set flexv_reg_{name}, {number}"]
    lines += [".set flexv_reg_fp, 8", ""]
    lines += [f".set CSR_{name.upper()}, {csr.number:#x}" for name, csr in CSRS.items()
              if csr.extension not in STANDARD]
    for entry in INSTRUCTIONS:
        if entry.extension in STANDARD:
            continue
        operands = entry.operands
        terms = " | ".join([f"{entry.encoding.match:#010x}",
                            *(_term(entry, name) for name in operands)])
        lines += ["", f"# {entry.meaning}", f".macro {entry.name} {', '.join(operands)}",
                  f"\t.4byte {terms}", ".endm"]
    return "\n".join(lines) + "\n"


def _identifier(entry):
    return "flexv_" + entry.name.replace(".", "_").replace("pv_", "")


def _intrinsic(entry):
    """Macro of one instruction, or None where C has no use for it."""
    match = entry.encoding.match
    opcode, f3, f7 = match & 0x7F, match >> 12 & 7, match >> 25
    # What rd held is an operand: a sum, or bits that stay.
    reads_rd = bool(entry.flags & {"acc", "rmw"})
    if entry.unit == "macload":
        load, funnel = match >> 20 & 0x18, "offset" in entry.encoding.fields
        more, place, given = (", offset", "x%2", ", \"i\"(offset)") if funnel else ("", "x0", "")
        return (f"#define {_identifier(entry)}(acc, wreg, areg{more}) \\\n"
                f"\t({{ uint32_t r_ = (acc); __asm__ volatile(\".insn r {opcode:#x}, {f3}, "
                f"{f7:#x}, %0, {place}, x%1\" : \"+r\"(r_) : "
                f"\"i\"({load} | (wreg) << 1 | (areg)){given}"
                f" : \"memory\"); r_; }})")
    if entry.unit == "requant" and "post" in entry.flags:
        # Its value is the accumulator behind it.
        memory = " : \"memory\"" * entry.op.startswith("store_")
        return (f"#define {_identifier(entry)}(acc, scale, addend) \\\n"
                f"\t({{ uint32_t r_ = (acc); __asm__ volatile(\".insn r {opcode:#x}, {f3}, "
                f"{f7:#x}, %2, %0, %1\" : \"+r\"(r_) : \"r\"(scale), \"r\"(addend){memory}); "
                "r_; })")
    if entry.unit == "requant":
        return (f"#define {_identifier(entry)}(acc, scale, addend) \\\n"
                f"\t__asm__ volatile(\".insn r {opcode:#x}, {f3}, {f7:#x}, %2, %0, %1\" : : "
                f"\"r\"(acc), \"r\"(scale), \"r\"(addend))")
    if entry.unit == "load" and "acc" in entry.flags:
        # Its value is the pointer behind it.
        return (f"#define {_identifier(entry)}(pointer, step, offset) \\\n"
                "\t({ const uint32_t *r_ = (pointer); __asm__ volatile("
                f"\".insn i {opcode:#x}, {f3}, %1, %0, %2\" : \"+r\"(r_) : \"r\"(offset), "
                "\"i\"(step) : \"memory\"); r_; })")
    if set(entry.encoding.fields) != {"rd", "rs1", "rs2"} or entry.unit in ("load", "store"):
        return None
    volatile = " volatile" if entry.unit == "dot" else ""
    if reads_rd:
        return (f"#define {_identifier(entry)}(rd, a, b) \\\n"
                f"\t({{ uint32_t r_ = (rd); __asm__{volatile}(\".insn r {opcode:#x}, {f3}, "
                f"{f7:#x}, %0, %1, %2\" : \"+r\"(r_) : \"r\"(a), \"r\"(b)); r_; }})")
    return (f"#define {_identifier(entry)}(a, b) \\\n"
            f"\t({{ uint32_t r_; __asm__{volatile}(\".insn r {opcode:#x}, {f3}, {f7:#x}, "
            f"%0, %1, %2\" : \"=r\"(r_) : \"r\"(a), \"r\"(b)); r_; }})")


def c_intrinsics():
    """Text of flexv_intrinsics.h."""
    lines = [f"// {_NOTE}", "#ifndef FLEXV_INTRINSICS_H", "#define FLEXV_INTRINSICS_H", "",
             "#include <stdint.h>", ""]
    for name, csr in CSRS.items():
        if csr.extension not in STANDARD:
            lines.append(f"#define CSR_{name.upper()} {csr.number:#x} // {csr.meaning}")
    lines += ["", "#define flexv_csr_read(number) \\",
              "\t({ uint32_t r_; __asm__ volatile(\"csrr %0, %1\" : \"=r\"(r_) : \"i\"(number) "
              ": \"memory\"); r_; })",
              "#define flexv_csr_write(number, value) \\",
              "\t__asm__ volatile(\"csrw %0, %1\" : : \"i\"(number), \"r\"((uint32_t)(value)) "
              ": \"memory\")", ""]
    for entry in INSTRUCTIONS:
        text = None if entry.extension in STANDARD else _intrinsic(entry)
        if text is not None:
            lines += [f"// {entry.meaning}", text, ""]
    return "\n".join([*lines, "#endif"]) + "\n"


HEADERS = {"flexv.inc": assembler_macros, "flexv_intrinsics.h": c_intrinsics,
           "flexv_cluster_registers.h": cluster_header, "soc_registers.h": soc_header}


def main():
    """Write the files."""
    for name, make in HEADERS.items():
        (firmware_directory() / name).write_text(make())


if __name__ == "__main__":
    main()
