"""Equal parts under one control, as an accelerator has them, for the engine ``lanes``.

The control's registers are the same for all parts; parts hold what they have while they are not
enabled, add what a memory bank gives, and differ by their number. Expressions are long, so that it
pays to leave them out.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from flexdrive.emit import Shared

ROUNDS = 24


class Bank(Shared):
    """A memory, one address for read and write; ``mask`` are the bits that are written."""

    def __init__(self, depth):
        self.depth = depth
        super().__init__({"address": In(3), "data": In(24), "mask": In(2), "read": In(1),
                          "value": Out(24), "again": Out(24)}, d=depth)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(shape=24, depth=self.depth, init=[5, 3])
        write = words.write_port(granularity=12)
        read = words.read_port(transparent_for=(write,))
        m.d.comb += [write.addr.eq(self.address), write.data.eq(self.data), write.en.eq(self.mask),
                     read.addr.eq(self.address), read.en.eq(self.read),
                     self.value.eq(read.data), self.again.eq(read.data)]
        return m


class Part(Shared):
    def __init__(self):
        super().__init__({"number": In(6), "enable": In(1), "mode": In(1), "address": In(3),
                          "shift": In(7), "data": In(20), "y": Out(20), "z": Out(40)})

    def elaborate(self, platform):
        m = Module()
        banks = [Bank(5), Bank(8)]
        m.submodules += banks
        total, wide = Signal(20), Signal(40, init=7)
        for bank in banks:
            m.d.comb += [bank.address.eq(self.address), bank.data.eq(total),
                         bank.mask.eq(self.number >> self.address), bank.read.eq(self.number[0])]
        value, small = self.data ^ self.number, Cat(total[:5], self.number)
        for index in range(ROUNDS):
            before, last = value, small
            value, small = Signal(20, name=f"value{index}"), Signal(11, name=f"small{index}")
            turned = Signal(11, name=f"turned{index}")
            m.d.comb += [
                value.eq(Mux(before[index % 20], before + total, before ^ (before >> 3))),
                turned.eq((last << self.number[:2]) ^ (value[:11] >> last[:4])),
                small.eq((turned.as_signed() >> self.shift) ^ turned)]
        with m.If(self.enable):
            m.d.sync += total.eq(value + banks[0].value)
        with m.Elif(self.mode):
            m.d.sync += wide.eq(wide ^ (small * self.number) ^ Cat(value, small).xor())
        lower = Mux(self.mode, wide[:20].as_signed() < total.as_signed(), wide[:33].any())
        m.d.comb += [self.y.eq(total ^ banks[0].again ^ lower),
                     self.z.eq(wide + banks[1].value + (total != wide[:20]))]
        return m


class Farm(Shared):
    """``count`` parts; ``a``: enable, mode, address, shift and data of all."""

    def __init__(self, count):
        self.count = count
        super().__init__({"a": In(32), "y": Out(20), "z": Out(40)}, n=count)

    def elaborate(self, platform):
        m = Module()
        held = Signal(32)
        m.d.sync += held.eq(self.a)
        y, z = 0, 0
        for number in range(self.count):
            part = Part()
            m.submodules[f"part{number}"] = part
            m.d.comb += [part.number.eq(number), part.enable.eq(held[0] & self.a[1]),
                         part.mode.eq(held[1]), part.address.eq(held[2:5]),
                         part.shift.eq(held[5:12]), part.data.eq(held[12:])]
            y = y ^ (part.y.rotate_left(number % 20))
            z = z ^ (part.z.rotate_left(number % 40))
        m.d.comb += [self.y.eq(y), self.z.eq(z)]
        return m
