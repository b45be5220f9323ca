"""Parts of random programs: Mac&Load, its controllers, requantisation."""

from flexdrive.flexv.isa import CSRS, instructions

from .random_instructions import NOWHERE, POINTERS, Drawer, code

__all__ = ["ExtensionDrawer"]


class ExtensionDrawer(Drawer):
    """Instructions of the project's main extensions too."""

    def __init__(self, seed, extensions, interrupts, data):
        super().__init__(seed, extensions, interrupts, data)
        self._macload, self._requant = ([e for e in instructions(extensions) if e.unit == unit]
                                        for unit in ("macload", "requant"))

    def _mac_and_load(self, depth):
        """A run of them, so that they meet in the pipeline."""
        words = []
        for _ in range(self.draw.randrange(1, 6)):
            entry = self.draw.choice(self._macload)
            given = {"rs1": self.draw.choices((*POINTERS, NOWHERE), (50, 50, 1))[0],
                     "size": self.draw.choice((0, 1, 2, 3, 3, 2, 1, 0, 4))}
            if self.draw.random() < 0.3:
                given["rd"] = self.draw.choice((0, 10))
            words.append(entry.encoding.encode(**self._fields(entry, **given))
                         .to_bytes(4, "little"))
        return words

    def _controllers(self, depth):
        """Writes of the registers behind dot products and Mac&Load."""
        def write(name, low, high, step=1):
            return [code("addi", rd=5, rs1=0, simm=self.draw.randrange(low, high, step)),
                    code(self.draw.choice(("csrrw", "csrrw", "csrrw", "csrrs", "csrrc")),
                          csr=CSRS[name].number, rs1=5, rd=self._register(True))]
        choice = self.draw.randrange(6)
        if choice == 0:
            return [code("csrrwi", csr=CSRS["sb_legacy"].number, rd=0,
                          zimm=int(self.draw.random() < 0.3))]
        if choice <= 2:
            number = self.draw.choice((*range(1, 11), 21, 22, 23, 24, 25, 26, 0, 13))
            return [code("csrrwi", csr=CSRS["ivec_fmt"].number, rd=0, zimm=number)]
        if choice == 3:
            name = self.draw.choice(("ivec_skip_size", "ivec_mixed_cycle", "mixed_count"))
            return write(name, 0, 8)
        if choice == 4:
            name = self.draw.choice(("macl_a_address", "macl_w_address"))
            return [code("csrrw", csr=CSRS[name].number, rs1=self.draw.choice(POINTERS), rd=0)]
        name = self.draw.choice([n for n, csr in CSRS.items() if "address" not in n and
                                 csr.extension in ("macload", "macload_third")])
        return write(name, 0, 5) if "skip" in name or "count" in name else write(name, -64, 65)

    def _requantise(self, depth):
        """A run of outputs, with new settings or reads of the packed word now and then."""
        if self.draw.random() < 0.3:
            value = self.draw.randrange(0x200) if self.draw.random() < 0.5 else \
                self.draw.choice((0x100, 0)) | self.draw.randrange(3) << 6 | self.draw.randrange(34)
            if "requant_clear" in self.extensions:
                # Above 11 bits, with any shift of addends, when it is negative.
                value -= self.draw.choice((0, 0, 0x600, 0x800))
            ties = 0
            if "requant_ties" in self.extensions:
                ties = self.draw.choice((0, 0x8000, 0x10000, 0x18000))
            return [code("addi", rd=5, rs1=0, simm=value), code("lui", rd=7, simm=ties),
                    code("slli", rd=5, rs1=5, uimm=2) if value < 0 else b"",
                    code("xor", rd=5, rs1=5, rs2=7),
                    code("csrrw", csr=CSRS["rq_control"].number, rs1=5,
                         rd=self._register(True))]
        words = []
        for _ in range(self.draw.randrange(1, 6)):
            entry = self.draw.choice(self._requant)
            # It is written by some.
            given = {"rs1": self._register(True)} if "post" in entry.flags else {}
            words.append(entry.encoding.encode(**self._fields(entry, **given))
                         .to_bytes(4, "little"))
            if "requant_store" in self.extensions and self.draw.random() < 0.4:
                words += self._packed_words(depth)
            if self.draw.random() < 0.3:
                words.append(code("csrrs", csr=CSRS["rq_word"].number, rs1=0,
                                   rd=self._register(True)))
        if self.draw.random() < 0.4:
            name = self.draw.choice(("rq_word", "rq_lane", *(
                ("rq_packed",) if "requant_store" in self.extensions else ())))
            words.append(code(self.draw.choice(("csrrw", "csrrs", "csrrc")),
                               csr=CSRS[name].number, rs1=self._register(),
                               rd=self._register(True)))
        return words

    def _packed_words(self, depth):
        """Where packed outputs are stored, or what they are, in any order about them."""
        choice, base = self.draw.randrange(5), self.draw.choice(POINTERS)
        if choice == 0:
            return [code("csrrs", csr=CSRS["rq_packed"].number, rs1=0, rd=self._register(True))]
        if choice == 1:
            pointer = self.draw.choices((base, NOWHERE), (20, 1))[0]
            return [code("csrrw", csr=CSRS["rq_address"].number, rs1=pointer,
                         rd=self._register(True))]
        # From a table that holds a pointer; the offset is small, odd now and then.
        offset = code("addi", rd=7, rs1=0, simm=self.draw.choice((0, 4, 8, 12, 1, 2, 3, -4, 32)))
        table = code("sw", rs1=base, rs2=self.draw.choice(POINTERS), simm=0)
        pointer = self.draw.choices((base, NOWHERE), (20, 1))[0]
        # A pointer that is loaded from where none lies would lead anywhere.
        return [offset, table,
                code("rq.at", rs1=pointer, rs3=7, simm=self.draw.choice((0, 4, -4, 1))),
                *(self._pointer(base) if pointer == base else [])]
