"""Decode, the register of execute and the execute stage of dot products, each alone."""

import numpy as np
import pytest

from flexdrive.flexv.core.control import SimdOp, Unit
from flexdrive.flexv.core.decode import Decode
from flexdrive.flexv.core.dotstage import DotStage
from flexdrive.flexv.core.issue import Issue
from flexdrive.flexv.formats import FORMATS
from flexdrive.flexv.isa import BY_NAME

from ..hyperdrive.blocks.bench import HOLD, Bench, drive, output_names
from .meanings import dot_value, lanes

_EXTENSIONS = {"i", "zicsr", "m", "xpulp_mem", "xpulp_loop", "xpulp_branch", "xpulp_bits",
               "xpulp_simd", "dot", "macload"}


@pytest.fixture(scope="module")
def decode():
    """Decode in a simulator that is built once."""
    return Bench(Decode(_EXTENSIONS))


def _word(random):
    return int(random.integers(1 << 32))


@pytest.mark.parametrize("seed", range(2))
def test_operands_that_come_late_are_taken_over_when_they_come(seed):
    """Each of a, b and c is there, or comes from write-back's early result, from retire, from a
    load in write-back, or from an instruction in write-back that adds in retire."""
    issue, random = Issue(), np.random.default_rng(seed)
    assert output_names(issue) == {"e", "valid", "kept"}

    def junk(**given):
        """Words that are not the operand, and nothing that happens."""
        return {"takes": 0, "comes": 0, "redirect": 0, "w_ends": 0, "loaded": _word(random),
                "late_value": _word(random), **given}

    def stimulus():
        for _ in range(60):
            sums, delay = bool(random.integers(2)), int(random.integers(3))
            kinds = {name: str(random.choice(["there", "early", "r", "w"])) for name in "abc"}
            values = {name: _word(random) for name in "abc"}
            # Of each source there is one.
            first = {}
            for name, kind in kinds.items():
                values[name] = first.setdefault(kind, values[name]) if kind != "there" else (
                    values[name])
            waits = {f"{name}_waits": {source: kind == source for source in ("w", "r", "early")}
                     for name, kind in kinds.items()}
            accesses, post = (int(n) for n in random.integers(2, size=2))
            late = set(kinds.values()) - {"there"}
            yield junk(takes=1, comes=1, decoded={
                **{name: values[name] if kind == "there" else _word(random)
                   for name, kind in kinds.items()}, **waits, "blocked": bool(late),
                "accesses": accesses, "control": {"post": post}})
            due = 1 if late & {"early", "r"} else 0
            if "w" in late:
                due = delay + (2 if sums else 1)
            for cycle in range(due + 1):
                ends = "w" in late and cycle == delay
                given = junk(w_ends=ends, w={"sums": sums, "early_value": _word(random)})
                if cycle == 0 and "early" in late:
                    given["w"]["early_value"] = first["early"]
                if cycle == 0 and "r" in late:
                    given["late_value"] = first["r"]
                if "w" in late and cycle == delay + sums:
                    given["late_value" if sums else "loaded"] = first["w"]
                seen = yield given
                assert seen["valid"]
                assert seen["e"].blocked == (cycle < due), (kinds, sums, delay, cycle)
            e = seen["e"]
            assert [int(getattr(e, name)) for name in "abc"] == [values[name] for name in "abc"]
            for name, counts in (("a", accesses), ("b", accesses and not post)):
                if kinds[name] != "there":
                    assert int(getattr(e, f"{name}_low")) == (values[name] & 3 if counts else 0)
            yield junk(redirect=1, takes=int(random.integers(2)), comes=1, decoded={})
            seen = yield junk()
            assert not seen["valid"]

    drive(issue, stimulus())


def test_an_accumulator_blocks_nothing_and_is_kept_beside():
    issue = Issue()

    def stimulus():
        control = {"accumulates": 1}
        yield {"takes": 1, "comes": 1, "decoded": {"a": 5, "c": 9, "c_waits": {"r": 1},
                                                   "control": control}}
        seen = yield {"takes": 0, "late_value": 0x1234}
        assert not seen["e"].blocked
        seen = yield {"late_value": 0x5678}
        assert (seen["kept"], seen["e"].c_kept, seen["e"].c) == (0x1234, 1, 9)
        # It leaves in the cycle in which its accumulator comes: what follows has none.
        yield {"takes": 1, "decoded": {"c_waits": {"r": 1}, "control": control}}
        yield {"decoded": {"c": 7}, "late_value": 0x9ABC}
        seen = yield {"takes": 0}
        assert (seen["kept"], seen["e"].c_kept, seen["e"].c) == (0x9ABC, 0, 7)

    drive(issue, stimulus())


