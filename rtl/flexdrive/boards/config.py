"""Parameters of a design for a board, checked where they are made."""

from dataclasses import dataclass, field, fields

from ..bus.uart import divisor
from ..errors import ConfigurationError
from ..flexv.core.config import CoreConfig
from ..flexv.dotp.vector import STRUCTURES
from ..hyperdrive.config import ChipConfig

__all__ = ["CoreSystemConfig", "DotpSystemConfig", "LineConfig", "SystemConfig", "check_power"]


def check_power(name, value, least, most):
    """ConfigurationError unless ``value`` is a power of two from ``least`` to ``most``."""
    if not least <= value <= most or value & (value - 1):
        raise ConfigurationError(f"System parameter {name} = {value!r} is not possible: a power of "
                                 f"two from {least} to {most}")


@dataclass(frozen=True, kw_only=True)
class LineConfig:
    """What every design behind a serial line has.

    Attributes
    ----------
    clock : Hz. baud : bits a second.
    request_words : ring of requests, a power of two, at least 128.
    configuration, build : 64-bit hashes that the identity registers give.
    silence : seconds without a byte after which a frame under way is forgotten.
    """

    clock: int = 60_000_000
    baud: int = 3_000_000
    request_words: int = 512
    configuration: int = 0
    build: int = 0
    silence: float = 0.1

    def __post_init__(self):
        for each in fields(self):
            value = getattr(self, each.name)
            if each.type in ("int", int) and type(value) is not int:
                raise ConfigurationError(f"System parameter {each.name} = {value!r} is not "
                                         "possible: it must be an integer")
        check_power("request_words", self.request_words, 128, 1 << 12)
        for name in ("configuration", "build"):
            if not 0 <= getattr(self, name) < 1 << 64:
                raise ConfigurationError(f"System parameter {name} is no number of 64 bits")
        if not self.silence * self.clock > 20 * self.divisor:
            raise ConfigurationError(f"System parameter silence = {self.silence!r} is not "
                                     "possible: longer than two bytes on the line")

    @property
    def divisor(self):
        """Cycles of a bit."""
        return divisor(self.clock, self.baud)

    @property
    def silent_cycles(self):
        """``silence`` in cycles."""
        return round(self.silence * self.clock)

    @property
    def credit(self):
        """Words that requests under way may have, each counted with three more than its data."""
        return self.request_words - 1


@dataclass(frozen=True, kw_only=True)
class SystemConfig(LineConfig):
    """A chip behind a serial line.

    Attributes
    ----------
    chip : :class:`~flexdrive.hyperdrive.config.ChipConfig`, without links.
    program_words, weight_words : depth of the stores of descriptors (with scales and biases) and
        of weights, 2 to 2**20 words of 32 bits.
    pixel_words : depth of the store of pixels to the chip, two of them a word.
    result_words, report_words : rings of what comes back, powers of two, at least 64.
    """

    chip: ChipConfig = field(default_factory=ChipConfig)
    program_words: int = 2048
    weight_words: int = 4096
    pixel_words: int = 1024
    result_words: int = 1024
    report_words: int = 512

    def __post_init__(self):
        super().__post_init__()
        for name in ("program_words", "weight_words", "pixel_words"):
            value = getattr(self, name)
            if not 2 <= value <= 1 << 20:
                raise ConfigurationError(f"System parameter {name} = {value!r} is not possible: "
                                         f"2 to {1 << 20} words")
        check_power("result_words", self.result_words, 64, 1 << 20)
        check_power("report_words", self.report_words, 64, 1 << 20)
        if self.chip.mesh:
            raise ConfigurationError("System parameter chip has mesh = True: a chip with links is "
                                     "no design for one board; mesh = False would pass")
        if self.chip.stream_words > 1:
            raise ConfigurationError(
                f"System parameter chip has stream_words = {self.chip.stream_words}: the line "
                "brings a pixel at a time; stream_words = 1 would pass")
        if self.chip.overlap:
            raise ConfigurationError(
                "System parameter chip has overlap = True: the board's driver reads reports in the "
                "order of the program; overlap = False would pass")
        if self.chip.weight_bits > 32 and self.chip.weight_bits % 32:
            raise ConfigurationError(
                f"System parameter chip has weight words of {self.chip.weight_bits} bits: at most "
                "32, or a multiple of 32")


@dataclass(frozen=True, kw_only=True)
class CoreSystemConfig(LineConfig):
    """A Flex-V core with its memory behind a serial line.

    Attributes
    ----------
    core : :class:`~flexdrive.flexv.core.CoreConfig`, without the port of the RISC-V Formal
        Interface.
    memory_words : words of 32 bits for instructions and data, a power of two, 64 to 2**20.
    console_words : characters printed that wait for the host, a power of two, at least 64.
    """

    core: CoreConfig = field(default_factory=CoreConfig)
    memory_words: int = 32768
    console_words: int = 512

    def __post_init__(self):
        super().__post_init__()
        check_power("memory_words", self.memory_words, 64, 1 << 20)
        check_power("console_words", self.console_words, 64, 1 << 20)
        if self.core.rvfi:
            raise ConfigurationError("System parameter core has rvfi = True: that port is for "
                                     "proofs; rvfi = False would pass")


@dataclass(frozen=True, kw_only=True)
class DotpSystemConfig(LineConfig):
    """The dot-product unit behind a serial line.

    Attributes
    ----------
    structure : of :data:`flexdrive.flexv.dotp.vector.STRUCTURES`.
    """

    structure: str = "array"

    def __post_init__(self):
        super().__post_init__()
        if self.structure not in STRUCTURES:
            raise ConfigurationError(f"System parameter structure = {self.structure!r} is not "
                                     f"possible: one of {', '.join(STRUCTURES)}")
