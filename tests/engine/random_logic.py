"""Random circuits: every operator, widths across word borders, memories, shared modules."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared

_WIDTHS = (1, 2, 5, 8, 16, 17, 31, 32, 33, 63, 64, 65, 100, 130)


class RandomLogic(Shared):
    """A random expression graph with registers between.

    ``children``: (seed, instances, chained, grandchildren) of parts that are RandomLogic
    themselves, equal ones sharing a module; one behind the other or side by side. ``depths``: of
    the memory; beyond its end Amaranth reads 0, and yosys leaves the value open.
    """

    def __init__(self, seed, *, nodes=40, children=(), depths=(2, 5, 16)):
        self.seed, self.nodes, self.children, self.depths = seed, nodes, children, depths
        super().__init__({"a": In(70), "b": In(33), "c": In(7), "y": Out(70), "z": Out(33)},
                         s=seed, n=nodes, k=len(children))

    def elaborate(self, platform):
        m = Module()
        random = np.random.default_rng(self.seed)
        pool = [self.a, self.b, self.c, self.a[3:40].as_signed(), self.b.as_signed(), Const(0, 4),
                Const(-3, signed(5)), Const(1 << 65, 70)]
        kept = []
        for index in range(self.nodes):
            value = self._operator(random, pool)
            width = min(len(value), 140)
            shape = signed(width) if value.shape().signed else unsigned(width)
            init = int(random.integers(2))
            node = Signal(shape, name=f"node{index}", init=-init if shape.signed else init)
            if random.random() < 0.3:
                with m.If(pool[int(random.integers(len(pool)))].any()):
                    m.d.sync += node.eq(value)
            else:
                m.d.comb += node.eq(value)
            pool.append(node)
            kept.append(node)
        self._memory(m, random, pool, kept)
        a, b = self.a, self.b
        for index, (seed, count, chained, grandchildren) in enumerate(self.children):
            for instance in range(count):
                part = RandomLogic(seed, nodes=20, children=grandchildren)
                m.submodules[f"part{index}_{instance}"] = part
                # 0 while in reset, when memories can already be written.
                m.d.comb += [part.a.eq(a), part.b.eq(b),
                             part.c.eq(Mux(self.c.any(), self.c + instance, 0))]
                a, b = ((part.y, part.z ^ self.b) if chained else
                        (a.rotate_left(7), b.rotate_left(instance + 1)))
                kept += [part.y, part.z]
        folded_y, folded_z = Const(0, 70), Const(0, 33)
        for index, node in enumerate(kept):
            value = node.as_unsigned() if node.shape().signed else node
            folded_y = folded_y ^ (value << index % 40)[:70]
            folded_z = folded_z ^ (value >> index % 5)[:33]
        m.d.comb += self.y.eq(folded_y)
        m.d.sync += self.z.eq(folded_z)
        return m

    def _operator(self, random, pool):
        def pick():
            return pool[int(random.integers(len(pool)))]

        def low(value, bits):
            return value[:bits]

        a, b, c = pick(), pick(), pick()
        width = int(random.choice(_WIDTHS))
        return [
            lambda: a[:64] + b[:64], lambda: a[:40].as_signed() + b[:40].as_signed(),
            lambda: a[:64] - b[:63], lambda: a[:30] * b[:33],
            lambda: a[:32].as_signed() * b[:32].as_signed(),
            lambda: a[:60].as_signed() * b[:60], lambda: -a[:50], lambda: ~a, lambda: a & b,
            lambda: a | b, lambda: a ^ b, lambda: a == b, lambda: a != b,
            lambda: low(a, 128) < low(b, 128), lambda: low(a, 64) > low(b, 128),
            lambda: low(a, 90).as_signed() <= low(b, 50).as_signed(),
            lambda: low(a, 33).as_signed() >= low(b, 33).as_signed(),
            lambda: a.any(), lambda: a.all(), lambda: a.xor(), lambda: a.bool(),
            lambda: Mux(a.any(), b, c), lambda: Mux(a[0], b, c), lambda: low(a, 64) << low(c, 3),
            lambda: low(a, 60) << low(c, 6), lambda: a >> low(c, 7),
            lambda: low(a, 40).as_signed() >> low(c, 7), lambda: low(a, 130) >> low(c, 8),
            lambda: Cat(a, Const(0, 72)).bit_select(low(c, 6), 9),
            lambda: Cat(a, Const(0, 72)).word_select(low(c, 3), 8),
            lambda: Cat(a, b)[:width], lambda: Cat(b, c, a)[-width:],
            lambda: a[-1].replicate(width),
            lambda: Cat(a[:3], a[0].replicate(5), b).as_signed(),
            lambda: a.rotate_left(3), lambda: a[:width].as_signed() if len(a) else a,
        ][int(random.integers(36))]()

    def _memory(self, m, random, pool, kept):
        width, depth = int(random.choice((3, 16, 64, 90))), int(random.choice(self.depths))
        init = [int(random.integers(1 << min(width, 60))) for _ in range(depth)]
        store = memory.Memory(shape=width, depth=depth, init=init)
        m.submodules.store = store
        write = store.write_port(granularity=width if width % 2 else width // 2)
        ports = [store.read_port(domain="comb"), store.read_port(),
                 store.read_port(transparent_for=(write,))]
        m.d.comb += [write.addr.eq(self.a), write.data.eq(Cat(self.b, self.a)),
                     write.en.eq(self.c)]
        for index, port in enumerate(ports):
            m.d.comb += port.addr.eq(self.b >> index)
            if index:
                m.d.comb += port.en.eq(self.c[index])
            kept.append(port.data)
