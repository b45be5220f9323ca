"""Random programs on all cores of a cluster, with data that they share.

Each core is followed by a hart of the instruction-set simulator that is given what its loads
returned: that checks every instruction by itself. Whether these loads returned what they should is
checked byte by byte against all stores in the order in which they retire: accesses within a word
take place in the order in which their instructions retire. Of the two words of an access that is
not aligned each is accessed in a cycle of its own, so stores of some cycles around it may be seen.
"""

from bisect import bisect_left, insort

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.cluster import ClusterConfig
from flexdrive.flexv.cluster.registers import L1_BASE
from flexdrive.flexv.core import CoreConfig

from ...chunks import kept_by_worker
from ..drive.cluster_bench import ClusterBench, build_cluster
from ..drive.lockstep import Follower, Mismatch
from ..iss.memory import Memory, Region
from .random_instructions import CODE
from .random_program import RandomProgram

__all__ = ["CLUSTER", "ByteHistory", "check_random_cluster", "check_random_clusters"]

# Cycles by which the words of one access may be apart, in L1 and outside.
_APART = {True: 30, False: 400}


CLUSTER = ClusterConfig(cores=4, banks=8, bank_words=2048, private_cache=256, shared_cache=1024,
                        cache_ways=2, core=CoreConfig(rvfi=True))
"""The cluster of :func:`check_random_clusters`: all extensions, caches smaller than programs."""


class _Given(Memory):
    """Memory whose loads are given."""

    value = 0

    def load(self, address, size):
        super().load(address, size)     # is there any?
        return self.value & (1 << 8 * size) - 1


class ByteHistory:
    """What was stored, byte by byte, with the cycle in which the instruction retired.

    Parameters
    ----------
    regions : memory as it begins.

    Attributes
    ----------
    shared : bytes loaded that several cores had stored before.
    """

    def __init__(self, regions):
        self._regions, self._stores = regions, {}
        self.shared = 0

    def _first(self, address):
        for region in self._regions:
            if region.base <= address < region.base + len(region.data):
                return int(region.data[address - region.base])
        return None

    def store(self, cycle, core, address, size, value):
        apart = _apart(address, size)
        for at in range(size):
            insort(self._stores.setdefault(address + at, []),
                   (cycle, core, value >> 8 * at & 0xFF, apart))

    def _possible(self, cycle, place, apart):
        """Values that a byte may have for a load that retires in ``cycle``."""
        stores = self._stores.get(place, [])
        begin = bisect_left(stores, (cycle - apart,))
        if not begin:
            found = {self._first(place)}
        else:
            # The last that was surely before; if its words are apart, those before it, too.
            when, _, byte, earlier = stores[begin - 1]
            found = {byte}
            first = bisect_left(stores, (when - earlier,))
            found |= {entry[2] for entry in stores[max(0, first - 1):begin] if earlier}
        for when, _, byte, earlier in stores[begin:]:
            if when - earlier <= cycle:
                found.add(byte)
            elif when > cycle + max(_APART.values()):
                break
        self.shared += len({entry[1] for entry in stores[:begin]}) > 1
        return found

    def wrong(self, cycle, address, size, value):
        """The first byte of a load that no store left, as text, or None."""
        for at in range(size):
            byte = value >> 8 * at & 0xFF
            possible = self._possible(cycle, address + at, _apart(address, size))
            if byte not in possible:
                texts = ", ".join(sorted("any" if each is None else f"{each:02x}"
                                         for each in possible))
                return f"byte {address + at:#010x} is {byte:02x}, stored was {texts}"
        return None


def _apart(address, size):
    """Cycles by which the words of an access may be apart."""
    return _APART[address >> 28 == L1_BASE >> 28] if address % 4 + size > 4 else 0


def check_random_cluster(built, config, seed, cycles, *, inside=True):
    """Run one random program on all cores for ``cycles``; latency and stalls outside follow from
    the seed. The data lie in L1, which begins as 0, or, not ``inside``, outside.

    Parameters
    ----------
    built, config : of :func:`~..drive.cluster_bench.build_cluster`, with ``config.core.rvfi``, and
        an L1 of at least 64 kB. Not with ``config.core.waiting_loads``: such a load retires before
        its value is there, so the order of retirement is no longer that of the accesses.

    Returns
    -------
    (instructions, traps, loads of what several cores had stored)

    Raises
    ------
    Mismatch
        names seed, core, cycle and what differs.
    FlexdriveError
        for cores whose loads wait.
    """
    if config.core.waiting_loads:
        raise FlexdriveError("random programs on a cluster: core.waiting_loads must be (), since "
                             "loads that wait retire before they read")
    where = {"data": L1_BASE} if inside else {}
    extensions = config.core.extensions
    program = RandomProgram(seed, extensions=extensions, harts=config.cores, nowhere=0x20000000,
                            **where)
    outside = [region for region in program.regions() if not inside or region.base == CODE]
    bench = ClusterBench(built, config.cores, outside, program.entry, latency=1 + seed % 7,
                         random_stalls=seed if seed % 3 else 0, log=1 << 14)
    # Loads are given, so stores of the harts change nothing that matters.
    regions = [*(region for region in program.regions() if region.base != L1_BASE),
               Region(L1_BASE, np.zeros(config.l1_bytes, np.uint8))]
    memory = _Given([Region(region.base, region.data.copy()) for region in regions])
    data, loads = ByteHistory(regions), []
    followers = [Follower(memory, program.entry, extensions=extensions, hart_id=core)
                 for core in range(config.cores)]
    try:
        while bench.cycles < cycles:
            reason = bench.run(cycles)
            loads += _follow(bench, followers, memory, data)
            if reason not in ("room", "cycles"):
                raise Mismatch(f"the cluster stopped: {reason}")
        for core, cycle, address, size, value in loads:
            wrong = data.wrong(cycle, address, size, value)
            if wrong:
                raise Mismatch(f"core {core}, load that retires in cycle {cycle}: {wrong}")
    except FlexdriveError as error:
        raise Mismatch(f"seed {seed}: {error}") from None
    return (sum(each.checked for each in followers), sum(each.traps for each in followers),
            data.shared)


def _follow(bench, followers, memory, data):
    """Check what the cores did since the last call; returns their loads: core, cycle, address,
    size, value."""
    loads = []
    for core, row in zip(*(each.tolist() for each in bench.retired()), strict=True):
        masks, wdata, rdata, cycle = row[9], row[10], row[11], row[13]
        memory.value = rdata
        try:
            followers[core].check(row)
        except Mismatch as error:
            raise Mismatch(f"core {core}: {error}") from None
        if masks and not row[14] >> 10:
            size = (masks & 15 or masks >> 4).bit_length()
            if masks & 15:
                loads.append((core, cycle, row[8], size, rdata))
            else:
                data.store(cycle, core, row[8], size, wdata)
    return loads


@kept_by_worker(1)
def _built():
    return build_cluster(CLUSTER)


def check_random_clusters(seed, cycles=20_000):
    """One random program on :data:`CLUSTER`, its data in L1 or (odd seeds) outside: numbers of
    ``instructions``, ``cycles``, ``exceptions`` and ``shared`` (bytes loaded that several cores had
    stored), and what was ``wrong`` or None."""
    try:
        checked, traps, shared = check_random_cluster(_built(), CLUSTER, seed, cycles,
                                                      inside=seed % 2 == 0)
    except FlexdriveError as error:
        return {"instructions": 0, "wrong": str(error)}
    return {"instructions": checked, "cycles": cycles, "exceptions": traps, "shared": shared,
            "wrong": None}
