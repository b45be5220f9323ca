"""What surrounds a program besides memory: console, timer, interrupt lines and host calls.

The registers of timer and software interrupt lie as in SiFive's CLINT, which most programs for
RISC-V know; core_run.cc has the same for the RTL. Sources: SiFive FU540-C000 Manual, chapter 9;
riscv-isa-sim, fesvr (host calls through ``tohost``).
"""

__all__ = ["CLINT", "CONSOLE", "EXIT", "WRITE", "Devices", "host_call"]

# A store prints its lowest byte; a load gives 0.
CONSOLE = 0x10000000
# Software interrupt (bit 0 is line 3), timer and lines; the offsets of their words.
CLINT = 0x02000000
_MSIP, _COMPARE, _TIME, _LINES = 0, 0x4000, 0xBFF8, 0xC000
_NEVER = (1 << 64) - 1
# Lines that a program can raise by itself: external (11) and local (16 to 31).
_DRIVEN = 0xFFFF0800
# Host calls, numbered as in Linux for RISC-V.
WRITE, EXIT = 64, 93
_BAD_FILE, _FAULT = -9, -14


class Devices:
    """Registers of the devices, by aligned words.

    Attributes
    ----------
    console : bytes printed.
    time, compare : mtime and mtimecmp. software, driven : registers msip and lines.
    """

    def __init__(self):
        self.console = bytearray()
        self.time, self.compare = 0, _NEVER
        self.software = self.driven = 0

    def lines(self):
        """Interrupt lines, numbered as in mip."""
        return self.driven | self.software << 3 | (self.time >= self.compare) << 7

    def armed(self):
        """Whether the timer will raise its line some time."""
        return self.compare != _NEVER

    def load(self, address):
        """The word at ``address``, or None where there is no device."""
        if address == CONSOLE:
            return 0
        return {_MSIP: self.software, _LINES: self.driven,
                _COMPARE: self.compare & 0xFFFFFFFF, _COMPARE + 4: self.compare >> 32,
                _TIME: self.time & 0xFFFFFFFF, _TIME + 4: self.time >> 32,
                }.get(address - CLINT)

    def store(self, address, size, value):
        """Store ``size`` bytes within one word; returns False where there is no device."""
        place = address & ~3
        word = self.load(place)
        if word is None:
            return False
        if place == CONSOLE:
            if address == CONSOLE:
                self.console.append(value & 0xFF)
            return True
        mask = ((1 << 8 * size) - 1) << 8 * (address & 3)
        word = word & ~mask | value << 8 * (address & 3) & mask
        offset = place - CLINT
        if offset == _MSIP:
            self.software = word & 1
        elif offset == _LINES:
            self.driven = word & _DRIVEN
        elif offset & ~4 == _COMPARE:
            self.compare = _half(self.compare, offset, word)
        else:
            self.time = _half(self.time, offset, word)
        return True


def _half(whole, offset, word):
    """``whole`` with the half at ``offset`` replaced."""
    shift = 8 * (offset & 4)
    return whole & ~(0xFFFFFFFF << shift) | word << shift


def host_call(memory, address, console):
    """Carry out the host call whose number and arguments, of 64 bits each, lie at ``address``.

    Parameters
    ----------
    memory : function (address, size) -> writable bytes there, or None without memory.
    console : bytearray that takes what is written.

    Returns
    -------
    The value that ``tohost`` takes instead: 0 when the program goes on, 2 * status + 1 when it
    exits, ``address`` when the call is not supported.
    """
    buffer = memory(address, 32)
    if buffer is None:
        return address
    number, *arguments = (int.from_bytes(buffer[i:i + 8], "little") for i in range(0, 32, 8))
    if number == EXIT:
        return (arguments[0] << 1 | 1) & 0xFFFFFFFF
    if number != WRITE:
        return address
    file, place, count = arguments
    content = memory(place, count)
    if file not in (1, 2):
        result = _BAD_FILE
    elif content is None:
        result = _FAULT
    else:
        console += content
        result = count
    buffer[:8] = result.to_bytes(8, "little", signed=True)
    return 0