@pytest.mark.slow
@pytest.mark.parametrize("code", FORMATS)
def test_lanes_of_dot_products(code):
    """Of registers of the core; the sum of the lanes' products is that of the definition."""
    stage, random = DotStage("islands", {"dot", "macload"}), np.random.default_rng(code)
    fmt = FORMATS[code]
    width = fmt.wide
    by_name = {name: at for at, name in enumerate(stage.names)}

    def csr(name, value):
        return {"csr_write": 1 << by_name[name], "csr_value": value}

    def stimulus():
        yield csr("sb_legacy", 0)
        yield csr("ivec_fmt", code)
        seen = yield {"csr_write": 0}
        control = seen["control"]
        chosen = {name: int(getattr(control, name)) for name in ("size", "ratio", "swap", "legal")}
        assert (16 >> chosen["size"], 1 << chosen["ratio"], chosen["swap"], chosen["legal"]) == (
            width, fmt.slices, fmt.swap, 1)
        for kind, op in (("dotup", 0), ("dotusp", 2), ("dotsp", 3)):
            for index in range(fmt.slices):
                a, w = _word(random), _word(random)
                yield csr("ivec_mixed_cycle", index)
                seen = yield {"csr_write": 0, "stage": {
                    "x": a, "y": w, "dot_control": chosen,
                    "control": {"unit": {"dot": 1}, "op": op}}, HOLD: 1}
                made = seen["lanes"]
                x, y = (lanes(np.array([int(word)], np.uint32), width, bool(int(sign)))
                        for word, sign in ((made.x, made.x_signed), (made.y, made.y_signed)))
                expected = dot_value(f"pv.{kind}", *(np.array([v], np.uint32) for v in (a, w, 0)),
                                     fmt.a_bits, fmt.w_bits, index)
                assert int((x * y).sum()) & 0xFFFFFFFF == int(expected[0])
                assert (16 >> int(made.size), seen["counts"], seen["loads"]) == (width, 1, 0)
                yield {HOLD: 0}

    drive(stage, stimulus())


def test_a_macload_waits_for_the_register_that_is_being_loaded():
    stage = DotStage("islands", {"dot", "macload"})

    def word(areg, wreg, rd=5):
        encoding = BY_NAME["ml.sdotup.w"].encoding
        return encoding.encode(areg=areg, wreg=wreg, rs1=2, size=0, rd=rd)

    def stimulus():
        for case in range(128):
            areg, number, of_w, load, valid = (case & 1, case >> 1 & 3, case >> 3 & 1,
                                               case >> 4 & 1, case >> 5 & 1)
            rd = 5 if case >> 6 else 0
            wreg = (number + areg) % 4
            seen = yield {
                "w_valid": valid, "w": {"operand_load": load, "operand_w": of_w,
                                        "operand_number": number},
                "stage": {"insn": word(areg, wreg, rd), "a": 0x104, "from_rs1": 1, "accesses": 1,
                          "to_w": 1, "control": {"unit": {"macload": 1}}}, HOLD: 1}
            # Without rd it multiplies nothing.
            same = wreg == number if of_w else areg == number & 1
            assert seen["wait"] == bool(valid and load and same and rd)
            assert (seen["loads"], seen["address"], seen["to_w"], seen["number"]) == (
                1, 0x104, 1, wreg)

    drive(stage, stimulus())


class _Registers:
    """What is where: the register file and the results under way, as decode is told of them."""

    def __init__(self, random):
        self.file = [0] + [_word(random) for _ in range(31)]
        names = ("e_value", "w_early", "w_value", "r_early", "r_value")
        self.values = {name: _word(random) for name in names}
        self.targets = {}
        for stage, has_late in (("e", False), ("w", True), ("r", True)):
            if random.random() < 0.7:
                self.targets[f"{stage}_early"] = int(random.integers(1, 5))
            late = int(random.integers(1, 5))
            if has_late and random.random() < 0.4 and late != self.targets.get(f"{stage}_early"):
                self.targets[f"{stage}_late"] = late

    def inputs(self):
        targets, values = self.targets, self.values

        def stage(name):
            return {"early": f"{name}_early" in targets, "late": f"{name}_late" in targets,
                    "early_target": targets.get(f"{name}_early", 0),
                    "late_target": targets.get(f"{name}_late", 0)}

        return {"e": stage("e"), "e_valid": 1, "e_value": values["e_value"],
                "w": stage("w") | {"early_value": values["w_early"], "sums": 0}, "w_valid": 1,
                "w_done": 1, "w_value": values["w_value"],
                "r": stage("r") | {"early_value": values["r_early"]},
                "r_value": values["r_value"]}

    def read(self, number):
        """The newest value: execute is the youngest, then write-back, then retire."""
        for place, value in (("e_early", "e_value"), ("w_late", "w_value"),
                             ("w_early", "w_early"), ("r_late", "r_value"),
                             ("r_early", "r_early")):
            if self.targets.get(place) == number:
                return self.values[value]
        return self.file[number]


