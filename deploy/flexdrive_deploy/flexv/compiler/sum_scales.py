"""Small multipliers with which a sum of one or two maps has the results that its rule defines.

A rule multiplies by 31 bits. Its results of all pairs of two maps of 8 bits are 65,536 at most, and
the same integers come of

    clip(((a * m0 + b * m1) * M + (B << p)) >> s)

with multipliers m of 8 or 16 bits, which one dot product has room for, where no pair is on another
side of a step. Which they are is searched here, and every pair is tried: what is found is right,
and where nothing is found the rule is computed as it stands. Of sums that lie between two integers
and go to the even one, as scales of powers of two have, no line is right; there the rule's own
factors are divided by what they have in common, and the instruction's ties to even or odd are used
(:mod:`.scales`).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np

from flexdrive_deploy.flexv.network import ir
from flexdrive_deploy.flexv.network.fixed_point import FixedPoint
from flexdrive_deploy.flexv.network.rounding import round_exact

__all__ = ["SumNumbers", "sum_numbers"]

_LANES = (8, 4, 2)
_WORD = 1 << 31
# Multipliers that are tried, the larger of the two, by bits: all, and the largest.
_TRIED = {8: range(1, 128), 16: range(32767, 32767 - 512, -1)}
# Slopes that are tried, parts of the distance at which a step of all values would be missed.
_SLOPES = (0, 0.25, -0.25, 0.5, -0.5, 1, -1)


@dataclass(frozen=True)
class SumNumbers:
    """Attributes
    ----------
    bits : 8 or 16, of ``terms``: m0, m1; of one map m0 alone. multiplier, addend, addend_shift,
        shift : M, B, p and s.
    ties : "EVEN" or "ODD": where all bits that are shifted out are 0, a result that is not so is
    one
        less; or "".
    """

    bits: int
    terms: tuple
    multiplier: int
    addend: int
    addend_shift: int
    shift: int
    ties: str = ""


def _results(rule, zeros, output, sources):
    """int64 array, an axis for each source: what is stored of all values that these can hold."""
    total = np.int64(int(rule.addend.flat[0]) << rule.addend_shift)
    axes = np.ix_(*(np.arange(each.low, each.high + 1) for each in sources))
    for values, zero, multiplier in zip(axes, zeros, rule.multipliers, strict=True):
        total = total + (values - zero) * int(np.ravel(multiplier)[0])
    if rule.rounding == "NEAREST":
        rounded = total >> rule.shift
    else:
        rounded = np.reshape([round_exact(Fraction(int(each), 1 << rule.shift), rule.rounding)
                              for each in total.flat], total.shape)
    return np.clip(rounded + rule.added, output.low, output.high) - output.low


def _ends(sums, order, begins):
    """Smallest and largest sum of each result."""
    ordered = sums.ravel()[order]
    return np.minimum.reduceat(ordered, begins), np.maximum.reduceat(ordered, begins)


def _line(values, least, most, slope, top):
    """(M, B, p, s, "") of a line that has, clipped to 0 and ``top``, the results ``values`` of the
    sums between ``least`` and ``most``; None where none of some was right for all."""
    if len(values) == 1:
        return 0, int(values[0]), 0, 0, ""
    # What is clipped may lie anywhere behind its end; another sum has not reached the next integer.
    up, down = values > 0, values < top
    missed = slope / max(1.0, slope * float(most.max() - least.min()))
    for part in _SLOPES:
        tried = slope + part * missed / 4
        low = (values - tried * least)[up].max()
        high = (values + 1 - tried * most)[down].min()
        if low < high:
            found = _integers(tried, (low + high) / 2)
            if found is not None and _right(values, least, most, top, found):
                return found
    return None


def _with_ties(step, factors, zeros, ends, top):
    """The same of ties to even, from the rule's own numbers, of which ``ends`` takes terms to
    (values, least, most): (terms, line), or None."""
    rule, low = step.rule, step.output.low
    if rule.rounding != "HALF_EVEN" or not step.ties or rule.shift == rule.addend_shift:
        return None
    common = gcd(*factors)
    terms = tuple(each // common for each in factors)
    taken = sum(each * zero for each, zero in zip(factors, zeros, strict=True))
    total = ((int(rule.addend.flat[0]) << rule.addend_shift) - taken
             + (2 * (rule.added - low) + 1 << rule.shift - 1))
    # Zeros that all of them end with.
    every = common | total | 1 << rule.shift
    behind = (every & -every).bit_length() - 1
    multiplier, addend, shift = common >> behind, total >> behind, rule.shift - behind
    if (not shift or multiplier >= _WORD or not -_WORD <= addend < _WORD
            or max(map(abs, terms)) >= 1 << 15):
        return None
    line = multiplier, addend, 0, shift, "ODD" if rule.added - low & 1 else "EVEN"
    values, least, most = ends(terms)
    return (terms, line) if _right(values, least, most, top, line) else None


def _integers(slope, offset):
    shift = 62
    while shift and round(slope * 2.0 ** shift) >= _WORD:
        shift -= 1
    for by in range(shift + 1):
        addend = round(offset * 2.0 ** (shift - by))
        if -_WORD <= addend < _WORD:
            return round(slope * 2.0 ** shift), addend, by, shift, ""
    return None


def _right(values, least, most, top, line):
    """Whether both ends of each result's sums have it; what is between has it then. In Python's
    integers."""
    multiplier, addend, addend_shift, shift, ties = line
    for sums in least, most:
        for value, each in zip(values.tolist(), sums.tolist(), strict=True):
            total = each * multiplier + (addend << addend_shift)
            made = total >> shift
            if ties and not total & (1 << shift) - 1 and made % 2 == (ties == "EVEN"):
                made -= 1
            if abs(total) >= 1 << 62 or min(max(made, 0), top) != value:
                return False
    return True


def _pairs(factors, bits):
    """Multipliers of ``bits`` bits in about the ratio of the rule's."""
    if len(factors) == 1:
        yield (1 if factors[0] > 0 else -1,)
        return
    largest = max(map(abs, factors))
    seen = set()
    for size in _TRIED[bits]:
        terms = tuple(round(Fraction(each * size, largest)) for each in factors)
        if terms not in seen:
            seen.add(terms)
            yield terms


