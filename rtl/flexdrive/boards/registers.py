"""The registers behind the link, as data: RTL, driver, C header, SVD and manual derive from it."""

import enum
from dataclasses import dataclass

__all__ = ["MAGIC", "REGISTERS", "Access", "Design", "Fault", "Register", "register_named"]

MAGIC = 0x44584C46      # "FLXD"


class Access(enum.Enum):
    """Who may change a register, and when it does."""

    CONSTANT = "constant"   # of the bitstream
    STATE = "read only"
    CONTROL = "read, write"


class Design(enum.IntEnum):
    """What is behind the link."""

    HYPERDRIVE = 1


class Fault(enum.IntFlag):
    """Sticky bits of FAULT; each stops further images until reset."""

    REFUSED = 1             # the chip refused a descriptor, see the reports
    STOPPED = 2             # a link of the chip failed


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


def _registers():
    constant, state, control = Access.CONSTANT, Access.STATE, Access.CONTROL
    streams = ("descriptors", "weights", "pixels", "results", "reports")
    rows = [
        ("MAGIC", constant, f"{MAGIC:#x}, \"FLXD\"."),
        ("PROTOCOL", constant, "Formats.",
         (("protocol", 0, 8, "version of the frames"), ("design", 8, 8, "what is behind the link"),
          ("descriptors", 16, 8, "version of the descriptors"))),
        ("CONFIGURATION_LOW", constant, "Hash of the configuration, low half."),
        ("CONFIGURATION_HIGH", constant, "High half."),
        ("BUILD_LOW", constant, "Hash of the source of the bitstream, low half."),
        ("BUILD_HIGH", constant, "High half."),
        ("CLOCK", constant, "Clock in Hz."),
        ("BAUD", constant, "Bits a second of the line."),
        ("CREDIT", constant, "Words that requests under way may have, each counted with three more "
         "than its data."),
        ("PROGRAM_DEPTH", constant, "Words of the store of descriptors."),
        ("WEIGHTS_DEPTH", constant, "Words of the store of weights."),
        ("PIXELS_DEPTH", constant, "Words of the store of pixels."),
        ("RESULTS_DEPTH", constant, "Words of the ring of results."),
        ("REPORTS_DEPTH", constant, "Words of the ring of reports."),
        ("GEOMETRY", constant, "The chip.",
         (("rows", 0, 8, "rows of tiles"), ("columns", 8, 8, "columns of tiles"),
          ("channels", 16, 12, "units of a tile"), ("adder_depth", 28, 4, "depth of an adder"))),
        ("STATUS", state, "What happens now.",
         (("busy", 0, 1, "an image is computed"),
          *((f"{name}_valid", 8 + 2 * at, 1, f"the stream of {name} offers a word")
            for at, name in enumerate(streams)),
          *((f"{name}_ready", 9 + 2 * at, 1, f"the stream of {name} takes a word")
            for at, name in enumerate(streams)))),
        ("FAULT", state, "Sticky, stops further images.",
         tuple((fault.name.lower(), fault.bit_length() - 1, 1, text) for fault, text in (
             (Fault.REFUSED, "a descriptor was refused"), (Fault.STOPPED, "the chip stopped")))),
        ("IMAGES_DONE", state, "Images computed since the reset."),
        ("FRAMES_GOOD", state, "Frames taken since the reset."),
        ("FRAMES_BAD", state, "Frames that were damaged."),
        ("FRAMES_LOST", state, "Frames without room: the host exceeded CREDIT."),
        ("BYTES_BROKEN", state, "Bytes without a stop bit."),
        ("RUN", control, "Images to compute since the reset; more than IMAGES_DONE starts."),
        ("REPLAY", control, "Stores that are replayed for each image; others are rings.",
         (("program", 0, 1, "descriptors"), ("weights", 1, 1, "weights"),
          ("pixels", 2, 1, "pixels"))),
        ("PROGRAM_ITEMS", control, "Words of descriptors of an image."),
        ("WEIGHTS_ITEMS", control, "Weight words of an image."),
        ("PIXELS_ITEMS", control, "Pixels to the chip of an image."),
        ("REPORTS_ITEMS", control, "Reports of an image: descriptors."),
        ("SCRATCH", control, "Without effect."),
    ]
    return tuple(Register(row[0], address, *row[1:]) for address, row in enumerate(rows))


REGISTERS = _registers()


def register_named(name):
    """The :class:`Register` of that name."""
    return next(register for register in REGISTERS if register.name == name)
