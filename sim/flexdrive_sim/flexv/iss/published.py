"""The instruction-set simulator with the sharp edges of the published core.

Source: observations of that core, numbered as in the tests. Those that lie between instructions
are here: 1, 4, 5, 6 and 7. The others are about cycles (2: a stall too many; 3 and 8: what happens
when a response is late or a write and a step coincide) or about names (9, 10).
"""

from flexdrive.flexv.isa import CSRS, find

from . import Hart, Trap
from .arithmetic import MASK

__all__ = ["PublishedHart"]

# Edge 6: state that no instruction reaches. Registers of this project's own are not there.
_HIDDEN = {csr.number for csr in CSRS.values()
           if csr.extension in ("dot", "macload", "macload_third") and csr.number >= 0x800}


class PublishedHart(Hart):
    """As :class:`.machine.Hart`, but with results that the published core gives."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # The Mac&Load in front: its rd, its result, what it loads; the load in front: its rd.
        self._macload, self._loaded = None, None

    def step(self):
        late, loaded = self._macload, self._loaded
        self._macload = self._loaded = None
        entry, fields = self._peek()
        if late is not None and self._waits(late, entry, fields):
            self._commit(late)
            late = None
        if entry is not None and entry.unit == "dot" and self._doubles(fields, loaded):
            self._count_again()
        before = list(self.x)
        record = super().step()
        if late is not None and late[0] not in record.writes:
            self._commit(late)
        if entry is not None and record.trap is None:
            self._after(entry, fields, before, late)
        return record

    def _peek(self):
        try:
            word = self._fetch()
        except Trap:
            return None, {}
        entry = find(word) if word & 3 == 3 else None
        return entry, entry.encoding.decode(word) if entry else {}

    def _after(self, entry, fields, before, late):
        if entry.unit == "load":
            self._loaded = fields["rd"]
        if entry.unit != "macload":
            return
        rd, loads = fields["rd"], entry.flags & {"w", "a"}
        if rd:
            # Edge 1: the next instruction does not see the result.
            self._macload = (rd, self.x[rd], loads, fields)
            self.x[rd] = late[1] if late is not None and late[0] == rd else before[rd]
        if loads and not self.flexv.legacy and fields["rs1"]:
            # Edge 4: a result that nobody asked for lands in rs1.
            self.x[fields["rs1"]] = (before[fields["rs1"]] + 4) & MASK

    def _commit(self, late):
        self.x[late[0]] = late[1]

    @staticmethod
    def _waits(late, entry, fields):
        """Edge 1 is hidden where the next instruction is made to wait: when it uses the operand
        register that is being loaded, or has any rd and that register is number 0 (edge 2)."""
        _, _, loads, own = late
        if not loads or entry is None or not fields.get("rd"):
            return False
        name = "wreg" if "w" in loads else "areg"
        return fields.get(name, 0) == own[name]

    def _doubles(self, fields, loaded):
        """Edge 5: a plain dot product that waits for a load counts twice."""
        return (not self.flexv.legacy and loaded and self.csrs["ivec_skip_size"] > 1
                and loaded in (fields.get("rs1"), fields.get("rs2")))

    def _count_again(self):
        # The slice that this dot product itself uses does not change: the further count comes
        # with the stall, before it, but takes effect as a count.
        fmt = self.flexv.format()
        if fmt is not None:
            self.csrs["mixed_count"] += 1

    def _loop_back(self):
        # Edge 7: a body of one instruction is executed once.
        for number in (0, 1):
            if (self.pc == self.csrs[f"lp{number}_end"]
                    and self.csrs[f"lp{number}_start"] == self.csrs[f"lp{number}_end"]):
                return
        super()._loop_back()

    def _decode(self, word):
        if word & 0x7F == 0x73 and word >> 12 & 3 and word >> 20 in _HIDDEN:
            def illegal(hart):
                raise Trap(2, hart.word)
            return illegal
        return super()._decode(word)
