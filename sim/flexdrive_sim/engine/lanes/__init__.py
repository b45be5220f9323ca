"""The engine ``lanes``: C++ over structures of arrays, made from yosys' word-level netlist.

Hardware of equal units computes the same operators in many places at the same time. All instances
of a shared module are the *lanes* of one loop, which the C++ compiler turns into vector
instructions. One evaluation a cycle suffices, since the order is found before.
"""

import json

from .generate import generate
from .inline import inline_small
from .netlist import Netlist
from .schedule import CombinationalLoop

__all__ = ["translate"]


def translate(text, top):
    """C++ source for the JSON netlist ``text`` of design ``top``.

    Raises
    ------
    EngineError
        for what the engine cannot simulate (:class:`Netlist`).
    """
    data = {"modules": inline_small(json.loads(text)["modules"], top)}
    separate = frozenset()
    while True:
        try:
            return generate(Netlist(data, top, separate), top)
        except CombinationalLoop as loop:
            # Instances of one module that wait for each other: a pipeline, a mesh. They get an
            # order of their own.
            several = {m.name for m in loop.modules if len(m.instances) > 1}
            if not several:
                raise
            separate |= several