def sum_numbers(step):
    """:class:`SumNumbers` of a step, or None: it is no sum of one or two whole maps of 8, 4 or 2
    bits with one multiplier each, its results do not fill their lanes, or no small multipliers are
    right.
    """
    rule, output, sources = step.rule, step.output, step.node.sources
    if (not isinstance(step.node, ir.Requantise) or not isinstance(rule, FixedPoint)
            or len(sources) > 2 or output.scale is None or output.lane not in _LANES
            or output.high - output.low + 1 != 1 << output.lane
            or any(each.scale is None or each.lane not in _LANES or each.shape != output.shape
                   for each in sources)
            or any(np.size(each) > 1 and len(set(np.ravel(each).tolist())) > 1
                   for each in (*rule.multipliers, rule.addend))):
        return None
    factors = [int(np.ravel(each)[0]) for each in rule.multipliers]
    if not any(factors):
        return None
    results = _results(rule, step.node.zeros, output, sources)
    order = np.argsort(results, axis=None, kind="stable")
    values, begins = np.unique(results.ravel()[order], return_index=True)
    spans = [np.arange(each.high - each.low + 1) for each in sources]
    top = output.high - output.low

    def ends(terms):
        sums = terms[0] * spans[0]
        if len(terms) == 2:
            sums = sums[:, None] + terms[1] * spans[1]
        return values, *_ends(sums, order, begins)

    zeros = [zero - source.low for zero, source in zip(step.node.zeros, sources, strict=True)]
    found = _with_ties(step, factors, zeros, ends, top)
    if found is not None:
        terms, line = found
        return SumNumbers(8 if max(map(abs, terms)) < 128 else 16, terms, *line)
    for bits in _TRIED:
        for terms in _pairs(factors, bits):
            _, least, most = ends(terms)
            if not (most[:-1] < least[1:]).all():
                continue
            slope = sum(map(abs, factors)) / 2.0 ** rule.shift / sum(map(abs, terms))
            line = _line(values, least, most, slope, top)
            if line is not None:
                return SumNumbers(bits, terms, *line)
    return None
