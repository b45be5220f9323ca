"""The registers behind the link, as data: RTL, driver, C header, SVD and manual derive from it."""

import enum
from dataclasses import dataclass

__all__ = ["COMMON", "MAGIC", "REGISTERS", "TABLES", "Access", "Design", "End", "Fault", "Register",
           "register_named"]

MAGIC = 0x44584C46      # "FLXD"


class Access(enum.Enum):
    """Who may change a register, and when it does."""

    CONSTANT = "constant"   # of the bitstream
    STATE = "read only"
    CONTROL = "read, write"


class Design(enum.IntEnum):
    """What is behind the link."""

    HYPERDRIVE = 1
    FLEXV = 2
    DOTP = 3
    SOC = 4


class Fault(enum.IntFlag):
    """Sticky bits of FAULT; each stops further images until reset."""

    REFUSED = 1             # the chip refused a descriptor, see the reports
    STOPPED = 2             # a link of the chip failed


class End(enum.IntEnum):
    """Why a Flex-V core does not run."""

    NONE = 0                # it has not run since the reset, or runs
    STORED = 1              # it has stored a word other than 0 at TOHOST
    ASLEEP = 2              # it waits in wfi, and nothing can wake it
    LIMIT = 3               # LIMIT cycles are over
    PROGRAM = 4             # the words that came have another CRC-32 than PROGRAM_CRC: no run


@dataclass(frozen=True)
class Register:
    """A word in the space REGISTERS.

    Attributes
    ----------
    name, address : address in words.
    access : :class:`Access`. CONTROL registers are 0 after a reset.
    text : what it says; one sentence.
    fields : (name, lowest bit, bits, what) of its parts, empty for a whole word.
    """

    name: str
    address: int
    access: Access
    text: str
    fields: tuple = ()


def _numbered(rows):
    return tuple(Register(row[0], address, *row[1:]) for address, row in enumerate(rows))


_CONSTANT, _STATE, _CONTROL = Access.CONSTANT, Access.STATE, Access.CONTROL
# The first registers of every design.
_COMMON = [
    ("MAGIC", _CONSTANT, f"{MAGIC:#x}, \"FLXD\"."),
    ("PROTOCOL", _CONSTANT, "Formats.",
     (("protocol", 0, 8, "version of the frames"), ("design", 8, 8, "what is behind the link"),
      ("descriptors", 16, 8, "version of the descriptors"))),
    ("CONFIGURATION_LOW", _CONSTANT, "Hash of the configuration, low half."),
    ("CONFIGURATION_HIGH", _CONSTANT, "High half."),
    ("BUILD_LOW", _CONSTANT, "Hash of the source of the bitstream, low half."),
    ("BUILD_HIGH", _CONSTANT, "High half."),
    ("CLOCK", _CONSTANT, "Clock in Hz."),
    ("BAUD", _CONSTANT, "Bits a second of the line."),
    ("CREDIT", _CONSTANT, "Words that requests under way may have, each counted with three more "
     "than its data."),
]
COMMON = _numbered(_COMMON)
_LINE = [
    ("FRAMES_GOOD", _STATE, "Frames taken since the reset."),
    ("FRAMES_BAD", _STATE, "Frames that were damaged."),
    ("FRAMES_LOST", _STATE, "Frames without room: the host exceeded CREDIT."),
    ("BYTES_BROKEN", _STATE, "Bytes without a stop bit."),
]
_SCRATCH = ("SCRATCH", _CONTROL, "Without effect.")
_GEOMETRY = (
    "GEOMETRY", _CONSTANT, "The chip.",
    (("rows", 0, 8, "rows of tiles"), ("columns", 8, 8, "columns of tiles"),
     ("channels", 16, 12, "units of a tile"), ("adder_depth", 28, 4, "depth of an adder")))


