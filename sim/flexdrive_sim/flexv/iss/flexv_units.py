"""Meanings of Flex-V's own state and instructions: loops, formats, dot products, Mac&Load."""

from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import CSRS, sign_extend

from .arithmetic import MASK
from .traps import Trap
from .units import unit

__all__ = ["FlexvState"]

_WIDTHS = {0: 16, 1: 8, 2: 4, 3: 2}


class FlexvState:
    """What Mac&Load, dot products and loops keep between instructions.

    All of it lies in the CSR file under the registers' names; this class holds the rules.
    """

    def __init__(self, hart):
        self._csrs = hart.csrs
        self._third = hart.csrs.exists(CSRS["a_skip2"].number)
        for name, counters in (("macl_a_address", ("a_count", "a_count2")),
                               ("macl_w_address", ("w_count",)), ("rq_word", ("rq_lane",))):
            if hart.csrs.exists(CSRS[name].number):
                hart.csrs.writers[CSRS[name].number] = self._pointer_writer(name, counters)

    def _pointer_writer(self, name, counters):
        def write(value):
            self._csrs[name] = value
            for counter in counters:
                if self._csrs.exists(CSRS[counter].number):
                    self._csrs[counter] = 0
        return write

    @property
    def legacy(self):
        return bool(self._csrs["sb_legacy"])

    def format(self):
        """The format of CSR ``ivec_fmt``, or None."""
        return FORMATS.get(self._csrs["ivec_fmt"])

    def slice_index(self, fmt):
        return self._csrs["ivec_mixed_cycle"] % fmt.slices

    def count_dot(self, fmt):
        """One dot product in status-based mode."""
        csrs = self._csrs
        count = csrs["mixed_count"] + 1
        if count >= csrs["ivec_skip_size"]:
            count = 0
            index = csrs["ivec_mixed_cycle"] + 1
            csrs["ivec_mixed_cycle"] = index if index < fmt.slices else 0
        csrs["mixed_count"] = count

    def advance(self, channel):
        """Move the pointer of channel "a" or "w" after a load."""
        csrs = self._csrs
        if csrs[f"{channel}_count"] < csrs[f"{channel}_skip"]:
            step = csrs[f"{channel}_stride"]
            csrs[f"{channel}_count"] += 1
        else:
            step = csrs[f"{channel}_rollback"]
            csrs[f"{channel}_count"] = 0
            if channel == "a" and self._third and csrs["a_skip2"]:
                if csrs["a_count2"] < csrs["a_skip2"]:
                    csrs["a_count2"] += 1
                else:
                    step = csrs["a_rollback2"]
                    csrs["a_count2"] = 0
        pointer = f"macl_{channel}_address"
        csrs[pointer] = (csrs[pointer] + step) & MASK


def _lane(word, bits, index, is_signed):
    value = word >> bits * index & ((1 << bits) - 1)
    return sign_extend(value, bits) if is_signed else value


def _dot(a, w, a_bits, w_bits, index, a_signed, w_signed):
    count = 32 // max(a_bits, w_bits)
    a_first = index * count if a_bits < w_bits else 0
    w_first = index * count if w_bits < a_bits else 0
    return sum(_lane(a, a_bits, a_first + i, a_signed) * _lane(w, w_bits, w_first + i, w_signed)
               for i in range(count))


@unit("dot")
def _dot_product(entry, fields):
    a_signed, w_signed = {"dotup": (False, False), "dotusp": (False, True),
                          "dotsp": (True, True)}[entry.op]
    accumulates, rd, rs1, rs2 = "acc" in entry.flags, fields["rd"], fields["rs1"], fields.get("rs2")
    constant = fields.get("simm6", fields.get("zimm6", 0)) & MASK
    scalar = ".sc" in entry.name
    width = 16 if entry.name.endswith(".h") else 8

    def execute(hart):
        state = hart.flexv
        fmt = None
        a_bits = w_bits = width
        index = 0
        if not state.legacy:
            fmt = state.format()
            if fmt is None:
                raise Trap(2, hart.word)
            a_bits, w_bits, index = fmt.a_bits, fmt.w_bits, state.slice_index(fmt)
        w = constant if rs2 is None else hart.x[rs2]
        if scalar:
            lowest = w & ((1 << w_bits) - 1)
            w = sum(lowest << shift for shift in range(0, 32, w_bits))
        total = _dot(hart.x[rs1], w, a_bits, w_bits, index, a_signed, w_signed)
        hart.write(rd, (total + (hart.x[rd] if accumulates else 0)) & MASK)
        if fmt is not None:
            state.count_dot(fmt)
    return execute


