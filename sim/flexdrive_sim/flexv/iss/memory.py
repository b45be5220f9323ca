"""Sparse little-endian memory: regions with a base address each, numpy buffers behind them."""

import struct

from flexdrive_deploy.flexv.region import Region

__all__ = ["BusError", "Memory", "Region"]


_WORDS = {size: struct.Struct(kind).unpack_from
          for size, kind in ((1, "<B"), (2, "<H"), (4, "<I"), (8, "<Q"))}


class BusError(Exception):
    """An access to an address where there is no memory; ``address`` is that of the part (one of
    the aligned words that the access touches) that failed."""

    def __init__(self, address):
        super().__init__(f"no memory at {address:#010x}")
        self.address = address


class Memory:
    """Memory made of ``regions``."""

    def __init__(self, regions):
        self.regions = list(regions)
        self._views = [(r.base, r.base + len(r.data), memoryview(r.data)) for r in self.regions]

    def _part(self, address, size):
        for base, end, view in self._views:
            if base <= address and address + size <= end:
                return view, address - base
        return None, 0

    def fetch(self, address):
        """An instruction of 16 or 32 bits; an error lies at the half of it that is not there."""
        view, offset = self._part(address, 4)
        if view is not None:
            word = _WORDS[4](view, offset)[0]
            return word if word & 3 == 3 else word & 0xFFFF
        low = self._half(address)
        return low if low & 3 != 3 else low | self._half((address + 2) & 0xFFFFFFFF) << 16

    def _half(self, address):
        view, offset = self._part(address, 2)
        if view is None:
            raise BusError(address)
        return _WORDS[2](view, offset)[0]

    def load(self, address, size):
        """Unsigned value of ``size`` bytes, at any alignment."""
        view, offset = self._part(address, size)
        if view is not None:
            unpack = _WORDS.get(size)
            return (unpack(view, offset)[0] if unpack else
                    int.from_bytes(view[offset:offset + size], "little"))
        self._refuse(address, size)
        return int.from_bytes(bytes(self.load((address + i) & 0xFFFFFFFF, 1)
                                    for i in range(size)), "little")

    def store(self, address, size, value):
        """Store the lowest ``size`` bytes of ``value``. Of an access to two aligned words each is
        stored on its own; one of them may fail."""
        view, offset = self._part(address, size)
        if view is not None:
            view[offset:offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            return
        head = min(size, 4 - address % 4)
        if head == size:
            raise BusError(address)
        rest = (address + head) & 0xFFFFFFFF
        errors = []
        for place, count, part in ((address, head, value),
                                   (rest, size - head, value >> 8 * head)):
            try:
                self.store(place, count, part)
            except BusError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _refuse(self, address, size):
        """Raise for the first part of the access that has no memory."""
        head = min(size, 4 - address % 4)
        if self._part(address, head)[0] is None:
            raise BusError(address)
        if head < size:
            rest = (address + head) & 0xFFFFFFFF
            if self._part(rest, size - head)[0] is None:
                raise BusError(rest)
