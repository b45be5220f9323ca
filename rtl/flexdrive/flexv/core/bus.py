"""Memory ports in the style of OBI (OpenHW Group, Open Bus Interface 1.2).

An access is requested while ``req`` is high; the address phase ends in the cycle in which ``gnt``
is high too, and until then all of it stays as it is. Responses come in order, in any later cycle,
never in that of the grant, marked by ``rvalid``; every access has one, stores too. ``err`` beside
``rvalid`` says that the access failed. There is no request during reset, and no response after it
to an access before it.
"""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["DATA_PORT", "INSTRUCTION_PORT"]

INSTRUCTION_PORT = wiring.Signature({
    "req": Out(1), "gnt": In(1), "addr": Out(32),
    "rvalid": In(1), "rdata": In(32), "err": In(1),
})

# Addresses are multiples of 4; ``be`` selects bytes of the word.
DATA_PORT = wiring.Signature({
    "req": Out(1), "gnt": In(1), "addr": Out(32), "we": Out(1), "be": Out(4), "wdata": Out(32),
    "rvalid": In(1), "rdata": In(32), "err": In(1),
})
