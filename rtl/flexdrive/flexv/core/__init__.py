"""The Flex-V core: in order, single issue, five stages (see :class:`.core.Core`)."""

from .config import CoreConfig
from .core import Core

__all__ = ["Core", "CoreConfig"]
