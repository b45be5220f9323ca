"""What can go wrong between a host and a board, for people."""

from flexdrive.errors import FlexdriveError

__all__ = ["BoardError", "CableError", "IdentityError", "NoAnswerError"]


class BoardError(FlexdriveError):
    """A board did not do what it was asked; there is no result."""


class CableError(BoardError):
    """The port went away."""


class NoAnswerError(BoardError):
    """Nothing that is a reply came within the time for it."""


class IdentityError(BoardError):
    """The board is another one than the work is for."""
