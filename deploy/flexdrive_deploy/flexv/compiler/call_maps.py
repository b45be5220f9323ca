"""The C of the maps of a step that works on pieces."""

from .storage import Storage

__all__ = ["CallMaps", "Wide"]


class Wide:
    """A Storage with the border's columns as columns of the map."""

    def __init__(self, storage):
        self.channels, self.bits = storage.channels, storage.bits
        self.pixel_words = storage.pixel_words
        self.width = storage.border.left + storage.width + storage.border.right


class CallMaps:
    """Maps of a convolution's calls: of each one variable, which is changed from piece to piece.
    Others have constants."""

    def __init__(self, code, varying):
        self.code, self.varying, self.known = code, varying, {}

    @staticmethod
    def _values(address, storage, height, row_words):
        planar = isinstance(storage, Storage) and storage.planar
        return {"data": f"(uint32_t *)(l1 + {address})", "channels": storage.channels,
                "height": height, "width": storage.width, "bits": storage.bits,
                "pixel_words": storage.pixel_words, "row_words": row_words,
                "group_words": storage.group_words if planar else 0,
                "lane": storage.around[1] if planar else 0, "down": 0}

    def define(self, suffix, address, storage, height, row_words, channels=None):
        """C of a constant map; ``channels``: the first ones alone."""
        name, values = f"{self.code.name}_{suffix}", self._values(address, storage, height,
                                                                  row_words)
        values["channels"] = channels or storage.channels
        # Not in L1: there may be a thousand, and each is read once.
        text = f"static const struct net_map {name} = {{{', '.join(map(str, values.values()))}}};"
        if text not in self.code.constants:
            self.code.constants.append(text)
        return f"&{name}"

    def place(self, variable, number, address, storage, height, channels=None):
        """(C of a map, lines that make it): ``variable`` or, of a constant, with its number."""
        if not self.varying:
            return self.define(f"{variable}_{number}", address, storage, height,
                               storage.row_words, channels), []
        values, old = self._values(address, storage, height, storage.row_words), self.known.get(
            variable)
        self.known[variable] = values
        if old is None:
            return f"&{variable}", [f"\tstruct net_map {variable} = "
                                    f"{{{', '.join(map(str, values.values()))}}};"]
        return f"&{variable}", [f"\t{variable}.{name} = {value};"
                                for name, value in values.items() if old[name] != value]
