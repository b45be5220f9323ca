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
from flexdrive_sim.engine import Model

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
def model():
    return Model(_Bench())


class _Memories:
    """L1 and the outside, at random speed, and what the unit must keep to."""

    def __init__(self, model, random, share, latency):
        self.model, self.random, self.share, self.latency = model, random, share, latency
        self.l1 = random.integers(256, size=_L1, dtype=np.uint8)
        self.outside = random.integers(256, size=_OUTSIDE_SIZE, dtype=np.uint8)
        self.finished, self.cycle, self.answers, self.asked = [], 0, [], None
        self.failed = None
        model.reset()

    def _word(self, i):
        return int.from_bytes(self.l1[4 * i:4 * i + 4].tobytes(), "little")

    def tick(self, write=None, *, error=False):
        """One cycle; ``write``: (channel, register, value)."""
        model, random = self.model, self.random
        channel, name, value = write or (0, "DMA_L1", 0)
        model.set("write", write is not None)
        model.set("channel", channel)
        model.set("offset", offset_of(name))
        model.set("value", value & 0xFFFFFFFF)
        grant = random.random() < self.share
        due = bool(self.answers) and self.answers[0][0] <= self.cycle
        model.set("outside_gnt", grant)
        model.set("outside_rvalid", due)
        model.set("outside_rdata",
                  self.answers.pop(0)[1] if due else int(random.integers(1 << 63)))
        model.set("outside_err", due and error)
        model.settle()
        grants = [bool(model.get(f"l1_req_{i}")) and random.random() < self.share for i in (0, 1)]
        for i in (0, 1):
            model.set(f"l1_granted_{i}", grants[i])
        model.settle()
        self._outside(grant)
        self._watch(grants)
        words = [self._access(i) if grants[i] else int(random.integers(1 << 32)) for i in (0, 1)]
        model.edge()
        for i in (0, 1):
            model.set(f"l1_rdata_{i}", words[i])
        self.cycle += 1

    def _access(self, i):
        word = self.model.get(f"l1_word_{i}")
        if not self.model.get("l1_we"):
            return self._word(word)
        data, be = self.model.get(f"l1_wdata_{i}"), self.model.get(f"l1_be_{i}")
        for byte in range(4):
            if be >> byte & 1:
                self.l1[4 * word + byte] = data >> 8 * byte & 0xFF
        return 0

    def _outside(self, grant):
        fields = [self.model.get(f"outside_{name}")
                  for name in ("req", "addr", "we", "be", "wdata")]
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

    def _watch(self, grants):
        done = self.model.get("finished")
        assert done & (done - 1) == 0
        if done:
            assert not self.answers
            self.finished.append(done.bit_length() - 1)
        if self.model.get("failed") and self.failed is None:
            self.failed = self.model.get("failed_address")


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


@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(6))
def test_random_transfers(model, seed, share):
    """Several channels, two transfers of each queued; memory at the end is numpy's."""
    random = np.random.default_rng(seed)
    memories = _Memories(model, random, share, int(random.integers(1, 9)))
    l1, outside = memories.l1.copy(), memories.outside.copy()
    started = []
    for _ in range(25):
        channel = int(random.integers(_CHANNELS))
        fields, in_l1, beyond = _transfer(random)
        while model.get("full") >> channel & 1:
            memories.tick()
        for name, value in fields.items():
            memories.tick((channel, name, value))
        started.append(channel)
        if fields["DMA_START"] & 1:
            outside[beyond] = l1[in_l1]
        else:
            l1[in_l1] = outside[beyond]
    for _ in range(20_000):
        if len(memories.finished) == len(started):
            break
        memories.tick()
    assert memories.finished == started
    assert np.array_equal(memories.l1, l1)
    assert np.array_equal(memories.outside, outside)
    assert memories.failed is None
    memories.tick()
    memories.tick()
    assert [model.get(f"outstanding_{i}") for i in range(_CHANNELS)] == [0] * _CHANNELS
    assert not model.get("active")


@pytest.mark.parametrize("outward", [0, 1])
def test_speed(model, outward):
    """8 bytes a cycle, whatever the latency (up to 8 loads under way)."""
    random = np.random.default_rng(0)
    memories = _Memories(model, random, 1.0, 5)
    for name, value in (("DMA_OUTSIDE", _OUTSIDE), ("DMA_L1", L1_BASE), ("DMA_LENGTH", 1600),
                        ("DMA_START", outward)):
        memories.tick((0, name, value))
    start = memories.cycle
    while not memories.finished:
        memories.tick()
    assert memories.cycle - start <= 200 + 22


def test_empty_transfers_end(model):
    memories = _Memories(model, np.random.default_rng(1), 1.0, 1)
    before = memories.l1.copy()
    for name, value in (("DMA_OUTSIDE", _OUTSIDE), ("DMA_L1", L1_BASE), ("DMA_LENGTH", 0),
                        ("DMA_START", 0)):
        memories.tick((1, name, value))
    for _ in range(30):
        memories.tick()
    assert memories.finished == [1]
    assert np.array_equal(memories.l1, before)


def test_failure_outside_is_reported(model):
    memories = _Memories(model, np.random.default_rng(2), 1.0, 1)
    for name, value in (("DMA_OUTSIDE", _OUTSIDE), ("DMA_L1", L1_BASE), ("DMA_LENGTH", 8),
                        ("DMA_START", 0)):
        memories.tick((0, name, value))
    for _ in range(30):
        memories.tick(error=True)
    assert memories.failed is not None


def test_an_address_beyond_l1_is_reported(model):
    memories = _Memories(model, np.random.default_rng(3), 1.0, 1)
    for name, value in (("DMA_OUTSIDE", _OUTSIDE), ("DMA_L1", L1_BASE + _L1 - 4),
                        ("DMA_LENGTH", 16), ("DMA_START", 0)):
        memories.tick((0, name, value))
    for _ in range(40):
        memories.tick()
    assert memories.failed == L1_BASE + _L1
