"""Cycles of frames that come one after the other."""

from flexdrive_deploy.hyperdrive.frames import Frames

from .program import predict

__all__ = ["steady_cycles"]


def steady_cycles(program, gates=None):
    """(cycles of a frame alone, cycles that one more takes) on the cycle model, of a single chip's
    :class:`flexdrive_deploy.hyperdrive.program.Program`."""
    frames = Frames(program)
    one, two, three = (predict(program.config, frames.words(count), gates).cycles
                       for count in (1, 2, 3))
    if three - two != two - one:        # the first is not yet as all others
        two, three = three, predict(program.config, frames.words(4), gates).cycles
    return one, three - two
