"""Where maps lie in the feature-map memory of a tile."""

import random
from dataclasses import dataclass, replace

from ..errors import FitError
from .schedule import best_order

__all__ = ["Allocation", "allocate", "plan"]


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


def _place(steps, sizes, limit, highest, back=None):
    """map -> base with one rule of placement (``highest(number of the map)``), or the step that
    finds no gap. ``back``: map -> step from which on its place is free for the next frame's."""
    lifetimes, back = _lifetimes(steps), back or {}
    lives = _lives(steps, sizes)
    bases = {}
    for index, step in enumerate(steps):
        # A map that is made in parts is placed with the first of them.
        if step.writes is None or step.writes in bases:
            continue
        alive = [name for name in bases if lifetimes[name][1] >= index
                 or back.get(name, len(steps)) <= lives[step.writes]]
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
    """Words alive in every step; of two maps in one place the larger counts."""
    lifetimes = _lifetimes(steps)
    for index, step in enumerate(steps):
        alive = sum(sizes[name] for name, (first, last) in lifetimes.items()
                    if first <= index <= last)
        # What takes the place of another map is no larger.
        yield alive - (sizes[step.writes] if step.replaces else 0)


# Rules of placement, tried in this order: lowest gap, highest gap, both ends in turn.
_RULES = (lambda number: False, lambda number: True, lambda number: number % 2 == 1)
# Orders in which whole lifetimes are placed when no rule reaches the bound.
_SHUFFLES = 200


@dataclass(frozen=True)
class _Block:
    """Maps that take each other's place, so that they begin at one word: ``members``, (size, first
    step, last step, name) of each; the largest comes first."""

    members: tuple

    @property
    def size(self):
        return self.members[0][0]

    @property
    def last(self):
        return max(last for *_, last, _ in self.members)

    @property
    def life(self):
        return self.last - self.members[0][1] + 1


def _blocks(steps, sizes):
    lifetimes, block_of = _lifetimes(steps), {}
    for step in steps:
        if step.writes is not None and step.writes not in block_of:
            names = block_of.get(step.replaces, [])
            names.append(step.writes)
            block_of[step.writes] = names
    unique = {id(names): names for names in block_of.values()}.values()
    return [_Block(tuple((sizes[name], *lifetimes[name], name) for name in names))
            for names in unique]


def _lives(steps, sizes):
    """map -> the last step in which its place has it, or what has taken the place."""
    return {name: block.last for block in _blocks(steps, sizes) for *_, name in block.members}


def _lowest(members, placed):
    """The lowest word from which on each of the members is free in its own life."""
    taken = [(size, base, base + other) for size, first, last, _ in members
             for base, other, begin, end in placed if begin <= last and first <= end]
    return next(base for base in sorted({0, *(stop for *_, stop in taken)}) if all(
        base >= stop or base + size <= start for size, start, stop in taken))


def _place_blocks(blocks):
    """map -> base: every block at the lowest place that is free all its life. A smaller map in a
    larger one's place leaves the rest to others."""
    placed, bases = [], {}
    for block in blocks:
        base = _lowest(block.members, placed)
        placed += [(base, size, first, last) for size, first, last, _ in block.members]
        bases |= {name: base for *_, name in block.members}
    return bases


def _orders(blocks):
    """Orders of blocks that tend to pack well, then random ones."""
    yield sorted(blocks, key=lambda block: -block.size)
    yield sorted(blocks, key=lambda block: -block.size * block.life)
    yield sorted(blocks, key=lambda block: -block.life)
    generator = random.Random(0)
    for _ in range(_SHUFFLES):
        yield generator.sample(blocks, len(blocks))


def _packed(steps, sizes, need):
    """(peak, map -> base): ``need`` words if any rule or order finds that, else the best."""
    def peak(bases):
        return max((bases[name] + sizes[name] for name in bases), default=0)

    found = []
    for highest in _RULES:
        bases = _place(steps, sizes, need, highest)
        if isinstance(bases, dict):
            return peak(bases), bases
    for order in _orders(_blocks(steps, sizes)):
        bases = _place_blocks(order)
        found.append((peak(bases), bases))
        if found[-1][0] <= need:
            break
    return min(found, key=lambda one: one[0])


