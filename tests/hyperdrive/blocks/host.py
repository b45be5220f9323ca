"""A host for one chip in :func:`.bench.drive`: feeds streams, keeps what it sees."""

from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import Operation

__all__ = ["Host", "conv", "load", "store"]


def load(channels=1, **fields):
    """LOAD of one pixel to word 0."""
    return _one_pixel(Operation.LOAD, in_channels=channels, **fields)


def store(channels=1, **fields):
    """STORE of one pixel from word 0."""
    return _one_pixel(Operation.STORE, in_channels=channels, **fields)


def conv(channels=1, **fields):
    """1 x 1 convolution of a pixel of word 0 into one channel at word 8."""
    return _one_pixel(Operation.CONV, in_channels=channels, out_channels=1, payload=1,
                      out_base=8, **fields)


def _one_pixel(operation, **fields):
    return Descriptor(**{"operation": operation, "tile_rows": 1, "tile_columns": 1, "full_rows": 1,
                         "full_columns": 1, **fields})


class Host:
    """Generators for :func:`.bench.drive` that each take some cycles.

    Attributes
    ----------
    seen : outputs of the last cycle.
    now : number of the last cycle, from 0.
    """

    def __init__(self):
        self.seen, self.now = {}, -1

    def cycle(self, **inputs):
        self.seen = yield inputs
        self.now += 1

    def cycles(self, count, **inputs):
        for _ in range(count):
            yield from self.cycle(**inputs)

    def until(self, name, limit=200, **inputs):
        """Cycles with ``inputs`` until the output ``name`` is 1 in one."""
        for _ in range(limit):
            yield from self.cycle(**inputs)
            if self.seen[name]:
                return
        raise AssertionError(f"{name} stays 0")

    def send(self, stream, *words):
        """One word after the other, each as soon as it is taken."""
        for word in words:
            yield from self.until(f"{stream}_ready", **{f"{stream}_valid": 1,
                                                        f"{stream}_payload": word})
        yield from self.cycle(**{f"{stream}_valid": 0})

    def descriptor(self, descriptor):
        """Send it to an idle chip, wait until it is taken; returns the cycle in which it is."""
        words = descriptor.words()
        yield from self.send("i_descriptors", *words)
        # Payload may come in the cycle in which it is taken, the next descriptor in the one after.
        yield from self.until("i_descriptors_ready")
        return self.now - (descriptor.payload == 0)
