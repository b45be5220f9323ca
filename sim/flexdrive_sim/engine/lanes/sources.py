"""What drives the bits of an operand, through ports and hierarchy.

Runs of neighbouring bits of one word become one piece, so that concatenations and slices cost a
shift and a mask instead of bits.
"""

from dataclasses import dataclass, replace

from .netlist import Word

__all__ = ["Piece", "Sources"]


@dataclass(frozen=True)
class Piece:
    """``width`` neighbouring bits of an operand: of a constant (``word`` is None, ``value``), of a
    word from bit ``low`` on, or one bit ``low`` repeated. ``offset``: from the lane of the module
    that reads to the lane of the word; if ``uniform``, that lane itself, for all that read."""

    width: int
    word: Word | None = None
    low: int = 0
    offset: int = 0
    uniform: bool = False
    value: int = 0
    repeated: bool = False


class Sources:
    """Finds the words behind bits, across modules."""

    def __init__(self):
        self._found = {}

    def source(self, module, bit):
        """What drives ``bit``: an integer (constant), or (word, position, offset, uniform)."""
        if isinstance(bit, str):
            return int(bit == "1")
        key = module, bit
        if key not in self._found:
            self._found[key] = self._find(module, bit)
        return self._found[key]

    def _find(self, module, bit):
        driver = module.drivers.get(bit)
        if driver is None:
            return 0
        if isinstance(driver[0], Word):
            word, position = driver
            if word.kind == "input":
                shared = self._shared(module, bit)
                if shared is not None:
                    return shared
            return word, position, 0, module.lanes == 1
        site, port, i = driver
        found = self.source(site.child, site.child.outputs[port][i])
        if isinstance(found, int) or found[3]:
            return found
        return found[0], found[1], found[2] + site.base, module.lanes == 1

    def _shared(self, module, bit):
        """What drives an input port, if that is one and the same for all lanes, else None."""
        port, position = module.input_bits[bit]
        shared = None
        for parent, site in module.instances:
            bits = site.inputs.get(port)
            found = self.source(parent, bits[position]) if bits else 0
            if not isinstance(found, int) and not found[3]:
                return None
            if shared is not None and found != shared:
                return None
            shared = found
        return shared

    def pieces(self, module, bits):
        """``bits``, least significant first, as a list of :class:`Piece`."""
        found = []
        for bit in bits:
            source = self.source(module, bit)
            last = found[-1] if found else None
            if isinstance(source, int):
                if last is not None and last.word is None:
                    found[-1] = Piece(last.width + 1, value=last.value | source << last.width)
                else:
                    found.append(Piece(1, value=source))
                continue
            word, position, *place = source
            if last is not None and last.word is word and [last.offset, last.uniform] == place:
                if not last.repeated and last.low + last.width == position:
                    found[-1] = replace(last, width=last.width + 1)
                    continue
                if (last.repeated or last.width == 1) and last.low == position:
                    found[-1] = replace(last, width=last.width + 1, repeated=True)
                    continue
            found.append(Piece(1, word, position, *place))
        return found
