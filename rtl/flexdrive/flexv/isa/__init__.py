"""The instruction set as data: one line per instruction, one line per CSR.

Decoder, assembler macros, C header, instruction-set simulator, random generator and manual pages
are derived from :data:`INSTRUCTIONS`, :data:`COMPRESSED` and :data:`CSRS`.
"""

from .base import BASE
from .compressed import COMPRESSED, CompressedInstruction
from .csrs import (
    CSR_PLACES,
    CSRS,
    EMPTY_CSRS,
    STANDARD,
    Csr,
    reads_zero,
    reset_value,
    writable_bits,
)
from .dot import DOT, FUNNEL
from .encoding import Encoding, Field, Instruction, sign_extend
from .requant import CLEARING, REQUANT, STORING
from .xpulp import XPULP

__all__ = ["BY_NAME", "COMPRESSED", "CSRS", "CSR_PLACES", "EMPTY_CSRS", "EXTENSIONS",
           "INSTRUCTIONS", "OPTIONAL", "STANDARD", "CompressedInstruction", "Csr", "Encoding",
           "Field", "Instruction", "find", "instructions", "reads_zero", "reset_value",
           "sign_extend", "writable_bits"]

INSTRUCTIONS = (*BASE, *XPULP, *DOT, *REQUANT, *CLEARING, *STORING, *FUNNEL)
BY_NAME = {instruction.name: instruction for instruction in INSTRUCTIONS}
# Groups that a core has when it is asked for them; requant_ties has no instruction of its own.
OPTIONAL = ("requant_clear", "requant_store", "requant_ties", "macload_funnel")
# Names of the other groups of instructions that a core may have, in the order of the manual.
EXTENSIONS = tuple(name for name in dict.fromkeys(
    entry.extension for entry in (*INSTRUCTIONS, *CSRS.values())) if name not in OPTIONAL)


def instructions(extensions):
    """The instructions of a core with these extensions, in table order."""
    return [entry for entry in INSTRUCTIONS if entry.extension in extensions]


def find(word, extensions=EXTENSIONS + OPTIONAL):
    """The 32-bit instruction that ``word`` encodes, or None."""
    for entry in INSTRUCTIONS:
        if entry.extension in extensions and entry.encoding.matches(word):
            return entry
    return None
