"""Meaning of requantisation."""

from .arithmetic import signed32
from .units import unit

__all__ = []

_WIDTHS = {0: 8, 1: 4, 2: 2, 3: 2}


@unit("requant")
def _requant(entry, fields):
    rs1, rs2, rs3 = fields["rs1"], fields["rs2"], fields["rs3"]
    clears = "post" in entry.flags

    def execute(hart):
        csrs = hart.csrs
        control, lane = csrs["rq_control"], csrs["rq_lane"]
        width = _WIDTHS[control >> 6 & 3]
        addend = signed32(hart.x[rs3]) << (control >> 9 if clears else 0)
        value = signed32(hart.x[rs1]) * signed32(hart.x[rs2]) + addend
        value = ((value + (1 << 63)) % (1 << 64) - (1 << 63)) >> (control & 63)
        low, high = (-(1 << width - 1), (1 << width - 1) - 1) if control >> 8 & 1 else (
            0, (1 << width) - 1)
        value = min(max(value, low), high)
        place, mask = lane % (32 // width) * width, (1 << width) - 1
        csrs["rq_word"] = csrs["rq_word"] & ~(mask << place) | (value & mask) << place
        csrs["rq_lane"] = (lane + 1) % 16
        if clears:
            hart.write(rs1, 0)
    return execute
