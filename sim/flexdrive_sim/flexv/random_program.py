"""Random programs from the instruction table, for comparison of RTL and simulator.

A program never ends: a long random body inside an endless loop. Its trap handler steps over the
instruction that trapped, or returns to x1 from an address without instructions.
"""

import random

import numpy as np

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, find, instructions

from .iss.memory import Region

__all__ = ["RandomProgram"]

CODE, DATA, SIZE = 0x80000000, 0x80100000, 1 << 16
# x2, x8: pointers into the data; x9: loop counter; x31: no memory there.
_POINTERS, _COUNTER, _NOWHERE = (2, 8), 9, 31
_RESERVED = {2, 8, 9, 31}
_SAVE = DATA + SIZE - 64
# Registers that random instructions write without harm to the program.
_WRITABLE_CSRS = ("mie", "mscratch", "mcountinhibit", "mcycle", "mcycleh", "minstret", "minstreth",
                  "mhpmcounter3", "mepc", "mcause", "mtval")


def _code(name, **fields):
    return BY_NAME[name].encoding.encode(**fields).to_bytes(4, "little")


def _handler():
    """At CODE: save x5 and x6, step over the instruction or leave through x1, restore."""
    x5, x6 = 5, 6
    save = [_code("csrrw", csr=0x340, rs1=x5, rd=x5),           # x5 = save area, mscratch = old x5
            _code("sw", rs1=x5, rs2=x6, simm=0),
            # Read so that they are compared: mepc, mtval, mstatus.
            *(_code("csrrs", csr=number, rs1=0, rd=x6) for number in (0x341, 0x343, 0x300)),
            _code("csrrs", csr=0x342, rs1=0, rd=x6)]
    fault = [_code("csrrw", csr=0x341, rs1=1, rd=0)]            # mepc = x1
    step = [_code("csrrs", csr=0x341, rs1=0, rd=x6),
            _code("lhu", rd=x5, rs1=x6, simm=0),
            _code("andi", rd=x5, rs1=x5, simm=3),
            _code("sltiu", rd=x5, rs1=x5, simm=3),              # 1 for a 16-bit instruction
            _code("slli", rd=x5, rs1=x5, uimm=1),
            _code("sub", rd=x6, rs1=x6, rs2=x5),
            _code("addi", rd=x6, rs1=x6, simm=4),
            _code("csrrw", csr=0x341, rs1=x6, rd=0)]
    restore = [_code("lui", rd=x5, simm=_signed(_SAVE & ~0xFFF)),
               _code("addi", rd=x5, rs1=x5, simm=_signed12(_SAVE)),
               _code("lw", rd=x6, rs1=x5, simm=0),
               _code("csrrw", csr=0x340, rs1=x5, rd=x5), _code("mret")]
    interrupt = [_code("blt", rs1=x6, rs2=0, simm=4 * (1 + 3 + len(fault) + 1 + len(step)))]
    is_fault = [_code("addi", rd=x6, rs1=x6, simm=-1),
                _code("bne", rs1=x6, rs2=0, simm=4 * (len(fault) + 2))]
    over = [_code("jal", rd=0, simm=4 * (len(step) + 1))]
    pad = [_code("addi", rd=0, rs1=0, simm=0)]
    return b"".join(save + interrupt + is_fault + fault + over + step + pad + restore)


def _signed(value):
    return value - (1 << 32) if value >> 31 else value


def _signed12(value):
    return ((value & 0xFFF) ^ 0x800) - 0x800


