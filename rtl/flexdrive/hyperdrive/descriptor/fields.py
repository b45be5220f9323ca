"""Descriptors: what a chip is told to do, written once as data.

A program is a stream of 32-bit words: descriptors of 12 words, or of 14 where ``extended`` says so,
least significant word first, each followed by as many payload words as its first word says. The
hardware's decoder, the host's encoder and the manual page derive from the tables here.

Operations
----------
LOAD   takes the feature map ``in_*`` from the stream ``i_pixels``.
STORE  sends the feature map ``in_*`` on the stream ``o_pixels``; with ``average`` one word per
       channel instead, the sum of its pixels, row by row, each addition rounded, times ``slope``.
       Chips of a mesh each send that of their own pixels.
CONV   convolves ``in_*`` into ``out_*``. The payload is one word per output channel, scale
       (alpha) in bits 15:0 and bias (beta) in bits 31:16, both binary16; alpha = 1.0 and
       beta = -0.0 are exact identities.

Feature maps
------------
A map of ``height`` x ``width`` x ``channels`` is cut into tiles of ``tile_rows`` x
``tile_columns`` pixels: tile (i, j) of the array holds rows i*tile_rows ... and columns
j*tile_columns ... . Inside every tile, channel c of local pixel (y, x) lies at word
``base + (y*tile_columns + x)*pitch + c*step``: ``in_pitch`` and a step of 1 for the input map,
``out_pitch`` and ``out_step`` for the output and the bypass map. A pitch of more words than
channels makes a slice of a wider map, for groups and concatenation; a step of more than 1
shuffles channels. The size of the map is said in whole tiles and the rest:
height = full_rows*tile_rows + last_rows, with last_rows < tile_rows; what lies outside reads as
zero padding. Pixels travel on the streams row by row, then column by column, channels innermost,
over the real height and width, in beats of the chip's ``stream_words`` channels, the first one
lowest. A pixel begins a beat of its own; words of a beat beyond its channels mean nothing.

In a CONV, ``tile_rows`` and ``tile_columns`` are those of the *output*; the input's are
``stride`` times as large, with ``upsample`` half as large, and ``full_*``, ``last_*`` describe the
input in them. The input is padded with kernel//2 zeros on each side, so the output has
ceil(height/stride) rows, or 2*height; operations that follow may read fewer. An input tile has at
least kernel//2 rows and columns, so that a window reaches no further than the next tile.

Taps
----
An ``extended`` CONV has the taps at the rows of ``row_taps`` and the columns of ``column_taps`` in
the window of kernel x kernel, which with stride 2 is up to a pixel larger: bit i of them is
displacement i - (kernel-1)//2, and the first of each is not behind the centre. So a kernel of p x q
pixels, d apart, behind n rows of padding has the row taps -n, d - n, ... (p - 1)*d - n:
rectangular, even and dilated kernels and any padding before and behind, of stride 1 or 2, whose
taps the window holds, each at the cost of its taps. An input tile has as many rows and columns as
its taps reach, and as are from a tap to the next.

Meshes
------
A chip of a mesh holds a patch of every map, said with the same fields (a chip that lies outside a
small map has a map of no pixels). ``north`` and ``west`` say that the (input) map goes on in the
neighbour above and to the left, ``south`` and ``east`` how many rows and columns of it the
neighbours below and to the right hold, at most 6 (nothing reaches further): reads beyond the patch
then come from the border and corner memories instead of being zero.

With ``halo`` = H > 0 the map that LOAD or CONV makes is sent to those neighbours, H rows and
columns of it, and theirs are received. Distance h = 0 is that of the row or column next to the
patch. Column h of the neighbour to the west or east lies in that memory at line
``border_rows`` + (h*tile_rows + y)*pitch + c*step, row h of the neighbour above or below at line
``border_columns`` + (h*tile_columns + x)*pitch + c*step, pixel (row hy, column hx) of a diagonal
neighbour in that corner memory at word ``border_corner`` + (hy*R + hx)*pitch + c*step, where R is
the chip's parameter ``halo``. The lines of a CONV's input are at ``in_border_rows``,
``in_border_columns``, ``in_corner``. An operation begins when everything that the operations
before it receive has arrived.

Arithmetic of CONV, in this order (binary16, round to nearest even after each operation):

    v = +0
    for (dy, dx) in taps, row major:             # of a 3 x 3 kernel: (-1,-1), ... (+1,+1)
        for ci in input channels:
            v = v + (+x if weight bit else -x)   # x = +0 outside the map
    v = v * alpha;  v = v + bypass (if any);  v = v + beta;  v = activation(v)
    # With ``late``: v = v * alpha;  v = v + beta;  v = activation(v);  v = v + bypass

The activation is a slope below zero and a clamp: v * ``slope`` for v < 0 with the leaky ReLU,
then ``low`` where v < ``low``, else ``high`` where v > ``high``; -0 lies before +0. A sign is
``low`` for v < 0, else ``high``. A NaN stays one. The bounds are infinite, those of ReLU +0 and
infinity, of a sign -1 and +1; an ``extended`` descriptor says them, whatever the activation.

A sign is exact: with alpha = 1 or -1 and no bypass the sum itself meets beta, and a sum of two
binary16 numbers is zero only where they are opposite, so whatever is rounded, v < 0 is
sum < -beta, or sum > beta. Sums of a map and parts of sums are rounded before, as everywhere.

The output may lie in the input's place where every word is read before it is written: with a
kernel of 1 x 1, no more output channels than the units of a tile make at once (C, or
C * interleave), ``out_base`` <= ``in_base`` and ``out_pitch`` <= ``in_pitch``.

A ``channelwise`` CONV makes output channel c from input channel c alone; a kernel of 2 x 2 has the
taps (0,0), ... (+1,+1). With ``maximum`` v is the largest operand inside the map instead of the
sum; a NaN is larger than all, and -0 counts as +0. With ``upsample`` output pixel (y, x) has the
operand (y//2, x//2).

Weights (stream ``i_weights``, one word of C bits, bit c for channel block*C + c): for each group
of ``interleave`` blocks, for each tap, for each input channel, for each block of the group (the
last group may have fewer). Channelwise: for each block, for each tap; none for a maximum. A refused
descriptor takes no weights. On ternary chips a word has 2C bits, and bit C + c set is a weight of
zero, which leaves v as it is whatever x.
"""

