"""Why a descriptor was refused or the chip stopped: codes and their rules, written once as data."""

import enum

__all__ = ["MAGIC", "VERSION", "Code"]

MAGIC = 0xFD
VERSION = 5


class Code(enum.IntEnum):
    """Why a descriptor was refused, or why the chip stopped. When several rules are broken, the
    lowest code is given."""

    OK = 0
    MAGIC = 1
    OPERATION = 2
    RESERVED = 3
    KERNEL = 4
    STRIDE = 5
    ACTIVATION = 6
    INTERLEAVE = 7
    PAYLOAD = 8
    ZERO = 9
    EXTENT = 10
    INPUT_RANGE = 11
    OUTPUT_RANGE = 12
    BYPASS_RANGE = 13
    OVERLAP = 14
    BYPASS_OVERLAP = 15
    WEIGHT_DEPTH = 16
    MESH = 17
    BORDER_RANGE = 18
    BORDER_OVERLAP = 19
    REACH = 20
    PITCH = 21
    CHANNELWISE = 22
    UPSAMPLE = 23
    LINK_NORTH = 32
    LINK_SOUTH = 33
    LINK_WEST = 34
    LINK_EAST = 35

    @property
    def rule(self):
        """The rule that was broken, as a sentence."""
        return _RULES[self]

    @property
    def stops(self):
        """The chip has stopped and executes nothing more until reset."""
        return self >= Code.LINK_NORTH


_RULES = {
    Code.OK: "executed",
    Code.MAGIC: f"the first word begins with {MAGIC:#x} and version {VERSION}",
    Code.OPERATION: "the operation is CONV, LOAD or STORE",
    Code.RESERVED: "reserved bits are zero, and only a CONV is extended",
    Code.KERNEL: "the kernel's edge is odd, or 2 when channelwise, and at most 2 x halo + 1 of the "
                 "chip; of taps any up to that, with stride 2 one more, the first row and column "
                 "not behind the centre",
    Code.STRIDE: "the stride is 1 or 2",
    Code.ACTIVATION: "the activation is none, ReLU or sign, on a chip with leaky also leaky ReLU, "
                     "and its bounds are no NaNs",
    Code.INTERLEAVE: "interleave is 1 or the chip's adder depth",
    Code.PAYLOAD: "the payload is a word per output channel (CONV) or empty (LOAD, STORE)",
    Code.ZERO: "tile edges (of input and output) and channels are at least 1, and without links "
               "also map sizes",
    Code.EXTENT: "the map fits rows x columns tiles, and its last tile is a partial one",
    Code.INPUT_RANGE: "the input map ends within the feature-map memory",
    Code.OUTPUT_RANGE: "the output map ends within the feature-map memory",
    Code.BYPASS_RANGE: "the bypass map ends within the feature-map memory",
    Code.OVERLAP: "the output map does not meet the input map, unless both are different channels "
                  "of one map, or a 1x1 kernel makes all channels in one pass over the pixels, "
                  "beginning no later and with no larger pitch",
    Code.BYPASS_OVERLAP: "the output map is the bypass map or does not meet it",
    Code.WEIGHT_DEPTH: "weights used for more pixels than are interleaved fit the weight buffer",
    Code.MESH: "the map goes on only where there is a neighbour, a STORE exchanges nothing, halo "
               "is at most the chip's, and a chip without links uses no border field",
    Code.BORDER_RANGE: "border and corner regions end within their memories",
    Code.BORDER_OVERLAP: "what is received does not meet the borders that are read, unless both "
                         "are different channels of one map",
    Code.REACH: "input tiles have as many rows and columns as taps lie before or behind the "
                "centre, kernel//2, and from one tap to the next, at most 2 x halo of the chip; "
                "tiles of a map that is exchanged as many as are",
    Code.PITCH: "in_pitch is in_channels or more, out_step 1 or more, and out_pitch holds the "
                "channels that are made",
    Code.CHANNELWISE: "channelwise is for chips that have it, with as many channels in as out and "
                      "interleave L; maximum only with channelwise, average only for STORE on "
                      "such chips",
    Code.UPSAMPLE: "upsampling is channelwise, with kernel 1, stride 1 and even tile edges",
    Code.LINK_NORTH: "the link to the neighbour above has no fault",
    Code.LINK_SOUTH: "the link to the neighbour below has no fault",
    Code.LINK_WEST: "the link to the neighbour to the left has no fault",
    Code.LINK_EAST: "the link to the neighbour to the right has no fault",
}
