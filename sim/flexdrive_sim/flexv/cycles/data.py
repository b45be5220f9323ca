"""Memory as the harts of a cluster see it."""

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster.registers import DMA_PAGE, PRIVATE_PAGE, SHARED_PAGE

from ..iss import Memory

__all__ = ["SharedData", "page_of"]

_PAGES = (PRIVATE_PAGE, SHARED_PAGE, DMA_PAGE)


class SharedData(Memory):
    """Memory as the harts see it: L1, the outside, and registers and console, whose values are
    given later or go elsewhere."""

    def __init__(self, regions, tohost, console):
        super().__init__(regions)
        self._tohost, self._console = tohost, console
        self.printed, self.exit_value = bytearray(), 0

    def load(self, address, size):
        return 0 if page_of(address) is not None else super().load(address, size)

    def store(self, address, size, value):
        if address == self._console:
            self.printed.append(value & 0xFF)
        elif page_of(address) is None:
            super().store(address, size, value)
            if address == self._tohost:
                self.exit_value = value

    def copy(self, source, destination, size):
        if size:
            view, at = self._part(source, size)
            place, to = self._part(destination, size)
            if view is None or place is None:
                raise FlexdriveError(f"A transfer of {size} bytes from {source:#x} to "
                                     f"{destination:#x} is not in memory")
            place[to:to + size] = bytes(view[at:at + size])


def page_of(address):
    """Page of registers, or None."""
    page = address & ~0xFFF
    return page if page in _PAGES else None
