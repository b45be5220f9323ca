"""A report of the chip, on the RTL and on the cycle model alike."""

from dataclasses import dataclass

from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive.hyperdrive.link import LinkError

__all__ = ["ReportRow"]


@dataclass(frozen=True)
class ReportRow:
    """The fields of a report (:class:`flexdrive.hyperdrive.descriptor.report.Report`), and the
    cycle after reset in which it left the chip."""

    index: int
    code: Code
    operation: int
    cycles: int
    active: int
    weight_stalls: int
    tail_stalls: int
    time: int = -1
    link_error: LinkError = LinkError.NONE
