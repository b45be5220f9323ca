"""The memory plan as a picture: words of a tile over the cycles of an image.

The cycles are those of the work alone: every unit of a full tile accumulates, a word moves in every
cycle. The cycle model of the simulation adds fills and stalls, and takes minutes for large meshes.
"""

import io
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from flexdrive.hyperdrive.descriptor.fields import Operation

__all__ = ["Life", "lives", "plan_picture"]

# Inches: a file to look at by itself; a picture as wide as a page, on which its text has the size
# that it says.
_INCHES = {"png": (18, 9), "svg": (11, 7)}
_DPI = 110
_SIZES = (10, 9, 8, 7.5)            # of labels, in points
_SMALL = 8                          # of the names below
_CHARACTER, _LINE = 0.62, 1.5       # width and height of a letter over the size of the label
_COLOURS = {"sent": "#b7d7b0", "kept": "#bcd2ea", "result": "#f3cfa5"}
_MEANINGS = {"sent": "sent by the host", "kept": "stays on the chip", "result": "result"}


@dataclass(frozen=True)
class Life:
    """A map in the memory.

    Attributes
    ----------
    name, base, words : of the map, words of a tile.
    begin, end : cycles in which its place is taken.
    kind : "sent", "kept" or "result".
    """

    name: str
    base: int
    words: int
    begin: int
    end: int
    kind: str


