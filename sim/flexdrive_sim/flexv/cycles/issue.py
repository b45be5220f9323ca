"""Instructions on their way, and what one in execute waits for, as
:class:`flexdrive.flexv.core.decode.Decode` and :class:`flexdrive.flexv.core.issue.Issue` have it.
"""

from typing import Any

__all__ = ["Stage", "collect", "issued"]


class Stage:
    """An instruction on its way; in execute also what it waits for: operands a, b, c each from
    write-back (``w``), retire (``r``) or a slow result (``early``)."""

    __slots__ = ("address", "begun", "beside", "blocked", "crossing", "info", "loop", "pc",
                 "waits", "word")

    def __init__(self, pc, word, info, loop):
        self.pc, self.word, self.info, self.loop = pc, word, info, loop
        self.waits, self.blocked = None, False
        self.address: Any = None
        self.crossing, self.beside, self.begun = False, False, None

    def place(self, second):
        """Address of the word, or of the second one, that it accesses."""
        return (self.address & ~3) + 4 * second


def issued(d, e, w, ends):
    """What execute gets: the instruction of decode, ``d``, with what it waits for.

    Parameters
    ----------
    e, w : instructions in execute, which leaves, and in write-back, or None. ends : ``w`` ends in
        this cycle.
    """
    info, waits, blocked = d.info, [], False
    for place in "abc":
        number = getattr(info, place)
        if not number:
            waits.append(None)
            continue
        at_e_late = e is not None and e.info.late == number
        at_e_early = e is not None and e.info.early == number
        in_w = w is not None and w.info.late == number and not at_e_late and not at_e_early
        from_w = at_e_late or (in_w and not ends)
        from_r = in_w and ends and w.info.sums
        early = (at_e_early and not at_e_late
                 and (e.info.slow or (info.replicates and place == "b")))
        waits.append([from_w, from_r, early] if from_w or from_r or early else None)
        blocked |= early or ((from_w or from_r) and not (place == "c" and info.accumulates))
    stage = Stage(d.pc, d.word, info, None if info.jumps is not None else d.loop)
    stage.waits = waits if any(waits) else None
    stage.blocked = blocked
    return stage


def collect(e, w, ends):
    """A cycle of the instruction in execute, ``e``, that stays and has operands to wait for."""
    sums = w is not None and w.info.sums
    missing = False
    for i, waits in enumerate(e.waits):
        if waits is None:
            continue
        blocks = i < 2 or not e.info.accumulates or waits[2]
        missing |= waits[0] and blocks
        waits[2] = False
        waits[1] = waits[0] and ends and (sums or not blocks)
        waits[0] = waits[0] and not ends
    if e.blocked:
        e.blocked = missing and not (ends and not sums)
