"""Programs: 32-bit little-endian RISC-V ELF files.

Source: Tool Interface Standard, Executable and Linking Format (ELF) Specification 1.2; RISC-V ELF
psABI.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from flexdrive.errors import FlexdriveError

from ..exports import Words
from .region import Region

__all__ = ["Code", "ElfError", "Program", "load_elf"]

# Memory behind the last segment, for stacks and heaps that start-up code places there.
_EXTRA = 1 << 20
_PAGE = 4096
_IMAGE = 64 << 20   # bytes of an image at most


class ElfError(FlexdriveError):
    """A file is not a program for this core."""


@dataclass(frozen=True)
class Code:
    """A section with instructions."""

    name: str
    address: int
    content: bytes


@dataclass(frozen=True)
class Program:
    """A loaded program.

    Attributes
    ----------
    entry : address of the first instruction.
    segments : list of (address, bytes, size in memory).
    symbols : {name: address}.
    code : list of :class:`Code`, in order of address.
    labels : list of (address, name) of what is named in them, in order, one name an address.
    """

    path: Path
    entry: int
    segments: list
    symbols: dict
    code: list = field(default_factory=list)
    labels: list = field(default_factory=list)

    def regions(self):
        """Fresh memory with the program in it: a list of :class:`Region`, in order of address."""
        spans = []
        for address, _, size in sorted(self.segments):
            begin, end = address // _PAGE * _PAGE, -(-(address + size) // _PAGE) * _PAGE
            if spans and begin <= spans[-1][1]:
                spans[-1][1] = max(end, spans[-1][1])
            else:
                spans.append([begin, end])
        spans[-1][1] = min(spans[-1][1] + _EXTRA, 1 << 32)
        regions = [Region(begin, np.zeros(end - begin, np.uint8)) for begin, end in spans]
        for address, content, _ in self.segments:
            region = next(r for r in regions if r.base <= address < r.base + len(r.data))
            offset = address - region.base
            region.data[offset:offset + len(content)] = np.frombuffer(content, np.uint8)
        return regions

    def image(self):
        """What the file loads, from the first address to the last, as 32-bit words:
        :class:`~flexdrive_deploy.exports.Words`. Start-up code clears what lies behind (.bss)."""
        base = min(address for address, _, _ in self.segments) // 4 * 4
        end = max(address + len(content) for address, content, _ in self.segments)
        if end - base > _IMAGE:
            raise ElfError(f"{self.path} loads from {base:#x} to {end:#x}, {(end - base) >> 20} "
                           f"MB; an image of at most {_IMAGE >> 20} MB is written: place its "
                           "sections together")
        data = np.zeros(-(-(end - base) // 4) * 4, np.uint8)
        for address, content, _ in self.segments:
            data[address - base:address - base + len(content)] = np.frombuffer(content, np.uint8)
        return Words(data.view("<u4"), 32, f"{self.path.name} from address {base:#010x}", base)

    def symbol(self, name, purpose):
        """Address of symbol ``name``."""
        try:
            return self.symbols[name]
        except KeyError:
            raise ElfError(f"{self.path} has no symbol {name!r}, which {purpose}") from None


def load_elf(path):
    """Read ``path``; returns :class:`Program`."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ElfError(f"Cannot read {path}: {error.strerror}") from None
    if data[:4] != b"\x7fELF":
        raise ElfError(f"{path} is not an ELF file")
    try:
        return _parse(path, data)
    except (struct.error, IndexError, ValueError):
        raise ElfError(f"{path} is damaged: a table lies beyond its end") from None


def _parse(path, data):
    if data[4:6] != b"\x01\x01":
        raise ElfError(f"{path} is not a 32-bit little-endian program")
    kind, machine, _, entry, program_table, section_table = struct.unpack_from("<HHIIII", data, 16)
    if machine != 243:
        raise ElfError(f"{path} is for machine {machine}, not for RISC-V (243)")
    if kind != 2:
        raise ElfError(f"{path} is not an executable (ELF type {kind}, an executable has 2)")
    entry_size, count, section_size, sections, names = struct.unpack_from("<HHHHH", data, 42)
    segments = []
    for i in range(count):
        p_type, offset, virtual, physical, in_file, in_memory = struct.unpack_from(
            "<IIIIII", data, program_table + i * entry_size)
        if p_type == 1 and in_memory:
            if offset + in_file > len(data):
                raise ElfError(f"{path} is damaged: segment {i} lies beyond its end")
            if in_file > in_memory or (physical or virtual) + in_memory > 1 << 32:
                raise ElfError(f"{path} is damaged: segment {i} does not fit into memory")
            segments.append((physical or virtual, data[offset:offset + in_file], in_memory))
    if not segments:
        raise ElfError(f"{path} has nothing to load")
    headers = [struct.unpack_from("<IIIIIIIIII", data, section_table + i * section_size)
               for i in range(sections)]
    entries = _entries(data, headers)
    symbols = {name: value for name, value, _, _ in entries}
    return Program(path, entry, segments, symbols, _code(data, headers, names),
                   _labels(entries, headers))


def _entries(data, headers):
    """(name, value, info, section) of the symbols that are defined."""
    found = []
    for header in headers:
        if header[1] != 2:
            continue
        names = headers[header[6]][4]
        for position in range(header[4], header[4] + header[5], 16):
            name, value, _, info, _, section = struct.unpack_from("<IIIBBH", data, position)
            if section:
                text = _name(data, names + name)
                if text:
                    found.append((text, value, info, section))
    return found


def _name(data, position):
    return data[position:data.index(b"\0", position)].decode(errors="replace")


def _holds_code(header):
    # PROGBITS, EXECINSTR.
    return header[1] == 1 and header[2] & 4


def _code(data, headers, names):
    # Without a table of sections there are none.
    found = [Code(_name(data, headers[names][4] + header[0]), header[3],
                  data[header[4]:header[4] + header[5]])
             for header in headers if _holds_code(header)]
    return sorted(found, key=lambda code: code.address)


def _labels(entries, headers):
    """Functions and labels of code; of several at an address a function, a global one."""
    best = {}
    for name, value, info, section in entries:
        # Others are data, sections and files; $x and .L are marks of assembler and compiler.
        if (info & 15 in (0, 2) and section < len(headers) and _holds_code(headers[section])
                and not name.startswith(("$", ".L"))):
            best[value] = max(best.get(value, (0, 0, "")), (info & 15, info >> 4, name))
    return [(value, name) for value, (_, _, name) in sorted(best.items())]
