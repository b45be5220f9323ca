"""Two-level logic of decoders.

A cube is a pair (mask, match): the words with ``word & mask == match``.
"""

__all__ = ["cover", "merge"]


def _within(inner, outer):
    return not outer[0] & ~inner[0] and inner[1] & outer[0] == outer[1]


def cover(on, off):
    """Few and wide cubes that contain all cubes of ``on`` and meet none of ``off``.

    Words in neither set may fall on either side, as in W. V. Quine, "The Problem of Simplifying
    Truth Functions", 1952; the choice of cubes is greedy.
    """
    wide = []
    for mask, match in on:
        # Bits that tell the cube from each of `off`; the last one of any of them has to stay.
        apart = {mask & other & (match ^ value) for other, value in off}
        for bit in (1 << i for i in range(32)):
            if bit not in apart and 0 not in apart:
                mask &= ~bit
                apart = {bits & ~bit for bits in apart}
        wide.append((mask, match & mask))
    wide, left, chosen = list(dict.fromkeys(wide)), list(on), []
    while left:
        best = max(wide, key=lambda cube: sum(_within(c, cube) for c in left))
        chosen.append(best)
        left = [c for c in left if not _within(c, best)]
    return chosen


def merge(cubes):
    """The same set of words in fewer cubes: pairs that differ in one bit become one."""
    cubes = set(cubes)
    while True:
        merged, used = set(), set()
        by_mask = {}
        for cube in cubes:
            by_mask.setdefault(cube[0], set()).add(cube[1])
        for mask, matches in by_mask.items():
            for match in matches:
                for bit in range(32):
                    other = match ^ (1 << bit)
                    if mask >> bit & 1 and other in matches:
                        merged.add((mask & ~(1 << bit), match & ~(1 << bit)))
                        used |= {(mask, match), (mask, other)}
        if not merged:
            kept = sorted(cubes)
            return [c for i, c in enumerate(kept)
                    if not any(_within(c, d) for j, d in enumerate(kept)
                               if j != i and (not _within(d, c) or j < i))]
        cubes = (cubes - used) | merged
