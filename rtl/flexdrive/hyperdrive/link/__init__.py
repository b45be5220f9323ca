"""The link between two chips of a mesh: a stream of words over a few wires, checked.

Frames with a sequence number and a CRC (polynomials and check values: ITU-T, USB 2.0, RFC 3095
and IEEE 1815 as catalogued by ``amaranth.lib.crc``), credit-based flow control, keep-alive
frames, and as an option go-back-N retransmission. docs/link.md has the picture.
"""

from .config import LinkConfig
from .crossing import LinkCrossing
from .frame import FrameFormat, LinkError, PhitSignature
from .receiver import LinkReceiver
from .sender import LinkSender

__all__ = ["FrameFormat", "LinkConfig", "LinkCrossing", "LinkError", "LinkReceiver",
           "LinkSender", "PhitSignature"]
