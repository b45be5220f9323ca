"""How registers are reached inside of a SoC."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["device_port"]


def device_port(bits):
    """Signature, seen from the bus, of registers with addresses of ``bits`` in bytes.

    ``address`` of a word; ``read_word``, ``readable`` and ``writable`` follow it without a clock.
    ``write`` is given where ``writable`` is: ``word`` in ``bytes``, which counts from the next
    cycle.
    """
    return wiring.Signature({
        "address": Out(bits - 2), "write": Out(1), "word": Out(32), "bytes": Out(4),
        "read_word": In(32), "readable": In(1), "writable": In(1)})
