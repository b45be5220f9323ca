"""Meaning of requantisation."""

from .arithmetic import MASK, signed32
from .units import UNITS, unit

__all__ = []

_WIDTHS = {0: 8, 1: 4, 2: 2, 3: 2}
_STORED = {"store_b": 1, "store_h": 2, "store_w": 4}


@unit("requant")
def _requant(entry, fields):
    rs1, rs2, rs3 = fields["rs1"], fields["rs2"], fields["rs3"]
    clears, stored = "post" in entry.flags, _STORED.get(entry.op)

    def execute(hart):
        csrs = hart.csrs
        if stored:
            hart.store(csrs["rq_address"], stored, csrs["rq_packed"])
        control, lane = csrs["rq_control"], csrs["rq_lane"]
        width = _WIDTHS[control >> 6 & 3]
        addend = signed32(hart.x[rs3]) << (control >> 9 & 63 if clears else 0)
        value = signed32(hart.x[rs1]) * signed32(hart.x[rs2]) + addend
        whole, rest = divmod((value + (1 << 63)) % (1 << 64) - (1 << 63), 1 << (control & 63))
        value = whole - (control >> 15 & (rest == 0) & (whole ^ control >> 16))
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if control >> 8 & 1 else (
            0, (1 << width) - 1)
        value = min(max(value, low), high)
        place, mask = lane % (32 // width) * width, (1 << width) - 1
        csrs["rq_word"] = csrs["rq_word"] & ~(mask << place) | (value & mask) << place
        csrs["rq_lane"] = (lane + 1) % 16
        if stored:
            csrs["rq_packed"], csrs["rq_word"], csrs["rq_lane"] = csrs["rq_word"], 0, 0
        if clears:
            hart.write(rs1, 0)
    return execute


_load = UNITS["load"]


@unit("load")
def _load_or_place(entry, fields):
    """A load, or that of an address of packed outputs."""
    if "acc" not in entry.flags:
        return _load(entry, fields)
    rs1, rs3, step = fields["rs1"], fields["rs3"], fields["simm"]

    def execute(hart):
        place, offset = hart.x[rs1], hart.x[rs3]
        hart.csrs["rq_address"] = (hart.load(place, 4) + offset) & MASK
        hart.write(rs1, (place + step) & MASK)
    return execute
