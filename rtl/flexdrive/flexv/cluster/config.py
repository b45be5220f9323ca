"""What a cluster consists of."""

from dataclasses import dataclass, field

from flexdrive.errors import ConfigurationError

from ..core import CoreConfig
from .registers import L1_BASE

__all__ = ["ClusterConfig"]


def _power(value, lowest, highest):
    return lowest <= value <= highest and value & (value - 1) == 0


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """Parameters of :class:`flexdrive.flexv.cluster.Cluster`.

    Attributes
    ----------
    cores : 1 to 16.
    banks : of L1, a power of two, 2 to 64.
    bank_words : 32-bit words of a bank, a power of two, 64 to 16384.
    xor_banks : the number of a bank is the XOR of three groups of bits of the word address, and
        not its lowest bits: rows whose pitch is a multiple of the banks do not collide.
    private_cache : bytes of instruction cache of each core, a power of two, 256 to 8192.
    shared_cache : bytes of the instruction cache behind these, a power of two, 1024 to 65536.
    cache_ways : lines that one address may have in the shared cache, 1, 2 or 4.
    barriers : 1 to 8.
    mutexes : 1 to 8.
    gate_cores : whether a core whose waiting load is not answered stands still: none of its flops
        is enabled, its counters of cycles stand too. It goes on without a cycle lost.
    core : of every core.
    """

    cores: int = 8
    banks: int = 16
    bank_words: int = 2048
    xor_banks: bool = False
    private_cache: int = 1024
    shared_cache: int = 8192
    cache_ways: int = 4
    barriers: int = 4
    mutexes: int = 4
    gate_cores: bool = False
    core: CoreConfig = field(default_factory=CoreConfig)

    def __post_init__(self):
        for name, lowest, highest in (("cores", 1, 16), ("barriers", 1, 8), ("mutexes", 1, 8)):
            if not lowest <= getattr(self, name) <= highest:
                raise ConfigurationError(f"{name} must be {lowest} to {highest}, "
                                         f"not {getattr(self, name)}")
        for name, lowest, highest in (
                ("banks", 2, 64), ("bank_words", 64, 16384), ("private_cache", 256, 8192),
                ("shared_cache", 1024, 65536), ("cache_ways", 1, 4)):
            if not _power(getattr(self, name), lowest, highest):
                raise ConfigurationError(f"{name} must be a power of two, {lowest} to {highest}, "
                                         f"not {getattr(self, name)}")
        if self.core.waiting_loads:
            base, size = self.core.waiting_loads
            if base != L1_BASE or size > self.l1_bytes:
                raise ConfigurationError(
                    f"Loads that wait are those from L1, {L1_BASE:#x} and up to "
                    f"{self.l1_bytes:#x} bytes, not {base:#x} and {size:#x}")
        if self.l1_bytes > 1 << 20:
            raise ConfigurationError(f"L1 has at most 1 MB; {self.banks} banks of "
                                     f"{self.bank_words} words are {self.l1_bytes >> 10} kB")

    @property
    def l1_bytes(self):
        """Size of L1."""
        return 4 * self.banks * self.bank_words

    @property
    def bank_bits(self):
        """Bits of a bank's number."""
        return self.banks.bit_length() - 1

    @property
    def row_bits(self):
        """Bits of a word's place in its bank."""
        return self.bank_words.bit_length() - 1

    @property
    def masters(self):
        """Ports of the crossbar: the cores, two of the DMA unit, the host."""
        return self.cores + 3
