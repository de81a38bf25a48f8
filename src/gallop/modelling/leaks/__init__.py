"""The leak guard: what looks as if it were known only after the outcome, with evidence."""

from gallop.modelling.leaks.finding import Finding, Kind, Limits, Severity
from gallop.modelling.leaks.guard import find_leaks

__all__ = ["Finding", "Kind", "Limits", "Severity", "find_leaks"]