@pytest.mark.slow
def test_operands_are_the_newest_values_of_their_registers(decode):
    random = np.random.default_rng(1)
    encodings = {name: BY_NAME[name].encoding for name in ("add", "addi", "sw", "jal", "lui")}

    def stimulus():
        yield {"valid": 1, "legacy": 1, HOLD: 1}
        for _ in range(80):
            registers = _Registers(random)
            rs1, rs2, rd = (int(n) for n in random.integers(0, 6, 3))
            imm, pc = int(random.integers(-2048, 2048)), 4 * int(random.integers(1 << 20))
            name = str(random.choice(list(encodings)))
            fields = {"add": {"rd": rd, "rs1": rs1, "rs2": rs2},
                      "addi": {"rd": rd, "rs1": rs1, "simm": imm},
                      "sw": {"rs1": rs1, "rs2": rs2, "simm": imm},
                      "jal": {"rd": rd, "simm": 2 * imm},
                      "lui": {"rd": rd, "simm": imm << 12}}[name]
            fields = {field: fields[field if field in fields else "simm"]
                      for field in encodings[name].fields}
            given = registers.inputs() | {"stage": {
                "pc": pc, "insn": encodings[name].encode(**fields)}}
            seen = yield given | {HOLD: 1}
            numbers = [seen[f"number{i}"] for i in range(3)]
            seen = yield {f"stored{i}": registers.file[n] for i, n in enumerate(numbers)} | {
                HOLD: 1}
            o = seen["o"]
            assert not o.illegal
            assert not o.blocked
            immediate = imm & 0xFFFFFFFF
            if name in ("add", "addi", "sw"):
                assert int(o.a) == registers.read(rs1)
                assert int(o.b) == (registers.read(rs2) if name == "add" else immediate)
            if name == "sw":
                assert int(o.c) == registers.read(rs2)
                assert (o.accesses, int(o.a_low), int(o.b_low)) == (
                    1, registers.read(rs1) & 3, imm & 3)
            if name == "lui":
                assert int(o.b) == (imm << 12) & 0xFFFFFFFF
            writes = name != "sw" and rd != 0
            assert (bool(o.early), bool(o.late)) == (writes, False)
            assert not writes or int(o.early_target) == rd
            assert seen["jumps"] == (name == "jal")
            if name == "jal":
                assert seen["jump_target"] == (pc + 2 * imm) & 0xFFFFFFFF

    decode.run(stimulus())


def test_what_is_no_instruction_traps_and_does_nothing(decode):
    """Words of no instruction, of an extension that the core lacks, with a fetch that failed, or in
    front of which an interrupt is taken."""
    random = np.random.default_rng(2)
    known = [entry.encoding for entry in BY_NAME.values() if entry.extension in _EXTENSIONS]
    lacking = [entry.encoding.match for entry in BY_NAME.values()
               if entry.extension in ("macload_other", "requant")]

    def stimulus():
        yield {"valid": 1, "legacy": 1, HOLD: 1}
        words = [_word(random) for _ in range(16)] + lacking
        words += [encoding.match for encoding in known[::40]]
        for insn in words:
            sound = any(encoding.matches(insn) for encoding in known)
            for reason in ({}, {"error": 1}, {"illegal": 1}):
                seen = yield {"stage": {"insn": insn, **reason}, "interrupt": 0, HOLD: 1}
                o = seen["o"]
                if reason or not sound:
                    assert o.illegal
                    assert o.simple_trap
                    assert not any((o.early, o.late, o.accesses, o.sleeps, o.returns))
                    assert not any(getattr(o.control.unit, unit.name.lower()) for unit in Unit)
            seen = yield {"stage": {"insn": insn}, "interrupt": 1, HOLD: 1}
            o = seen["o"]
            assert (o.interrupt, o.simple_trap, o.early, o.late, o.accesses) == (1, 0, 0, 0, 0)

    decode.run(stimulus())


def test_scalars_are_replicated_and_lanes_follow_the_instruction(decode):
    def stimulus():
        yield {"valid": 1, "legacy": 1, HOLD: 1}
        for name, size, second in (("pv.add.h", 0, 0x89ABCDEF), ("pv.add.sc.h", 0, 0xCDEFCDEF),
                                   ("pv.add.b", 1, 0x89ABCDEF), ("pv.add.sc.b", 1, 0xEFEFEFEF)):
            insn = BY_NAME[name].encoding.encode(rd=3, rs1=1, rs2=2)
            seen = yield {"stage": {"insn": insn}, "stored0": 7, "stored1": 0x89ABCDEF, HOLD: 1}
            o = seen["o"]
            assert (int(o.simd_op.value if hasattr(o.simd_op, "value") else o.simd_op),
                    int(o.simd_size), int(o.narrower), int(o.b)) == (
                SimdOp.ADD.value, size, (1 << size) - 1, second)

    decode.run(stimulus())