@unit("macload")
def _macload(entry, fields):
    if "funnel" in entry.flags:
        return _funnel(entry, fields)
    a_signed, w_signed = entry.op[0] == "s", entry.op[1] == "s"
    rd, rs1, size = fields["rd"], fields["rs1"], fields["size"]
    a_name, w_name = f"nn_a{fields['areg']}", f"nn_w{fields['wreg']}"
    channel, target = None, None
    if "w" in entry.flags:
        channel, target = "w", w_name
    elif "a" in entry.flags:
        channel, target = "a", a_name
    elif "x" in entry.flags:
        channel, target = "a", f"nn_a{1 - fields['areg']}"

    def execute(hart):
        state, csrs = hart.flexv, hart.csrs
        legacy = state.legacy
        fmt = None if legacy else state.format()
        if (size not in _WIDTHS) if legacy else fmt is None:
            raise Trap(2, hart.word)
        loaded = None
        if channel is not None:
            place = hart.x[rs1] if legacy else csrs[f"macl_{channel}_address"]
            loaded = hart.load(place, 4)
        if rd:
            a_bits, w_bits = (_WIDTHS[size],) * 2 if legacy else (fmt.a_bits, fmt.w_bits)
            index = 0 if legacy else state.slice_index(fmt)
            total = _dot(csrs[a_name], csrs[w_name], a_bits, w_bits, index, a_signed, w_signed)
            result = (hart.x[rd] + total) & MASK
            if not legacy:
                state.count_dot(fmt)
        if channel is not None:
            csrs[target] = loaded
            if legacy:
                hart.write(rs1, (hart.x[rs1] + 4) & MASK)
            else:
                state.advance(channel)
        if rd:
            # The result wins when rs1 and rd are the same register.
            hart.write(rd, result)
    return execute


def _funnel(entry, fields):
    """Mac&Load whose operand is a word of two w registers."""
    a_signed, w_signed = entry.op[0] == "s", entry.op[1] == "s"
    rd, first, offset = fields["rd"], fields["wreg"], fields["offset"]
    lower, upper, weights = f"nn_w{first}", f"nn_w{(first + 1) % 4}", f"nn_a{fields['areg']}"
    channel, target = None, None
    if "w" in entry.flags:
        channel, target = "w", weights
    elif entry.flags & {"a", "b"}:
        channel, target = "a", f"nn_w{(first + 2 + ('b' in entry.flags)) % 4}"

    def execute(hart):
        state, csrs = hart.flexv, hart.csrs
        fmt = state.format()
        if state.legacy or fmt is None:
            raise Trap(2, hart.word)
        if channel is not None:
            loaded = hart.load(csrs[f"macl_{channel}_address"], 4)
        if rd:
            word = (csrs[lower] | csrs[upper] << 32) >> offset & MASK
            total = _dot(csrs[weights], word, fmt.a_bits, fmt.w_bits, state.slice_index(fmt),
                         a_signed, w_signed)
            hart.write(rd, (hart.x[rd] + total) & MASK)
            state.count_dot(fmt)
        if channel is not None:
            csrs[target] = loaded
            state.advance(channel)
    return execute


@unit("loop")
def _loop(entry, fields):
    op, number, rs1 = entry.op, fields["loop"], fields.get("rs1")
    offset = fields.get("uimm", fields.get("uimm5"))

    def execute(hart):
        csrs = hart.csrs
        if op in ("setup", "setupi"):
            csrs[f"lp{number}_start"] = (hart.pc + 4) & MASK
        if op == "starti":
            csrs[f"lp{number}_start"] = (hart.pc + offset) & MASK
        if op in ("endi", "setup", "setupi"):
            csrs[f"lp{number}_end"] = (hart.pc + offset) & MASK
        if op in ("count", "setup"):
            csrs[f"lp{number}_count"] = hart.x[rs1]
        if op in ("counti", "setupi"):
            csrs[f"lp{number}_count"] = fields["count"]
    return execute
