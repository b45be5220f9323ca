"""Where maps and weights lie in L1, in how many chunks weights come and in how many pieces maps.

Time is steps. A map lives from the step that makes it to the last that reads it. The first chunk of
a layer's weights is fetched while the layer before computes; what comes in parts has two buffers in
turn. Layers of few pixels take as long as their weights come: of these one chunk more is on its
way, so that transfers follow each other without a gap, and they have three buffers. Maps lie
outside, and are worked on in pieces, only when L1 does not hold them: the largest of the tightest
step first, then those without which all takes fewer cycles.
"""

from flexdrive_deploy.errors import FitError

from .chain import best_chain
from .model import Model
from .plan import UNIT, Plan
from .search import Search

__all__ = ["Plan", "make_plan"]

# Percent of L1 that are left out where addresses do not come out even.
_LESS = (0, 1, 2, 4, 8, 16)


def _fewest_cycles(search):
    """Move maps outside without which all takes fewer cycles."""
    best = best_chain(search, search.units)
    for name in search.lives:
        if name in search.outside or not search.touching(name):
            continue
        state = search.state()
        search.move_outside(name)
        made = best_chain(search, search.units)
        if made is not None and (best is None or made[0] < best[0]):
            best = made
        else:
            search.restore(state)


def _in_pieces(search):
    """The Plan of a network that L1 does not hold, or None."""
    _fewest_cycles(search)
    for less in _LESS:
        found = best_chain(search, search.units - search.units * less // 100)
        plan = None if found is None else Model(search, found[1]).solve()
        if plan is not None:
            return plan
    return None


def make_plan(steps, l1_bytes):
    """The :class:`Plan` of Steps for an L1 of so many bytes.

    Raises
    ------
    FitError
        names the layer with the largest need, the need, and the L1 that would hold it.
    """
    search = Search(steps, l1_bytes)
    while True:
        needs = search.needs()
        need, worst = needs[0]
        plan = None
        if need <= l1_bytes:
            plan = (_in_pieces(search) if search.outside else None) or Model(search).solve()
        if plan is not None:
            return plan
        # Where each step by itself fits, one next to the worst may be in the way.
        tight = [at for each, at in needs if each > l1_bytes or need <= l1_bytes]
        if not any(search.put_outside(at) for at in tight):
            # A need of less is one that no addresses were found for.
            raise _does_not_fit(steps.steps[worst], max(need, l1_bytes + UNIT), l1_bytes)


def _does_not_fit(step, need, l1_bytes):
    return FitError(f"Layer {step.name} ({step.output.shape}): its maps and weights need at "
                    f"least {need:,} bytes of L1, of which there are {l1_bytes:,}. What would "
                    f"pass: an L1 of {-(-need // 1024)} kB or more, smaller maps, or fewer bits",
                    l1_bytes=need)
