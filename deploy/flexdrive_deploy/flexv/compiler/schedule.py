"""When weights are fetched, and the C with which core 0 waits and starts what comes next."""

from dataclasses import dataclass

__all__ = ["Fetch", "Schedule", "waiting", "weights_at"]


@dataclass(frozen=True)
class Fetch:
    """Of chunk ``use``: (index of the step, number); ``deep``: it is started while the last but one
    before it is used; ``late``: not before its step begins."""

    use: tuple
    deep: bool
    late: bool
    text: str


class Schedule:
    """When weights are fetched.

    Attributes
    ----------
    started : use of a chunk, None for the begin, or (index of a step, None) for its own -> C of the
        fetches that begin with it.
    left : use of a chunk -> transfers behind its own that may be on their way when it begins.
    """

    def __init__(self, fetches):
        uses, self.started, self.left = [None, None], {}, {}
        for number, fetch in enumerate(fetches):
            # Fetches begin in their order.
            begin, index = uses[-2] if fetch.deep else uses[-1], fetch.use[0]
            if fetch.late and (begin is None or begin[0] != index):
                begin = index, None
            self.started.setdefault(begin, []).append(fetch.text)
            uses.append(fetch.use)
            after = fetches[number + 1] if number + 1 < len(fetches) else None
            self.left[fetch.use] = int(after is not None and after.deep and not (
                after.late and after.use[0] != index))


def waiting(fetches, left=0, sent=None):
    """Lines in which core 0 waits for what was started but the last ``left`` transfers, out of L1
    but the last ``sent``, and starts what comes next."""
    return ["\tif (net_core() == 0) {", f"\t\tnet_fetched({left});",
            *([] if sent is None else [f"\t\tnet_sent({sent});"]),
            *(f"\t\t{fetch}" for fetch in fetches if fetch), "\t}", "\tnet_barrier();"]


def weights_at(plan, step, call, index, number):
    """A call with the address of its chunk, which is fetch ``number`` of the step."""
    places = plan.weights.get(step, ())
    return call.replace(f"WEIGHTS({index})",
                        f"l1 + {places[number % len(places)]}") if places else call
