"""What the sequencer needs of the operation under way: fields of the descriptor and products."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from .fields import Code, Operation, width_of

__all__ = ["CodeShape", "OperationShape", "ScaleBias", "ends_layout", "kept_fields",
           "later_taps", "layer_layout"]


class OperationShape(enum.Enum, shape=4):
    CONV = Operation.CONV
    LOAD = Operation.LOAD
    STORE = Operation.STORE


class CodeShape(enum.Enum, shape=8):
    """Hardware's form of :class:`~flexdrive.hyperdrive.descriptor.fields.Code`."""

    OK = Code.OK


class ScaleBias(data.Struct):
    """Parameters of one output channel, binary16 each; a payload word of a CONV descriptor."""

    scale: 16
    bias: 16


# From the first to the last pixel of the largest window, of halo 3 with stride 2. The same for
# every chip: what is handed a layer and knows nothing of kernels is one circuit.
_LATER = 7
# Fields of the descriptor that stay what they are, with their widths.
_KEPT = object()


def layer_layout(config):
    """Decoded descriptor. Sizes in words per tile, coordinates in pixels."""
    return data.StructLayout({name: width_of(name) if shape is _KEPT else shape
                              for name, shape in _layer_fields().items()})


def later_taps(config, layer):
    """(rows, columns) of a layer behind the first that have taps, of windows that the chip has."""
    return (layer.later_rows[:2 * config.halo + 1], layer.later_columns[:2 * config.halo + 1])


def ends_layout():
    """First word behind each map of a legal operation."""
    return data.StructLayout({name: unsigned(17) for name in ("input", "output", "bypass")})


def kept_fields():
    """Names of the fields of the descriptor that the layer has as they are."""
    return [name for name, shape in _layer_fields().items() if shape is _KEPT]


def _layer_fields():
    word = unsigned(16)
    size = unsigned(17)
    return {
        "operation": _KEPT,
        "code": unsigned(8),
        "reach": unsigned(2),           # pixels beyond a tile that are read
        # From the first row and column with taps to the centre; which of those behind the first
        # have taps, bit i: i + 1 behind it; from the first column to the last.
        "before_rows": unsigned(2), "before_columns": unsigned(2),
        "later_rows": unsigned(_LATER), "later_columns": unsigned(_LATER),
        "span_columns": unsigned(3),
        "channelwise": _KEPT, "maximum": _KEPT,
        "upsample": unsigned(1),        # of a CONV
        "average": unsigned(1),         # of a STORE, on chips with channelwise
        "two": unsigned(1),             # stride is 2
        "slope": 16,                    # of a CONV's negative values; of an average's sums
        "sign": unsigned(1), "low": word, "high": word,     # of the activation
        "bypass": _KEPT, "late": _KEPT,
        "blocks": unsigned(1),          # L blocks of one pixel are interleaved, not L pixels
        "in_base": _KEPT, "in_channels": _KEPT,
        "out_base": _KEPT, "out_channels": _KEPT, "bypass_base": _KEPT,
        "tile_rows": _KEPT, "tile_columns": _KEPT,      # of the output
        "in_tile_rows": size, "in_tile_columns": size,  # of the input
        "full_rows": _KEPT, "full_columns": _KEPT, "last_rows": _KEPT, "last_columns": _KEPT,
        "in_pitch": _KEPT, "out_pitch": _KEPT, "out_step": _KEPT,
        "in_row": size,                 # words of a row of an input tile
        "in_size": size,                # words of an input tile
        "area": size,                   # pixels of an output tile
        "out_last_rows": word, "out_last_columns": word,    # of the output, as last_* of the input
        # Only on chips of a mesh.
        "halo": _KEPT,                  # 0: the map that is made is not exchanged
        "north": _KEPT, "west": _KEPT, "south": _KEPT, "east": _KEPT,
        "made_south": width_of("halo"), "made_east": width_of("halo"),  # to be received
        "in_border_rows": _KEPT, "in_border_columns": _KEPT, "in_corner": _KEPT,
        "border_rows": _KEPT, "border_columns": _KEPT, "border_corner": _KEPT,
        "side": size,                   # lines of the input in the west and east memories
        "made_channels": word, "made_pitch": word, "made_step": word,
        # Of the map that is made: lines of a column and of a row beyond the rim.
        "made_side": size, "made_cap": size,     # made_cap also on chips with channelwise
    }
