"""The machines that networks run on."""

from .errors import ModelError

__all__ = ["TARGETS", "target_of"]

TARGETS = ("hyperdrive", "flexv")


def target_of(name):
    """``name`` when it is a machine.

    Raises
    ------
    ModelError
        names what there is.
    """
    if name not in TARGETS:
        raise ModelError(f"target = {name!r} is none of {', '.join(TARGETS)}")
    return name
