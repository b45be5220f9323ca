"""Cores other than the full one, compiled once for all tests of a process.

They run for some thousand instructions: ``lanes`` is built in a third of the time.
"""

from functools import cache

from flexdrive.flexv.core import CoreConfig
from flexdrive_sim.flexv.drive.rtl_core import build_core

__all__ = ["SMALL", "built_core"]

# The smallest core that most programs need.
SMALL = ("i", "zicsr", "zifencei", "m")


@cache
def built_core(extensions=SMALL, registers="flops", fast_loops=False):
    """The core with ``extensions`` (a tuple), compiled."""
    return build_core(CoreConfig(extensions=extensions, registers=registers, rvfi=True,
                                 fast_loops=fast_loops))
