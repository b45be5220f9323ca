"""Cores other than the full one, compiled once for all tests of a process.

They run for some thousand instructions: ``lanes`` is built in a third of the time.
"""

from functools import cache

from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.isa import EXTENSIONS, OPTIONAL
from flexdrive_sim.flexv.drive.rtl_core import build_core
from flexdrive_sim.flexv.verify.random_instructions import DATA, SIZE

__all__ = ["SMALL", "WAITING", "built_core", "full_core"]

# The smallest core that most programs need.
SMALL = ("i", "zicsr", "zifencei", "m")


# Loads from the upper half of the data wait beside the core with all options: random programs have
# their pointers about its begin.
WAITING = DATA + SIZE // 2, SIZE // 2


@cache
def built_core(extensions=SMALL, registers="flops", fast_loops=False, waiting_loads=()):
    """The core with ``extensions`` (a tuple), compiled."""
    return build_core(CoreConfig(extensions=extensions, registers=registers, rvfi=True,
                                 fast_loops=fast_loops, waiting_loads=waiting_loads))


def full_core():
    """The core with all instructions and options."""
    return built_core(EXTENSIONS + OPTIONAL, "ram", True, WAITING)
