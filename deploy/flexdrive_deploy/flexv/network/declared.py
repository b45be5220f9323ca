"""Quantisers of inputs that a network comes without (QKeras writes none): said by its user."""

import re
from fractions import Fraction

from flexdrive_deploy.errors import ModelError

from .ir import Quantiser

__all__ = ["declared_quantiser", "parse_declarations"]

_FORM = "NAME=SCALE[:ZERO[:BITS[u]]], for example x=1/64:0:8 or x=0.02:128:8u"


def declared_quantiser(scale, zero=0, bits=8, signed=True):
    """The :class:`~.ir.Quantiser` of an input.

    Parameters
    ----------
    scale : real value of a step, greater than 0.
    zero : integer that stands for 0.
    bits : 1 to 16.
    signed : whether integers go from -2**(bits - 1), or from 0.

    Raises
    ------
    ModelError
        names the parameter that is not possible.
    """
    scale = Fraction(scale)
    if scale <= 0:
        raise ModelError(f"The scale {float(scale):g} of an input is not possible; numbers greater "
                         "than 0 are")
    if not 1 <= bits <= 16:
        raise ModelError(f"{bits} bits of an input are not possible; 1 to 16 are")
    low = -(1 << bits - 1) if signed else 0
    return Quantiser(scale, zero, low, low + (1 << bits) - 1)


def parse_declarations(texts):
    """name -> Quantiser of options of the form ``NAME=SCALE[:ZERO[:BITS[u]]]``."""
    found = {}
    for text in texts:
        name, equals, rest = text.rpartition("=")
        parts = rest.split(":")
        try:
            if not equals or not name or len(parts) > 3:
                raise ValueError
            scale = Fraction(parts[0])
            zero = int(parts[1]) if len(parts) > 1 else 0
            width = re.fullmatch(r"(\d+)(u?)", parts[2] if len(parts) > 2 else "8")
            if width is None:
                raise ValueError
        except (ValueError, ZeroDivisionError):
            raise ModelError(f"--quantise-input {text} is not of the form {_FORM}") from None
        found[name] = declared_quantiser(scale, zero, int(width[1]), not width[2])
    return found
