"""What a component was made of: the arguments of its constructor."""

import functools
import inspect
from dataclasses import fields, is_dataclass

__all__ = ["Recorded", "bound_arguments", "differences"]


@functools.cache
def _constructor(kind):
    return inspect.signature(kind.__init__)


def bound_arguments(kind, arguments, named):
    """{name: value} of the arguments of ``kind``'s constructor, defaults included; empty where
    they do not fit, which the constructor itself will say."""
    try:
        bound = _constructor(kind).bind(None, *arguments, **named)
    except TypeError:
        return {}
    bound.apply_defaults()
    _, *given = bound.arguments.items()
    return dict(given)


class Recorded:
    """A base of components of which two of equal ``arguments`` are the same circuit: ``elaborate``
    may depend on nothing else, and arguments are values that can be compared, such as numbers,
    strings, frozen dataclasses. ``arguments`` is what :func:`bound_arguments` gives."""

    def __new__(cls, *arguments, src_loc_at=0, **named):
        self = super().__new__(cls, *arguments, src_loc_at=src_loc_at + 1, **named)
        self.arguments = bound_arguments(cls, arguments, named)
        return self


def differences(arguments, others):
    """Those of ``arguments`` that differ from ``others``, as text; of dataclasses the fields."""
    theirs = dict(_flat(others))
    return ", ".join(f"{name} = {value!r}" for name, value in _flat(arguments)
                     if name not in theirs or theirs[name] != value)


def _flat(arguments):
    for name, value in arguments.items():
        if is_dataclass(value):
            yield from _flat({f"{name}.{field.name}": getattr(value, field.name)
                              for field in fields(value)})
        else:
            yield name, value
