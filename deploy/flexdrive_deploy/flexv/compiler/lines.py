"""Pixels of a layer's output as lines of tiles, and which cores make them
(firmware/network/dots.c, lines.c)."""

from dataclasses import dataclass, replace

__all__ = ["SCRATCH", "Lines", "owner_of", "part_of", "tiles_of_line"]

# Words of a core for tables of tiles and for turned lines (NET_SCRATCH of dots.h).
SCRATCH = 360


def _share(units, parts):
    return int(-(-units // parts))


def owner_of(units, unit, cores):
    """Core of a unit where each core has units one after the other, the first ones one more."""
    each, more = divmod(units, cores)
    longer = more * (each + 1)
    return unit // (each + 1) if unit < longer else more + (unit - longer) // each


def part_of(tiles, groups, cores):
    """(cores that share tiles, cores that share groups of channels) such that the last is done
    first; of equal ones the most for groups."""
    return min(((1 << i, cores >> i) for i in range(cores.bit_length())),
               key=lambda way: (_share(tiles, way[0]) * _share(groups, way[1]), way[0]))


def tiles_of_line(length, pixels):
    """Tiles of a line of pixels."""
    return (2 if length == 3 else 1) if length < pixels else -(-length // pixels)


@dataclass(frozen=True)
class Lines:
    """``count`` lines of ``length`` pixels at equal distances in the source: rows, columns
    (``down``), or the whole map as one line; ``pixels`` of a tile. Bytes: ``a_pixel``, ``a_line``
    from pixel to pixel and from line to line of the source, ``out_pixel``, ``out_line`` of the
    output, ``out_step`` from word to word of a tile's results. ``width``: pixels until the
    output's next row, or ``length``."""

    count: int
    length: int
    pixels: int
    width: int
    down: bool
    a_pixel: int
    a_line: int
    out_pixel: int
    out_line: int
    out_step: int

    @classmethod
    def of(cls, node, source, output, most, height=None):
        """Lines of a layer.

        Parameters
        ----------
        node : ir.Convolution. source, output : Storages of its maps.
        most : pixels of the largest tile. height : rows of the output, by default all.
        """
        height, width = height or output.height, output.width
        across, down = (4 * stride * words for stride, words in zip(
            node.strides[::-1], (source.pixel_words, source.row_words), strict=True))
        pixel, row = 4 * output.pixel_words, 4 * output.row_words
        if output.planar:
            count, length = (width, height) if output.down else (height, width)
            a_pixel, a_line = (down, across) if output.down else (across, down)
            return cls(count, length, most, length, bool(output.down), a_pixel, a_line, 1,
                       16 * output.row_words, row)
        if height == 1 or down == width * across:
            length = height * width
            # Without a border results lie in one line, too.
            even = row == width * pixel
            made = cls(1, length, most, length if even else width, False, across, down, pixel, row,
                       pixel)
        elif width * tiles_of_line(height, most) < height * tiles_of_line(width, most):
            made = cls(width, height, most, height, True, down, across, row, pixel, row)
        else:
            made = cls(height, width, most, width, False, across, down, pixel, row, pixel)
        pixels = most
        while pixels > made.length:
            pixels //= 2
        return replace(made, pixels=pixels)

    @property
    def per_line(self):
        """Tiles of a line."""
        return -(-self.length // self.pixels)

    @property
    def tiles(self):
        """Tiles of all lines."""
        return self.count * self.per_line

    def tile_of(self, row, column, width):
        """Number of the first tile that has a pixel of an output of so many columns."""
        if self.count == 1 and not self.down:
            line, index = 0, row * width + column
        else:
            line, index = (column, row) if self.down else (row, column)
        return line * self.per_line + index // self.pixels

    def table_tiles(self, cores):
        """Tiles of a table of all cores."""
        most = (cores * SCRATCH // 2 - 1) // (self.pixels + 1)
        if self.tiles <= most:
            return self.tiles
        each = _share(self.tiles, _share(self.tiles, most))
        each = _share(each, cores) * cores
        return each if each < most else most

    def core_of(self, tile, groups, group, cores):
        """The core that makes a tile and a group of channels."""
        rows, columns = part_of(self.tiles, groups, cores)
        each = self.table_tiles(cores)
        begin = tile // each * each
        return (owner_of(min(each, self.tiles - begin), tile - begin, rows)
                + rows * owner_of(groups, group, columns))
