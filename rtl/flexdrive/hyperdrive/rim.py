"""Where a value lies in its tile, as far as neighbours are concerned."""

from amaranth.lib import data

__all__ = ["rim_layout"]


def rim_layout():
    """First or last row or column of the tile, and whether that row or column of a partly filled
    tile belongs to the map."""
    return data.StructLayout({"north": 1, "south": 1, "west": 1, "east": 1, "inside_rows": 1,
                              "inside_columns": 1})
