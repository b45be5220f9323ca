"""Random programs from the instruction table, for comparison of RTL and simulator.

A program never ends: a long random body inside an endless loop. Its trap handler steps over the
instruction that trapped, or returns to x1 from an address without instructions.
"""

import numpy as np

from flexdrive.flexv.isa import COMPRESSED, instructions

from ..iss.memory import Region
from .random_extensions import ExtensionDrawer
from .random_instructions import CODE, COUNTER, DATA, NOWHERE, SIZE, code, signed, signed12

__all__ = ["RandomProgram"]

_SAVED = 64     # bytes for what a hart saves, a power of two


def _place_of_hart(place, harts):
    """x5 = place + bytes of the harts before this one; changes x6."""
    x5, x6 = 5, 6
    words = [code("lui", rd=x5, simm=signed((place + 0x800) & 0xFFFFF000)),
             code("addi", rd=x5, rs1=x5, simm=signed12(place))]
    if harts > 1:
        words += [code("csrrs", csr=0xF14, rs1=0, rd=x6),
                  code("slli", rd=x6, rs1=x6, uimm=_SAVED.bit_length() - 1),
                  code("add", rd=x5, rs1=x5, rs2=x6)]
    return words


def _handler(place):
    """At CODE: save x5 and x6, step over the instruction or leave through x1, restore. ``place``:
    instructions for x5 = where registers are saved."""
    x5, x6 = 5, 6
    save = [code("csrrw", csr=0x340, rs1=x5, rd=x5),           # x5 = save area, mscratch = old x5
            code("sw", rs1=x5, rs2=x6, simm=0),
            # Read so that they are compared: mepc, mtval, mstatus.
            *(code("csrrs", csr=number, rs1=0, rd=x6) for number in (0x341, 0x343, 0x300)),
            code("csrrs", csr=0x342, rs1=0, rd=x6)]
    fault = [code("csrrw", csr=0x341, rs1=1, rd=0)]            # mepc = x1
    step = [code("csrrs", csr=0x341, rs1=0, rd=x6),
            code("lhu", rd=x5, rs1=x6, simm=0),
            code("andi", rd=x5, rs1=x5, simm=3),
            code("sltiu", rd=x5, rs1=x5, simm=3),              # 1 for a 16-bit instruction
            code("slli", rd=x5, rs1=x5, uimm=1),
            code("sub", rd=x6, rs1=x6, rs2=x5),
            code("addi", rd=x6, rs1=x6, simm=4),
            code("csrrw", csr=0x341, rs1=x6, rd=0)]
    restore = [*place, code("lw", rd=x6, rs1=x5, simm=0),
               code("csrrw", csr=0x340, rs1=x5, rd=x5), code("mret")]
    interrupt = [code("blt", rs1=x6, rs2=0, simm=4 * (1 + 3 + len(fault) + 1 + len(step)))]
    is_fault = [code("addi", rd=x6, rs1=x6, simm=-1),
                code("bne", rs1=x6, rs2=0, simm=4 * (len(fault) + 2))]
    over = [code("jal", rd=0, simm=4 * (len(step) + 1))]
    pad = [code("addi", rd=0, rs1=0, simm=0)]
    return b"".join(save + interrupt + is_fault + fault + over + step + pad + restore)


