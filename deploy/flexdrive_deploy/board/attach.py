"""A board whose design is not known yet."""

from .core_driver import CoreBoard
from .device import Device
from .dotp_driver import DotpBoard
from .driver import Board
from .soc_driver import SocBoard

__all__ = ["attach"]

_DRIVERS = {driver.design: driver for driver in (Board, CoreBoard, DotpBoard, SocBoard)}


def attach(transport):
    """The driver of the design that answers at a transport (:class:`~.link.Link`): a
    :class:`~.driver.Board`, :class:`~.core_driver.CoreBoard`, :class:`~.dotp_driver.DotpBoard` or
    :class:`~.soc_driver.SocBoard`.
    """
    return _DRIVERS[Device(transport).identity.design](transport)
