"""What a component was made of: the arguments of its constructor."""

import functools
import inspect
from dataclasses import fields, is_dataclass

__all__ = ["bound_arguments", "differences"]


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
