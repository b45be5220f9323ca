"""What goes over the streams of the chips of a program, by name."""

from flexdrive.hyperdrive.descriptor.fields import Operation

from ..exports import Words
from .mesh_borders import patches
from .pixel_beats import PixelBeats, beat_chunks

__all__ = ["chip_streams", "chip_vectors"]


def _named(program, at, name):
    """``name`` for a single chip, ``Y-X-name`` for chip (Y, X) of a mesh."""
    return "{}-{}-{}".format(*at, name) if program.mesh else name


def chip_streams(program):
    """What the chips read of a :class:`~.program.Program`: name -> Words.

    ``words`` are those of each chip of a mesh, ``weights`` the same for all of them.
    """
    words = {_named(program, at, "words"): Words(part, 32, "descriptors and payloads, for "
                                                 "i_descriptors")
             for at, part in program.chip_words().items()}
    return words | {"weights": Words(program.weights, program.config.weight_bits,
                                     "weights, for i_weights")}


def chip_vectors(program, sent, stored):
    """The pixels of one image: name -> Words, ``pixels`` that a chip gets and ``expected`` that it
    must send.

    Parameters
    ----------
    sent, stored : uint16 (n,), words to and from the chips in the order of the whole image.
    """
    found, config = {}, program.config
    commands = program.chip_commands()
    for name, what, pixels, operation in (
            ("pixels", "pixels, for i_pixels", sent, Operation.LOAD),
            ("expected", "what o_pixels must send", stored, Operation.STORE)):
        parts = (patches(config, *program.mesh, program.commands, pixels, operation)
                 if program.mesh else {(0, 0): pixels})
        for at, part in parts.items():
            beats = PixelBeats.of_commands(config, [d for d, _ in commands[at]], operation)
            words = part if config.stream_words == 1 else beat_chunks(beats.join(part))
            found[_named(program, at, name)] = Words(words, config.beat_bits, what)
    return found
