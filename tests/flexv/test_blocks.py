"""Blocks of the core alone, against models in Python: hardware loops, the registers of Mac&Load,
the data port."""

import numpy as np
import pytest

from flexdrive.flexv.core.control import LoopOp, MemoryOp
from flexdrive.flexv.core.hwloop import Loops
from flexdrive.flexv.core.lsu import LoadStore
from flexdrive.flexv.core.macload import CONTROLLER_CSRS, Controllers
from flexdrive.flexv.isa import CSRS

from ..hyperdrive.blocks.bench import HOLD, drive, output_names


def test_loops():
    """Both loops, with every kind of change of every register, one a cycle."""
    loops, random = Loops(), np.random.default_rng(1)
    assert output_names(loops) == {"back", "number", "target", *(f"values_{i}" for i in range(6))}
    rest = {"finish": 0, "undo": 0, "write": 0, "csr_write": 0}

    def change(state):
        """Inputs of one cycle; ``state`` becomes what it is after it."""
        kind, loop = random.choice(["finish", "undo", "write", "csr"]), int(random.integers(2))
        start, end, count = range(3 * loop, 3 * loop + 3)
        if kind in ("finish", "undo"):
            state[count] = (state[count] + (1 if kind == "undo" else -1)) % (1 << 32)
            return {kind: 1, f"{kind}{'ed' if kind == 'finish' else 'ne'}": loop}
        value = int(random.integers(1 << 6)) & ~1
        if kind == "csr":
            register = int(random.integers(6))
            # Addresses are even.
            state[register] = value | 1 if register % 3 == 2 else value
            return {"csr_write": 1 << register, "csr_value": value | 1}
        op, following = LoopOp(int(random.choice([op.value for op in LoopOp]))), value ^ 8
        iterations = int(random.integers(6))
        if op in (LoopOp.SETUP, LoopOp.SETUPI):
            state[start], state[end], state[count] = following, value, iterations
        elif op == LoopOp.STARTI:
            state[start] = value
        elif op == LoopOp.ENDI:
            state[end] = value
        else:
            state[count] = iterations
        return {"write": 1, "loop": loop, "op": op, "following": following, "address": value,
                "iterations": iterations}

    def stimulus():
        state = [0] * 6
        for _ in range(600):
            old = list(state)
            given = rest | (change(state) if random.random() < 0.6 else {})
            under_way = {stage: (int(random.integers(2)), int(random.integers(2)))
                         for stage in "sde"}
            for stage, (back, number) in under_way.items():
                given |= {f"{stage}_back": back, f"{stage}_number": number}
            pc = given["pc"] = old[int(random.choice([1, 4]))]
            seen = yield given
            assert [seen[f"values_{i}"] for i in range(6)] == old
            takes = []
            for loop in range(2):
                _, end, count = old[3 * loop:3 * loop + 3]
                # The iteration under way, and those that jumps on their way have begun.
                begun = 1 + sum(back and number == loop for back, number in under_way.values())
                takes.append(pc == end and count > begun)
            assert seen["back"] == any(takes)
            if any(takes):
                loop = takes.index(True)        # the lower number wins
                assert (seen["number"], seen["target"]) == (loop, old[3 * loop])

    drive(loops, stimulus())


def test_a_register_of_macload_is_written_alone():
    """Each one takes its bits; the pointers clear the counters of their channel, and no write
    changes anything else."""
    extensions = {*CONTROLLER_CSRS, "i"}
    controllers = Controllers(extensions)
    names = controllers.names
    clears = {"macl_a_address": {"a_count", "a_count2"}, "macl_w_address": {"w_count"}}
    assert set(names) == {name for some in CONTROLLER_CSRS.values() for name in some}
    # The table says of each what a write clears.
    for name in names:
        said = {word for word in CSRS[name].meaning.replace(",", " ").split() if word in names}
        assert not CSRS[name].meaning.count("a write sets") or said == clears[name]

    def stimulus():
        state = {name: CSRS[name].reset for name in names}
        for round_ in range(2):
            for at, name in enumerate(names):
                value = (0x9E3779B1 * (at + 1 + 40 * round_)) & 0xFFFFFFFF
                seen = yield {"csr_write": 1 << at, "csr_value": value}
                assert {n: seen[f"values_{i}"] for i, n in enumerate(names)} == state, name
                state[name] = value & CSRS[name].writable
                for other in clears.get(name, ()):
                    state[other] = 0
        seen = yield {"csr_write": 0}
        assert {n: seen[f"values_{i}"] for i, n in enumerate(names)} == state
        # What is 0 cannot show that a write clears it.
        assert all(state[name] for name in ("a_count", "a_count2", "w_count"))
        for pointer, cleared in clears.items():
            seen = yield {"csr_write": 1 << names.index(pointer), "csr_value": 4}
            state |= dict.fromkeys(cleared, 0) | {pointer: 4}
            seen = yield {"csr_write": 0}
            assert {n: seen[f"values_{i}"] for i, n in enumerate(names)} == state

    drive(controllers, stimulus())


