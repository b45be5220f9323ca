"""Buses inside and around the cluster, all of them in the manner of
:mod:`flexdrive.flexv.core.bus`: a request stays until it is granted, answers come in order, never
in the cycle of the grant."""

from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["FILL", "LINE_BITS", "LINE_BYTES", "OUTSIDE_PORT", "REGISTER_PORT"]

# Words of 64 bits; addresses are multiples of 8, ``be`` selects bytes.
OUTSIDE_PORT = wiring.Signature({
    "req": Out(1), "gnt": In(1), "addr": Out(32), "we": Out(1), "be": Out(8), "wdata": Out(64),
    "rvalid": In(1), "rdata": In(64), "err": In(1),
})

# Registers, in whole words: ``page`` of :mod:`.registers`, ``offset`` in it.
REGISTER_PORT = wiring.Signature({
    "req": Out(1), "gnt": In(1), "page": Out(2), "offset": Out(12), "we": Out(1),
    "wdata": Out(32), "rvalid": In(1), "rdata": In(32), "err": In(1),
})

# Instruction caches: a line has 16 bytes.
LINE_BYTES = 16
LINE_BITS = 28
# What the shared cache gives to all private ones.
FILL = data.StructLayout({"valid": 1, "line": LINE_BITS, "data": 128, "error": 1})
