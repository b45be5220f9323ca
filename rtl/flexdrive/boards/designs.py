"""Which design a configuration is of."""

from .config import CoreSystemConfig, DotpSystemConfig, SystemConfig
from .core_system import CoreSystem
from .dotp_system import DotpSystem
from .registers import Design
from .soc_config import SocConfig
from .soc_system import SocSystem
from .system import System

__all__ = ["design_of", "system_of"]

_DESIGNS = {SystemConfig: (Design.HYPERDRIVE, System), CoreSystemConfig: (Design.FLEXV, CoreSystem),
            DotpSystemConfig: (Design.DOTP, DotpSystem), SocConfig: (Design.SOC, SocSystem)}


def design_of(config):
    """The :class:`~.registers.Design` of a :class:`~.config.LineConfig`."""
    return _DESIGNS[type(config)][0]


def system_of(config):
    """The component of a :class:`~.config.LineConfig`: a :class:`~.line.LineSystem`."""
    return _DESIGNS[type(config)][1](config)
