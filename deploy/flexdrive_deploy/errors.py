"""What can be wrong with a network or a file, for people."""

from flexdrive.errors import FlexdriveError

__all__ = ["FileError", "FitError", "ModelError"]


class ModelError(FlexdriveError, ValueError):
    """A network that cannot be run, or data that do not fit it."""


class FitError(ModelError):
    """A network that a larger chip would run: says which layer, which memory, by how much.

    Attributes
    ----------
    change : parameter of ChipConfig -> value that lifts this one obstacle; others may follow.
    """

    def __init__(self, message, **change):
        super().__init__(message)
        self.change = change


class FileError(FlexdriveError, ValueError):
    """A file that is missing, damaged, foreign or made for something else."""
