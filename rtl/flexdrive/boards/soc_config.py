"""Parameters of a chip with both machines behind a serial line."""

from dataclasses import dataclass, field

from ..errors import ConfigurationError
from ..flexv.core.config import CoreConfig
from ..hyperdrive.config import PRESETS, ChipConfig
from .config import CoreSystemConfig, check_power

__all__ = ["SOC_PRESETS", "SocConfig"]


@dataclass(frozen=True, kw_only=True)
class SocConfig(CoreSystemConfig):
    """A Flex-V core and a Hyperdrive chip with one memory behind a serial line.

    Attributes
    ----------
    chip : :class:`~flexdrive.hyperdrive.config.ChipConfig`, without links, ``stream_words`` 1,
        without ``overlap``.
    input_words : words of the host that wait for the core, 2 to 2**20.
    output_words : words of the core that wait for the host, a power of two, at least 64.
    """

    chip: ChipConfig = field(default_factory=ChipConfig)
    input_words: int = 512
    output_words: int = 512

    def __post_init__(self):
        super().__post_init__()
        if not 2 <= self.input_words <= 1 << 20:
            raise ConfigurationError(f"System parameter input_words = {self.input_words!r} is not "
                                     f"possible: 2 to {1 << 20} words")
        check_power("output_words", self.output_words, 64, 1 << 20)
        for name, passes in (("mesh", False), ("stream_words", 1), ("overlap", False)):
            value = getattr(self.chip, name)
            if value != passes:
                raise ConfigurationError(f"System parameter chip has {name} = {value!r}, which a "
                                         f"chip beside a core cannot have; {name} = {passes!r} "
                                         "would pass")
        if self.core.waiting_loads:
            raise ConfigurationError("System parameter core has waiting_loads, which is for cores "
                                     "of a cluster; () would pass")


SOC_PRESETS = {
    # For an ECP5-85k: 64 units, 128 KB for the core.
    "soc-ecp5": SocConfig(
        core=CoreConfig(registers="ram"), clock=25_000_000, baud=2_500_000, memory_words=32768,
        chip=ChipConfig(rows=2, columns=2, channels=16, fm_words=16384, fm_banks=4,
                        weight_words=2304, adder_depth=4)),
    # For simulation: quick to build and to run.
    "soc-tiny": SocConfig(
        core=CoreConfig.preset("rv32imc"), clock=16_000_000, baud=2_000_000, memory_words=16384,
        request_words=256, chip=PRESETS["tiny"], input_words=100, output_words=64,
        console_words=64),
}
