"""Errors that a person is meant to read."""

__all__ = ["ConfigurationError", "FlexdriveError", "StreamError"]


class FlexdriveError(Exception):
    """Base of all errors with a message for people: what, where, which rule, what would pass.

    The command line prints the message alone and ends with status 1."""


class ConfigurationError(FlexdriveError, ValueError):
    """A parameter of a generator is out of its range, or two of them contradict each other."""


class StreamError(FlexdriveError, ValueError):
    """A stream ends before the program does, or is longer than the program."""
