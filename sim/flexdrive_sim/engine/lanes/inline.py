"""Small modules inside of others with many lanes, put in their place.

A bank of a memory in each of 49 tiles is 49 lanes of a module of its own, times the banks of a
tile: its address, the same in all tiles, would be copied for each of them. In the tile's place it
is one value, and the lanes of a tile are enough to fill vectors.
"""

from collections import Counter

__all__ = ["inline_small"]

_LARGEST = 12       # cells of a module that is put in place
_LANES = 16         # of a module that takes others in


def _instances(modules, module):
    return [(name, cell) for name, cell in module["cells"].items() if cell["type"] in modules]


def _order(modules, top):
    """Names of modules, parents before their children."""
    found = []

    def visit(name):
        if name in found:
            return
        for _, cell in _instances(modules, modules[name]):
            visit(cell["type"])
        found.append(name)

    visit(top)
    return found[::-1]


def _small(modules, module):
    cells = [cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
    return len(cells) <= _LARGEST and not _instances(modules, module)


class _Place:
    """Puts the cells of ``child`` in the place of the instance ``name`` in ``parent``."""

    def __init__(self, parent, name, child, first):
        self.parent, self.name = parent, name
        self.free = first       # first number of a bit that is not used
        self.bits = {}
        instance = parent["cells"].pop(name)
        outputs = []
        for port, entry in child["ports"].items():
            wired = instance["connections"].get(port, [])
            if entry["direction"] == "input":
                wired = wired + ["0"] * (len(entry["bits"]) - len(wired))
                self.bits.update(zip(entry["bits"], wired, strict=True))
            else:
                outputs += zip(entry["bits"], wired, strict=False)
        for inner, outer in outputs:
            if isinstance(inner, str) or inner in self.bits:
                self._copy(inner, outer)
            else:
                self.bits[inner] = outer
        for other, cell in child["cells"].items():
            parent["cells"][f"{name}.{other}"] = cell | {"connections": {
                port: [self._bit(bit) for bit in bits]
                for port, bits in cell["connections"].items()}}
        for other, net in child["netnames"].items():
            if "init" in net["attributes"]:
                parent["netnames"][f"{name}.{other}"] = net | {
                    "bits": [self._bit(bit) for bit in net["bits"]]}

    def _bit(self, bit):
        if isinstance(bit, str):
            return bit
        if bit not in self.bits:
            self.bits[bit] = self.free
            self.free += 1
        return self.bits[bit]

    def _copy(self, inner, outer):
        """A bit that is an output of something else already."""
        self.parent["cells"][f"{self.name}.copy{outer}"] = {
            "type": "$pos", "parameters": {}, "attributes": {},
            "connections": {"A": [self._bit(inner)], "Y": [outer]}}


def _free(module):
    """A number above those of all bits."""
    bits = [bit for cell in module["cells"].values() for bits in cell["connections"].values()
            for bit in bits]
    bits += [bit for port in module["ports"].values() for bit in port["bits"]]
    return 1 + max((bit for bit in bits if not isinstance(bit, str)), default=0)


def inline_small(modules, top):
    """``modules`` of yosys' JSON without the small ones that modules of many lanes use."""
    modules = {name: module | {"cells": dict(module["cells"]),
                               "netnames": dict(module["netnames"])}
               for name, module in modules.items()}
    lanes = Counter({top: 1})
    for name in _order(modules, top):
        module = modules[name]
        for instance, cell in _instances(modules, module):
            child = modules[cell["type"]]
            if lanes[name] >= _LANES and _small(modules, child):
                _Place(module, instance, child, _free(module))
            else:
                lanes[cell["type"]] += lanes[name]
    return modules
