"""How a line of the instruction table is written and read.

An encoding lists the fields of the word from its most significant bit on: literal bits (``0110011``,
``-`` for bits that are ignored) and named fields. ``rd``, ``rs1``, ``rs2`` and ``rs3`` are five bits
wide; other fields state the bits of the value that they hold, most significant first, as in
``simm[12|10:5]``. A field whose name begins with ``simm`` is signed; bits of
a value that no field holds are zero.
"""

import re
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Encoding", "Field", "Instruction", "parse_table", "sign_extend"]

# Operands that are written first, by unit, where they are not rd, rs1, rs2.
_ORDERS = {"store": ("rs2", "rs1", "rs3"), "requant": ("rs1", "rs2", "rs3"),
           "loop": ("loop", "rs1", "count"), "branch": ("rs1", "rs2", "simm5")}
_REGISTERS = {"rd": 5, "rs1": 5, "rs2": 5, "rs3": 5}


def sign_extend(value, bits):
    """The lowest ``bits`` of ``value`` as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@dataclass(frozen=True)
class Field:
    """A value inside the word.

    Attributes
    ----------
    bits : pairs (bit of the word, bit of the value).
    signed : whether the highest bit of the value is its sign.
    """

    name: str
    bits: tuple
    signed: bool

    @cached_property
    def width(self):
        """Bits of the value, zero bits at the bottom included."""
        return max(value for _, value in self.bits) + 1

    def extract(self, word):
        value = 0
        for source, target in self.bits:
            value |= (word >> source & 1) << target
        return sign_extend(value, self.width) if self.signed else value

    def place(self, value):
        """The bits of ``value`` at their places in the word."""
        low, high = self.limits
        step = 1 << min(bit for _, bit in self.bits)
        if not low <= value <= high or value % step:
            raise ValueError(f"{self.name} must be a multiple of {step} from {low} to {high}, "
                             f"not {value}")
        word = 0
        for target, source in self.bits:
            word |= (value >> source & 1) << target
        return word

    @property
    def limits(self):
        """Smallest and greatest value."""
        held = sum(1 << bit for _, bit in self.bits)
        top = 1 << (self.width - 1)
        return (-top, held - top) if self.signed else (0, held)


class Encoding:
    """A parsed encoding.

    Attributes
    ----------
    text : as written.
    mask, match : the literal bits: ``word & mask == match``.
    fields : {name: :class:`Field`}.
    """

    def __init__(self, text, size=32):
        self.text, self.mask, self.match = text, 0, 0
        gathered, position = {}, size
        for token in text.split():
            if re.fullmatch(r"[01-]+", token):
                for bit in token:
                    position -= 1
                    if bit != "-":
                        self.mask |= 1 << position
                        self.match |= int(bit) << position
                continue
            name, bits = self._token(token)
            for bit in bits:
                position -= 1
                gathered.setdefault(name, []).append((position, bit))
        if position != 0:
            raise ValueError(f"Encoding {text!r} has {size - position} bits, not {size}")
        self.fields = {name: Field(name, tuple(bits), re.match("simm", name) is not None)
                       for name, bits in gathered.items()}

    @staticmethod
    def _token(token):
        found = re.fullmatch(r"([a-z_0-9']+)(?:\[([\d:|]+)\])?", token)
        if found is None:
            raise ValueError(f"Field {token!r} is neither bits nor NAME[BITS]")
        name, ranges = found.groups()
        if ranges is None:
            return name, range(_REGISTERS.get(name, 3 if name.endswith("'") else 1) - 1, -1, -1)
        bits = []
        for part in ranges.split("|"):
            high, _, low = part.partition(":")
            bits += range(int(high), int(low or high) - 1, -1)
        return name, bits

    def matches(self, word):
        return word & self.mask == self.match

    def decode(self, word):
        """{field: value} of a word that matches."""
        return {name: field.extract(word) for name, field in self.fields.items()}

    def encode(self, **values):
        """The word with these field values; ignored bits are zero."""
        if values.keys() != self.fields.keys():
            raise ValueError(f"Fields are {', '.join(self.fields)}, not {', '.join(values)}")
        word = self.match
        for name, value in values.items():
            word |= self.fields[name].place(value)
        return word


@dataclass(frozen=True)
class Instruction:
    """One instruction.

    Attributes
    ----------
    name : mnemonic.
    extension : group that a core has or has not.
    encoding : :class:`Encoding`.
    unit : what executes it. op : which of the unit's operations.
    flags : details for the unit, such as ``post`` (rs1 is updated after the access).
    meaning : its effect, for the manual.
    """

    name: str
    extension: str
    encoding: Encoding
    unit: str
    op: str
    flags: frozenset
    meaning: str

    @cached_property
    def operands(self):
        """Names of the operands in the order in which the manuals write them; of a memory access
        data, base, offset. ``is3``, ``is2``: upper and lower half of the ``uimm`` of a bit
        field."""
        first = _ORDERS.get(self.unit, ("rd", "rs1", "rs2"))
        fields = self.encoding.fields
        names = [name for name in first if name in fields]
        names += [name for name in fields if name not in names]
        if self.unit == "bits" and "uimm" in fields and fields["uimm"].width == 10:
            names[names.index("uimm"):] = ["is3", "is2"]
        return tuple(names)

    @property
    def targets(self):
        """Names of fields that are distances from the instruction to another one."""
        if self.unit == "loop":
            return ("uimm", "uimm5")
        return ("simm",) if self.unit == "branch" or self.op == "direct" else ()


def parse_table(extension, text):
    """Instructions from lines ``name | encoding | unit.op flags | meaning``."""
    entries = []
    for line in text.strip().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, encoding, action, meaning = (part.strip() for part in line.split("|||"))
        action, *flags = action.split()
        unit, _, op = action.partition(".")
        entries.append(Instruction(name, extension, Encoding(encoding), unit, op,
                                   frozenset(flags), meaning))
    return entries
