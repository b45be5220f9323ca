"""The one exception of the simulator that is part of the architecture."""

__all__ = ["Trap"]


class Trap(Exception):
    """A synchronous exception: ``cause`` and ``value`` as mcause and mtval hold them."""

    def __init__(self, cause, value):
        super().__init__(f"trap {cause}, value {value:#x}")
        self.cause, self.value = cause, value
