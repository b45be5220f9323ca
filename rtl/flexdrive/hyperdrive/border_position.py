"""Where a value lies in its tile, as far as neighbours are concerned."""

from amaranth.lib import data

__all__ = ["rim_layout"]


def rim_layout():
    """Whether it is of the first or last rows or columns of the tile, as many as are exchanged, and
    whether that row or column of a partly filled tile belongs to the map."""
    return data.StructLayout({"north": 1, "south": 1, "west": 1, "east": 1, "inside_rows": 1,
                              "inside_columns": 1})
