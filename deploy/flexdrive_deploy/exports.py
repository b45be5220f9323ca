"""The words of a stream or a memory as files for other tools.

=====  ==========================================================================================
mem    text for Verilog's ``$readmemh``, as Vivado takes it too: a word a line, all its digits
hex    Intel HEX (record types 00, 01 and 04): the bytes of ``bin`` at their addresses
bin    the bytes: words of 16 bits, or as many 32-bit words as a word needs, little-endian
h      C: an array of uint16_t or uint32_t, one row for each word of more than 32 bits
=====  ==========================================================================================
"""

import re
from dataclasses import dataclass

import numpy as np

from flexdrive import __version__

__all__ = ["FORMATS", "Words", "export"]

_RECORD = 32        # bytes of a line of Intel HEX
_LINE = 8           # numbers of a line of C


@dataclass(frozen=True, eq=False)
class Words:
    """What a file holds.

    Attributes
    ----------
    data : uint16 (n,), uint32 (n,) or uint32 (n, chunks), lowest chunk first.
    width : bits of a word; those above are 0.
    what : one line for people.
    base : address of the first byte, a multiple of 4.
    """

    data: np.ndarray
    width: int
    what: str
    base: int = 0

    @property
    def rows(self):
        """``data`` as (n, chunks)."""
        return self.data if self.data.ndim == 2 else self.data[:, None]

    @property
    def bytes(self):
        """The words little-endian, without gaps."""
        return self.data.astype(self.data.dtype.newbyteorder("<")).tobytes()

    @property
    def title(self):
        """``what`` with number and size of the words."""
        return f"{self.what}: {len(self.data)} words of {self.width} bits; flexdrive {__version__}"


def _mem(words, _name):
    rows = words.rows[:, ::-1]
    text = rows.astype(rows.dtype.newbyteorder(">")).tobytes().hex()
    size, digits = 2 * rows.dtype.itemsize * rows.shape[1], -(-words.width // 4)
    return "\n".join([f"// {words.title}", *(
        text[end - digits:end] for end in range(size, len(text) + 1, size)), ""])


def _record(kind, address, data):
    body = bytes([len(data), address >> 8 & 255, address & 255, kind]) + data
    return f":{body.hex()}{-sum(body) & 255:02x}".upper()


def _hex(words, _name):
    data, lines, page = words.bytes, [], 0
    for start in range(0, len(data), _RECORD):
        address = words.base + start
        if address >> 16 != page:
            page = address >> 16
            lines.append(_record(4, 0, page.to_bytes(2, "big")))
        lines.append(_record(0, address & 0xFFFF, data[start:start + _RECORD]))
    return "\n".join([*lines, _record(1, 0, b""), ""])


def _bin(words, _name):
    return words.bytes


def _c(words, name):
    name = re.sub(r"\W", "_", name if name[:1].isalpha() else f"_{name}", flags=re.ASCII)
    rows = words.rows
    bits, chunks = 8 * rows.dtype.itemsize, rows.shape[1]
    numbers = [f"0x{number:0{bits // 4}x}" for number in rows.ravel().tolist()]
    if chunks > 1:
        lines = ["{" + ", ".join(numbers[at:at + chunks]) + "}," for at in
                 range(0, len(numbers), chunks)]
    else:
        lines = [", ".join(numbers[at:at + _LINE]) + "," for at in range(0, len(numbers), _LINE)]
    # C has no arrays of no elements.
    size = max(1, len(rows))
    guard = f"{name}_H".upper()
    return "\n".join([
        f"// {words.title}", f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "",
        f"#define {name.upper()}_WORDS {len(rows)}",
        *([f"#define {name.upper()}_BASE 0x{words.base:08x}u"] if words.base else []), "",
        f"static const uint{bits}_t {name}[{size}]{f'[{chunks}]' if chunks > 1 else ''} = {{",
        *(f"\t{line}" for line in lines or ["0"]), "};", "", "#endif", ""])


FORMATS = {"mem": _mem, "hex": _hex, "bin": _bin, "h": _c}


def export(stem, words, formats, *, owner=""):
    """Files of ``words``: {name: text or bytes}.

    Parameters
    ----------
    stem : name of the files without their ending.
    formats : of ``FORMATS``; the ending of a file is its format.
    owner : begins the name of the array in C.
    """
    return {f"{stem}.{form}": FORMATS[form](words, f"{owner}_{stem}" if owner else stem)
            for form in formats}
