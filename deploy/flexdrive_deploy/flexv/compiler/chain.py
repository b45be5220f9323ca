"""The ways to do all steps that take the fewest cycles, as far as sizes decide: what a step has in
L1, and with it the first chunk of the weights that come next."""

from .estimate import transfer_cycles

__all__ = ["best_chain", "pareto"]

# Cycles of a call on whole maps: beside products of a pixel, which wait for weights.
_CALL = 2500
# Products in a cycle.
_PRODUCTS = 25


def pareto(ways):
    """Of ways those that no other beats in units and in cycles, the smallest first."""
    found = []
    for way in sorted(ways, key=lambda each: (each.total, _cycles(each))):
        if not found or _cycles(way) < _cycles(found[-1]):
            found.append(way)
    return found


def _cycles(way):
    if way.cut is not None or not way.chunks:
        return way.cycles
    return max(_CALL * way.calls, sum(transfer_cycles(4 * each.words) for each in way.chunks))


def _early(way, deep):
    """Units of the chunks that come while the layer before computes."""
    if way.late:
        return 0
    return way.buffers[None][0] * min(1 + deep, len(way.chunks))


def _worthwhile(ways, deep):
    """Ways that may be best, each with its units on the way."""
    groups = {}
    for way in ways:
        groups.setdefault(_early(way, deep) if way.chunks else None, []).append(way)
    return [(early, way) for early, group in groups.items() for way in pareto(group)]


def best_chain(search, units):
    """(cycles, step -> its way) in an L1 of so many units, or None.

    Parameters
    ----------
    search : :class:`.search.Search`.
    """
    deep = search.deep()
    # Backwards: units that come for steps behind -> (cycles, the ways from there on).
    states = {0: (0.0, None)}
    for at in range(len(search.steps.steps) - 1, -1, -1):
        step, found = search.steps.steps[at], {}
        room = units - sum(size for _, size in search.maps_at(at))
        for early, way in _worthwhile(search.options(step), step in deep):
            for coming, (cycles, chain) in states.items():
                if way.total + coming > room:
                    continue
                # What comes may be waited for.
                cycles += _cycles(way) + _wait(search, at, way)
                key = coming if early is None else early
                if key not in found or cycles < found[key][0]:
                    found[key] = cycles, (step, way, chain)
        if not found:
            return None
        states = found
    cycles, chain = min(states.values(), key=lambda each: each[0])
    ways = {}
    while chain is not None:
        step, way, chain = chain
        ways[step] = way
    return cycles, ways


def _rough(step):
    """Cycles of a step, no more than it takes."""
    return _CALL + step.node.macs // _PRODUCTS


def _wait(search, at, way):
    """Cycles for which the first chunk is waited for behind the step before."""
    if not way.chunks:
        return 0
    before = search.steps.steps[at - 1] if at else None
    passed = 0 if before is None or way.late else _rough(before)
    return max(0, transfer_cycles(4 * way.chunks[0].words) - passed)
