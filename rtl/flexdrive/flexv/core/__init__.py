"""The Flex-V core: in order, single issue, four stages (fetch, decode, execute, write back)."""

from .config import CoreConfig
from .core import Core

__all__ = ["Core", "CoreConfig"]
