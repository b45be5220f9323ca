"""Names of a package that are imported when they are used (PEP 562)."""

import importlib
import sys

__all__ = ["lazy"]


def lazy(package, face):
    """``__getattr__`` and ``__dir__`` for ``package``.

    Parameters
    ----------
    face : name -> (module, name in it, or None for the module itself). A module of host code may
        stand here: it is imported by whoever uses the name, never by the hardware.
    """
    def get(name):
        if name not in face:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, attribute = face[name]
        found = importlib.import_module(module)
        value = found if attribute is None else getattr(found, attribute)
        setattr(sys.modules[package], name, value)
        return value

    def names():
        return sorted({*vars(sys.modules[package]), *face})

    return get, names
