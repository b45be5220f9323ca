"""A standard-cell library that a person names: areas of its cells from a Liberty file.

Liberty is nested groups ``name (arguments) { ... }`` with attributes ``name : value ;`` and
``name (values) ;`` (Open Source Liberty, Synopsys, "Liberty User Guide" volume 1). Read here is
what area needs: each cell's name, area, function of its output, and whether it has a ``ff`` group.
"""

import itertools
import re
from dataclasses import dataclass

from flexdrive.errors import FlexdriveError

from .devices import Device

__all__ = ["Library", "device_of", "read_library"]

_COMMENT = re.compile(r"/\*.*?\*/|\\\r?\n", re.S)
_TOKEN = re.compile(r'"[^"]*"|[{};:(),]|[^\s{};:(),"]+')
_COPY = "library.lib"
# From fine cells to those of the library; memories that have a clocked read port stay.
_MAP = (f"dfflibmap -liberty {_COPY}\nabc -liberty {_COPY}\nopt_clean\n")
_FINE = ("-top {top} -run begin:fine\nopt -fast -full\n"
         "memory_map t:$mem_v2 r:RD_CLK_ENABLE<1 %i\nopt -undriven -fine\ntechmap\nopt -fast\n")
_FIRST = "proc -norom\nsynth"


@dataclass(frozen=True)
class Library:
    """Cells of a library.

    Attributes
    ----------
    name : as the file says. text : the file.
    areas : cell -> area in the unit of the library (mostly square micrometres).
    flip_flops : names of the cells that are flip-flops.
    nand : area of the smallest NAND of two inputs.
    """

    name: str
    text: str
    areas: dict
    flip_flops: tuple
    nand: float


def read_library(path):
    """The :class:`Library` of a Liberty file.

    Raises
    ------
    FlexdriveError
        when it cannot be read, is not Liberty, or lacks what logic is made of: a flip-flop and a
        NAND of two inputs.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FlexdriveError(f"{path}: cannot be read as a Liberty file "
                             f"({getattr(error, 'strerror', None) or 'it is no text'}); a plain "
                             ".lib file would pass") from None
    tokens = _TOKEN.findall(_COMMENT.sub(" ", text))
    if tokens[:1] != ["library"]:
        raise FlexdriveError(f"{path}: is no Liberty file: it does not begin with 'library (name)'")
    name = tokens[2].strip('"') if len(tokens) > 2 else ""
    cells = dict(_cells(path, tokens))
    areas = {cell: content["area"] for cell, content in cells.items()}
    flip_flops = tuple(cell for cell, content in cells.items() if content["ff"])
    nands = [areas[cell] for cell, content in cells.items()
             if len(content["inputs"]) == 2 and not content["ff"]
             and _table(content["function"], content["inputs"]) == [True, True, True, False]]
    if not flip_flops or not nands:
        raise FlexdriveError(f"{path}: library {name} has no "
                             f"{'NAND of two inputs' if flip_flops else 'flip-flop'}; a library "
                             "with both would pass")
    return Library(name, text, areas, flip_flops, min(nands))


def _cells(path, tokens):
    """Yield (name, content) of every cell with an area."""
    groups, at = [], 0
    while at < len(tokens):
        token = tokens[at]
        if token == "}":
            if not groups:
                raise FlexdriveError(f"{path}: is no Liberty file: a '}}' closes nothing")
            kind, arguments, content = groups.pop()
            if kind == "cell" and content["area"] is not None:
                yield arguments[0].strip('"'), content
            at += 1
        elif tokens[at + 1:at + 2] == ["("]:
            end = next((i for i in range(at + 2, len(tokens)) if tokens[i] == ")"), len(tokens))
            arguments = [word for word in tokens[at + 2:end] if word != ","]
            at = end + 1
            if tokens[at:at + 1] == ["{"]:
                if token == "ff" and groups:
                    groups[-1][2]["ff"] = True
                groups.append((token, arguments, {
                    "area": None, "ff": False, "inputs": [], "function": ""}))
                at += 1
        elif tokens[at + 1:at + 2] == [":"]:
            end = next((i for i in range(at + 2, len(tokens)) if tokens[i] in ";}"), len(tokens))
            _attribute(path, groups, token, " ".join(tokens[at + 2:end]).strip('"'))
            at = end
        else:
            at += 1
    if groups:
        raise FlexdriveError(f"{path}: is no whole Liberty file: group {groups[-1][0]} has no end")


def _attribute(path, groups, name, value):
    """What a cell or one of its pins says of itself."""
    kind, arguments, content = groups[-1] if groups else ("", (), {})
    if kind == "cell" and name == "area":
        try:
            content["area"] = float(value)
        except ValueError:
            raise FlexdriveError(f"{path}: cell {' '.join(arguments)}: area {value!r} is no number"
                                 ) from None
    elif kind == "pin" and len(groups) > 1:
        cell = groups[-2][2]
        if name == "direction" and value == "input":
            cell["inputs"].append(groups[-1][1][0].strip('"'))
        elif name == "function":
            cell["function"] = value


_WORD = re.compile(r"\w+|[!'()*&+|^]")


def _table(function, inputs):
    """Truth table of a Liberty function, the first input changing slowest; None if it is not one of
    these inputs alone."""
    words = _WORD.findall(function)
    if not set(inputs) >= {word for word in words if word[0].isalpha() or word[0] == "_"}:
        return None
    return [_value([*words], dict(zip(inputs, bits, strict=True)))
            for bits in itertools.product((False, True), repeat=len(inputs))]


def _value(words, of):
    """Value of the sum at the front of ``words``, which are taken. Weakest operator first: + and |,
    ^, then *, & and nothing between two operands; ' behind and ! before an operand invert it."""
    def operand():
        word = words.pop(0) if words else ""
        if word == "!":
            return not operand()
        if word == "(":
            value = _value(words, of)
            words[:1] = []
        else:
            value = of.get(word, word == "1")
        while words[:1] == ["'"]:
            words.pop(0)
            value = not value
        return value

    def product():
        value = operand()
        while words and words[0] not in ("+", "|", "^", ")"):
            if words[0] in ("*", "&"):
                words.pop(0)
            value &= operand()
        return value

    def difference():
        value = product()
        while words[:1] == ["^"]:
            words.pop(0)
            value ^= product()
        return value

    value = difference()
    while words and words[0] in ("+", "|"):
        words.pop(0)
        value |= difference()
    return value


def device_of(library):
    """The :class:`~.devices.Device` that stands for a library."""
    return Device("liberty", library.name,
                  f"{_FIRST} -flatten {_FINE}{_MAP}autoname\nwrite_json design.json",
                  f"{_FIRST} {_FINE}{_MAP}autoname\nflatten\nopt_clean\nwrite_json design.json",
                  {}, "area", library.flip_flops, areas=library.areas, unit=library.nand,
                  files={_COPY: library.text})
