"""Programs for a mesh of chips: patches of the image, borders, one descriptor stream per chip.

A mesh computes as one chip whose array is that of all its chips (:func:`whole_config`), so a
program is made for that chip, with the border fields that its chips need, and then cut.
"""

from collections import namedtuple
from dataclasses import replace

import numpy as np

from flexdrive.errors import ConfigurationError
from flexdrive.hyperdrive.descriptor.encoding import Command
from flexdrive.hyperdrive.descriptor.fields import BORDER_FIELDS

from ..errors import FitError
from .memory_planner import allocate

__all__ = ["MESH_FIELDS", "border_fields", "join_patches", "neighbours", "patches", "split_program",
           "whole_config", "without_borders"]

# Parameters of a chip that only chips of a mesh have.
MESH_FIELDS = ("mesh", "border_words", "corner_words")


def whole_config(config, height, width):
    """The single chip whose array is that of the whole mesh: its golden model is the mesh's."""
    for axis, count in (("rows", config.rows * height), ("columns", config.columns * width)):
        if count > 255:
            raise ConfigurationError(f"A mesh of {height} x {width} chips of {config.rows} x "
                                     f"{config.columns} tiles has {count} {axis} of tiles; at "
                                     f"most 255 are possible")
    return replace(config, mesh=False, rows=config.rows * height, columns=config.columns * width)


def _share(full, last, tiles, index):
    """(full, last) of the patch of chip ``index`` along one axis, of the map's in the mesh."""
    begin = tiles * index
    if full >= begin + tiles:
        return tiles, 0
    if full >= begin:
        return full - begin, last
    return 0, 0


def _beyond(shares, index, edge):
    """Rows or columns of chip ``index``, as far as a neighbour can need them."""
    if index == len(shares):
        return 0
    full, last = shares[index]
    return min(6, full * edge + last)


def split_program(config, height, width, commands):
    """The program of each chip of a mesh.

    Parameters
    ----------
    commands : a program for :func:`whole_config`, with the border fields of the mesh's chips.

    Returns
    -------
    {(y, x): list of Command}
    """
    programs = {(y, x): [] for y in range(height) for x in range(width)}
    for whole, payload in commands:
        rows = [_share(whole.full_rows, whole.last_rows, config.rows, i) for i in range(height)]
        columns = [_share(whole.full_columns, whole.last_columns, config.columns, i)
                   for i in range(width)]
        for (y, x), program in programs.items():
            here = any(rows[y]) and any(columns[x])
            part = replace(
                whole, full_rows=rows[y][0], last_rows=rows[y][1], full_columns=columns[x][0],
                last_columns=columns[x][1],
                north=int(here and y > 0),
                west=int(here and x > 0),
                south=_beyond(rows, y + 1, whole.in_tile_rows) if here else 0,
                east=_beyond(columns, x + 1, whole.in_tile_columns) if here else 0)
            program.append(Command(part, payload))
    return programs


def _stream_parts(config, commands, operation):
    """For each LOAD or STORE of a program of the whole mesh: (first word, shape, tile patch)."""
    begin = 0
    for d, _ in commands:
        if d.operation != operation:
            continue
        shape = d.stored(config.rows, config.columns)
        yield begin, shape, ((1, 1) if d.average else
                             (config.rows * d.tile_rows, config.columns * d.tile_columns))
        begin += shape[0] * shape[1] * shape[2]


def patches(config, height, width, commands, pixels, operation):
    """Parts of a pixel stream of the whole image.

    Parameters
    ----------
    commands : program of the whole mesh.
    pixels : array (n,) of all its LOADs or all its STOREs, as ``operation`` says.

    Returns
    -------
    {(y, x): array} of each chip; no word twice
    """
    parts = {(y, x): [] for y in range(height) for x in range(width)}
    for begin, shape, (tall, wide) in _stream_parts(config, commands, operation):
        image = pixels[begin:begin + shape[0] * shape[1] * shape[2]].reshape(shape)
        for (y, x), part in parts.items():
            part.append(image[y * tall:(y + 1) * tall, x * wide:(x + 1) * wide].ravel())
    return {at: np.concatenate([np.zeros(0, pixels.dtype), *part]) for at, part in parts.items()}