def _alive(steps, sizes, index):
    """The maps of a step in words: "a (64), b (32)", largest first."""
    lifetimes, step = _lifetimes(steps), steps[index]
    names = sorted((name for name, (first, last) in lifetimes.items()
                    if first <= index <= last and name != step.replaces),
                   key=lambda name: -sizes[name])
    return ", ".join(f"{name} ({sizes[name]})" for name in names)


def _placed(steps, sizes):
    """Allocation of steps as for :func:`allocate`, whatever the memory's size."""
    needs = list(_needs(steps, sizes))
    need = max(needs, default=0)
    peak, bases = _packed(steps, sizes, need)
    return Allocation(bases, peak, need, steps[needs.index(need)].name if needs else "")


def _checked(allocation, steps, sizes, limit):
    """``allocation``; FitError as of :func:`allocate`."""
    need, worst = allocation.need, allocation.worst
    if allocation.peak <= limit:
        return allocation
    if need <= limit:
        raise FitError(f"Layer {worst}: {need} of {limit} feature-map words a tile are alive at "
                       "most, but they lie apart", fm_words=allocation.peak)
    index = list(_needs(steps, sizes)).index(need)
    raise FitError(
        f"Layer {worst} needs {need} feature-map words a tile, {need - limit} more than the "
        f"{limit} of the chip ({_alive(steps, sizes, index)})", fm_words=allocation.peak)


def allocate(steps, sizes, limit):
    """Place every map for as long as it is needed.

    Parameters
    ----------
    steps : objects in order of execution with ``name``, ``reads`` (names of maps), ``writes``
        (name or None) and ``replaces``: the map whose place ``writes`` takes, or None. A map
        that is replaced must be read for the last time in that step, and be as large at least.
    sizes : map -> words in each tile.
    limit : words of the memory.

    Returns
    -------
    Allocation

    Raises
    ------
    FitError
        names the step that needs most with its maps, or says that they lie apart; its
        ``change`` is the memory that holds all of them.
    """
    return _checked(_placed(steps, sizes), steps, sizes, limit)


def _whole(graph, steps):
    """The steps with the maps that parts lie in, which are what takes memory."""
    def whole(name):
        return None if name is None else graph.place(name)[0]

    return [replace(step, reads=[whole(name) for name in step.reads], writes=whole(step.writes))
            for step in steps]


def _for_frames(steps, sizes, allocation, limit):
    """``allocation``, or one of more words in which the place of the maps that are sent first is
    free from an earlier step on, so that those of the next frame can come."""
    sent = []
    for step in steps:
        if step.reads or step.writes is None:
            break
        sent.append(step.writes)
    lives = _lives(steps, sizes)
    # Nothing is free as long as a map is read, or what has taken its place.
    low, high = max((lives[name] + 1 for name in sent), default=len(steps)), len(steps)
    while low < high:
        middle = (low + high) // 2
        found = [bases for bases in (
            _place(steps, sizes, limit, rule, dict.fromkeys(sent, middle)) for rule in _RULES)
            if isinstance(bases, dict)]
        if found:
            high = middle
            peaks = [max(bases[name] + sizes[name] for name in bases) for bases in found]
            peak, bases = min(zip(peaks, found, strict=True), key=lambda one: one[0])
            allocation = replace(allocation, bases=bases, peak=peak)
        else:
            low = middle + 1
    return allocation


def plan(graph, sizes, overwritable, limit, steps_of, *, frames=False):
    """Steps of a graph and their places, in another order when that of the graph does not fit.

    Parameters
    ----------
    graph, sizes, overwritable : as for :func:`~.schedule.best_order`.
    limit : words of the memory.
    steps_of : function of a graph, its steps as for :func:`allocate`.
    frames : leave the place of what is sent first to the next frame as early as fits.

    Returns
    -------
    (steps, Allocation)

    Raises
    ------
    FitError
        as :func:`allocate`, of the order that needs the smaller memory.
    """
    steps = steps_of(graph)
    whole = _whole(graph, steps)
    allocation = _placed(whole, sizes)
    if allocation.peak > limit:
        others = steps_of(replace(graph, layers=best_order(graph, sizes, overwritable)))
        other = _placed(_whole(graph, others), sizes)
        if other.peak < allocation.peak:
            steps, whole, allocation = others, _whole(graph, others), other
    allocation = _checked(allocation, whole, sizes, limit)
    return steps, _for_frames(whole, sizes, allocation, limit) if frames else allocation
