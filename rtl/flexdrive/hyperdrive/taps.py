"""Taps along one axis of a kernel's window: which there are, and from one to the next."""

from amaranth.hdl import C, Mux, Signal

__all__ = ["behind_first", "last_of", "walk_taps"]


def behind_first(taps):
    """Of places with taps, one bit each: (the first place, those behind it, from bit 0 on); 0 when
    there are none."""
    place, behind = C(0, 1), C(0, 1)
    for bit in reversed(range(len(taps))):
        place, behind = Mux(taps[bit], bit, place), Mux(taps[bit], taps[bit + 1:], behind)
    return place, behind


def last_of(taps):
    """The last place with a tap, counted from 1; 0 when there are none."""
    last = C(0, 1)
    for bit in range(len(taps)):
        last = Mux(taps[bit], bit + 1, last)
    return last


def walk_taps(m, name, later, *, clear, step):
    """Goes from tap to tap and over again.

    Parameters
    ----------
    later : which places behind the first tap have one, bit i: i + 1 behind it; stable but while
        ``clear`` is high.
    clear : go to the first.
    step : go on.

    Returns
    -------
    How far the next tap is from the one under way (of no meaning at the last), and whether that is
    the last. Both are registers, made a cycle ahead as those of
    :func:`~flexdrive.hyperdrive.counter.count_to`.
    """
    left = Signal(len(later), name=f"{name}_left")      # taps behind the one under way
    gap = Signal(range(len(later) + 1), name=f"{name}_gap")
    end = Signal(name=f"{name}_end")
    following = Signal(len(later), name=f"{name}_following")
    m.d.comb += following.eq(behind_first(left)[1])

    def stand(behind):
        return [left.eq(behind), gap.eq(behind_first(behind)[0] + 1), end.eq(behind == 0)]

    with m.If(clear | (step & end)):
        m.d.sync += stand(later)
    with m.Elif(step):
        m.d.sync += stand(following)
    return gap, end
