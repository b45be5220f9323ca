"""Choice of one request, as the cluster's :class:`~flexdrive.flexv.cluster.arbiter.RoundRobin` and
banks make it."""

__all__ = ["Bank", "RoundRobin"]


class RoundRobin:
    """The next one above the last that was taken; requests are bits of an integer."""

    def __init__(self):
        self._above = 0

    def grant(self, requests):
        """The bit that would be granted, 0 without a request."""
        later = requests & self._above
        return later & -later if later else requests & -requests

    def take(self, requests):
        """Grants one and takes it."""
        granted = self.grant(requests)
        if granted:
            self._above = ~(granted | (granted - 1))
        return granted


class Bank:
    """Turns of a bank of L1, as :class:`flexdrive.flexv.cluster.l1.Bank`: one of the users
    ``first`` goes in front unless one did in the cycle before."""

    def __init__(self, first):
        self._turns, self._first, self._went = RoundRobin(), first, -2

    def take(self, requests, cycle):
        """Grants one of ``requests`` in a cycle."""
        ahead = requests & self._first
        if ahead and self._went != cycle - 1:
            self._went = cycle
            return self._turns.grant(ahead)
        return self._turns.take(requests)