def _hyperdrive():
    streams = ("descriptors", "weights", "pixels", "results", "reports")
    return [
        *_COMMON,
        ("PROGRAM_DEPTH", _CONSTANT, "Words of the store of descriptors."),
        ("WEIGHTS_DEPTH", _CONSTANT, "Words of the store of weights."),
        ("PIXELS_DEPTH", _CONSTANT, "Words of the store of pixels."),
        ("RESULTS_DEPTH", _CONSTANT, "Words of the ring of results."),
        ("REPORTS_DEPTH", _CONSTANT, "Words of the ring of reports."),
        _GEOMETRY,
        ("STATUS", _STATE, "What happens now.",
         (("busy", 0, 1, "an image is computed"),
          *((f"{name}_valid", 8 + 2 * at, 1, f"the stream of {name} offers a word")
            for at, name in enumerate(streams)),
          *((f"{name}_ready", 9 + 2 * at, 1, f"the stream of {name} takes a word")
            for at, name in enumerate(streams)))),
        ("FAULT", _STATE, "Sticky, stops further images.",
         tuple((fault.name.lower(), fault.bit_length() - 1, 1, text) for fault, text in (
             (Fault.REFUSED, "a descriptor was refused"), (Fault.STOPPED, "the chip stopped")))),
        ("IMAGES_DONE", _STATE, "Images computed since the reset."),
        *_LINE,
        ("RUN", _CONTROL, "Images to compute since the reset; more than IMAGES_DONE starts."),
        ("REPLAY", _CONTROL, "Stores that are replayed for each image; others are rings.",
         (("program", 0, 1, "descriptors"), ("weights", 1, 1, "weights"),
          ("pixels", 2, 1, "pixels"))),
        ("PROGRAM_ITEMS", _CONTROL, "Words of descriptors of an image."),
        ("WEIGHTS_ITEMS", _CONTROL, "Weight words of an image."),
        ("PIXELS_ITEMS", _CONTROL, "Pixels to the chip of an image."),
        ("REPORTS_ITEMS", _CONTROL, "Reports of an image: descriptors."),
        _SCRATCH,
        ("WEIGHTS_KEEP", _CONTROL, "Words of WEIGHTS from position 0 that are kept of a ring, and "
         "read first for each image; set before any comes."),
        ("WEIGHTS_WORDS", _CONTROL, "Then: words of WEIGHTS of an image, these among them."),
    ]


def _core(constants, controls):
    """A core with its memory, and what else a design has: rows of constants and of controls."""
    return [
        *_COMMON,
        ("MEMORY_WORDS", _CONSTANT, "Words of the memory, which is the space PROGRAM."),
        ("MEMORY_BASE", _CONSTANT, "Address of its first byte."),
        ("CONSOLE_WORDS", _CONSTANT, "Words of the ring of what is printed, which is the space "
         "RESULTS: a character in the lowest byte of each."),
        *constants,
        ("STATUS", _STATE, "What happens now.",
         (("running", 0, 1, "the core runs"),
          ("printing", 1, 1, "it waits with a character, the console is full"),
          ("end", 8, 3, "why it does not run: End"))),
        ("RUNS_DONE", _STATE, "Runs that ended since the reset."),
        ("VALUE", _STATE, "Word that the last run stored at TOHOST."),
        ("CYCLES_LOW", _STATE, "Cycles of the last run, low half."),
        ("CYCLES_HIGH", _STATE, "High half."),
        *_LINE,
        ("RUN", _CONTROL, "Runs to make since the reset; other than RUNS_DONE starts one."),
        ("OFFSET", _CONTROL, "Word of the memory where position 0 of PROGRAM is written."),
        ("BOOT", _CONTROL, "Address of the first instruction of a run."),
        ("TOHOST", _CONTROL, "Address of the word that ends a run."),
        ("LIMIT", _CONTROL, "Cycles after which a run is ended; 0: never."),
        _SCRATCH,
        *controls,
    ]


_SOC = _core(
    [("INPUT_WORDS", _CONSTANT, "Words of the ring of what the host sends, which is the space "
      "PIXELS."),
     ("OUTPUT_WORDS", _CONSTANT, "Words of the ring of what the core sends, which is the space "
      "REPORTS: after each transfer its CRC-32."),
     _GEOMETRY],
    [("PROGRAM_CRC", _CONTROL, "CRC-32 of all words of PROGRAM since the reset, without which no "
      "run begins.")])
_DOTP = [
    *_COMMON,
    ("VALUE", _STATE, "Result of the last operation."),
    ("ILLEGAL", _STATE, "1 when it had no such format."),
    ("DONE", _STATE, "Operations since the reset."),
    *_LINE,
    ("A", _CONTROL, "Activations."),
    ("W", _CONTROL, "Weights."),
    ("ACCUMULATOR", _CONTROL, "What is added."),
    ("OPERATION", _CONTROL, "What is done.",
     (("code", 0, 5, "format"), ("slice_index", 8, 3, "slice of the narrower word"),
      ("a_signed", 16, 1, "activations have a sign"), ("w_signed", 17, 1, "weights have one"))),
    ("GO", _CONTROL, "Operations to make since the reset; other than DONE starts one."),
    _SCRATCH,
]
TABLES = {Design.HYPERDRIVE: _numbered(_hyperdrive()), Design.FLEXV: _numbered(_core([], [])),
          Design.DOTP: _numbered(_DOTP), Design.SOC: _numbered(_SOC)}
REGISTERS = TABLES[Design.HYPERDRIVE]


def register_named(name, design=Design.HYPERDRIVE):
    """The :class:`Register` of that name of a design."""
    return next(register for register in TABLES[design] if register.name == name)
