# amaranth: UnusedElaboratable=no
"""What may stand at the other end of a bus: random, legal, and watching.

Each runs as a testbench of Amaranth's simulator. ``pause`` is the part of the cycles in which it
does nothing: 0 for a partner that never waits.
"""

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring

from flexdrive.bus.axi import Response
from flexdrive.hyperdrive.chip import Chip

__all__ = ["LiteMaster", "LiteSlave", "StubChip", "WishboneMaster", "receive", "send"]


class StubChip(wiring.Component):
    """The ports of a chip without links; the test sets the outputs."""

    def __init__(self, config):
        super().__init__(Chip(config).signature)

    def elaborate(self, platform):
        return Module()


async def pauses(ctx, random, pause):
    """Wait while the partner does nothing."""
    while pause and random.random() < pause:
        await ctx.tick()


async def send(ctx, valid, ready, payload, words, random, pause):
    """Send ``words`` through a channel; valid never waits for ready, and stays."""
    for word in words:
        ctx.set(valid, 0)
        await pauses(ctx, random, pause)
        ctx.set(payload, word)
        ctx.set(valid, 1)
        while not (await ctx.tick().sample(ready))[-1]:
            pass
    ctx.set(valid, 0)


async def receive(ctx, valid, ready, payload, taken, random, pause):
    """Append all that comes to ``taken``; ready may come before valid, and go again. What is
    offered has to stay until it is taken."""
    offered = None
    while True:
        # In reset nothing is promised.
        now = random.random() >= pause
        ctx.set(ready, now)
        _, reset, there, word = await ctx.tick().sample(valid, payload)
        assert reset or offered is None or (there and word == offered), "an offer was changed"
        offered = word if there and not now and not reset else None
        if there and now and not reset:
            taken.append(word)


class LiteMaster:
    """AXI4-Lite: five channels, each at its own speed, several accesses under way.

    Use: ``add(simulator)``, then ``write`` and ``read`` in a testbench.
    """

    def __init__(self, bus, random, pause):
        self._bus, self._random, self._pause = bus, random, pause
        self._queues = {name: [] for name in ("aw", "w", "ar")}
        self._taken = {"b": [], "r": []}
        self._payload = {"aw": bus.awaddr, "ar": bus.araddr, "w": Cat(bus.wdata, bus.wstrb),
                         "b": bus.bresp, "r": Cat(bus.rdata, bus.rresp)}
        self._asked = {"b": 0, "r": 0}

    def add(self, simulator):
        for name in self._queues:
            simulator.add_testbench(self._sender(name), background=True)
        for name in self._taken:
            simulator.add_testbench(self._receiver(name), background=True)

    def _ends(self, name):
        return (getattr(self._bus, f"{name}valid"), getattr(self._bus, f"{name}ready"),
                self._payload[name])

    def _sender(self, name):
        async def run(ctx):
            queue = self._queues[name]
            while True:
                if not queue:
                    await ctx.tick()
                    continue
                await send(ctx, *self._ends(name), [queue.pop(0)], self._random, self._pause)
        return run

    def _receiver(self, name):
        async def run(ctx):
            await receive(ctx, *self._ends(name), self._taken[name], self._random, self._pause)
        return run

    def start_write(self, address, word, strobe=15):
        """Ask for a write; ``answers`` waits for it."""
        self._queues["aw"].append(address)
        self._queues["w"].append(word | strobe << 32)
        self._asked["b"] += 1

    def start_read(self, address):
        self._queues["ar"].append(address)
        self._asked["r"] += 1

    async def answers(self, ctx, channel, limit=500):
        """All answers since the last call, in their order."""
        taken = self._taken[channel]
        for _ in range(limit):
            if len(taken) == self._asked[channel]:
                break
            await ctx.tick()
        assert len(taken) == self._asked[channel], f"{channel}: not answered"
        found = taken[:]
        taken.clear()
        self._asked[channel] = 0
        return found

    async def write(self, ctx, address, word, strobe=15):
        self.start_write(address, word, strobe)
        (answer,) = await self.answers(ctx, "b")
        return Response(answer)

    async def read(self, ctx, address):
        """The word, None with an error."""
        self.start_read(address)
        (answer,) = await self.answers(ctx, "r")
        return answer & 0xFFFFFFFF if Response(answer >> 32) == Response.OKAY else None


