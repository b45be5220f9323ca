"""Where maps lie in the feature-map memory of a tile."""

from dataclasses import dataclass

from .errors import FitError

__all__ = ["Allocation", "allocate"]


@dataclass(frozen=True)
class Allocation:
    """bases: map -> first word in each tile; peak: words of a tile used at most, as placed;
    need: most words that are alive at once, in layer ``worst``."""

    bases: dict
    peak: int
    need: int
    worst: str


def _lifetimes(steps):
    """map -> (first, last) step in which it exists. ``steps`` as for ``allocate``."""
    lifetimes = {}
    for index, step in enumerate(steps):
        for name in [*step.reads, *([step.writes] if step.writes else [])]:
            lifetimes[name] = (lifetimes.get(name, (index,))[0], index)
    return lifetimes


def _fit(size, taken, limit, highest):
    """First word of a gap of ``size`` between the ``taken`` intervals below ``limit``, or None."""
    starts = [0, *(end for _, end in taken)]
    ends = [*(start for start, _ in taken), limit]
    gaps = [(start, end) for start, end in zip(starts, ends, strict=True) if end - start >= size]
    if not gaps:
        return None
    return gaps[-1][1] - size if highest else gaps[0][0]


def _place(steps, sizes, limit, highest):
    """map -> base with one rule of placement (``highest(number of the map)``), or the step that
    finds no gap."""
    lifetimes = _lifetimes(steps)
    bases = {}
    for index, step in enumerate(steps):
        # A map that is made in parts is placed with the first of them.
        if step.writes is None or step.writes in bases:
            continue
        alive = [name for name in bases if lifetimes[name][1] >= index]
        if step.replaces is not None:
            bases[step.writes] = bases[step.replaces]
            continue
        taken = sorted({(bases[name], bases[name] + sizes[name]) for name in alive})
        base = _fit(sizes[step.writes], taken, limit, highest(len(bases)))
        if base is None:
            return step
        bases[step.writes] = base
    return bases


def _needs(steps, sizes):
    """Words alive in every step; a map that is replaced in place counts once."""
    lifetimes = _lifetimes(steps)
    for index, step in enumerate(steps):
        alive = sum(sizes[name] for name, (first, last) in lifetimes.items()
                    if first <= index <= last)
        yield alive - (sizes[step.replaces] if step.replaces else 0)


# Rules of placement, tried in this order: lowest gap, highest gap, both ends in turn.
_RULES = (lambda number: False, lambda number: True, lambda number: number % 2 == 1)


def allocate(steps, sizes, limit):
    """Place every map for as long as it is needed.

    Parameters
    ----------
    steps : objects in order of execution with ``name``, ``reads`` (names of maps), ``writes``
        (name or None) and ``replaces``: the map whose place ``writes`` takes, or None. A map
        that is replaced must be read for the last time in that step.
    sizes : map -> words in each tile.
    limit : words of the memory.

    Returns
    -------
    Allocation

    Raises
    ------
    FitError
        names the step that needs most, or that finds no gap, and by how much it is too large.
    """
    needs = list(_needs(steps, sizes))
    need = max(needs, default=0)
    worst = steps[needs.index(need)].name if needs else ""
    if need > limit:
        raise FitError(
            f"Layer {worst} needs {need} feature-map words a tile, {need - limit} more than the "
            f"{limit} of the chip; fm_words of at least {need}, or more tiles, would hold "
            "them")
    stuck = None
    for highest in _RULES:
        bases = _place(steps, sizes, limit, highest)
        if isinstance(bases, dict):
            peak = max((bases[name] + sizes[name] for name in bases), default=0)
            return Allocation(bases, peak, need, worst)
        stuck = stuck or bases
    size = sizes[stuck.writes]
    raise FitError(
        f"Layer {stuck.name}: no gap of {size} words for its output; {need} of {limit} words a "
        f"tile are alive at most, but they lie apart. fm_words of {limit + size} would "
        "hold them")
