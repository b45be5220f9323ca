# amaranth: UnusedElaboratable=no
"""The binary16 operators, at every depth, against the compiler's arithmetic and the model."""

import numpy as np
import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive.emit import emit_rtlil
from flexdrive.errors import ConfigurationError
from flexdrive.fp16 import Adder, Comparator, Maximum, Multiplier, relu
from flexdrive_sim.engine import simulate
from flexdrive_sim.fp16 import model as fp16
from flexdrive_sim.fp16.verify import OPERATIONS, Verifier

MODELS = {"add": fp16.add, "sub": fp16.subtract, "mul": fp16.multiply, "max": fp16.maximum}
EVERY = np.arange(1 << 16, dtype=np.uint16)

operations = pytest.mark.parametrize("operation", OPERATIONS)
depths = pytest.mark.parametrize("depth", [1, 2, 3, 4])


@pytest.mark.slow
@operations
@depths
def test_corners_and_random_pairs(verifier, corners, random_pairs, operation, depth):
    check = verifier(operation, depth).check
    for pairs in (corners, random_pairs(2_000_000, depth)):
        verdict = check(*pairs)
        assert verdict.mismatches == 0, "\n".join(map(str, verdict.first))
        assert verdict.pairs == len(pairs[0])


# Every depth of the adder, one of the others: they use the same registers.
@pytest.mark.slow
@pytest.mark.parametrize(("operation", "depth"), [
    ("add", 1), ("add", 2), ("sub", 3), ("add", 4), ("mul", 4), ("max", 2)])
def test_enable_holds_every_register(verifier, random_pairs, operation, depth):
    a, b = random_pairs(100_000, 10 + depth)
    gate = np.random.default_rng(depth).integers(0, 2, 9973, dtype=np.uint8)
    stalled = verifier(operation, depth, enable=True)
    assert (stalled.outputs(a, b, gate) == MODELS[operation](a, b)).all()
    assert (stalled.outputs(a, b) == MODELS[operation](a, b)).all()


def _drive(ctx, dut, operation, a, b):
    ctx.set(dut.a, int(a))
    ctx.set(dut.b, int(b))
    if operation in ("add", "sub"):
        ctx.set(dut.subtract, operation == "sub")


@operations
@depths
@pytest.mark.parametrize("engine", ["pysim", "compiled"])
def test_latency_and_both_engines(verifier, random_pairs, operation, depth, engine):
    component = OPERATIONS[operation][0](depth=depth)
    assert component.latency == depth
    a, b = random_pairs(300, 20 + depth)
    b[:150] = (a[:150] & 0x7FFF) + b[:150] % 64
    got = []

    async def testbench(ctx, dut):
        for i in range(len(a) + depth):
            got.append(ctx.get(dut.y))
            if i < len(a):
                _drive(ctx, dut, operation, a[i], b[i])
            assert ctx.get(dut.y) == got[-1], "combinational path from input to output"
            await ctx.tick()
        got.append(ctx.get(dut.y))

    model = verifier(operation, depth).model if engine == "compiled" else None
    simulate(component, testbench, engine=engine, model=model)
    # Operands set before edge i are on y after `latency` edges, that one counted.
    assert got[depth:depth + len(a)] == MODELS[operation](a, b).tolist()


def test_every_number_plus_negative_zero_is_itself(verifier):
    number = EVERY[(EVERY & 0x7FFF) <= 0x7C00]
    for operation, zero in (("add", 0x8000), ("sub", 0x0000)):
        assert (verifier(operation).outputs(number, zero) == number).all()
    assert (verifier("add").outputs(0x8000, number) == number).all()


@operations
def test_every_nan_gives_the_canonical_nan(verifier, operation):
    nan = EVERY[(EVERY & 0x7FFF) > 0x7C00]
    for other in (0x0000, 0x8001, 0x3C00, 0x7BFF, 0xFC00, 0x7DFF):
        assert (verifier(operation).outputs(nan, other) == 0x7E00).all()
        assert (verifier(operation).outputs(other, nan) == 0x7E00).all()


class _WithSixteenBits(wiring.Component):
    """Gives a component of the tests the ports that :class:`Verifier` feeds."""

    a: In(16)
    b: In(16)
    y: Out(16)
    latency = 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.compare = compare = Comparator()
        m.d.comb += [
            compare.a.eq(self.a), compare.b.eq(self.b),
            self.y.eq(Cat(compare.less, compare.equal, compare.greater, compare.unordered)),
        ]
        return m


class _Relu(_WithSixteenBits):
    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.y.eq(relu(self.a))
        return m


@pytest.mark.slow
def test_relu_of_every_encoding():
    unit = Verifier("max", component=_Relu())
    got = unit.outputs(EVERY, 0)
    assert (got == fp16.relu(EVERY)).all()
    assert (got == unit.oracle(EVERY, 0)).all()


@pytest.mark.slow
def test_comparator(corners, random_pairs):
    unit = Verifier("max", component=_WithSixteenBits())
    for a, b in (corners, random_pairs(1_000_000, 30)):
        x, y = a.view(np.float16), b.view(np.float16)
        got = unit.outputs(a, b)
        assert (got == 1 * (x < y) + 2 * (x == y) + 4 * (x > y)
                + 8 * (np.isnan(x) | np.isnan(y))).all()
        assert ((got & 1 == 1) == fp16.less(a, b)).all()
        assert ((got & 2 == 2) == fp16.equal(a, b)).all()
        assert ((got & 8 == 8) == fp16.unordered(a, b)).all()


@pytest.mark.parametrize("operator", [Adder, Multiplier, Maximum, Comparator])
@pytest.mark.parametrize("depth", [0, 5, True, 1.0, "2"])
def test_depth_out_of_range_is_refused(operator, depth):
    with pytest.raises(ConfigurationError) as error:
        operator(depth=depth)
    assert str(error.value) == (f"fp16.{operator.__name__}: depth must be an integer from 1 to 4, "
                                f"not {depth!r}")


def test_modules_are_named_after_operator_and_parameters():
    assert emit_rtlil(Adder()).top == "Fp16Adder_d1"
    assert emit_rtlil(Multiplier(depth=3, enable=True)).top == "Fp16Multiplier_d3_en1"
