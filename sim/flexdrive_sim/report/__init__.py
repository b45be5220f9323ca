"""Reports: what a network costs on a chip, next to the published figures."""

from .constants import DEFAULT_VOLTAGE, OPERATING_POINTS, assume
from .figures import Report, predicted_report

__all__ = ["DEFAULT_VOLTAGE", "OPERATING_POINTS", "Report", "assume", "predicted_report"]
