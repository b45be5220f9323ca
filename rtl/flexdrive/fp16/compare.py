"""binary16 maximum, comparison and rectifier: IEEE 754-2019, 9.6 (maximum) and 5.11
(comparison predicates)."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib.wiring import In, Out

from .common import CANONICAL_NAN, INFINITY, Operator, Stages

__all__ = ["Comparator", "Maximum", "is_nan", "less", "maximum", "relu"]


def is_nan(value):
    """1 if the binary16 ``value`` (16 bits) is a NaN."""
    return value[:15] > INFINITY


def less(a, b):
    """1 if a orders before b among all numbers that are not NaN, -0 before +0 (totalOrder,
    5.10). Meaningless for NaNs."""
    return _key(a) < _key(b)


def maximum(a, b):
    """The larger of two binary16 values: 0x7E00 if either is a NaN, +0 of zeros of both signs
    (maximum, 9.6). Combinational; 16 bits."""
    return Mux(is_nan(a) | is_nan(b), CANONICAL_NAN, Mux(less(a, b), b, a))


def relu(value):
    """``maximum(value, +0)`` of a binary16 value: 0x7E00 for every NaN, +0 for negative numbers
    and -0. Combinational; 16 bits."""
    return Mux(is_nan(value), CANONICAL_NAN, Mux(value[15], 0, value))


def _key(value):
    """Binary16 as an unsigned number of the same order."""
    return Cat(value[:15] ^ value[15].replicate(15), ~value[15])


class Maximum(Operator):
    """y = maximum(a, b) as of IEEE 754-2019, 9.6: a NaN if any operand is (0x7E00), +0 > -0.

    No flow control, as :class:`~flexdrive.fp16.Adder`. The logic stands before the first
    register; further stages only delay, to match other operators. Latency: ``depth`` cycles
    (``latency``), with ``enable`` those with ``en`` high.

    Parameters
    ----------
    depth : register stages, 1 to 4.
    enable : add the register enable ``en``.

    Members
    -------
    a, b : In(16), binary16 operands.
    en : In(1), with ``enable`` only.
    y : Out(16), binary16 result, registered.
    """

    def __init__(self, *, depth=1, enable=False):
        super().__init__({"a": In(16), "b": In(16), "y": Out(16)}, depth=depth, enable=enable)

    def elaborate(self, platform):
        m = Module()
        _delay(m, self, maximum(self.a, self.b), self.y)
        return m


class Comparator(Operator):
    """Compares binary16 numbers (IEEE 754-2019, 5.11): exactly one of the outputs is 1.

    +0 equals -0; a NaN is unordered with everything. No flow control; depth as of
    :class:`Maximum`. Latency: ``depth`` cycles (``latency``), with ``enable`` those with ``en``
    high.

    Members
    -------
    a, b : In(16), binary16 operands.
    en : In(1), with ``enable`` only.
    less, equal, greater, unordered : Out(1), registered.
    """

    def __init__(self, *, depth=1, enable=False):
        super().__init__({"a": In(16), "b": In(16), "less": Out(1), "equal": Out(1),
                          "greater": Out(1), "unordered": Out(1)}, depth=depth, enable=enable)

    def elaborate(self, platform):
        m = Module()
        unordered = is_nan(self.a) | is_nan(self.b)
        zeros = ~(self.a[:15] | self.b[:15]).any()
        equal = ~unordered & (zeros | (self.a == self.b))
        before = ~unordered & ~equal & less(self.a, self.b)
        _delay(m, self, Cat(before, equal, ~(unordered | equal | before), unordered),
               Cat(self.less, self.equal, self.greater, self.unordered))
        return m


def _delay(m, operator, value, output):
    stages = Stages(m, [f"stage{i}" for i in range(1, operator.depth)],
                    operator.en if operator.enable else Const(1))
    for i in range(1, operator.depth):
        value = stages.at(f"stage{i}", value=value).value
    stages.output(output, value)