import enum
from dataclasses import dataclass

from .codes import MAGIC, VERSION, Code

__all__ = [
    "BORDER_FIELDS",
    "DESCRIPTOR_WORDS",
    "EXTENDED_WORDS",
    "FIELDS",
    "MAGIC",
    "VERSION",
    "Activation",
    "Code",
    "Field",
    "Operation",
    "width_of",
]

DESCRIPTOR_WORDS = 12
EXTENDED_WORDS = 14


class Operation(enum.IntEnum):
    """What a descriptor asks for."""

    CONV = 1
    LOAD = 2
    STORE = 3


class Activation(enum.IntEnum):
    """Last step of CONV, or the last but one: none; max(v, +0); -1 for v < 0, else +1; v * slope
    for v < 0, else v. A NaN stays one. Each with other bounds (:attr:`bounds`) as well."""

    NONE = 0
    RELU = 1
    SIGN = 2
    LEAKY = 3

    @property
    def bounds(self):
        """(low, high) where a descriptor does not say them, binary16 patterns."""
        return _BOUNDS[self]


_BOUNDS = {Activation.NONE: (0xFC00, 0x7C00), Activation.RELU: (0x0000, 0x7C00),
           Activation.SIGN: (0xBC00, 0x3C00), Activation.LEAKY: (0xFC00, 0x7C00)}


@dataclass(frozen=True)
class Field:
    """A field of the descriptor: word, lowest bit, width, meaning; ``default``, its value when none
    is given; ``border``, whether only chips of a mesh have it (elsewhere it is 0)."""

    name: str
    word: int
    lsb: int
    width: int
    meaning: str
    default: int = 0
    border: bool = False

    @property
    def offset(self):
        """Lowest bit, counted over the whole descriptor."""
        return 32 * self.word + self.lsb