class RandomProgram:
    """One program.

    Parameters
    ----------
    seed : everything follows from it.
    extensions : groups of instructions to draw from.
    length : instructions of the body, roughly.
    interrupts : whether wfi may occur and MIE is set again and again.
    """

    def __init__(self, seed, *, extensions, length=3000, interrupts=False):
        self.draw = random.Random(seed)
        self.extensions = extensions
        self.with_interrupts = interrupts
        self._plain = [e for e in instructions(extensions)
                       if e.unit not in ("branch", "jump", "system", "csr", "load", "store", "loop",
                                         "macload", "requant")]
        self._macload = [e for e in instructions(extensions) if e.unit == "macload"]
        self._requant = [e for e in instructions(extensions) if e.unit == "requant"]
        self._with_loops = "xpulp_loop" in extensions
        self._units = sorted({e.unit for e in self._plain})
        self._memory = [e for e in instructions(extensions) if e.unit in ("load", "store")]
        self._branches = [e for e in instructions(extensions) if e.unit == "branch"]
        handler = _handler()
        body = b"".join(self._block(length, depth=0))
        start = self._initial()
        self.entry = CODE + len(handler)
        content = handler + start + body
        # The whole loop may be longer than a jump reaches: go back through a register.
        back = [_code("lui", rd=5, simm=_signed(self.entry & ~0xFFF)),
                _code("addi", rd=5, rs1=5, simm=_signed12(self.entry)),
                _code("jalr", rd=0, rs1=5, simm=0)]
        self.content = content + b"".join(back)
        if len(self.content) > SIZE:
            raise ValueError(f"The program has {len(self.content)} bytes, more than {SIZE}")

    def regions(self):
        """Fresh memory: code and random data."""
        code, data = np.zeros(SIZE, np.uint8), np.random.default_rng(1).integers(
            0, 256, SIZE, dtype=np.uint8)
        code[:len(self.content)] = np.frombuffer(self.content, np.uint8)
        return [Region(CODE, code), Region(DATA, data)]

    def _initial(self):
        words = []
        for register, value in ((5, _SAVE), (2, DATA + SIZE // 2), (8, DATA + SIZE // 4),
                                (31, 0x40000000), (6, CODE)):
            words += [_code("lui", rd=register, simm=_signed((value + 0x800) & 0xFFFFF000)),
                      _code("addi", rd=register, rs1=register, simm=_signed12(value))]
        words += [_code("csrrw", csr=0x340, rs1=5, rd=0), _code("csrrw", csr=0x305, rs1=6, rd=0)]
        if self.with_interrupts:
            words += [_code("addi", rd=5, rs1=0, simm=-1), _code("csrrw", csr=0x304, rs1=5, rd=0),
                      _code("csrrsi", csr=0x300, zimm=8, rd=0)]
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

    def _register(self, target=False):
        while True:
            number = self.draw.randrange(32) if self.draw.random() < 0.5 else \
                self.draw.choice((1, 5, 6, 7, 10, 11, 12))
            if not target or number not in _RESERVED:
                return number

    def _fields(self, entry, **given):
        fields = {}
        for name, field in entry.encoding.fields.items():
            low, high = field.limits
            step = 1 << min(bit for _, bit in field.bits)
            if name in given:
                fields[name] = given[name]
            elif name in ("rd", "rs1", "rs2", "rs3"):
                fields[name] = self._register(target=name == "rd")
            elif self.draw.random() < 0.2:
                fields[name] = self.draw.choice((low, high))
            else:
                fields[name] = self.draw.randrange(low, high + step, step)
        return fields

    def _arithmetic(self, depth):
        # Units first, so that small ones are as frequent as big ones.
        unit = self.draw.choice(self._units)
        if unit == "divide" and self.draw.random() < 0.7:
            unit = "alu"
        entry = self.draw.choice([e for e in self._plain if e.unit == unit])
        return [entry.encoding.encode(**self._fields(entry)).to_bytes(4, "little")]

    def _short(self, depth):
        while True:
            short = self.draw.choice(COMPRESSED)
            target = BY_NAME[short.target]
            half = self.draw.getrandbits(16) & ~short.encoding.mask | short.encoding.match
            first = next((s for s in COMPRESSED if s.matches(half)), None)
            if first is not short or target.unit in ("branch", "jump"):
                continue
            fields = short.expand(half)
            if fields.get("rd") in _RESERVED:
                continue
            if target.unit == "store" and fields["rs1"] not in _POINTERS:
                continue
            return [half.to_bytes(2, "little")]

    def _access(self, depth):
        entry = self.draw.choice(self._memory)
        base = self.draw.choices((*_POINTERS, _NOWHERE), (50, 50, 2))[0]
        given = {"rs1": base}
        if "simm" in entry.encoding.fields and self.draw.random() < 0.7:
            # Near, and mostly aligned.
            given["simm"] = self.draw.choice((0, 4, 8, 12, 16, 1, 2, 3, 5, -4, -1))
        words = [entry.encoding.encode(**self._fields(entry, **given)).to_bytes(4, "little")]
        if "post" in entry.flags and base != _NOWHERE:
            # The pointer may be anywhere now; some instructions see it there.
            for _ in range(self.draw.randrange(3)):
                words += self._arithmetic(depth)
            words += self._pointer(base)
        return words

    def _pointer(self, register):
        value = DATA + SIZE // (2 if register == 2 else 4)
        return [_code("lui", rd=register, simm=_signed(value))]

    def _mac_and_load(self, depth):
        """A run of them, so that they meet in the pipeline."""
        words = []
        for _ in range(self.draw.randrange(1, 6)):
            entry = self.draw.choice(self._macload)
            given = {"rs1": self.draw.choices((*_POINTERS, _NOWHERE), (50, 50, 1))[0],
                     "size": self.draw.choice((0, 1, 2, 3, 3, 2, 1, 0, 4))}
            if self.draw.random() < 0.3:
                given["rd"] = self.draw.choice((0, 10))
            words.append(entry.encoding.encode(**self._fields(entry, **given))
                         .to_bytes(4, "little"))
        return words

    def _controllers(self, depth):
        """Writes of the registers behind dot products and Mac&Load."""
        def write(name, low, high, step=1):
            return [_code("addi", rd=5, rs1=0, simm=self.draw.randrange(low, high, step)),
                    _code(self.draw.choice(("csrrw", "csrrw", "csrrw", "csrrs", "csrrc")),
                          csr=CSRS[name].number, rs1=5, rd=self._register(True))]
        choice = self.draw.randrange(6)
        if choice == 0:
            return [_code("csrrwi", csr=CSRS["sb_legacy"].number, rd=0,
                          zimm=int(self.draw.random() < 0.3))]
        if choice <= 2:
            code = self.draw.choice((*range(1, 11), 21, 22, 23, 24, 25, 26, 0, 13))
            return [_code("csrrwi", csr=CSRS["ivec_fmt"].number, rd=0, zimm=code)]
        if choice == 3:
            name = self.draw.choice(("ivec_skip_size", "ivec_mixed_cycle", "mixed_count"))
            return write(name, 0, 8)
        if choice == 4:
            name = self.draw.choice(("macl_a_address", "macl_w_address"))
            return [_code("csrrw", csr=CSRS[name].number, rs1=self.draw.choice(_POINTERS), rd=0)]
        name = self.draw.choice([n for n, csr in CSRS.items() if csr.extension == "macload"
                                 and "address" not in n])
        return write(name, 0, 5) if "skip" in name or "count" in name else write(name, -64, 65)

    def _requantise(self, depth):
        """A run of outputs, with new settings or reads of the packed word now and then."""
        if self.draw.random() < 0.3:
            value = self.draw.randrange(0x200) if self.draw.random() < 0.5 else \
                self.draw.choice((0x100, 0)) | self.draw.randrange(3) << 6 | self.draw.randrange(34)
            return [_code("addi", rd=5, rs1=0, simm=value),
                    _code("csrrw", csr=CSRS["rq_control"].number, rs1=5, rd=self._register(True))]
        words = []
        for _ in range(self.draw.randrange(1, 6)):
            entry = self.draw.choice(self._requant)
            words.append(entry.encoding.encode(**self._fields(entry)).to_bytes(4, "little"))
            if self.draw.random() < 0.3:
                words.append(_code("csrrs", csr=CSRS["rq_word"].number, rs1=0,
                                   rd=self._register(True)))
        if self.draw.random() < 0.4:
            name = self.draw.choice(("rq_word", "rq_lane"))
            words.append(_code(self.draw.choice(("csrrw", "csrrs", "csrrc")),
                               csr=CSRS[name].number, rs1=self._register(),
                               rd=self._register(True)))
        return words

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
            setup = [_code("lp.setupi", loop=number, count=count, uimm5=len(block) + 4)]
        elif self.draw.random() < 0.5:
            setup = [_code("addi", rd=5, rs1=0, simm=count),
                     _code("lp.setup", loop=number, rs1=5, uimm=len(block) + 4)]
        else:
            setup = [_code("lp.starti", loop=number, uimm=12),
                     _code("lp.endi", loop=number, uimm=len(block) + 8),
                     _code("lp.counti", loop=number, count=count)]
        return [*setup, block, last]

    def _csr(self, depth):
        entry = BY_NAME[self.draw.choice(("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"))]
        choice = self.draw.random()
        if choice < 0.15 and self.with_interrupts:
            name = self.draw.choice(("csrrsi", "csrrci", "csrrsi"))
            return [_code(name, csr=0x300, zimm=8, rd=self._register(True))]
        if choice < 0.7:
            number = CSRS[self.draw.choice(_WRITABLE_CSRS)].number
            if number in (0x340,):
                return []
            fields = self._fields(entry, csr=number)
        else:
            number = (self.draw.choice(list(CSRS.values())).number if choice < 0.95
                      else self.draw.randrange(4096))
            fields = self._fields(entry, csr=number)
            # Reading only: the machine's set-up must survive.
            if "rs1" in fields:
                entry = BY_NAME["csrrs"]
                fields["rs1"] = 0
            else:
                entry = BY_NAME["csrrsi"]
                fields["zimm"] = 0
        return [entry.encoding.encode(**fields).to_bytes(4, "little")]

    def _exception(self, depth):
        choice = self.draw.randrange(6)
        if choice == 0:
            return [self._system()]
        if choice == 1:
            # A jump to where no memory is; the handler returns to x1.
            return [_code("jalr", rd=1, rs1=_NOWHERE,
                          simm=self.draw.randrange(-2048, 2048))]
        if choice == 2 and self.with_interrupts:
            # With nothing enabled it would wait for ever.
            return [_code("addi", rd=5, rs1=0, simm=-1), _code("csrrw", csr=0x304, rs1=5, rd=0),
                    _code("wfi")]
        while True:
            if self.draw.random() < 0.5:
                word = self.draw.getrandbits(32) | 3
                if find(word, self.extensions) is None:
                    return [word.to_bytes(4, "little")]
            else:
                half = self.draw.getrandbits(16)
                if half & 3 != 3 and not any(s.matches(half) for s in COMPRESSED):
                    return [half.to_bytes(2, "little")]

    def _system(self):
        name = self.draw.choice(("ecall", "ebreak", "fence.i", "fence"))
        return BY_NAME[name].encoding.match.to_bytes(4, "little")

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
            return [_code("jal", rd=self._register(True), simm=len(block) + 4), block]
        entry = self.draw.choice(self._branches)
        fields = self._fields(entry, simm=len(block) + 4)
        return [entry.encoding.encode(**fields).to_bytes(4, "little"), block]

    def _indirect(self, depth):
        """auipc and jalr over a block; the odd target loses its lowest bit."""
        block = b"".join(self._block(self.draw.randrange(1, 4), depth + 2))
        register = self._register(True) or 5
        odd = self.draw.randrange(2)
        return [_code("auipc", rd=register, simm=0),
                _code("jalr", rd=self._register(True), rs1=register, simm=8 + len(block) + odd),
                block]

    def _loop(self, depth):
        """A counted loop with a backward branch."""
        block = b"".join(self._block(self.draw.randrange(1, 8), 3))
        if len(block) > 4000:
            return []
        return [_code("addi", rd=_COUNTER, rs1=0, simm=self.draw.randrange(1, 5)), block,
                _code("addi", rd=_COUNTER, rs1=_COUNTER, simm=-1),
                _code("bne", rs1=_COUNTER, rs2=0, simm=-(len(block) + 4))]
