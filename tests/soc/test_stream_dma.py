"""The stream DMA alone, all channels at once: every item, every byte of the memory, every event,
whatever waits; offsets of registers as docs/soc-registers.md prints them, stated here again."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from flexdrive.soc.stream_dma import StreamDma

BASE, BITS, SIZE = 0x80000000, 8, 256
READS = {"descriptors": (0, 4), "weights": (1, 4), "pixels": (2, 2), "sent": (3, 4)}
WRITES = {"results": (4, 2), "reports": (5, 4), "received": (6, 4)}
CHANNELS = READS | WRITES
BUSY, STATUS, STOP, FAULT_ADDRESS, FAULT_CHANNEL, FAULT = 0x00, 0x08, 0x0C, 0x10, 0x14, 1 << 16
PLACE, PER_CHANNEL, REGION, LIMIT = 0x40, 8, 32, 3000
# Chances of a grant, of a taken and of a given item; cycles until an answer.
PACES = {"at_once": (1, 1, 1, 1), "grants": (0.3, 1, 1, 1), "answers": (1, 1, 1, 5),
         "streams": (1, 0.3, 0.3, 1), "all": (0.4, 0.4, 0.4, 4)}


class Machine:
    """The DMA with a memory and both ends of its streams, one cycle after the other."""

    def __init__(self, context, dma, pace, rng):
        self.context, self.dma, self.pace, self.rng = context, dma, pace, rng
        self.memory = rng.integers(0, 256, SIZE, dtype=np.uint8)
        self.answers, self.cycle = [], 0
        self.came = {name: [] for name in READS}
        self.given = {name: [] for name in WRITES}
        self.next = {name: self._item(name) for name in WRITES}

    def _item(self, name):
        return int(self.rng.integers(1 << 8 * WRITES[name][1]))

    async def step(self):
        ctx, dma, memory, rng = self.context, self.dma, self.dma.memory, self.rng
        grant, take, give, latency = self.pace
        due = bool(self.answers) and self.answers[0][0] <= self.cycle
        ctx.set(memory.rvalid, due)
        ctx.set(memory.rdata, self.answers.pop(0)[1] if due else int(rng.integers(1 << 32)))
        ctx.set(memory.gnt, rng.random() < grant)
        if ctx.get(memory.req) and ctx.get(memory.gnt):
            self._access(latency)
        for name in READS:
            out = getattr(dma, f"o_{name}")
            ctx.set(out.ready, rng.random() < take)
            if ctx.get(out.valid) and ctx.get(out.ready):
                self.came[name].append(ctx.get(out.payload))
        for name in WRITES:
            into = getattr(dma, f"i_{name}")
            # An item that is on offer stays.
            ctx.set(into.valid, ctx.get(into.valid) or rng.random() < give)
            ctx.set(into.payload, self.next[name])
            taken = ctx.get(into.valid) and ctx.get(into.ready)
            if taken:
                self.given[name].append(self.next[name])
                self.next[name] = self._item(name)
        takens = {name: bool(ctx.get(getattr(dma, f"i_{name}").valid)
                             and ctx.get(getattr(dma, f"i_{name}").ready)) for name in WRITES}
        await ctx.tick()
        self.cycle += 1
        for name, taken in takens.items():
            if taken:
                ctx.set(getattr(dma, f"i_{name}").valid, 0)

    def _access(self, latency):
        ctx, port = self.context, self.dma.memory
        address = ctx.get(port.addr)
        assert BASE <= address < BASE + SIZE, hex(address)
        assert address % 4 == 0
        at = address - BASE
        word = int.from_bytes(self.memory[at:at + 4].tobytes(), "little")
        if ctx.get(port.we):
            data = ctx.get(port.wdata)
            for byte in range(4):
                if ctx.get(port.be) >> byte & 1:
                    self.memory[at + byte] = data >> 8 * byte & 255
        wait = self.cycle + 1 + int(self.rng.integers(latency))
        if self.answers:
            wait = max(wait, self.answers[-1][0] + 1)
        self.answers.append((wait, word))

    def read(self, offset):
        self.context.set(self.dma.port.address, offset // 4)
        return self.context.get(self.dma.port.read_word)

    async def write(self, offset, word):
        ctx, port = self.context, self.dma.port
        ctx.set(port.address, offset // 4)
        assert ctx.get(port.writable) or offset == BUSY
        for name, value in ("word", word), ("bytes", 15), ("write", 1):
            ctx.set(getattr(port, name), value)
        await self.step()
        ctx.set(port.write, 0)

    async def start(self, name, address, count):
        place = PLACE + PER_CHANNEL * CHANNELS[name][0]
        self.context.set(self.dma.port.bytes, 15)
        await self.write(place, address)
        await self.write(place + 4, count)

    async def rest(self):
        for _ in range(LIMIT):
            if not self.read(BUSY):
                await self.step()       # events count from the next cycle
                return
            await self.step()
        raise AssertionError(f"busy {self.read(BUSY):07b}")

    def items(self, name, address, count, memory):
        """Items that lie there."""
        kind = np.dtype(f"<u{CHANNELS[name][1]}")
        at = address - BASE
        return memory[at:at + count * kind.itemsize].view(kind).tolist()

    def clear(self):
        for log in (*self.came.values(), *self.given.values()):
            log.clear()


def simulate(pace, seed, bench):
    dma, rng = StreamDma(BASE, BITS), np.random.default_rng(seed)

    async def whole(context):
        context.set(dma.port.bytes, 15)
        await bench(Machine(context, dma, PACES[pace], rng), rng)

    simulator = Simulator(dma)
    simulator.add_clock(1e-8)
    simulator.add_testbench(whole)
    simulator.run()


def transfer(rng, name):
    """(address, items) within the channel's region; none at times."""
    number, size = CHANNELS[name]
    first = int(rng.integers(REGION // size))
    return BASE + REGION * number + size * first, int(rng.integers(REGION // size - first + 1))


def check_whole(machine, name, address, count, before):
    """A transfer that is over; what it has changed is put into ``before``."""
    size = CHANNELS[name][1]
    if name in READS:
        assert machine.came[name] == machine.items(name, address, count, before), name
    else:
        assert len(machine.given[name]) == count
        kind, at = np.dtype(f"<u{size}"), address - BASE
        before[at:at + count * size] = np.array(machine.given[name], kind).view(np.uint8)
    place = PLACE + PER_CHANNEL * CHANNELS[name][0]
    assert (machine.read(place), machine.read(place + 4)) == (address + count * size, 0)


@pytest.mark.parametrize("pace", PACES)
def test_all_channels_at_once(pace):
    async def bench(machine, rng):
        for _ in range(6):
            before, work = machine.memory.copy(), {name: transfer(rng, name) for name in CHANNELS}
            machine.clear()
            await machine.write(STATUS, 0xFFFFFFFF)
            for name, (address, count) in work.items():
                await machine.start(name, address, count)
            await machine.rest()
            for name, (address, count) in work.items():
                check_whole(machine, name, address, count, before)
            assert machine.memory.tolist() == before.tolist()
            # A transfer of nothing has no end.
            assert machine.read(STATUS) == sum(
                1 << CHANNELS[name][0] for name, (_, count) in work.items() if count)

    for seed in range(3):
        simulate(pace, seed, bench)


@pytest.mark.parametrize("pace", PACES)
def test_stops_in_any_state(pace):
    """What stops is a beginning; others go on, and the next transfer is right."""
    async def bench(machine, rng):
        for turn in range(8):
            before, work = machine.memory.copy(), {name: transfer(rng, name) for name in CHANNELS}
            machine.clear()
            await machine.write(STATUS, 0xFFFFFFFF)
            for name, (address, count) in work.items():
                await machine.start(name, address, count)
            stopped = int(rng.integers(128)) if turn % 2 == 0 else 0
            for _ in range(int(rng.integers(30))):
                await machine.step()
            await machine.write(STOP, stopped)
            await machine.rest()
            for name, (address, count) in work.items():
                over = bool(machine.read(STATUS) >> CHANNELS[name][0] & 1)
                if over or not stopped >> CHANNELS[name][0] & 1:
                    check_whole(machine, name, address, count, before)
                    assert over == bool(count)
                else:
                    check_beginning(machine, name, address, count, before)
            assert machine.memory.tolist() == before.tolist()

    for seed in range(6):
        simulate(pace, seed, bench)


def check_beginning(machine, name, address, count, before):
    assert machine.read(PLACE + PER_CHANNEL * CHANNELS[name][0] + 4) == 0
    if name in READS:
        came = machine.came[name]
        assert came == machine.items(name, address, count, before)[:len(came)], name
        return
    # Of what was taken the last word may be missing, and nothing else.
    given, size, at = machine.given[name], CHANNELS[name][1], address - BASE
    data = np.array(given, f"<u{size}").view(np.uint8)
    least = max(0, (at + len(data) - 1) // 4 * 4 - at)
    now = machine.memory[at:at + len(data)].copy()
    assert any((now == np.concatenate([data[:kept], before[at + kept:at + len(data)]])).all()
               for kept in (least, len(data))), name
    before[at:at + len(data)] = now


@pytest.mark.parametrize(("address", "good"), [
    (BASE + SIZE, 0), (BASE - 4, 0), (0, 0), (BASE + SIZE - 8, 8), (BASE + 1, 0), (BASE + 3, 0),
    (BASE + 2, None)])
@pytest.mark.parametrize("name", CHANNELS)
def test_impossible_addresses(name, address, good):
    """``good`` bytes in front of the fault; None: one of words alone. No access is made there
    (:class:`Machine` looks), the others go on, and so does the next transfer."""
    number, size = CHANNELS[name]

    async def bench(machine, rng):
        other = "weights" if name != "weights" else "reports"
        before, count = machine.memory.copy(), 20
        items = count if good is None and size == 2 else (good or 0) // size
        await machine.start(other, *(work := (BASE + REGION * CHANNELS[other][0], 8)))
        await machine.start(name, address, count)
        await machine.rest()
        check_whole(machine, other, *work, before)
        fault = good is not None or size == 4
        moved = machine.came[name] if name in READS else machine.given[name]
        assert len(moved) >= items if name in WRITES else len(moved) == items
        if fault:
            assert machine.read(STATUS) == FAULT | 1 << CHANNELS[other][0]
            assert machine.read(FAULT_ADDRESS) == address + (good or 0)
            assert machine.read(FAULT_CHANNEL) == number
        else:
            assert machine.read(STATUS) == 1 << number | 1 << CHANNELS[other][0]
        await machine.write(STATUS, 0xFFFFFFFF)
        machine.clear()
        before = machine.memory.copy()
        work = BASE + REGION * number, REGION // size
        await machine.start(name, *work)
        await machine.rest()
        check_whole(machine, name, *work, before)
        assert machine.memory.tolist() == before.tolist()

    simulate("all", number, bench)
