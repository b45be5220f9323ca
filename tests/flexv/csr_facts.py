"""What is published of the registers, without a look at the table of this project.

Sources: The RISC-V Instruction Set Manual, volume II, machine mode 1.12: section 3.1 for what is
numbered 0x3.., 0xB.. and 0xF.., volume I, Zicntr, for 0xC.. (numbers: volume II, tables 2.1 to
2.5); which interrupt lines there are, which events are counted and that traps go to addresses that
are multiples of 4 are choices of this core, in docs/flexv.md. CV32E40P user manual, "Hardware
Loops": 0x7C.. (PULP map). arXiv 2307.01056 and its published numbers: 0x00D to 0x010, 0x100 to
0x107. The others, of this project: docs/flexv.md, "Beyond the published design".
"""

__all__ = ["FACTS", "NO_BITS", "SHADOWS"]

_ALL, _LINES = 0xFFFFFFFF, sum(1 << line for line in (3, 7, 11, *range(16, 32)))

# name: (number, bits that a write changes, value after reset); None: it is not constant.
FACTS = {
    # MIE and MPIE; MPP has one legal value, 3.
    "mstatus": (0x300, 1 << 3 | 1 << 7, 3 << 11),
    # MXL = 1 (32 bits); letters I, M, C, X.
    "misa": (0x301, 0, 1 << 30 | sum(1 << ord(letter) - ord("A") for letter in "IMCX")),
    "mie": (0x304, _LINES, 0), "mtvec": (0x305, _ALL - 2, 0), "mstatush": (0x310, 0, 0),
    # Bit 1 has no counter (TIME).
    "mcountinhibit": (0x320, 0b1111101, 0),
    "mscratch": (0x340, _ALL, 0), "mepc": (0x341, _ALL - 1, 0),
    "mcause": (0x342, 1 << 31 | 31, 0), "mtval": (0x343, _ALL, 0), "mip": (0x344, 0, None),
    "mcycle": (0xB00, _ALL, None), "minstret": (0xB02, _ALL, None),
    **{f"mhpmcounter{n}": (0xB00 + n, _ALL, None) for n in (3, 4, 5, 6)},
    "mcycleh": (0xB80, _ALL, 0), "minstreth": (0xB82, _ALL, 0),
    "cycle": (0xC00, 0, None), "instret": (0xC02, 0, None),
    "cycleh": (0xC80, 0, 0), "instreth": (0xC82, 0, 0),
    "mvendorid": (0xF11, 0, 0), "marchid": (0xF12, 0, 0), "mimpid": (0xF13, 0, 1),
    "mhartid": (0xF14, 0, 0), "mconfigptr": (0xF15, 0, 0),
    # Instructions lie at even addresses.
    **{f"lp{i}_start": (0x7C0 + 4 * i, _ALL - 1, 0) for i in (0, 1)},
    **{f"lp{i}_end": (0x7C1 + 4 * i, _ALL - 1, 0) for i in (0, 1)},
    **{f"lp{i}_count": (0x7C2 + 4 * i, _ALL, 0) for i in (0, 1)},
    "ivec_fmt": (0x00D, 31, 0), "ivec_mixed_cycle": (0x00E, 7, 0), "ivec_skip_size": (0x00F, 31, 0),
    "sb_legacy": (0x010, 1, 1), "mixed_count": (0x800, 31, 0),
    "macl_a_address": (0x100, _ALL, 0), "macl_w_address": (0x101, _ALL, 0),
    "a_stride": (0x102, _ALL, 0), "w_stride": (0x103, _ALL, 0),
    "a_rollback": (0x104, _ALL, 0), "w_rollback": (0x105, _ALL, 0),
    "a_skip": (0x106, 0xFFFF, 0), "w_skip": (0x107, 0xFFFF, 0),
    "a_count": (0x801, 0xFFFF, 0), "w_count": (0x802, 0xFFFF, 0),
    "a_rollback2": (0x803, _ALL, 0), "a_skip2": (0x804, 0xFFFF, 0), "a_count2": (0x805, 0xFFFF, 0),
    **{f"nn_w{i}": (0x808 + i, _ALL, 0) for i in range(4)},
    **{f"nn_a{i}": (0x80C + i, _ALL, 0) for i in range(2)},
    # Shift of 6 bits, width code of 2, sign.
    "rq_control": (0x810, 0x1FF, 0), "rq_word": (0x811, _ALL, 0), "rq_lane": (0x812, 15, 0),
    "rq_packed": (0x813, _ALL, 0), "rq_address": (0x814, _ALL, 0),
}

# Registers that show another one.
SHADOWS = {"cycle": "mcycle", "cycleh": "mcycleh", "instret": "minstret", "instreth": "minstreth"}

# Section 3.1.10: 29 counters with 64 bits and their events, of which an implementation may have
# none; then they read 0.
NO_BITS = [number for block in (0x320, 0xB00, 0xB80) for number in range(block + 3, block + 32)
           if number not in (0xB03, 0xB04, 0xB05, 0xB06)]