FIELDS = (
    Field("magic", 0, 0, 8, f"{MAGIC:#x}", MAGIC),
    Field("version", 0, 8, 4, str(VERSION), VERSION),
    Field("operation", 0, 12, 4, "1 CONV, 2 LOAD, 3 STORE", Operation.CONV),
    Field("payload", 0, 16, 16, "payload words that follow the descriptor"),
    Field("kernel", 1, 0, 4, "edge of the kernel: 1, 3, 5, 7; 2 with channelwise", 1),
    Field("stride", 1, 4, 4, "1 or 2", 1),
    Field("activation", 1, 8, 3, "0 none, 1 ReLU, 2 sign (0 gives +1), 3 leaky ReLU"),
    Field("late", 1, 11, 1, "the bypass map is added after the activation"),
    Field("interleave", 1, 12, 4, "output-channel blocks interleaved in the adders: 1 or L", 1),
    Field("bypass", 1, 16, 1, "add the map at bypass_base (shape of the output)"),
    Field("halo", 1, 17, 2,
          "rows and columns of the made map to send and receive; 0: none", border=True),
    Field("north", 1, 19, 1, "the map goes on in the neighbour above", border=True),
    Field("west", 1, 20, 1, "the map goes on in the neighbour to the left", border=True),
    Field("south", 1, 21, 3, "rows of the map in the neighbour below, at most 6", border=True),
    Field("east", 1, 24, 3,
          "columns of the map in the neighbour to the right, at most 6", border=True),
    Field("channelwise", 1, 27, 1, "output channel c is made from input channel c alone"),
    Field("maximum", 1, 28, 1, "the largest operand instead of the sum (channelwise only)"),
    Field("upsample", 1, 29, 1, "every input pixel is that of four output pixels (channelwise)"),
    Field("average", 1, 30, 1, "send the scaled sum of each channel (STORE)"),
    Field("extended", 1, 31, 1, "words 12 and 13 follow: taps and bounds (CONV)"),
    Field("in_base", 2, 0, 16, "first word of the input map in each tile"),
    Field("in_channels", 2, 16, 16, "channels of the input map"),
    Field("out_base", 3, 0, 16, "first word of the output map in each tile"),
    Field("out_channels", 3, 16, 16, "channels of the output map"),
    Field("bypass_base", 4, 0, 16, "first word of the bypass map in each tile"),
    Field("in_corner", 4, 16, 16, "first word of the input's corners", border=True),
    Field("tile_rows", 5, 0, 16, "rows of a tile (CONV: of the output)"),
    Field("tile_columns", 5, 16, 16, "columns of a tile (CONV: of the output)"),
    Field("full_rows", 6, 0, 8, "rows of tiles that the (input) map fills"),
    Field("full_columns", 6, 8, 8, "columns of tiles that the (input) map fills"),
    Field("border_corner", 6, 16, 16, "first word of the received corners", border=True),
    Field("last_rows", 7, 0, 16, "rows of the map in the row of tiles after the full ones"),
    Field("last_columns", 7, 16, 16, "columns of the map in the column of tiles after the full"),
    Field("in_border_rows", 8, 0, 16,
          "first line of the input in the west and east memories", border=True),
    Field("in_border_columns", 8, 16, 16,
          "first line of the input, north and south memories", border=True),
    Field("border_rows", 9, 0, 16,
          "first received line in the west and east memories", border=True),
    Field("border_columns", 9, 16, 16,
          "first received line in the north and south memories", border=True),
    Field("in_pitch", 10, 0, 16, "words from a pixel of the input map to the next"),
    Field("out_pitch", 10, 16, 16, "words from a pixel of output and bypass map to the next"),
    Field("out_step", 11, 0, 16, "words from a channel of output and bypass map to the next", 1),
    Field("slope", 11, 16, 16, "binary16 factor of negative values (leaky ReLU) or sums (average)"),
    Field("row_taps", 12, 0, 8, "rows with taps, bit i: i - (kernel-1)//2 from the centre"),
    Field("column_taps", 12, 8, 8, "columns with taps, the same"),
    Field("reserved12", 12, 16, 16, "0"),
    Field("low", 13, 0, 16, "binary16 lower bound of the activation, what a sign makes of v < 0"),
    Field("high", 13, 16, 16, "binary16 upper bound, what a sign makes of the others"),
)

# What only chips of a mesh have.
BORDER_FIELDS = tuple(field.name for field in FIELDS if field.border)

_WIDTHS = {field.name: field.width for field in FIELDS}


def width_of(name):
    """Bits of the field ``name``."""
    return _WIDTHS[name]
