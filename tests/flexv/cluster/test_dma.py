"""The DMA unit alone, against numpy: random transfers, alignments, strides and stalls."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.flexv.cluster.dma import Dma
from flexdrive.flexv.cluster.dma_queue import DmaQueue
from flexdrive.flexv.cluster.ports import OUTSIDE_PORT
from flexdrive.flexv.cluster.registers import L1_BASE, offset_of

from ...hyperdrive.blocks.bench import HOLD, Bench

_L1, _CHANNELS = 2048, 3
_OUTSIDE, _OUTSIDE_SIZE = 0x80000000, 4096


class _Bench(wiring.Component):
    """Queue and unit; L1 and the outside are the test's."""

    def __init__(self):
        super().__init__({
            "write": In(1), "channel": In(range(_CHANNELS)), "offset": In(7), "value": In(32),
            "full": Out(_CHANNELS), "outstanding": Out(2).array(_CHANNELS),
            "finished": Out(_CHANNELS), "failed": Out(1), "failed_address": Out(32),
            "active": Out(1), "outside": Out(OUTSIDE_PORT), "l1_req": Out(1).array(2),
            "l1_word": Out(9).array(2), "l1_granted": In(1).array(2),
            "l1_rdata": In(32).array(2), "l1_we": Out(1), "l1_be": Out(4).array(2),
            "l1_wdata": Out(32).array(2)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = DmaQueue(_CHANNELS)
        m.submodules.dma = dma = Dma(_CHANNELS, _L1)
        wiring.connect(m, dma.outside, wiring.flipped(self.outside))
        m.d.comb += [
            queue.write.eq(self.write), queue.channel.eq(self.channel),
            queue.offset.eq(self.offset), queue.value.eq(self.value), self.full.eq(queue.full),
            dma.job.eq(queue.job), dma.valid.eq(queue.valid), queue.take.eq(dma.take),
            queue.finished.eq(dma.finished), self.finished.eq(dma.finished),
            self.failed.eq(dma.failed), self.failed_address.eq(dma.failed_address),
            self.active.eq(dma.active), self.l1_we.eq(dma.l1_we)]
        for i in range(_CHANNELS):
            m.d.comb += self.outstanding[i].eq(queue.outstanding[i])
        for i in (0, 1):
            for name, member in (("l1_req", Out), ("l1_word", Out), ("l1_granted", In),
                                 ("l1_rdata", In), ("l1_be", Out), ("l1_wdata", Out)):
                ours, theirs = getattr(self, name)[i], getattr(dma, name)[i]
                m.d.comb += ours.eq(theirs) if member is Out else theirs.eq(ours)
        return m


@pytest.fixture(scope="module")
def bench():
    return Bench(_Bench())


class _Memories:
    """L1 and the outside, at random speed, and what the unit must keep to."""

    def __init__(self, random, share, latency):
        self.random, self.share, self.latency = random, share, latency
        self.l1 = random.integers(256, size=_L1, dtype=np.uint8)
        self.outside = random.integers(256, size=_OUTSIDE_SIZE, dtype=np.uint8)
        self.finished, self.cycle, self.answers, self.asked = [], 0, [], None
        self.failed, self.seen, self.words = None, {"full": 0}, [0, 0]

    def _word(self, i):
        return int.from_bytes(self.l1[4 * i:4 * i + 4].tobytes(), "little")

    def tick(self, write=None, *, error=False):
        """One cycle; ``write``: (channel, register, value)."""
        random = self.random
        channel, name, value = write or (0, "DMA_L1", 0)
        grant = bool(random.random() < self.share)
        due = bool(self.answers) and self.answers[0][0] <= self.cycle
        word = self.answers.pop(0)[1] if due else int(random.integers(1 << 63))
        seen = yield {
            "write": write is not None, "channel": channel, "offset": offset_of(name),
            "value": value & 0xFFFFFFFF, "outside_gnt": grant, "outside_rvalid": due,
            "outside_rdata": word, "outside_err": due and error, "l1_granted_0": 0,
            "l1_granted_1": 0, "l1_rdata_0": self.words[0], "l1_rdata_1": self.words[1], HOLD: 1}
        grants = [bool(seen[f"l1_req_{i}"]) and bool(random.random() < self.share)
                  for i in (0, 1)]
        self.seen = yield {f"l1_granted_{i}": grants[i] for i in (0, 1)}
        self._outside(grant)
        self._watch()
        self.words = [self._access(i) if grants[i] else int(random.integers(1 << 32))
                      for i in (0, 1)]
        self.cycle += 1

    def start(self, channel, fields):
        """Wait until the channel is free and write the registers."""
        begin = self.cycle
        # A start shows in ``full`` in the cycle after it.
        yield from self.tick()
        while self.seen["full"] >> channel & 1:
            assert self.cycle < begin + 2_000
            yield from self.tick()
        for name, value in fields.items():
            yield from self.tick((channel, name, value))

    def finish(self, count, limit=6_000, **options):
        """Until so many transfers are over."""
        while len(self.finished) < count:
            yield from self.tick(**options)
            limit -= 1
            assert limit > 0

    def _access(self, i):
        word = self.seen[f"l1_word_{i}"]
        if not self.seen["l1_we"]:
            return self._word(word)
        data, be = self.seen[f"l1_wdata_{i}"], self.seen[f"l1_be_{i}"]
        for byte in range(4):
            if be >> byte & 1:
                self.l1[4 * word + byte] = data >> 8 * byte & 0xFF
        return 0

    def _outside(self, grant):
        fields = [self.seen[f"outside_{name}"] for name in ("req", "addr", "we", "be", "wdata")]
        req, address, we, be, data = fields
        if self.asked is not None:
            assert fields[:5 if we else 4] == self.asked[:5 if we else 4]
        self.asked = fields if req and not grant else None
        if not (req and grant):
            return
        assert address % 8 == 0
        at, word = address - _OUTSIDE, 0
        assert 0 <= at < _OUTSIDE_SIZE
        if we:
            for byte in range(8):
                if be >> byte & 1:
                    self.outside[at + byte] = data >> 8 * byte & 0xFF
        else:
            word = int.from_bytes(self.outside[at:at + 8].tobytes(), "little")
        slow = int(self.random.integers(3)) if self.share < 1 else 0
        self.answers.append((self.cycle + self.latency + slow, word))

    def _watch(self):
        done = self.seen["finished"]
        assert done & (done - 1) == 0
        if done:
            assert not self.answers
            self.finished.append(done.bit_length() - 1)
        if self.seen["failed"] and self.failed is None:
            self.failed = self.seen["failed_address"]


def _addresses(base, shape, strides):
    """Address of every byte of a transfer in its order."""
    planes, rows, length = shape
    return (base + strides[0] * np.arange(planes)[:, None, None]
            + strides[1] * np.arange(rows)[:, None] + np.arange(length)).reshape(-1)


def _transfer(random):
    """A random transfer: fields by register, and its addresses in L1 and outside."""
    dims = int(random.integers(3))
    shape = (int(random.integers(1, 4)) if dims == 2 else 1,
             int(random.integers(1, 5)) if dims else 1, int(random.integers(1, 40)))
    strides = [(int(random.integers(160, 200)), int(random.integers(shape[2], 40)))
               for _ in range(2)]
    l1, outside = (int(random.integers(size)) for size in (1200, 3000))
    outward = int(random.integers(2))
    fields = {"DMA_OUTSIDE": _OUTSIDE + outside, "DMA_L1": L1_BASE + l1,
              "DMA_LENGTH": shape[2]}
    if dims:
        fields |= {"DMA_ROWS": shape[1], "DMA_OUTSIDE_STRIDE": strides[0][1],
                   "DMA_L1_STRIDE": strides[1][1]}
    if dims == 2:
        fields |= {"DMA_PLANES": shape[0], "DMA_OUTSIDE_PLANE": strides[0][0],
                   "DMA_L1_PLANE": strides[1][0]}
    fields["DMA_START"] = outward | dims << 1
    return fields, _addresses(l1, shape, strides[1]), _addresses(outside, shape, strides[0])


@pytest.mark.slow
@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_random_transfers(bench, seed, share):
    """Several channels, two transfers of each queued; memory at the end is numpy's."""
    random = np.random.default_rng(seed)
    memories = _Memories(random, share, int(random.integers(1, 9)))

    def stimulus():
        l1, outside, started = memories.l1.copy(), memories.outside.copy(), []
        for _ in range(25):
            channel = int(random.integers(_CHANNELS))
            fields, in_l1, beyond = _transfer(random)
            started.append(channel)
            # As late as the transfer may see it.
            if fields["DMA_START"] & 1:
                outside[beyond] = l1[in_l1]
            else:
                l1[in_l1] = outside[beyond]
            yield from memories.start(channel, fields)
        yield from memories.finish(len(started))
        assert memories.finished == started
        assert np.array_equal(memories.l1, l1)
        assert np.array_equal(memories.outside, outside)
        assert memories.failed is None
        for _ in range(3):
            yield from memories.tick()
        assert [memories.seen[f"outstanding_{i}"] for i in range(_CHANNELS)] == [0] * _CHANNELS
        assert not memories.seen["active"]

    bench.run(stimulus())


def _fields(length, start, l1=0):
    return {"DMA_OUTSIDE": _OUTSIDE, "DMA_L1": L1_BASE + l1, "DMA_LENGTH": length,
            "DMA_START": start}


@pytest.mark.parametrize("outward", [0, 1])
def test_speed(bench, outward):
    """8 bytes a cycle with up to 16 loads under way, and as docs/cluster.md says."""
    memories = _Memories(np.random.default_rng(0), 1.0, 5)

    def stimulus():
        yield from memories.start(0, _fields(800, outward))
        begin = memories.cycle
        yield from memories.finish(1)
        assert memories.cycle - begin == 100 + memories.latency + 9 + outward

    bench.run(stimulus())


def test_empty_transfers_end(bench):
    memories = _Memories(np.random.default_rng(1), 1.0, 1)
    before = memories.l1.copy()

    def stimulus():
        yield from memories.start(1, _fields(0, 0))
        yield from memories.finish(1)
        assert np.array_equal(memories.l1, before)

    bench.run(stimulus())


def test_failure_outside_is_reported(bench):
    memories = _Memories(np.random.default_rng(2), 1.0, 1)

    def stimulus():
        yield from memories.start(0, _fields(8, 0))
        yield from memories.finish(1, error=True)
        assert memories.failed is not None

    bench.run(stimulus())


def test_an_address_beyond_l1_is_reported(bench):
    memories = _Memories(np.random.default_rng(3), 1.0, 1)

    def stimulus():
        yield from memories.start(0, _fields(16, 0, _L1 - 4))
        yield from memories.finish(1)
        assert memories.failed == L1_BASE + _L1

    bench.run(stimulus())
