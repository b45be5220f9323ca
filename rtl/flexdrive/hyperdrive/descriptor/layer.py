"""What the sequencer needs of the operation under way: fields of the descriptor and products."""

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from .fields import Activation, Code, Operation

__all__ = ["ActivationShape", "CodeShape", "OperationShape", "ScaleBias", "layer_layout"]


class OperationShape(enum.Enum, shape=4):
    CONV = Operation.CONV
    LOAD = Operation.LOAD
    STORE = Operation.STORE


class ActivationShape(enum.Enum, shape=2):
    NONE = Activation.NONE
    RELU = Activation.RELU
    SIGN = Activation.SIGN
    LEAKY = Activation.LEAKY


class CodeShape(enum.Enum, shape=8):
    """Hardware's form of :class:`~flexdrive.hyperdrive.descriptor.fields.Code`."""

    OK = Code.OK


class ScaleBias(data.Struct):
    """Parameters of one output channel, binary16 each; a payload word of a CONV descriptor."""

    scale: 16
    bias: 16


def layer_layout(config):
    """Decoded descriptor. Sizes in words per tile, coordinates in pixels."""
    word = unsigned(16)
    size = unsigned(17)
    return data.StructLayout({
        "operation": unsigned(4),
        "code": unsigned(8),
        "last_tap": unsigned(3),        # kernel edge - 1
        "reach": unsigned(2),           # kernel edge // 2: pixels behind the centre
        "before": unsigned(2),          # pixels before it
        "channelwise": unsigned(1), "maximum": unsigned(1), "upsample": unsigned(1),
        "average": unsigned(1),         # of a STORE, on chips with channelwise
        "two": unsigned(1),             # stride is 2
        "activation": ActivationShape,
        "slope": word,
        "bypass": unsigned(1),
        "blocks": unsigned(1),          # L blocks of one pixel are interleaved, not L pixels
        "in_base": word, "in_channels": word,
        "out_base": word, "out_channels": word, "bypass_base": word,
        "tile_rows": word, "tile_columns": word,        # of the output
        "in_tile_rows": size, "in_tile_columns": size,  # of the input
        "full_rows": unsigned(8), "full_columns": unsigned(8),
        "last_rows": word, "last_columns": word,
        "in_pitch": word, "out_pitch": word, "out_step": word,
        "in_row": size,                 # words of a row of an input tile
        "in_size": size,                # words of an input tile
        "area": size,                   # pixels of an output tile
        "out_last_rows": word, "out_last_columns": word,    # of the output, as last_* of the input
        # Only on chips of a mesh.
        "halo": unsigned(2),            # 0: the map that is made is not exchanged
        "north": unsigned(1), "west": unsigned(1), "south": unsigned(3), "east": unsigned(3),
        "made_south": unsigned(2), "made_east": unsigned(2),    # to be received
        "in_border_rows": word, "in_border_columns": word, "in_corner": word,
        "border_rows": word, "border_columns": word, "border_corner": word,
        "side": size,                   # lines of the input in the west and east memories
        "made_channels": word, "made_pitch": word, "made_step": word,
        # Of the map that is made: lines of a column and of a row beyond the rim.
        "made_side": size, "made_cap": size,     # made_cap also on chips with channelwise
    })
