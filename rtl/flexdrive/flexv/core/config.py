"""What a core consists of."""

from dataclasses import dataclass, field

from flexdrive.errors import ConfigurationError

from ..dotp.vector import STRUCTURES
from ..isa import EXTENSIONS, OPTIONAL
from .registers import REGISTER_CELLS

__all__ = ["CoreConfig"]

_BASE = ("i", "zifencei", "zicsr")
# What people ask for by name -> groups of instructions. Compressed instructions are always there.
_PRESETS = {
    "rv32ic": _BASE,
    "rv32imc": (*_BASE, "m"),
    "xpulpv2": (*_BASE, "m", *(name for name in EXTENSIONS if name.startswith("xpulp_")), "dot"),
    "flexv": EXTENSIONS,
    "flexv-kernels": EXTENSIONS + OPTIONAL,
}


@dataclass(frozen=True, kw_only=True)
class CoreConfig:
    """Parameters of :class:`flexdrive.flexv.core.Core`.

    Attributes
    ----------
    extensions : groups of instructions of :data:`flexdrive.flexv.isa.EXTENSIONS`, which are the
        default, and ``OPTIONAL`` there; those of a group that is not built in are illegal.
    fetch_words : words that the fetch buffer holds, 2 to 8.
    dot_structure : see :class:`flexdrive.flexv.dotp.DotVector`.
    registers : what holds them, see :class:`.registers.RegisterFile`.
    fast_loops : whether lp.setup and lp.setupi take a cycle instead of four where the last
        instruction of the loop is 16 bytes or more behind them.
    rvfi : whether the core has the port of the RISC-V Formal Interface.
    waiting_loads : (address, bytes) of memory whose loads never fail, or nothing. Three loads of
        Mac&Load from there wait for it without the core, see :class:`.waiting_loads.WaitingLoads`.
    """

    extensions: tuple = field(default=EXTENSIONS)
    fetch_words: int = 4
    dot_structure: str = "array"
    registers: str = "flops"
    fast_loops: bool = False
    rvfi: bool = False
    waiting_loads: tuple = ()

    def __post_init__(self):
        unknown = set(self.extensions) - {*EXTENSIONS, *OPTIONAL}
        if unknown:
            raise ConfigurationError(f"Unknown extensions {', '.join(sorted(unknown))}; a core may "
                                     f"have {', '.join(EXTENSIONS + OPTIONAL)}")
        missing = {"i", "zicsr"} - set(self.extensions)
        if missing:
            raise ConfigurationError(f"A core always has the extensions i and zicsr; "
                                     f"{', '.join(sorted(missing))} is missing")
        needs = {"macload": "dot", "xpulp_simd": "dot", "macload_other": "macload",
                 "macload_third": "macload", "macload_funnel": "macload",
                 "requant_clear": "requant", "requant_store": "requant_clear",
                 "requant_ties": "requant_clear"}
        for extension, needed in needs.items():
            if extension in self.extensions and needed not in self.extensions:
                raise ConfigurationError(f"Extension {extension} needs extension {needed}")
        if self.dot_structure not in STRUCTURES:
            raise ConfigurationError(f"dot_structure must be one of {', '.join(STRUCTURES)}, "
                                     f"not {self.dot_structure!r}")
        if self.registers not in REGISTER_CELLS:
            raise ConfigurationError(f"registers must be one of {', '.join(REGISTER_CELLS)}, "
                                     f"not {self.registers!r}")
        if not 2 <= self.fetch_words <= 8:
            raise ConfigurationError(f"fetch_words must be 2 to 8, not {self.fetch_words}")
        if self.waiting_loads:
            self._check_waiting_loads()

    def _check_waiting_loads(self):
        address, size = self.waiting_loads
        if not (4 <= size < 1 << 32 and size & (size - 1) == 0 and address % size == 0
                and 0 <= address < 1 << 32):
            raise ConfigurationError(f"waiting_loads must be an address and a power of two of "
                                     f"bytes that divides it, not {address:#x} and {size:#x}")
        if "macload" not in self.extensions:
            raise ConfigurationError("waiting_loads needs extension macload")

    @classmethod
    def preset(cls, name, **parameters):
        """The configuration of a name: rv32ic, rv32imc, xpulpv2 (with the dot products that its
        packed instructions share their lanes with), flexv (everything but what is optional) or
        flexv-kernels (everything).

        Raises
        ------
        ConfigurationError
            when there is no such name.
        """
        if name not in _PRESETS:
            raise ConfigurationError(f"{name!r} is no preset of a core; there are "
                                     + ", ".join(_PRESETS))
        return cls(extensions=_PRESETS[name], **parameters)