_SIZES = {0: 1, 1: 2, 2: 4}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_accesses_of_any_kind_with_some_dropped(seed):
    """Loads and stores of any size and place, dropped at any time; the memory answers in order,
    when it likes. A load's value is that of the bytes, a store changes its bytes alone."""
    unit, random = LoadStore(), np.random.default_rng(seed)
    memory = random.integers(256, size=64, dtype=np.uint8)
    expected = memory.copy()

    def stimulus():
        answers = []                # of accepted accesses: word to be answered
        held = None                 # a request that was not granted must stay as it is
        waiting = None              # (op, value) of the access in write-back
        access, finished = None, 0
        dropped = False             # ... and its address phase is not over
        while finished < 150:
            if access is None:
                op = MemoryOp(int(random.choice([m.value for m in MemoryOp])))
                write = bool(random.integers(3) == 0) and op.value < 4
                access = (op, write, int(random.integers(56)), int(random.integers(1 << 32)))
            op, write, address, data = access
            size = _SIZES[op.value & 3]
            crossing = address % 4 + size > 4
            response = bool(answers) and random.random() < 0.6
            # What is dropped is behind an instruction that has left and was no access under way.
            kill = waiting is None and not dropped and random.random() < 0.15
            given = {
                "wanted": not dropped, "write": write, "op": op, "address": address,
                "crossing": crossing, "data": data, "hold": kill, "kill": kill, "fire": 0,
                "bus_rvalid": response, "bus_rdata": answers[0] if response else 0,
                "bus_gnt": bool(random.integers(2))}
            seen = yield given | {HOLD: 1}
            fire = not (kill or dropped) and seen["free"] and seen["granted"] >> crossing & 1
            seen = yield {"fire": fire, HOLD: 0}
            request = tuple(seen[f"bus_{name}"] for name in ("addr", "we", "be", "wdata"))
            if held is not None:
                assert seen["bus_req"]
                assert request == held
            held = None
            if response:
                answers.pop(0)
            if seen["bus_req"]:
                place, writes, enables, word = request
                if not given["bus_gnt"]:
                    held = request
                else:
                    assert place % 4 == 0
                    answers.append(int(memory[place:place + 4].view("<u4")[0]))
                    for byte in range(4):
                        if writes and enables >> byte & 1:
                            memory[place + byte] = word >> 8 * byte & 0xFF
            if seen["done"]:
                assert waiting is not None
                _, value = waiting
                assert value is None or seen["loaded"] == value
                waiting, finished = None, finished + 1
            assert not seen["fault"]
            assert seen["waiting"] == (waiting is not None or bool(seen["done"]))
            if fire:
                value = None
                if write:
                    for byte in range(size):
                        expected[address + byte] = data >> 8 * byte & 0xFF
                    assert (memory == expected).all()
                else:
                    bits = int.from_bytes(memory[address:address + size].tobytes(), "little")
                    if op.value < 4 and bits >> 8 * size - 1:
                        bits |= (1 << 32) - (1 << 8 * size)
                    value = bits & 0xFFFFFFFF
                waiting = (op, value)
                access = None
            elif kill or dropped:
                # What a dropped store has written so far is written.
                dropped = held is not None
                if not dropped:
                    access, expected[:] = None, memory

    drive(unit, stimulus())
