"""What the pipeline needs to know of an instruction."""

from dataclasses import dataclass

from flexdrive.flexv.core.decoder import control_of
from flexdrive.flexv.isa import BY_NAME, COMPRESSED, CSRS, instructions

__all__ = ["Decoder", "Timing"]

_SIZES = {"b": 1, "bu": 1, "h": 2, "hu": 2, "w": 4}
_OF_LOOPS = frozenset(csr.number for csr in CSRS.values() if csr.name.startswith("lp"))
_OF_DECODE = frozenset(CSRS[name].number for name in ("sb_legacy", "ivec_fmt", "mie", "mstatus"))
_OF_REQUANT = frozenset(csr.number for csr in CSRS.values() if csr.name.startswith("rq"))
_OF_COUNT = frozenset(CSRS[name].number for name in (
    "minstret", "minstreth", "instret", "instreth"))
# Bytes behind which a loop's end is far (with ``fast_loops``).
_FAR = 16


@dataclass(slots=True)
class Timing:
    """One instruction.

    Attributes
    ----------
    length : bytes. unit, op : of the table.
    a, b, c : registers that it waits for in the places of rs1, rs2 (of a store the offset) and rd
        (of a store the data), or 0. accumulates, replicates : as in
        :class:`flexdrive.flexv.core.control.Control`.
    early, late : registers written from execute and by a later stage, or 0; slow : the early result
        is not passed on in its cycle; sums : the late one is a sum of retire.
    accesses, store, size, address : of memory; the function of the hart gives the address.
    macload, areg, wreg, multiplies, to_w, number : of a Mac&Load; pair : it needs wreg + 1 too.
    jumps : its distance, for a direct jump, or None. anew : what follows is fetched anew, whatever
        it is; loops : only when a loop ends close behind. relinks : it ends no iteration.
    csr : number or None; counts : it is that of retired instructions; packs : it is one of those of
        requantisation.
    requant, completes, places : an output; the last one of its word, the word of before is stored;
        the address for that comes.
    """

    length: int
    unit: str = ""
    op: str = ""
    a: int = 0
    b: int = 0
    c: int = 0
    accumulates: bool = False
    replicates: bool = False
    early: int = 0
    late: int = 0
    slow: bool = False
    sums: bool = True
    accesses: bool = False
    store: bool = False
    size: int = 4
    address: object = None
    target: int = 0
    is_signed: bool = False
    macload: bool = False
    areg: int = 0
    wreg: int = 0
    multiplies: bool = False
    to_w: bool = False
    number: int = 0
    pair: bool = False
    jumps: int | None = None
    anew: bool = False
    loops: bool = False
    relinks: bool = False
    csr: int | None = None
    counts: bool = False
    requant: bool = False
    packs: bool = False
    completes: bool = False
    places: bool = False
    dot: bool = False

    def wants(self, to_w, number):
        """Whether a Mac&Load multiplies this operand register."""
        if not to_w:
            return number & 1 == self.areg
        return number == self.wreg or (self.pair and number == (self.wreg + 1) % 4)


