"""What the core of a SoC finds where: the one table behind decoders, C header and manual."""

import enum
from dataclasses import dataclass

from ..bus.chip_registers import BANK_BITS, Access, Register
from ..bus.chip_registers import REGISTERS as CHIP_REGISTERS

__all__ = ["CHIP", "CHIP_CHANNELS", "CLINT", "DMA", "PAGES", "Channel", "Line", "Page",
           "dma_register"]


class Channel(enum.IntEnum):
    """Channels of the stream DMA, the number of their bits; each has one stream."""

    DESCRIPTORS = 0     # from memory to the chip, words
    WEIGHTS = 1         # ... words of 32 bits, see WEIGHT_BUFFER.parts
    PIXELS = 2          # ... binary16
    SENT = 3            # from memory to the host, words
    RESULTS = 4         # from the chip to memory, binary16
    REPORTS = 5         # ... words, five a report
    RECEIVED = 6        # from the host to memory, words

    @property
    def reads(self):
        """Whether it reads the memory."""
        return self <= Channel.SENT

    @property
    def item_bytes(self):
        """Bytes of an item."""
        return 2 if self in (Channel.PIXELS, Channel.RESULTS) else 4


CHIP_CHANNELS = tuple(each for each in Channel if each not in (Channel.SENT, Channel.RECEIVED))
FAULT_BIT = 16      # of DMA's IRQ_STATUS


class Line(enum.IntEnum):
    """Interrupt lines of the core, numbered as in mip."""

    SOFTWARE = 3
    TIMER = 7
    CHIP = 16
    DMA = 17


@dataclass(frozen=True)
class Page:
    """Registers that lie side by side.

    Attributes
    ----------
    name : prefix of their names in C. base : address. bits : of an address in bytes inside.
    text : whose they are. registers : :class:`~flexdrive.bus.chip_registers.Register`.
    """

    name: str
    base: int
    bits: int
    text: str
    registers: tuple


_STATE, _CONTROL, _CLEARED, _PUSH = Access.STATE, Access.CONTROL, Access.CLEARED, Access.PUSH
_ITEMS = {2: "binary16", 4: "words"}


def _bits(text):
    return tuple((each.name.lower(), int(each), 1, text) for each in Channel)


def _events():
    return (*_bits("its transfer is over: what it wrote is there"),
            ("fault", FAULT_BIT, 1, "a channel stopped at an address that is not possible"))


def _dma():
    rows = [
        Register("BUSY", 0x00, _STATE, "Channels whose transfer is not over.",
                 _bits("items are left")),
        Register("IRQ_ENABLE", 0x04, _CONTROL,
                 "The line is up while one of these bits is set in IRQ_STATUS too.", _events()),
        Register("IRQ_STATUS", 0x08, _CLEARED, "What has happened.", _events()),
        Register("STOP", 0x0C, _PUSH, "Channels of ones stop; what is left is dropped.",
                 _bits("stops")),
        Register("FAULT_ADDRESS", 0x10, _STATE, "Of the first item that was faulty since "
                 "IRQ_STATUS.fault was 0: not in the memory, or no multiple of its size."),
        Register("FAULT_CHANNEL", 0x14, _STATE, "Its channel."),
    ]
    for each in Channel:
        at = 0x40 + 8 * each
        rows += [Register(f"{each.name}_ADDRESS", at, _CONTROL,
                          "Of the next item, in bytes; not while the channel is busy."),
                 Register(f"{each.name}_LEFT", at + 4, _CONTROL,
                          f"Items left ({_ITEMS[each.item_bytes]}); a store starts the transfer, "
                          "not while the channel is busy.")]
    return tuple(rows)


_TIMER = (
    Register("MSIP", 0x0000, _CONTROL, "Bit 0 is interrupt line 3 (software)."),
    Register("MTIMECMP", 0x4000, _CONTROL, "Line 7 (timer) is up while mtime >= mtimecmp; all ones "
             "after reset. Lower half."),
    Register("MTIMECMPH", 0x4004, _CONTROL, "Upper half."),
    Register("MTIME", 0xBFF8, _CONTROL, "Cycles since the run began, lower half."),
    Register("MTIMEH", 0xBFFC, _CONTROL, "Upper half."),
)
CLINT = Page("CLINT", 0x02000000, 16, "the timer, where SiFive's CLINT has it", _TIMER)
CHIP = Page("HYPERDRIVE", 0x11000000, BANK_BITS, "the chip's",
            tuple(each for each in CHIP_REGISTERS if not each.wishbone))
DMA = Page("DMA", 0x11000100, 7, "the stream DMA's", _dma())
PAGES = (CLINT, CHIP, DMA)


def dma_register(name):
    """The :class:`~flexdrive.bus.chip_registers.Register` of the stream DMA of that name."""
    return next(each for each in DMA.registers if each.name == name)
