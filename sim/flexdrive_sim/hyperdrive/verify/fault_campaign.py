"""Random faults on wires, one a run: what a campaign counts, over any executor."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from ...campaign import run_campaign
from ..drive.faulty_wire import Fault

__all__ = ["FaultCampaign", "FaultRow", "FaultRun", "run_faults"]

_CHUNK = 50
NO_EFFECT = "no effect"


class FaultRun(NamedTuple):
    """One run: kind of the fault (:class:`~..drive.faulty_wire.Fault`); the outcome, one that must
    not be begins with ``"FAILED"``; cycles from the fault to the first error and until all knew of
    it, or None."""

    kind: int
    outcome: str
    first: int | None = None
    last: int | None = None


class FaultRow(NamedTuple):
    """One kind of fault, with or without retransmission: runs in which it changed something, how
    many of them ended in which way, most cycles to the first error and until all knew, or None."""

    retransmit: bool
    kind: Fault
    runs: int
    outcomes: Counter
    first: int | None
    last: int | None


@dataclass
class FaultCampaign:
    """Counts of a campaign.

    Attributes
    ----------
    outcomes : (retransmit, kind, outcome) -> runs.
    first, last : (retransmit, kind) -> most cycles from a fault to the first error, and until all
        knew.
    failures : (index of the set-up, seed, outcome).
    """

    outcomes: Counter = field(default_factory=Counter)
    first: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    def add(self, index, seed, retransmit, run):
        """Count a :class:`FaultRun` of seed ``seed`` with set-up ``index``."""
        run = FaultRun(*run)
        key = (retransmit, Fault(run.kind))
        self.outcomes[(*key, run.outcome)] += 1
        if run.outcome.startswith("FAILED"):
            self.failures.append((index, seed, run.outcome))
        for most, cycles in ((self.first, run.first), (self.last, run.last)):
            if cycles is not None:
                most[key] = max(most.get(key, 0), cycles)

    @property
    def runs(self):
        """Runs in all."""
        return sum(self.outcomes.values())

    @property
    def effective(self):
        """Runs in which the fault changed something on the wires."""
        return sum(row.runs for row in self.rows())

    def rows(self):
        """A :class:`FaultRow` for each kind, without and with retransmission."""
        rows = []
        for retransmit in (False, True):
            for kind in list(Fault)[1:]:
                found = Counter({outcome: runs for (mode, of, outcome), runs
                                 in self.outcomes.items()
                                 if (mode, of) == (retransmit, kind) and outcome != NO_EFFECT})
                key = retransmit, kind
                rows.append(FaultRow(retransmit, kind, found.total(), found, self.first.get(key),
                                     self.last.get(key)))
        return rows


def run_faults(function, retransmits, count, *, name, **crew):
    """A campaign of ``count`` seeds on each of several set-ups.

    Parameters
    ----------
    function : of a module: (index of the set-up, first seed, number of seeds) -> a list of
        :class:`FaultRun`.
    retransmits : of each set-up, whether its links repeat what was lost.
    crew : as of :func:`~flexdrive_sim.campaign.run_campaign`.

    Returns
    -------
    :class:`FaultCampaign`
    """
    # Set-ups side by side, so that workers make their models ready at the same time.
    parts = {f"{index:02d}-{first:06d}-{many}": (index, first, many)
             for first in range(0, count, _CHUNK) for many in [min(_CHUNK, count - first)]
             for index in range(len(retransmits))}
    found = run_campaign(function, parts, name=name, **crew)
    campaign = FaultCampaign()
    for key in sorted(found):
        index, first, _ = parts[key]
        for seed, run in enumerate(found[key], first):
            campaign.add(index, seed, retransmits[index], run)
    return campaign