def join_patches(config, commands, parts, operation):
    """The inverse of :func:`patches`."""
    taken = dict.fromkeys(parts, 0)
    images = []
    for _, shape, (tall, wide) in _stream_parts(config, commands, operation):
        image = np.zeros(shape, next(iter(parts.values())).dtype)
        for (y, x), part in parts.items():
            patch = image[y * tall:(y + 1) * tall, x * wide:(x + 1) * wide]
            patch[...] = part[taken[y, x]:taken[y, x] + patch.size].reshape(patch.shape)
            taken[y, x] += patch.size
        images.append(image.ravel())
    return np.concatenate([next(iter(parts.values()))[:0], *images])


def without_borders(commands):
    """The same program for one chip: every border field 0."""
    return [Command(replace(descriptor, **dict.fromkeys(BORDER_FIELDS, 0)), payload)
            for descriptor, payload in commands]


def neighbours(height, width, y, x):
    """Whether chip (y, x) has a neighbour to the north, south, west, east."""
    return y > 0, y + 1 < height, x > 0, x + 1 < width


# What `allocate` needs to know of a step.
_BorderStep = namedtuple("_BorderStep", "name reads writes replaces")


def border_fields(graph, steps, tiles, config):
    """Border fields of every step: of the whole map where a map is part of another.

    Parameters
    ----------
    graph : ChipGraph.
    steps : as made by ``lower``: ``operation``, ``name``, ``writes``, ``layer``.
    tiles : map -> (rows, columns) of its tiles.
    config : of a chip of the mesh.

    Returns
    -------
    list of dict, a dict of descriptor fields for each step

    Raises
    ------
    FitError
        when a border or corner memory is too small: which, in which layer, by how much.
    """
    def whole(name):
        return None if name is None else graph.place(name)[0]

    sizes = {name: (graph.shapes[name][0], *tile) for name, tile in tiles.items()}
    reads = [(whole(step.layer.source), step.layer.reach) if step.layer is not None
             else (None, 0) for step in steps]
    makes = [whole(step.writes) for step in steps]
    # A map is exchanged as far as any of its readers reaches.
    halos = {}
    for source, reach in reads:
        if reach:
            halos[source] = max(reach, halos.get(source, 0))
    border_steps = [_BorderStep(step.name, [source] if reach else [],
                                made if made in halos else None, None)
                    for step, (source, reach), made in zip(steps, reads, makes, strict=True)]
    memories = {"rows": (1, config.border_words, "west and east border memories"),
                "columns": (2, config.border_words, "north and south border memories"),
                "corner": (0, config.corner_words, "corner memories")}
    bases = {}
    for name, (axis, words, what) in memories.items():
        lines = {}
        for key, halo in halos.items():
            size = sizes[key]
            rows = halo * size[axis] if axis else (halo - 1) * config.halo + halo
            lines[key] = size[0] * rows
        try:
            bases[name] = allocate(border_steps, lines, words).bases
        except FitError as error:
            need = "corner_words" if name == "corner" else "border_words"
            text = str(error).replace("feature-map words a tile", f"lines of the {what}")
            raise FitError(text, **{need: error.change["fm_words"]}) from None
    fields = []
    for (source, reach), made in zip(reads, makes, strict=True):
        found = {"halo": halos.get(made, 0)}
        for prefix, key in (("in_", source if reach else None),
                            ("", made if found["halo"] else None)):
            if key is not None:
                found |= {f"{prefix}border_rows": bases["rows"][key],
                          f"{prefix}border_columns": bases["columns"][key],
                          "in_corner" if prefix else "border_corner": bases["corner"][key]}
        fields.append(found)
    return fields