class Decoder:
    """Instructions of a core, by word; ``legacy`` as in CSR sb_legacy."""

    def __init__(self, config):
        self._fast = config.fast_loops
        self._by_opcode, self._known = {}, {}
        for entry in instructions(config.extensions):
            self._by_opcode.setdefault(entry.encoding.match & 0x7F, []).append(entry)

    def __call__(self, word, legacy):
        found = self._known.get((word, legacy))
        if found is None:
            found = self._known[word, legacy] = self._decode(word, legacy)
        return found

    def _decode(self, word, legacy):
        length = 4 if word & 3 == 3 else 2
        if length == 2:
            for short in COMPRESSED:
                if short.matches(word):
                    return self._timing(BY_NAME[short.target], short.expand(word), 2, legacy)
        for entry in self._by_opcode.get(word & 0x7F, ()):
            if length == 4 and entry.encoding.matches(word):
                return self._timing(entry, entry.encoding.decode(word), 4, legacy)
        return Timing(length)

    def _timing(self, entry, fields, length, legacy):
        control, flags, unit = control_of(entry), entry.flags, entry.unit
        rd, rs1, rs2 = (fields.get(name, 0) for name in ("rd", "rs1", "rs2"))
        third = fields.get("rs3", rd)
        loads = bool(flags & {"w", "a", "x", "b"})
        t = Timing(length, unit, entry.op, accumulates=control["accumulates"])
        t.macload, t.requant, t.dot = unit == "macload", unit == "requant", unit == "dot"
        by_pointer = t.macload and not (legacy and loads)
        t.a = rs1 if control["reads_rs1"] and not by_pointer else 0
        t.b = rs2 if control["reads_rs2"] else 0
        t.c = third if control["reads_rs3"] else 0
        if unit == "store":
            t.b, t.c = t.c, t.b
        t.replicates = control["replicates"] and not control["second_immediate"]
        moves = t.macload and legacy and loads
        post = control["post"]
        t.late = rd if control["writes_rd"] and control["late"] else 0
        if post or moves:
            t.early = rs1
        elif control["writes_rd"] and not control["late"]:
            t.early = rd
        t.slow, t.sums = control["slow"], unit != "load"
        self._memory(t, entry, fields, legacy, loads, third)
        if unit == "loop":
            far = {"setup": "uimm", "setupi": "uimm5"}.get(entry.op)
            t.loops = self._fast and far is not None and fields[far] >= _FAR
            t.anew, t.relinks = not t.loops, True
        elif unit == "csr":
            t.csr = fields["csr"]
            t.relinks, t.counts = t.csr in _OF_LOOPS, t.csr in _OF_COUNT
            t.packs = t.csr in _OF_REQUANT
            t.anew = t.relinks or t.csr in _OF_DECODE
        elif unit == "system":
            t.anew = entry.op in ("fence_i", "mret")
        elif unit == "jump" and entry.op == "direct":
            t.jumps = fields["simm"]
        return t

    @staticmethod
    def _memory(t, entry, fields, legacy, loads, third):
        rs1 = fields.get("rs1", 0)
        t.target = fields.get("rd", 0)
        if t.macload:
            t.areg, t.wreg = fields["areg"], fields["wreg"]
            t.multiplies, t.to_w, t.accesses = t.target != 0, "w" in entry.flags, loads
            pointer = CSRS["macl_w_address" if t.to_w else "macl_a_address"].number
            t.number = t.wreg if t.to_w else t.areg ^ ("x" in entry.flags)
            if "funnel" in entry.flags:
                t.pair, t.to_w = True, not t.to_w
                t.number = (t.wreg + 2 + ("b" in entry.flags)) % 4 if t.to_w else t.areg
            t.address = ((lambda hart: hart.x[rs1]) if legacy else
                         (lambda hart: hart.csrs.values[pointer]))
        elif entry.op.startswith("store_"):
            t.accesses = t.store = t.completes = True
            t.size, pointer = _SIZES[entry.op[-1]], CSRS["rq_address"].number
            t.address = lambda hart: hart.csrs.values[pointer]
        elif entry.unit in ("load", "store"):
            t.places = control_of(entry)["accumulates"]
            t.accesses, t.store, t.size = True, entry.unit == "store", _SIZES[entry.op]
            t.is_signed = entry.op in ("b", "h")
            constant = fields.get("simm", fields.get("uimm"))
            offset = third if t.store else fields.get("rs2", 0)
            if "post" in entry.flags:
                t.address = lambda hart: hart.x[rs1]
            elif constant is not None:
                t.address = lambda hart: (hart.x[rs1] + constant) & 0xFFFFFFFF
            else:
                t.address = lambda hart: (hart.x[rs1] + hart.x[offset]) & 0xFFFFFFFF
