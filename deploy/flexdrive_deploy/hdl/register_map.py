"""Tables of registers as a C header and as CMSIS-SVD, for those who write drivers of their own."""

import re
import xml.etree.ElementTree as ET

from flexdrive.boards import registers as board
from flexdrive.bus import chip_registers as bus

__all__ = ["MAPS", "c_header", "svd"]

MAPS = {
    "board": "behind the serial link of a board; offsets are numbers of registers times four",
    "board-flexv": "behind the serial link of a board with a Flex-V core; offsets are the same",
    "board-dotp": "behind the serial link of a board with the dot-product unit; offsets are the "
    "same",
    "board-soc": "behind the serial link of a board with a core beside a chip; offsets are the "
    "same",
    "axi": "of hyperdrive-axi",
    "wishbone": "of hyperdrive-wishbone",
}
_BOARDS = {"board": board.Design.HYPERDRIVE, "board-flexv": board.Design.FLEXV,
           "board-dotp": board.Design.DOTP, "board-soc": board.Design.SOC}
# How SVD calls an access, and what reading or writing does besides.
_ACCESS = {
    "constant": ("read-only", {}), "read only": ("read-only", {}),
    "read, write": ("read-write", {}),
    "read, write 1 to clear": ("read-write", {"modifiedWriteValues": "oneToClear"}),
    "write only": ("write-only", {}), "read only, taken": ("read-only", {"readAction": "modify"}),
}


def _rows(name):
    """(name, offset in bytes, access, text, fields) of each register of a table."""
    if name in _BOARDS:
        return [(r.name, 4 * r.address, r.access.value, r.text, r.fields)
                for r in board.TABLES[_BOARDS[name]]]
    return [(r.name, r.offset, r.access.value, r.text, r.fields) for r in bus.REGISTERS
            if name == "wishbone" or not r.wishbone]


def _macro(*parts):
    return re.sub(r"\W", "_", "_".join(parts)).upper()


def c_header(name):
    """A table as macros: offsets in bytes; lowest bit and mask of each field.

    Parameters
    ----------
    name : of :data:`MAPS`.
    """
    guard = _macro("flexdrive", name, "registers_h")
    lines = [f"/* Registers {MAPS[name]}. Written by `flexdrive board registers {name}`. */",
             f"#ifndef {guard}", f"#define {guard}", ""]
    for register, offset, access, text, fields in _rows(name):
        lines += [f"/* {access}: {text} */",
                  f"#define {_macro('flexdrive', name, register)} {offset:#04x}u"]
        for field, low, bits, what in fields:
            macro = _macro("flexdrive", name, register, field)
            lines += [f"#define {macro}_BIT {low}u  /* {what} */",
                      f"#define {macro}_MASK {((1 << bits) - 1) << low:#010x}u"]
        lines.append("")
    return "\n".join([*lines, "#endif", ""])


def svd(name):
    """A table as a device of CMSIS-SVD 1.3 (Arm), at address 0.

    Parameters
    ----------
    name : of :data:`MAPS`.
    """
    device = ET.Element("device", schemaVersion="1.3")
    _texts(device, name=_macro("flexdrive", name).lower(), version="1",
           description=f"Registers {MAPS[name]}", addressUnitBits="8", width="32", size="32")
    peripheral = ET.SubElement(ET.SubElement(device, "peripherals"), "peripheral")
    rows = _rows(name)
    _texts(peripheral, name="FLEXDRIVE", baseAddress="0x0")
    _texts(ET.SubElement(peripheral, "addressBlock"), offset="0x0",
           size=f"{max(offset for _, offset, *_ in rows) + 4:#x}", usage="registers")
    registers = ET.SubElement(peripheral, "registers")
    for register, offset, access, text, fields in rows:
        kind, more = _ACCESS[access]
        made = ET.SubElement(registers, "register")
        _texts(made, name=register, description=text, addressOffset=f"{offset:#x}", access=kind,
               **more)
        if fields:
            parts = ET.SubElement(made, "fields")
            for field, low, bits, what in fields:
                _texts(ET.SubElement(parts, "field"), name=field, description=what,
                       bitOffset=str(low), bitWidth=str(bits))
    ET.indent(device)
    return ET.tostring(device, encoding="unicode", xml_declaration=True) + "\n"


def _texts(parent, **texts):
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text
