"""The dot-product unit on the compiled engine, millions of operand words a second."""

import ctypes
import sys
from importlib.resources import files

import click
import numpy as np
from rich.console import Console

from flexdrive.errors import FlexdriveError
from flexdrive.flexv.dotp import DotProduct
from flexdrive.flexv.formats import FORMATS
from flexdrive_sim.engine import Model, compile_model
from flexdrive_sim.preparation import preparation

__all__ = ["DotChecker", "DotMismatch"]


class DotMismatch(FlexdriveError):
    """The unit and the reference differ; the message holds the operands."""


_FIELDS = ("a", "w", "accumulator", "a_bits", "w_bits", "code", "slice_index", "a_signed",
           "w_signed", "got", "expected")
_STRUCTURES = ("array", "islands")


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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", type=click.FloatRange(min=1), default=1e8)
@click.option("--structure", "structures", type=click.Choice(_STRUCTURES), multiple=True,
              default=_STRUCTURES, help="Only this one (both by default).")
def main(words, structures):
    """The long run: every pair of values in each lane, then WORDS random ones (1e8 by default)."""
    words = int(words)
    for structure in structures:
        with preparation(Console(stderr=True, highlight=False)) as notify:
            checker = DotChecker(DotProduct(structure=structure), notify=notify)
        for code, fmt in FORMATS.items():
            if fmt.a_bits + fmt.w_bits < 32:
                print(f"{structure} {fmt.name}: {checker.exhaustive(code):,} exhaustive, all lanes",
                      flush=True)
        wide = {code: fmt for code, fmt in FORMATS.items() if fmt.a_bits + fmt.w_bits == 32}
        print(f"{structure} a16w16: {checker.random(words, 1, wide):,} random")
        print(f"{structure} all formats: {checker.random(words, 2):,} random", flush=True)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/flexv-dotp")
    except FlexdriveError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
