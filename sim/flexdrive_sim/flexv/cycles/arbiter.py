"""Fair choice of one request, as :class:`flexdrive.flexv.cluster.arbiter.RoundRobin`."""

__all__ = ["RoundRobin"]


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
