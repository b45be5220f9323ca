"""The registers of a chip behind a bus, as data: RTL, tests and the manual page derive from it."""

import enum
from dataclasses import dataclass

from ..hyperdrive.descriptor.fields import VERSION

__all__ = ["ADDRESS_BITS", "BANK_BITS", "INPUTS", "MAGIC", "OUTPUTS", "REGISTERS", "STREAMS",
           "WINDOWS", "Access", "Event", "Register", "constants", "fields_of", "register_named"]

MAGIC = 0x44584C46      # "FLXD", as text in memory
FACE_VERSION = 1        # of this table
BANK_BITS = 7           # of an address in bytes among the registers that both buses have
ADDRESS_BITS = 8        # ... and among all of them

# Streams in the order of their bits: those into the chip, those out of it.
INPUTS = ("descriptors", "weights", "pixels")
OUTPUTS = ("results", "reports")
STREAMS = INPUTS + OUTPUTS


class Access(enum.Enum):
    """Who changes a register."""

    CONSTANT = "constant"       # of the build
    STATE = "read only"
    CONTROL = "read, write"     # 0 after a reset of the bus
    CLEARED = "read, write 1 to clear"
    PUSH = "write only"         # a stream into the chip
    POP = "read only, taken"    # a stream out of the chip


class Event(enum.IntEnum):
    """Bits of IRQ_STATUS, each sticky until 1 is written to it."""

    REPORT = 0      # a report left the chip
    REFUSED = 1     # ... with a code other than OK
    TIMEOUT = 2     # the chip was busy for TIMEOUT cycles in which no stream moved
    REJECTED = 3    # Wishbone: a window was full or empty, the access was answered ERR


_EVENTS = {
    Event.REPORT: "an operation is complete or refused",
    Event.REFUSED: "a descriptor was refused: REFUSED says which",
    Event.TIMEOUT: "busy for TIMEOUT cycles in which no stream moved: WAITED says who waits",
    Event.REJECTED: "Wishbone only: a window that was full or empty answered ERR",
}


@dataclass(frozen=True)
class Register:
    """A word of 32 bits.

    Attributes
    ----------
    name, offset : offset in bytes.
    access : :class:`Access`.
    text : what it says; one sentence.
    fields : (name, lowest bit, bits, what) of its parts, empty for a whole word.
    wishbone : only that bus has it.
    """

    name: str
    offset: int
    access: Access
    text: str
    fields: tuple = ()
    wishbone: bool = False


def _events():
    return tuple((event.name.lower(), int(event), 1, _EVENTS[event]) for event in Event)


def _waits(first=0):
    return tuple((name, first + at, 1, f"{name}: " + (
        "the chip takes a word and none is offered" if name in INPUTS
        else "the chip offers a word that nobody takes")) for at, name in enumerate(STREAMS))


