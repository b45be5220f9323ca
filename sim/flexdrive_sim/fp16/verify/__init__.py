"""The binary16 operators against oracles that share no code with them, on the compiled engine.

The oracle is the C compiler's ``_Float16``, compiled together with the model; vectors from a file
bring their own results. :class:`Verifier` checks arrays of operands, or numbered ranges up to all
2^32 pairs.
"""

import ctypes
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from flexdrive import fp16 as hardware
from flexdrive.errors import ConfigurationError

from ...engine import Model, compile_model
from .corners import corner_classes
from .runs import check_all, check_file, sampled_checks
from .vectors import VectorFileError, read_vectors

__all__ = ["OPERATIONS", "Mismatch", "VectorFileError", "Verdict", "Verifier", "check_all",
           "check_file", "corner_classes", "read_vectors", "sampled_checks"]

_SOURCE = files(__package__) / "oracle.cc"

# Name -> (component, number in oracle.cc).
OPERATIONS = {
    "add": (hardware.Adder, 0),
    "sub": (hardware.Adder, 1),
    "mul": (hardware.Multiplier, 2),
    "max": (hardware.Maximum, 3),
}

_OPTIONAL_PORTS = {"subtract": "FP16_SUBTRACT", "en": "FP16_ENABLE"}


@dataclass(frozen=True)
class Mismatch:
    """Encodings of the operands, of the oracle's result and of the hardware's."""

    a: int
    b: int
    expected: int
    got: int

    def __str__(self):
        return (f"a={self.a:04x} b={self.b:04x}: expected {self.expected:04x}, "
                f"got {self.got:04x}")


@dataclass(frozen=True)
class Verdict:
    """Outcome of a check.

    Attributes
    ----------
    pairs : operand pairs that were compared.
    mismatches : how many of them differ.
    first : the first mismatches, at most ``Verifier.SHOWN``.
    """

    pairs: int
    mismatches: int
    first: tuple

    def __add__(self, other):
        return Verdict(self.pairs + other.pairs, self.mismatches + other.mismatches,
                       (self.first + other.first)[:Verifier.SHOWN])


class Verifier:
    """One operator, compiled together with the oracle.

    Parameters
    ----------
    operation : a key of :data:`OPERATIONS`.
    depth : pipeline depth, 1 to 4.
    component : the circuit to check instead of the operation's own: ports ``a``, ``b`` (16 bits),
        ``y`` (16 bits), optionally ``subtract`` and ``en``; attribute ``latency``.
    notify : called with a line of text before each slow step.

    Attributes
    ----------
    model : the :class:`~flexdrive_sim.engine.Model` of the circuit.

    Raises
    ------
    ConfigurationError
        for an unknown operation or depth.
    """

    SHOWN = 8

    def __init__(self, operation, *, depth=1, component=None, notify=None):
        if operation not in OPERATIONS:
            raise ConfigurationError(f"fp16: operation must be one of {', '.join(OPERATIONS)}, "
                                     f"not {operation!r}")
        kind, self._number = OPERATIONS[operation]
        component = kind(depth=depth) if component is None else component
        lines = [f"#define {macro}" for port, macro in _OPTIONAL_PORTS.items()
                 if port in component.signature.members]
        extra = "\n".join([*lines, _SOURCE.read_text()])
        self.operation = operation
        self.latency = component.latency
        self.model = Model(compile_model(component, extra=extra, notify=notify))

    def oracle(self, a, b):
        """Results of the C compiler's arithmetic, ``uint16``."""
        pairs = _pairs(a, b)
        y = np.empty(len(pairs), np.uint16)
        self.model.call("fp16_oracle", self._number, pairs, len(pairs), y)
        return y

    def outputs(self, a, b, gate=None):
        """Results of the hardware, ``uint16``. ``gate``: ``uint8`` array, the enable of each
        cycle modulo its length."""
        pairs = _pairs(a, b)
        y = np.empty(len(pairs), np.uint16)
        if len(pairs):
            gate = None if gate is None else np.ascontiguousarray(gate, np.uint8)
            self.model.call("fp16_outputs", self._number, pairs, len(pairs), self.latency,
                            gate, 0 if gate is None else len(gate), y)
        return y

    def check(self, a, b):
        """Compare hardware and oracle on arrays of operands; returns a :class:`Verdict`."""
        pairs = _pairs(a, b)
        return self._verdict(len(pairs), "fp16_check", pairs, len(pairs))

    def check_range(self, start, count):
        """Compare on the pairs numbered a x 2^16 + b, from ``start``."""
        return self._verdict(count, "fp16_check_range", start, count)

    def check_results(self, a, b, expected):
        """Compare the hardware with given results. Any NaN among them stands for 0x7E00, the
        hardware's only one."""
        expected = np.where((expected & 0x7FFF) > 0x7C00, np.uint16(0x7E00), expected)
        got = self.outputs(a, b)
        wrong = np.nonzero(got != expected)[0]
        first = tuple(Mismatch(int(a[i]), int(b[i]), int(expected[i]), int(got[i]))
                      for i in wrong[:self.SHOWN])
        return Verdict(len(got), len(wrong), first)

    def _verdict(self, count, function, *arguments):
        if count == 0:
            return Verdict(0, 0, ())
        first = np.zeros((self.SHOWN, 4), np.uint16)
        wrong = self.model.call(function, self._number, *arguments, self.latency, first, self.SHOWN,
                                result=ctypes.c_uint64)
        return Verdict(count, wrong, tuple(Mismatch(*map(int, row))
                                           for row in first[:min(wrong, self.SHOWN)]))


def _pairs(a, b):
    a, b = np.broadcast_arrays(np.asarray(a, np.uint16), np.asarray(b, np.uint16))
    return np.stack([a.ravel(), b.ravel()], axis=1)
