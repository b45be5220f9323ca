"""Counters of loops whose end is known from a register."""

from amaranth.hdl import Signal

__all__ = ["count_to"]


def count_to(m, name, last, *, clear, step):
    """Counts from 0 to ``last`` and over again.

    Parameters
    ----------
    last : the highest value; stable but while ``clear`` is high.
    clear : go to 0.
    step : go on.

    Returns
    -------
    The count, and whether it stands on ``last``. Both are registers: the comparison is made a cycle
    ahead, because what depends on the end of a loop is what a step depends on last.
    """
    count = Signal(len(last), name=name)
    end = Signal(name=f"{name}_end")
    following = Signal(len(last), name=f"{name}_following")
    m.d.comb += following.eq(count + 1)
    with m.If(clear | (step & end)):
        m.d.sync += [count.eq(0), end.eq(last == 0)]
    with m.Elif(step):
        m.d.sync += [count.eq(following), end.eq(following == last)]
    return count, end