def _bank():
    constant, state, control, cleared = (Access.CONSTANT, Access.STATE, Access.CONTROL,
                                         Access.CLEARED)
    return [
        ("IDENTITY", constant, f"{MAGIC:#x}, \"FLXD\"."),
        ("VERSION", constant, "Formats.", (("registers", 0, 8, "version of this table"),
                                           ("descriptors", 8, 8, "version of the descriptors"))),
        ("GEOMETRY", constant, "The chip.",
         (("rows", 0, 8, "rows of tiles"), ("columns", 8, 8, "columns of tiles"),
          ("channels", 16, 12, "units of a tile"), ("adder_depth", 28, 4, "depth of an adder"))),
        ("MEMORY", constant, "Feature-map words of a tile."),
        ("WEIGHT_BUFFER", constant, "The weight stream.",
         (("depth", 0, 16, "words of the weight buffer"),
          ("parts", 16, 8, "words of 32 bits that a weight word takes, lowest first"))),
        ("OPTIONS", constant, "Kinds of layers.",
         (("halo", 0, 4, "reach of the largest kernel"), ("leaky", 4, 1, "leaky ReLU"),
          ("channelwise", 5, 1, "depthwise layers and pooling"),
          ("ternary", 6, 1, "weights of -1, 0 and +1"))),
        ("CONTROL", control, "Commands.",
         (("reset", 0, 1, "1 resets the chip and what this table counts; reads as 0"),)),
        ("STATUS", state, "What happens now.",
         (("busy", 0, 1, "a descriptor is read or executed, or a report waits"), *_waits(8))),
        ("IRQ_ENABLE", control, "`irq` is high while one of these bits is set in IRQ_STATUS too.",
         _events()),
        ("IRQ_STATUS", cleared, "What has happened.", _events()),
        ("TIMEOUT", control, "Cycles without a word on any stream until time-out; 0: never."),
        ("WAITED", cleared, "Streams that waited when time ran out; sticky.", _waits()),
        ("REFUSED", state, "First refusal since IRQ_STATUS.refused was 0.",
         (("index", 0, 16, "number of the descriptor since reset"),
          ("code", 16, 8, "the rule it breaks"))),
        *((f"{name.upper()}_COUNT", state, text) for name, text in zip(STREAMS, (
            "Words of descriptors taken since reset.", "Weight words taken since reset.",
            "Pixels taken since reset.", "Pixels that have left the chip since reset.",
            "Reports that have left the chip since reset."), strict=True)),
    ]


def _windows():
    texts = {
        "descriptors": "Next word of the descriptors.",
        "weights": "Next 32 bits of the weights, lowest part of a word first.",
        "pixels": "Next pixel, in bits 15:0.",
        "results": "Next pixel that was stored.", "reports": "Next 32 bits of a report.",
    }
    fields = {
        "results": (("pixel", 0, 16, "binary16"), ("last", 16, 1, "the last one of its STORE")),
        "reports": ()}
    return [(name, Access.PUSH if name in INPUTS else Access.POP, texts[name],
             fields.get(name, ())) for name in STREAMS]


def _registers():
    found = [Register(name, 4 * at, *rest) for at, (name, *rest) in enumerate(_bank())]
    base = 1 << BANK_BITS
    for at, name in enumerate(STREAMS):
        what = f"Words that {name.upper()} {'takes' if name in INPUTS else 'has'}"
        found.append(Register(f"{name.upper()}_LEVEL", base + 4 * at, Access.STATE,
                              what + " without ERR.", wishbone=True))
    base += 4 * 8
    for at, (name, access, text, fields) in enumerate(_windows()):
        found.append(Register(name.upper(), base + 4 * at, access, text, fields, wishbone=True))
    return tuple(found)


REGISTERS = _registers()


def register_named(name):
    """The :class:`Register` of that name."""
    return next(register for register in REGISTERS if register.name == name)


WINDOWS = {name: register_named(name.upper()) for name in STREAMS}
"""Wishbone's window of each stream."""


def fields_of(name, word):
    """{field: value} of a register's word."""
    return {field: word >> low & (1 << bits) - 1
            for field, low, bits, _ in register_named(name).fields}


def _word(name, **values):
    return sum(int(values[field]) << low for field, low, _, _ in register_named(name).fields)


def constants(config):
    """{name: word} of the constant registers of a chip
    (:class:`~flexdrive.hyperdrive.config.ChipConfig`)."""
    return {
        "IDENTITY": MAGIC,
        "VERSION": _word("VERSION", registers=FACE_VERSION, descriptors=VERSION),
        "GEOMETRY": _word("GEOMETRY", rows=config.rows, columns=config.columns,
                          channels=config.channels, adder_depth=config.adder_depth),
        "MEMORY": config.fm_words,
        "WEIGHT_BUFFER": _word("WEIGHT_BUFFER", depth=config.weight_words,
                               parts=config.weight_chunks),
        "OPTIONS": _word("OPTIONS", halo=config.halo, leaky=config.leaky,
                         channelwise=config.channelwise, ternary=config.ternary),
    }
