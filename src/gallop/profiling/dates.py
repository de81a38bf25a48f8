"""Dates that are known too late: those after the lead's day, and those that are written with the outcome. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from gallop.profiling.columns import ColumnProfile, Profile
from gallop.profiling.roles import ProposedColumn, comes_with_outcome
from gallop.profiling.spelling import values
from gallop.schema import Role

_FEW_DEFECTS = 0.001

_Texts = Mapping[str, Sequence[str | None]]


def lead_day(roles: Mapping[str, ProposedColumn]) -> str | None:
    """The column with the lead's day, if there is one."""
    return next((name for name, column in roles.items() if column.role is Role.DAY), None)


def late_dates(roles: Mapping[str, ProposedColumn], columns: _Texts, profile: Profile) -> dict[str, str]:
    """The dates that lie after the lead's day in some rows, so were not known on it; and the evidence."""
    day = lead_day(roles)
    if day is None:
        return {}
    days, late = _ordinals(columns[day], profile.columns[day]), {}
    for name in (name for name, column in roles.items() if column.role is Role.DATE):
        dates = _ordinals(columns[name], profile.columns[name])
        share = np.mean(dates > days)
        if share > _FEW_DEFECTS:
            late[name] = f"after the lead's day {day!r} in {share:.0%} of the rows, so not known on it"
            if beyond := np.mean(dates > np.nanmax(days)):
                late[name] += f"; in {beyond:.0%} after the table's last such day"
            if written := comes_with_outcome(profile.columns[name]):
                late[name] += f"; {written}"
    return late


def outcome_dates(roles: Mapping[str, ProposedColumn], profile: Profile) -> dict[str, str]:
    """The dates that seem to be written when the outcome is known, and why."""
    dates = (name for name, column in roles.items() if column.role is Role.DATE)
    return {name: because for name in dates if (because := comes_with_outcome(profile.columns[name]))}


def _ordinals(texts: Sequence[str | None], column: ColumnProfile) -> np.ndarray:
    """Days as numbers that compare as days do; NaN where there is none."""
    distinct = [*{text.strip() for text in texts if text is not None}]
    days = values(distinct, column.spelling.column)
    numbers = {text: float(day.replace("-", "")) for text, day in zip(distinct, days, strict=True) if day}
    return np.array([np.nan if text is None else numbers.get(text.strip(), np.nan) for text in texts])