def _cycles(program, entry, descriptor):
    """Cycles of one descriptor, without fills and stalls."""
    if entry.operation != Operation.CONV:
        height, width = program.mesh or (1, 1)
        return -(-program.maps[entry.writes or entry.reads].size // (height * width))
    d, lanes = descriptor, program.config.channels
    if d.channelwise:       # the units work on pixels of a row, one channel after the other
        return d.tile_rows * -(-d.tile_columns // lanes) * d.out_channels * d.taps
    return d.tile_rows * d.tile_columns * program.weight_words(entry, d)


def _memory_map(program, name):
    """The map that takes the memory of ``name``: itself, or the one that it is part of."""
    place = program.maps.get(name)
    if place is None or place.pitch == place.shape[0]:
        return name
    made = {entry.writes for entry in program.entries}
    return next((other for other, whole in program.maps.items() if other not in made
                 and whole.pitch == whole.shape[0] == place.pitch and whole.tile == place.tile
                 and whole.base == place.base - place.first), name)


def _program_lives(program, start):
    """(lives, end) of the maps of one program that begins at cycle ``start``."""
    times = [start]
    for entry, descriptor in zip(program.entries, program.descriptors, strict=True):
        times.append(times[-1] + _cycles(program, entry, descriptor))
    first, last, kinds = {}, {}, {}
    for step, entry in enumerate(program.entries):
        reads, bypass, writes = (_memory_map(program, name) for name in (
            entry.reads, entry.bypass, entry.writes))
        for name in (reads, bypass, writes):
            if name is not None:
                first.setdefault(name, step)
                last[name] = step + 1
        if entry.operation == Operation.LOAD:
            kinds[writes] = "sent"
        elif entry.operation == Operation.STORE and not entry.probe:
            kinds[reads] = "result"
        # A map that is overwritten in place gives up its words with the step that does it.
        for name in {reads, bypass} - {None, writes} if entry.operation == Operation.CONV else ():
            if program.maps[name].base == program.maps[writes].base:
                last[name] = first[writes]
    return [Life(name, program.maps[name].base, program.maps[name].words, times[first[name]],
                 times[last[name]], kinds.get(name, "kept")) for name in first], times[-1]


def lives(deployment):
    """(list of Life, cycles) of all programs of a deployment, one after the other."""
    found, start = [], 0
    for program in deployment.programs:
        made, start = _program_lives(program, start)
        found += made
    return found, start


def _fitting(text, width, height):
    """(size, rotation) of a label that fits into ``width`` x ``height`` inches, or None."""
    for size in _SIZES:
        length, line = _CHARACTER * size * len(text) / 72, _LINE * size / 72
        for rotation, along, across in ((0, width, height), (90, height, width)):
            if length <= along and line <= across:
                return size, rotation
    return None


def _label(axis, life, number, inches):
    """Write the name into the rectangle, or the number; returns whether it was the name."""
    width, height = (life.end - life.begin) * inches[0], life.words * inches[1]
    named = _fitting(life.name, width, height)
    text = life.name if named else str(number)
    size, rotation = named or _fitting(text, width, height) or (_SIZES[-1], 0)
    axis.text((life.begin + life.end) / 2, life.base + life.words / 2, text, fontsize=size,
              rotation=rotation, ha="center", va="center", clip_on=True)
    return named is not None


def _key(figure, unnamed):
    """The names behind the numbers, in columns below the plan; returns the share that they take of
    the figure's height."""
    if not unnamed:
        return 0.0
    width, height = figure.get_size_inches()
    letters = max(len(name) for _, name in unnamed) + 6
    columns = max(1, min(6, int(0.94 * width * 72 / (_CHARACTER * _SMALL * letters))))
    rows, line = -(-len(unnamed) // columns), _LINE * _SMALL / 72 / height
    for place, (number, name) in enumerate(unnamed):
        column, row = divmod(place, rows)
        figure.text(0.05 + column * 0.94 / columns, 0.01 + line * (rows - 1 - row),
                    f"{number}  {name}", fontsize=_SMALL, va="bottom")
    return 0.02 + line * rows


def _top(limit, used):
    """(upper end of the axis, whether the size of the memory is on it): it is where the maps take
    a third of it or more, so that there is something to see."""
    return (1.1 * limit, True) if 3 * used >= limit else (1.25 * used, False)


def _draw(axis, found, cycles, limit, inches):
    unnamed, kinds = [], dict.fromkeys(life.kind for life in found)
    for number, life in enumerate(found, 1):
        axis.add_patch(Rectangle((life.begin, life.base), life.end - life.begin, life.words,
                                 facecolor=_COLOURS[life.kind], edgecolor="#333333", linewidth=0.7))
        if not _label(axis, life, number, inches):
            unnamed.append((number, life.name))
    top, reached = _top(limit, max(life.base + life.words for life in found))
    if reached:
        axis.axhline(limit, color="#cf222e", linewidth=1.5)
    axis.text(cycles, min(limit, 0.96 * top), f"memory of a tile, {limit:,} words"
              f"{'' if reached else ', is far above'} ", color="#cf222e", fontsize=10, ha="right",
              va="bottom" if reached else "center")
    axis.legend(handles=[Rectangle((0, 0), 1, 1, facecolor=_COLOURS[kind], edgecolor="#333333",
                                   label=_MEANINGS[kind]) for kind in kinds],
                loc="upper left", ncols=3, fontsize=9, frameon=False, bbox_to_anchor=(0, 1.0))
    return unnamed


# Makes an SVG of the same plan the same file, with text as text.
_SVG: dict = {"svg.fonttype": "none", "svg.hashsalt": "flexdrive"}


def plan_picture(deployment, form="png"):
    """Draw the plan of all programs.

    Parameters
    ----------
    deployment : flexdrive_deploy.compiled_model.Deployment with a program.
    form : "png" or "svg".

    Returns
    -------
    bytes of the file.
    """
    found, cycles = lives(deployment)
    limit = deployment.config.fm_words
    top, _ = _top(limit, max(life.base + life.words for life in found))
    wide, tall = _INCHES[form]
    left, low = 0.75 / wide, 0.6 / tall         # for the numbers of the axes
    figure = Figure(figsize=(wide, tall))
    FigureCanvasAgg(figure)
    axis = figure.add_axes((left, 0.25, 0.99 - left, 0.69))
    inches = (0.99 - left) * wide / cycles, 0.69 * tall / top
    unnamed = _draw(axis, found, cycles, limit, inches)
    below = _key(figure, unnamed)
    axis.set_position((left, below + low, 0.99 - left, 0.94 - low - below))
    axis.set(xlim=(0, cycles), ylim=(0, top))
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.set_xlabel("cycles of an image, without fills and stalls", fontsize=10)
    axis.set_ylabel("words of a tile", fontsize=10)
    peak = max(program.peak_words for program in deployment.programs)
    axis.set_title(f"{deployment.name}: {peak:,} of {limit:,} words a tile in use at most",
                   fontsize=11)
    content = io.BytesIO()
    nothing = {"png": ("Software",), "svg": ("Date", "Creator")}[form]
    with rc_context(_SVG):
        figure.savefig(content, dpi=_DPI, format=form, metadata=dict.fromkeys(nothing))
    return content.getvalue()
