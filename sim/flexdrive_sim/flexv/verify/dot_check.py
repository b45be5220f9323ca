"""The dot-product unit on the compiled engine, millions of operand words a second."""

import ctypes
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.dotp import DotProduct
from flexdrive.flexv.formats import FORMATS

from ...campaign import run_campaign
from ...chunks import kept_by_worker
from ...engine import Model, compile_model

__all__ = ["STRUCTURES", "DotChecker", "DotMismatch", "DotRow", "check_dot", "run_dot_check"]

STRUCTURES = ("array", "islands")
"""Structures that have all formats."""

_BLOCK = 10_000_000     # random words of one part


class DotMismatch(FlexdriveError):
    """The unit and the reference differ; the message holds the operands."""


_FIELDS = ("a", "w", "accumulator", "a_bits", "w_bits", "code", "slice_index", "a_signed",
           "w_signed", "got", "expected")


class _Failure(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in _FIELDS]


class DotChecker:
    """A compiled :class:`DotProduct` and its checks.

    Parameters
    ----------
    component : the unit; by default with the shared array.
    """

    def __init__(self, component=None, *, notify=None):
        extra = (files(__package__) / "dot_check.cc").read_text()
        self._model = Model(compile_model(component or DotProduct(), extra=extra, notify=notify))

    def _call(self, function, *arguments):
        self._model.reset()
        failure = _Failure()
        function = getattr(self._model._library, function)
        function.restype = ctypes.c_uint64
        compared = function(self._model._handle, *arguments, ctypes.byref(failure))
        if failure.code:
            fields = ", ".join(f"{name} {getattr(failure, name):#x}"
                               for name in _FIELDS)
            raise DotMismatch(f"Dot product {FORMATS[failure.code].name} after {compared} "
                              f"comparisons: {fields}")
        return compared

    def random(self, words, seed, formats=FORMATS):
        """Compare ``words`` random dot products in all ``formats``; returns their number."""
        table = np.array([(code, fmt.a_bits, fmt.w_bits) for code, fmt in formats.items()],
                         np.uint32)
        return self._call("flexdrive_dot_random", table.ctypes.data_as(ctypes.c_void_p),
                          len(table), ctypes.c_uint64(seed), ctypes.c_uint64(words))

    def exhaustive(self, code, seed=1):
        """Every pair of values in each lane and slice, all four signedness pairs; all lanes at
        once, in different orders. Returns the number of comparisons."""
        fmt = FORMATS[code]
        return sum(self._call("flexdrive_dot_exhaustive", code, fmt.a_bits, fmt.w_bits, sign,
                              ctypes.c_uint64(seed)) for sign in range(4))


@kept_by_worker(len(STRUCTURES))
def _checker(structure):
    return DotChecker(DotProduct(structure=structure))


def check_dot(structure, formats, words, seed):
    """One part of the long check: every pair of values in each lane when ``words`` is 0, else as
    many random words. The number of ``comparisons``, and what was ``wrong`` or None."""
    checker = _checker(structure)
    try:
        if words:
            return {"comparisons": checker.random(words, seed, {f: FORMATS[f] for f in formats}),
                    "wrong": None}
        return {"comparisons": sum(checker.exhaustive(code) for code in formats), "wrong": None}
    except DotMismatch as error:
        return {"comparisons": 0, "wrong": f"{structure}: {error}"}


class DotRow(NamedTuple):
    """Comparisons of a structure's formats, and what was wrong, texts."""

    structure: str
    formats: str
    comparisons: int
    wrong: list


def run_dot_check(words, structures=STRUCTURES, **crew):
    """The long check: every pair of values in every lane and slice of the formats up to 24 bits,
    then ``words`` random words in the format of 32 bits, and as many in all formats.

    ``crew`` : as of :func:`~flexdrive_sim.campaign.run_campaign`. Returns a list of
    :class:`DotRow`, the same whoever does it.
    """
    narrow = [code for code, fmt in FORMATS.items() if fmt.a_bits + fmt.w_bits < 32]
    wide = [code for code in FORMATS if code not in narrow]
    parts = {}
    for structure in structures:
        for code in narrow:
            parts[f"{structure}-0-{code:02d}"] = (structure, [code], 0, 1)
        for kind, formats in enumerate((wide, list(FORMATS)), 1):
            for seed, first in enumerate(range(0, words, _BLOCK), 1):
                many = min(_BLOCK, words - first)
                parts[f"{structure}-{kind}-{seed:06d}-{many}"] = (
                    structure, formats, many, 2 * seed + kind)
    found = run_campaign(check_dot, parts, name="dot products", **crew)
    rows = []
    for structure in structures:
        for kind, what in enumerate(("all but a16w16, exhaustive per lane", "a16w16, random",
                                     f"all {len(FORMATS)}, random")):
            results = [result for key, result in found.items()
                       if key.startswith(f"{structure}-{kind}-")]
            rows.append(DotRow(structure, what, sum(part["comparisons"] for part in results),
                               [part["wrong"] for part in results if part["wrong"]]))
    return rows
