"""Multipliers, addends and shifts: the stated rule, its proofs, and rounding in 64 bits."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network.expressions import exact
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint, Ratio, Sign, requantisation
from flexdrive_deploy.flexv.network.ir import Requantise, Tensor
from flexdrive_deploy.flexv.network.rounding import ROUNDINGS, round_exact
from flexdrive_sim.flexv.golden.operations import OPERATIONS, round_quotient


def _node(factors, offset=0, *, low=-40_000, high=40_000, rounding="HALF_EVEN", added=0,
          is_exact=False, zero=0):
    count = len(factors)
    source = Tensor("sums", (count,), low, high)
    output = Tensor("y", (count,), -128, 127, Fraction(1), 0)
    return Requantise("node", (source,), output, (zero,), (np.array(factors, object),),
                      np.array([Fraction(offset)] * count, object), added, rounding, is_exact)


def test_multipliers_addend_and_shifts_are_those_of_the_rule():
    factors = [Fraction(float(np.float32(each))) for each in (0.0123, 0.00077)]
    rule = requantisation(_node(factors, Fraction(1, 3), added=-5))
    assert isinstance(rule, FixedPoint)
    assert (rule.shift, rule.addend_shift, rule.rounding) == (37, 17, "NEAREST")
    assert rule.multipliers[0].tolist() == [round(each * 2 ** 37) for each in factors]
    assert rule.addend.tolist() == [round((Fraction(1, 3) - 5 + Fraction(1, 2)) * 2 ** 20)] * 2
    # One bit more would not fit.
    assert max(rule.multipliers[0]) < 1 << 31 <= 2 * max(rule.multipliers[0])


def test_an_addend_of_more_than_32_bits_takes_a_larger_shift():
    rule = requantisation(_node([Fraction(1, 3)], 100_000))
    assert abs(int(rule.addend[0])) < 1 << 31
    assert rule.addend_shift > rule.shift - 20


@pytest.mark.parametrize(("factor", "ties"), [(Fraction(1, 4096), True), (Fraction(3, 8), True),
                                              (Fraction(1, 8192), False), (Fraction(1, 3), False),
                                              (Fraction(3), False)])
def test_ties_to_even_where_they_can_be(factor, ties):
    assert requantisation(_node([factor])).rounding == ("HALF_EVEN" if ties else "NEAREST")


def test_a_factor_of_2_to_31_is_refused():
    with pytest.raises(ModelError, match=r"less than 2\*\*31"):
        requantisation(_node([Fraction(1 << 31)]))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.integers(1, (1 << 24) - 1), st.integers(-30, 2), st.integers(-2000, 2000),
       st.integers(-40_000, 40_000), st.sampled_from(sorted(ROUNDINGS)))
def test_fixed_point_is_the_exact_value_but_near_a_step(mantissa, exponent, offset, value, mode):
    factor = Fraction(mantissa) * Fraction(2) ** (exponent - 12)
    node = _node([factor], Fraction(offset, 16), rounding=mode)
    made = OPERATIONS[Requantise](node, np.array([[value]]))[0, 0]
    real = value * factor + Fraction(offset, 16)
    wanted = min(max(round_exact(real, mode), -128), 127)
    if made != wanted:
        # The multiplier has 31 bits: the value lies that near to where rounding changes.
        edge = Fraction(1, 2) if "HALF" in mode else 0
        assert abs(real - edge - round(real - edge)) <= abs(value) * factor / (1 << 30) + \
            Fraction(1, 1 << 12)
        assert abs(made - wanted) == 1


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_quotients_of_integers_round_as_their_rationals(mode):
    numbers = np.arange(-60, 61)
    for divisor in (1, 2, 3, 4, 7, 12):
        made = round_quotient(numbers, np.int64(divisor), mode)
        assert made.tolist() == [round_exact(Fraction(int(n), divisor), mode) for n in numbers]


def test_means_are_exact_ratios():
    rule = requantisation(_node([Fraction(1, 25)], is_exact=True, added=-128))
    assert isinstance(rule, Ratio)
    assert (rule.numerator.tolist(), rule.denominator.tolist(), rule.added) == ([1], [25], -128)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.fractions(-4, 4), st.fractions(-50, 50), st.integers(-100, 100), st.integers(-5, 5))
def test_signs_are_exact(factor, offset, value, zero):
    node = _node([factor], offset, rounding="SIGN", zero=zero)
    rule = requantisation(node)
    assert isinstance(rule, Sign)
    made = OPERATIONS[Requantise](node, np.array([[value]]))[0, 0]
    assert made == (1 if (value - zero) * factor + offset >= 0 else -1)
    assert floor(Fraction(int(rule.multiplier[0]))) in (-1, 0, 1)


def test_exact_arrays_hold_every_bit_of_float32():
    values = np.array([0.1, 3e-45, 1e30], np.float32)
    assert [float(each) for each in exact(values)] == values.astype(float).tolist()
