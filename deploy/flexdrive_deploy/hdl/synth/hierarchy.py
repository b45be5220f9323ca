"""From names in a flattened netlist back to the Python components that they come from."""

import re

__all__ = ["AROUND", "Hierarchy"]

AROUND = ("(shift registers around it)",)

_MODULE = re.compile(r"^module \\(\S+)|^  cell \\(\S+) \\(\S+)$", re.M)
# What tools append to a signal's name: cell, port and number.
_DERIVED = re.compile(r"_(TRELLIS_FF|LUT4|PFUMX|CCU2C|L6MUX21|MULT18X18D|DP16KD|SB_\w+|\$\w+?_)"
                      r"_.*|\[.*|\$\d+.*")


class Hierarchy:
    """The tree of instances of an emitted design.

    Parameters
    ----------
    design : :class:`flexdrive.emit.RtlilDesign`.
    below : instances from its top to the component that names begin at.
    """

    def __init__(self, design, below=()):
        self._children, instances = {}, {}
        for name, kind, instance in _MODULE.findall(design.text):
            if name:
                instances = self._children.setdefault(name, {})
            else:
                instances[instance] = kind
        self._components = {shared.name: shared.component for shared in design.modules}
        self._top, self._below = design.top, tuple(below)

    def place(self, name):
        """(path of instances, signal) of a name in the flattened netlist; the path is None when
        the name does not come from the source, ``AROUND`` outside of the component."""
        parts = name.split(".")
        if name.startswith("$") or not name:
            return None, ""
        module, path = self._top, []
        for part in parts[:-1]:
            kind = self._children[module].get(part)
            if kind is None:
                break
            path.append(part)
            module = kind if kind in self._children else module
        rest = ".".join(parts[len(path):])
        signal = _DERIVED.sub("", rest)
        below = len(self._below)
        if tuple(path[:below]) != self._below:
            return AROUND, signal
        return tuple(path[below:]), signal

    def component(self, path):
        """Name of the Python class at a path, without the package, such as
        ``hyperdrive.descriptor.decoder.Parser``; "" when it is no component of its own."""
        module = self._top
        for part in (*self._below, *path):
            module = self._children.get(module, {}).get(part, "")
        return self._components.get(module, "").removeprefix("flexdrive.")
