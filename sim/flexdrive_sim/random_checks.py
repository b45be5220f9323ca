"""Random checks of every kind, by seed, over any executor."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .campaign import run_campaign
from .flexv.verify.random_check import check_random_core
from .flexv.verify.random_cluster import check_random_clusters
from .hyperdrive.verify.random_chip import check_random_chip
from .hyperdrive.verify.random_mesh import check_random_mesh

__all__ = ["KINDS", "RandomFound", "RandomKind", "run_random"]


@dataclass(frozen=True)
class RandomKind:
    """A kind of check: what it draws, the function of a seed that checks one (a dictionary of
    counts, with ``"wrong"``: a text or None), and how many are drawn unless it is said."""

    what: str
    check: Callable
    count: int


KINDS = {
    "core": RandomKind("programs on the Flex-V core, in lockstep with its simulator",
                       check_random_core, 50),
    "clusters": RandomKind("programs on all cores of a Flex-V cluster, with data that they share",
                           check_random_clusters, 20),
    "chips": RandomKind("chips with programs of layers", check_random_chip, 6),
    "meshes": RandomKind("meshes of chips with chains of layers", check_random_mesh, 4),
}


@dataclass(frozen=True)
class RandomFound:
    """What was found.

    Attributes
    ----------
    first : seed of the first. done : how many from it on, without a gap.
    counts : what was done and compared, by name.
    wrong : what was wrong, a text for each seed with which something was.
    """

    first: int
    done: int
    counts: Counter
    wrong: list


def run_random(kind, count, first=0, **crew):
    """Check ``count`` seeds from ``first`` on.

    Parameters
    ----------
    kind : key of :data:`KINDS`.
    crew : as of :func:`~.campaign.run_campaign`; with ``seconds`` no seed is begun after so many.

    Returns
    -------
    :class:`RandomFound`, the same for the same seeds whoever checks them.
    """
    found = run_campaign(KINDS[kind].check,
                         {f"{kind}-{seed:08d}": (seed,) for seed in range(first, first + count)},
                         name=f"random {kind}", **crew)
    counts, wrong, done = Counter(), [], 0
    for seed in range(first, first + count):
        result = found.get(f"{kind}-{seed:08d}")
        if result is None:
            break
        done += 1
        counts.update({name: number for name, number in result.items() if name != "wrong"})
        if result["wrong"] is not None:
            wrong.append(result["wrong"])
    return RandomFound(first, done, counts, wrong)
