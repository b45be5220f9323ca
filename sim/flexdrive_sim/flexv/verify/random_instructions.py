"""Parts of random programs: instructions drawn from the table, one or a few at a time."""

import random

from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, EMPTY_CSRS, find, instructions

__all__ = ["CODE", "COUNTER", "DATA", "NOWHERE", "POINTERS", "SIZE", "Drawer", "code", "signed",
           "signed12"]

CODE, DATA, SIZE = 0x80000000, 0x80100000, 1 << 16
# x2, x8: pointers into the data; x9: loop counter; x31: no memory there.
POINTERS, COUNTER, NOWHERE = (2, 8), 9, 31
_RESERVED = {2, 8, 9, 31}
# Registers that random instructions write without harm to the program.
_WRITABLE_CSRS = ("mie", "mscratch", "mcountinhibit", "mcycle", "mcycleh", "minstret", "minstreth",
                  "mhpmcounter3", "mepc", "mcause", "mtval")


def code(name, **fields):
    return BY_NAME[name].encoding.encode(**fields).to_bytes(4, "little")


def signed(value):
    return value - (1 << 32) if value >> 31 else value


def signed12(value):
    return ((value & 0xFFF) ^ 0x800) - 0x800


class Drawer:
    """Instructions of the base set and of XpulpV2. Every generator takes the depth of nesting and
    gives a list of instructions, as bytes.

    Parameters
    ----------
    seed : everything follows from it.
    extensions : groups of instructions to draw from.
    interrupts : whether wfi may occur and MIE is set again and again.
    data : where the data lie, a multiple of 4 KB.
    """

    def __init__(self, seed, extensions, interrupts, data):
        self.data = data
        self.draw = random.Random(seed)
        self.extensions = extensions
        self.with_interrupts = interrupts
        entries = instructions(extensions)
        self._plain = [e for e in entries
                       if e.unit not in ("branch", "jump", "system", "csr", "load", "store", "loop",
                                         "macload", "requant")]
        self._units = sorted({e.unit for e in self._plain})
        self._memory = [e for e in entries if e.unit in ("load", "store")
                        and e.extension != "requant_store"]

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
            if target.unit == "store" and fields["rs1"] not in POINTERS:
                continue
            return [half.to_bytes(2, "little")]

    def _access(self, depth):
        entry = self.draw.choice(self._memory)
        base = self.draw.choices((*POINTERS, NOWHERE), (50, 50, 2))[0]
        given = {"rs1": base}
        if "simm" in entry.encoding.fields and self.draw.random() < 0.7:
            # Near, and mostly aligned.
            given["simm"] = self.draw.choice((0, 4, 8, 12, 16, 1, 2, 3, 5, -4, -1))
        words = [entry.encoding.encode(**self._fields(entry, **given)).to_bytes(4, "little")]
        if "post" in entry.flags and base != NOWHERE:
            # The pointer may be anywhere now; some instructions see it there.
            for _ in range(self.draw.randrange(3)):
                words += self._arithmetic(depth)
            words += self._pointer(base)
        return words

    def _pointer(self, register):
        value = self.data + SIZE // (2 if register == 2 else 4)
        return [code("lui", rd=register, simm=signed(value))]

    def _csr(self, depth):
        entry = BY_NAME[self.draw.choice(("csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci"))]
        choice = self.draw.random()
        if choice < 0.15 and self.with_interrupts:
            name = self.draw.choice(("csrrsi", "csrrci", "csrrsi"))
            return [code(name, csr=0x300, zimm=8, rd=self._register(True))]
        if choice < 0.7:
            name = self.draw.choice((*_WRITABLE_CSRS, self.draw.choice(tuple(EMPTY_CSRS))))
            number = (CSRS | EMPTY_CSRS)[name].number
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
            return [code("jalr", rd=1, rs1=NOWHERE,
                          simm=self.draw.randrange(-2048, 2048))]
        if choice == 2 and self.with_interrupts:
            # With nothing enabled it would wait for ever.
            return [code("addi", rd=5, rs1=0, simm=-1), code("csrrw", csr=0x304, rs1=5, rd=0),
                    code("wfi")]
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