class LiteSlave:
    """AXI4-Lite memory: takes requests and answers them at its own time, address before or after
    data; a write takes place somewhere between its acceptance and its answer. Words that are not in
    ``memory`` are refused."""

    def __init__(self, bus, memory, random, pause, *, writes=True):
        self._bus, self._memory, self._random, self._pause = bus, memory, random, pause
        self._taken = {"ar": [], **({"aw": [], "w": []} if writes else {})}
        self._answers = {"r": [], **({"b": []} if writes else {})}

    def add(self, simulator):
        bus = self._bus
        payload = {"ar": bus.araddr, "r": Cat(bus.rdata, bus.rresp)}
        if "w" in self._taken:
            payload |= {"aw": bus.awaddr, "w": Cat(bus.wdata, bus.wstrb), "b": bus.bresp}
        for name, value in payload.items():
            ends = (getattr(bus, f"{name}valid"), getattr(bus, f"{name}ready"), value)

            async def takes(ctx, name=name, ends=ends):
                await receive(ctx, *ends, self._taken[name], self._random, self._pause)

            async def answers(ctx, name=name, ends=ends):
                while True:
                    if not self._answers[name]:
                        await ctx.tick()
                        continue
                    answer = self._answers[name].pop(0)
                    await send(ctx, *ends, [answer()], self._random, self._pause)
            simulator.add_testbench(takes if name in self._taken else answers, background=True)
        simulator.add_testbench(self._serve, background=True)

    async def _serve(self, ctx):
        while True:
            await ctx.tick()
            taken = self._taken
            while taken["ar"]:
                address = taken["ar"].pop(0)
                assert address % 4 == 0
                self._answers["r"].append(self._sooner_or_later(lambda at=address: self._read(at)))
            while "w" in taken and taken["aw"] and taken["w"]:
                address, word = taken["aw"].pop(0), taken["w"].pop(0)
                assert address % 4 == 0
                self._answers["b"].append(self._sooner_or_later(
                    lambda at=address, word=word: self._write(at, word)))

    def _sooner_or_later(self, access):
        """The access, done now or with its answer."""
        if self._random.random() < 0.5:
            result = access()
            return lambda: result
        return access

    def _read(self, address):
        word = self._memory.get(address)
        return Response.SLVERR << 32 if word is None else word

    def _write(self, address, word):
        if address not in self._memory:
            return Response.DECERR
        mask = sum(255 << 8 * i for i in range(4) if word >> 32 + i & 1)
        self._memory[address] = self._memory[address] & ~mask | word & mask
        return Response.OKAY


class WishboneMaster:
    """Wishbone in pipelined mode: several accesses under way, pauses between them."""

    def __init__(self, bus, random, pause):
        self._bus, self._random, self._pause = bus, random, pause

    async def run(self, ctx, accesses):
        """Do ``accesses``, (address, word or None to read, bytes) each; their answers: the word (0
        of a write), None with an error."""
        bus, answers, waiting = self._bus, [], 0
        queue = list(accesses)
        total = len(queue)
        while len(answers) < total:
            ask = bool(queue) and self._random.random() >= self._pause
            ctx.set(bus.cyc, ask or waiting > 0)
            ctx.set(bus.stb, ask)
            if ask:
                address, word, selected = queue[0]
                ctx.set(Cat(bus.adr, bus.we, bus.dat_w, bus.sel),
                        address | (word is not None) << 32 | (word or 0) << 33 | selected << 65)
            before = waiting
            *_, ack, err, stall, read = await ctx.tick().sample(bus.ack, bus.err, bus.stall,
                                                                bus.dat_r)
            assert ack + err <= 1
            if ack or err:
                assert before, "an answer to nothing"
                waiting -= 1
                answers.append(None if err else read)
            if ask and not stall:
                queue.pop(0)
                waiting += 1
        ctx.set(Cat(bus.cyc, bus.stb), 0)
        return answers

    async def write(self, ctx, address, word, selected=15):
        return (await self.run(ctx, [(address, word, selected)]))[0]

    async def read(self, ctx, address):
        return (await self.run(ctx, [(address, None, 15)]))[0]
