"""Fetch, expansion of 16-bit instructions, sleep, counters and records of the core alone."""

import numpy as np
import pytest

from flexdrive.flexv.core.compressed_decoder import Expander
from flexdrive.flexv.core.config import CoreConfig
from flexdrive.flexv.core.control import CsrOp
from flexdrive.flexv.core.csrs import CsrFile
from flexdrive.flexv.core.execute import Execute
from flexdrive.flexv.core.fetch import Fetch
from flexdrive.flexv.core.rvfi import RvfiMonitor
from flexdrive.flexv.isa import CSR_PLACES

from ..hyperdrive.blocks.bench import HOLD, drive, output_names


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grants", [0.3, 1.0])
def test_fetch_delivers_every_instruction_of_its_path(seed, grants):
    """Random jumps of every kind at any time, random grants and responses; a request that is not
    granted stays as it is, wherever the core has gone."""
    fetch, random = Fetch(4), np.random.default_rng(seed)
    memory = random.integers(1 << 32, size=32, dtype=np.uint32)
    halves, bad = memory.view(np.uint16), int(random.integers(32))
    assert output_names(fetch) == {"bus_req", "bus_addr", "valid", "pc", "insn", "compressed",
                                   "error", "error_second"}

    def stimulus():
        answers, held, delivered, failed = [], None, 0, False
        yield {"reset_pc": 8}
        pc = 8
        for _ in range(300):
            away = {name: random.random() < share for name, share in (
                # Who takes what has failed goes elsewhere.
                ("redirect", 1 if failed else 0.04), ("jump", 0.04), ("loop", 0.1))}
            targets = {name: 2 * int(random.integers(48)) for name in away}
            response = bool(answers) and random.random() < 0.7
            word = answers[0] if response else 0
            given = {**away, "target": targets["redirect"], "jump_target": targets["jump"],
                     "loop_target": targets["loop"], "ready": bool(random.integers(2)),
                     "bus_gnt": random.random() < grants, "bus_rvalid": response,
                     "bus_rdata": int(memory[word]), "bus_err": response and word == bad}
            seen = yield given
            assert seen["pc"] == pc
            if held is not None:
                assert (seen["bus_req"], seen["bus_addr"]) == (1, held)
            held = seen["bus_addr"] if seen["bus_req"] and not given["bus_gnt"] else None
            if response:
                answers.pop(0)
            if seen["bus_req"] and given["bus_gnt"]:
                assert seen["bus_addr"] % 4 == 0
                answers.append(seen["bus_addr"] // 4 % 32)
            taken = seen["valid"] and given["ready"]
            at = pc // 2
            short = halves[at % 64] & 3 != 3
            words = [at // 2 % 32] + ([(at + 1) // 2 % 32] if not short else [])
            if seen["valid"] and not (away["redirect"] or away["jump"]):
                delivered += 1
                error = bad in words
                assert seen["error"] == error
                if error:
                    assert seen["error_second"] == (words[0] != bad)
                else:
                    assert seen["compressed"] == short
                    bits = int(halves[at % 64]) | (0 if short else int(halves[(at + 1) % 64]) << 16)
                    assert seen["insn"] & (0xFFFF if short else 0xFFFFFFFF) == bits
            failed = taken and seen["error"]
            if away["redirect"]:
                pc = targets["redirect"]
            elif away["jump"]:
                pc = targets["jump"]
            elif taken:
                pc = targets["loop"] if away["loop"] else pc + (2 if seen["compressed"] else 4)
        assert delivered > 20

    drive(fetch, stimulus())


def _is_an_instruction(half):
    """RV32C without floating point, by The RISC-V Instruction Set Manual, volume I, tables of
    chapter "C" (RVC instruction listings): what is not reserved; hints are instructions."""
    function, register, bit12 = half >> 13, half >> 7 & 31, half >> 12 & 1
    low, second = half >> 2 & 31, half >> 10 & 3
    if half & 3 == 0:       # c.addi4spn (not of 0), c.lw, c.sw
        return half >> 5 & 0xFF != 0 if function == 0 else function in (2, 6)
    if half & 3 == 1:
        if function == 3:   # c.addi16sp and c.lui, not of 0
            return bool(bit12 or low)
        if function == 4:   # shifts by less than 32; c.andi; no c.subw, c.addw
            return second == 2 or not bit12
        return True         # c.addi, c.jal, c.li, c.j, c.beqz, c.bnez
    if function == 0:       # c.slli by less than 32
        return not bit12
    if function == 2:       # c.lwsp, not to x0
        return register != 0
    if function == 4:       # c.jr not to x0; c.mv, c.ebreak, c.jalr, c.add
        return bool(bit12 or low or register)
    return function == 6    # c.swsp


@pytest.mark.slow
def test_every_kind_of_reserved_halfword_is_illegal():
    expander = Expander()
    assert output_names(expander) == {"insn", "illegal"}
    every = sorted({function << 13 | bit12 << 12 | register << 7 | low << 2 | quarter
                    for function in range(8) for bit12 in range(2) for quarter in range(3)
                    for register in (0, 1, 2, 8, 24) for low in (0, 1, 16)})
    assert len(every) == 720

    def stimulus():
        wrong = []
        for half in every:
            seen = yield {"half": half, HOLD: 1}
            if seen["illegal"] == _is_an_instruction(half):
                wrong.append(hex(half))
        assert wrong == []

    drive(expander, stimulus())


def test_minstret_counts_what_retires_but_not_its_writer():
    registers = CsrFile({"i"})
    place = 1 << CSR_PLACES["minstret"]

    def read(value):
        while True:     # what retired last is still to be counted
            seen = yield {"selected": place, "access": 0, "retire": 0, "unretire": 0}
            if not seen["busy"]:
                break
        assert seen["value"] == value

    def stimulus():
        yield {"op": CsrOp.WRITE}
        for before in (5, 0xFFFFFFF0):
            yield {"selected": place, "operand": before, "writes": 1, "access": 1, "commit": 1,
                   "retire": 1}
            yield from read(before)
            for count in range(1, 5):
                yield {"selected": 0, "retire": 1}
                yield from read(before + count)
            yield {"selected": 0, "unretire": 1, "retire": 0}
            yield from read(before + 3)

    drive(registers, stimulus())


@pytest.mark.parametrize("fault", [False, True])
def test_a_record_says_what_follows(fault):
    """The next instruction, or the handler that an access which fails goes to."""
    monitor = RvfiMonitor()

    def stimulus():
        yield {"go": 1, "following": 0x104, "e": {"pc": 0x100, "insn": 0x2003}, "vector": 0x80}
        yield {"go": 0, "w_ends": 1, "w_fault": fault}
        seen = yield {"w_ends": 0, "w_fault": 0, "vector": 0x200}
        assert (seen["rvfi_valid"], seen["rvfi_trap"], seen["rvfi_pc_rdata"]) == (1, fault, 0x100)
        assert seen["rvfi_pc_wdata"] == (0x200 if fault else 0x104)
        seen = yield {}
        assert not seen["rvfi_valid"]

    drive(monitor, stimulus())


def test_a_wfi_sleeps_if_it_is_executed():
    """Not one that is only in the stage's register, behind a taken branch, or that may end."""
    execute = Execute(CoreConfig(extensions=("i", "zicsr")))

    def stimulus():
        for case in range(16):
            valid, sleeps, wake, cancel = (case >> bit & 1 for bit in range(4))
            seen = yield {"valid": valid, "stage": {"sleeps": sleeps}, "wake": wake,
                          "cancel": cancel, HOLD: 1}
            assert seen["sleeping"] == (valid and sleeps and not wake and not cancel)
            # It stays for as long as nothing wakes it.
            assert seen["complete"] == (0 if sleeps and not wake else 3)

    drive(execute, stimulus())