class RandomProgram(ExtensionDrawer):
    """One program.

    Parameters
    ----------
    seed : everything follows from it.
    extensions : groups of instructions to draw from.
    length : instructions of the body, roughly.
    interrupts : whether wfi may occur and MIE is set again and again.
    data, nowhere : where the data lie, and where there is no memory.
    harts : how many run it at the same time, on the same data; each saves registers at a place of
        its own.
    """

    def __init__(self, seed, *, extensions, length=3000, interrupts=False, data=DATA,
                 nowhere=0x40000000, harts=1):
        super().__init__(seed, extensions, interrupts, data)
        self._nowhere = nowhere
        # x5 = where a hart saves registers.
        self._place = _place_of_hart(data + SIZE - _SAVED * harts, harts)
        self._with_loops = "xpulp_loop" in extensions
        self._branches = [e for e in instructions(extensions) if e.unit == "branch"]
        handler = _handler(self._place)
        body = b"".join(self._block(length, depth=0))
        start = self._initial()
        self.entry = CODE + len(handler)
        content = handler + start + body
        # The whole loop may be longer than a jump reaches: go back through a register.
        back = [code("lui", rd=5, simm=signed(self.entry & ~0xFFF)),
                code("addi", rd=5, rs1=5, simm=signed12(self.entry)),
                code("jalr", rd=0, rs1=5, simm=0)]
        self.content = content + b"".join(back)
        if len(self.content) > SIZE:
            raise ValueError(f"The program has {len(self.content)} bytes, more than {SIZE}")

    def regions(self):
        """Fresh memory: code and random data."""
        code, data = np.zeros(SIZE, np.uint8), np.random.default_rng(1).integers(
            0, 256, SIZE, dtype=np.uint8)
        code[:len(self.content)] = np.frombuffer(self.content, np.uint8)
        return [Region(CODE, code), Region(self.data, data)]

    def _initial(self):
        words = [*self._place]
        for register, value in ((2, self.data + SIZE // 2), (8, self.data + SIZE // 4),
                                (NOWHERE, self._nowhere), (6, CODE)):
            words += [code("lui", rd=register, simm=signed((value + 0x800) & 0xFFFFF000)),
                      code("addi", rd=register, rs1=register, simm=signed12(value))]
        words += [code("csrrw", csr=0x340, rs1=5, rd=0), code("csrrw", csr=0x305, rs1=6, rd=0)]
        if self.with_interrupts:
            words += [code("addi", rd=5, rs1=0, simm=-1), code("csrrw", csr=0x304, rs1=5, rd=0),
                      code("csrrsi", csr=0x300, zimm=8, rd=0)]
        return b"".join(words)

    # Every generator gives a list of instructions, as bytes.

    def _block(self, count, depth):
        items = []
        kinds = [(self._arithmetic, 40), (self._short, 15), (self._access, 20), (self._csr, 4),
                 (self._exception, 2), (self._skip, 6 if depth < 3 else 0),
                 (self._indirect, 2), (self._loop, 2 if depth < 2 else 0),
                 (self._mac_and_load, 15 if self._macload else 0),
                 (self._controllers, 3 if self._macload else 0),
                 (self._requantise, 3 if self._requant else 0),
                 (self._hardware_loop, 4 if self._with_loops and depth < 2 else 0)]
        functions, weights = zip(*kinds, strict=True)
        while len(items) < count:
            function = self.draw.choices(functions, weights)[0]
            items += function(depth)
        return items

    def _last(self, depth):
        """One instruction that may end a loop."""
        while True:
            item = self.draw.choice((self._arithmetic, self._short, self._access, self._csr,
                                     self._mac_and_load if self._macload else self._short))(depth)
            if len(item) == 1:
                return item[0]

    def _hardware_loop(self, depth):
        """lp.setup or lp.setupi over a block; perhaps an inner loop with the same end."""
        number = 1 if depth == 0 and self.draw.random() < 0.6 else 0
        block = b"".join(self._block(self.draw.randrange(4), 3)) if self.draw.random() < 0.7 \
            else b""
        last = self._last(3)
        if number == 1 and self.draw.random() < 0.5:
            inner = self._loop_around(0, b"".join(self._block(2, 3)), self._last(3))
            if inner is None:
                return []
            loop = self._loop_around(number, block + b"".join(inner[:-1]), inner[-1])
        else:
            loop = self._loop_around(number, block, last)
        return loop or []

    def _loop_around(self, number, block, last):
        """[set-up, ..., block, last instruction]; None if the block is too long."""
        count = self.draw.randrange(6)
        if len(block) > 4000:
            return None
        if len(block) + 4 < 64 and self.draw.random() < 0.4:
            setup = [code("lp.setupi", loop=number, count=count, uimm5=len(block) + 4)]
        elif self.draw.random() < 0.5:
            setup = [code("addi", rd=5, rs1=0, simm=count),
                     code("lp.setup", loop=number, rs1=5, uimm=len(block) + 4)]
        else:
            setup = [code("lp.starti", loop=number, uimm=12),
                     code("lp.endi", loop=number, uimm=len(block) + 8),
                     code("lp.counti", loop=number, count=count)]
        return [*setup, block, last]

    def _skip(self, depth):
        """A branch or jump over a block."""
        block = b"".join(self._block(self.draw.randrange(1, 6), depth + 1))
        if self.draw.random() < 0.3:
            short = self.draw.choice([s for s in COMPRESSED if s.target == "beq" or
                                      s.target == "bne" or s.name == "c.j"])
            if len(block) + 2 < 250:
                half = short.encoding.match | short.encoding.fields["simm"].place(len(block) + 2)
                if "rs1'" in short.encoding.fields:
                    half |= short.encoding.fields["rs1'"].place(self.draw.randrange(8))
                return [half.to_bytes(2, "little"), block]
        if self.draw.random() < 0.2:
            return [code("jal", rd=self._register(True), simm=len(block) + 4), block]
        entry = self.draw.choice(self._branches)
        fields = self._fields(entry, simm=len(block) + 4)
        return [entry.encoding.encode(**fields).to_bytes(4, "little"), block]

    def _indirect(self, depth):
        """auipc and jalr over a block; the odd target loses its lowest bit."""
        block = b"".join(self._block(self.draw.randrange(1, 4), depth + 2))
        register = self._register(True) or 5
        odd = self.draw.randrange(2)
        return [code("auipc", rd=register, simm=0),
                code("jalr", rd=self._register(True), rs1=register, simm=8 + len(block) + odd),
                block]

    def _loop(self, depth):
        """A counted loop with a backward branch."""
        block = b"".join(self._block(self.draw.randrange(1, 8), 3))
        if len(block) > 4000:
            return []
        return [code("addi", rd=COUNTER, rs1=0, simm=self.draw.randrange(1, 5)), block,
                code("addi", rd=COUNTER, rs1=COUNTER, simm=-1),
                code("bne", rs1=COUNTER, rs2=0, simm=-(len(block) + 4))]
