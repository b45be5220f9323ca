"""Private caches and the shared one against a flat memory: random walks, jumps, stalls, lines that
fail, memory that changes."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.cluster.ports import OUTSIDE_PORT
from flexdrive.flexv.cluster.private_cache import PrivateCache
from flexdrive.flexv.cluster.shared_cache import SharedCache
from flexdrive.flexv.core.bus import INSTRUCTION_PORT

from ...hyperdrive.blocks.bench import Bench

_CORES, _WORDS = 2, 1024
# Accesses that a core has under way at most.
_LONGEST = 3


class _Caches(wiring.Component):
    def __init__(self, ways):
        self._ways = ways
        super().__init__({"ports": In(INSTRUCTION_PORT).array(_CORES), "flush": In(1),
                          "outside": Out(OUTSIDE_PORT), "halt": In(1),
                          "waits": Out(_CORES), "quiet": Out(_CORES)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.shared = shared = SharedCache(_CORES, 1024, self._ways)
        wiring.connect(m, shared.outside, wiring.flipped(self.outside))
        m.d.comb += shared.flush.eq(self.flush)
        for i in range(_CORES):
            m.submodules[f"private{i}"] = private = PrivateCache(256)
            wiring.connect(m, wiring.flipped(self.ports[i]), private.bus)
            m.d.comb += [
                private.halt.eq(self.halt), private.flush.eq(self.flush),
                private.fill.eq(shared.fill), shared.request[i].eq(private.request),
                shared.line[i].eq(private.line), private.granted.eq(shared.granted[i]),
                self.waits[i].eq(private.waits), self.quiet[i].eq(private.quiet)]
        return m


class _Walker:
    """A core that fetches: mostly straight on, loops, sometimes a jump."""

    def __init__(self, random, words):
        self.random, self.words, self.at = random, words, int(random.integers(words))
        self.asked, self.owed, self.done, self.errors = None, [], 0, 0

    def next(self):
        if self.asked is None and len(self.owed) < _LONGEST and self.random.random() < 0.9:
            if self.random.random() < 0.06:
                self.at = int(self.random.integers(self.words))
            elif self.random.random() < 0.1:
                self.at = max(0, self.at - 24)
            self.asked, self.at = self.at, (self.at + 1) % self.words
        return self.asked


class _Outside:
    """Flat memory that answers in order, some time."""

    def __init__(self, random, bad):
        self.random, self.bad, self.answers, self.cycle = random, bad, [], 0
        self.memory = random.integers(1 << 32, size=_WORDS, dtype=np.uint32)
        self.loads = 0

    def drive(self, patience):
        self.grant = bool(self.random.random() < 0.7)
        due = bool(self.answers) and self.answers[0][0] <= self.cycle
        _, word, error = self.answers.pop(0) if due else (0, 0, 0)
        self.patience = patience
        return {"outside_gnt": self.grant, "outside_rvalid": due, "outside_rdata": word,
                "outside_err": error}

    def see(self, seen):
        if seen["outside_req"] and self.grant:
            assert seen["outside_addr"] % 8 == 0
            assert not seen["outside_we"]
            at = seen["outside_addr"] // 4 % _WORDS
            self.loads += 1
            self.answers.append((self.cycle + 1 + int(self.random.integers(self.patience)),
                                 int(self.memory[at]) | int(self.memory[at + 1]) << 32,
                                 at // 4 == self.bad))
        self.cycle += 1


@pytest.fixture(scope="module", params=[1, 2], ids=["direct", "two ways"])
def bench(request):
    return Bench(_Caches(request.param))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_words_are_those_of_memory(bench, seed):
    random = np.random.default_rng(seed)
    # A program that fits, one that does not.
    words = (100, _WORDS - 8)[seed % 2]
    bad = int(random.integers(words // 4))
    outside = _Outside(random, bad)
    walkers, flushes = [_Walker(random, words) for _ in range(_CORES)], []

    def stimulus():
        pausing = False
        for cycle in range((1_500, 4_000)[seed // 2]):
            # From time to time all cores pause; as soon as they have what they asked for, memory
            # changes and the caches are emptied, whatever is fetched ahead.
            pausing |= cycle % 150 == 140
            flushing = pausing and not any(w.owed or w.asked is not None for w in walkers)
            if flushing:
                pausing = False
                flushes.append(cycle)
                outside.memory[:] = random.integers(1 << 32, size=_WORDS, dtype=np.uint32)
            halt = bool(random.random() < 0.05)
            given = {"flush": flushing, "halt": halt, **outside.drive((1, 9, 60, 60)[seed])}
            for i, walker in enumerate(walkers):
                place = walker.asked if pausing or flushing else walker.next()
                given |= {f"ports_{i}_req": place is not None,
                          f"ports_{i}_addr": 4 * (place or 0)}
            seen = yield given
            outside.see(seen)
            for i, walker in enumerate(walkers):
                if seen[f"ports_{i}_rvalid"]:
                    place = walker.owed.pop(0)
                    walker.done += 1
                    fails = place // 4 == bad
                    walker.errors += fails
                    assert seen[f"ports_{i}_err"] == fails
                    if not fails:
                        assert seen[f"ports_{i}_rdata"] == outside.memory[place]
                taken = walker.asked is not None and seen[f"ports_{i}_gnt"]
                assert not (taken and halt)
                if taken:
                    walker.owed.append(walker.asked)
                    walker.asked = None
                assert bool(seen["quiet"] >> i & 1) == (not walker.owed)
        assert len(flushes) >= 4
        assert all(walker.done > 30 for walker in walkers)

    bench.run(stimulus())


# Fits into both caches; into the shared one only: lines come ahead of their use.
@pytest.mark.slow
@pytest.mark.parametrize("words", [48, 100])
def test_straight_code_is_fetched_once_and_ahead(bench, words):
    """One core in a loop: every line is fetched once, and from then on words come in every
    cycle."""
    outside = _Outside(np.random.default_rng(0), -1)

    def stimulus():
        at, owed, came = 0, 0, []
        for cycle in range(900):
            seen = yield {"ports_0_req": 1, "ports_0_addr": 4 * at, "ports_1_req": 0,
                          "halt": 0, "flush": 0, **outside.drive(4)}
            outside.see(seen)
            came.append(seen["ports_0_rvalid"])
            owed += bool(seen["ports_0_gnt"]) - bool(seen["ports_0_rvalid"])
            assert owed <= 1
            if seen["ports_0_gnt"]:
                at = (at + 1) % words
            if cycle == 599:
                before = outside.loads
        # Where a walk leaves lines that are still here, and at the jump back, a line is missed: 2
        # cycles; 18 lines a pass would be.
        assert sum(came[600:]) >= (300 if words == 48 else 280)
        assert outside.loads == before
        # Four words of instructions are two of the outside; some are fetched ahead.
        assert words // 2 <= before <= words // 2 + 6

    bench.run(stimulus())
