"""A whole project proposed for an unknown table: every setting that follows from its columns, with reasons. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.profiling.columns import ColumnProfile, Profile, is_day, profile, spellings
from gallop.profiling.label import LabelFound, find_label
from gallop.profiling.roles import ProposedColumn, find_roles
from gallop.schema import Role
from gallop.settings.table import Format

MOMENTS: Final = ("visit", "signup", "after")
SCORE_AT: Final = "signup"
_MAX_DEFECTS = 0.05
_FEW_DEFECTS = 0.001
_WIDE = 60


@dataclass(frozen=True)
class InitOptions:
    """What a person said of the table."""

    label: str
    id: str | None = None
    day: str | None = None
    positive: str | None = None


@dataclass(frozen=True)
class Leak:
    """What the leak guard found: a column to leave out, or something about the table that leaving out cannot mend."""

    column: str
    because: str
    keep: bool = False


@dataclass(frozen=True)
class Proposal:
    """What a project for this table would say."""

    asked: InitOptions
    profile: Profile
    label: LabelFound
    columns: dict[str, ProposedColumn]
    dates: dict[str, dict[str, str]]
    leaks: tuple[Leak, ...] = ()

    @property
    def left_out(self) -> tuple[Leak, ...]:
        """The leaks that are left out."""
        return tuple(leak for leak in self.leaks if not leak.keep)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model would take: columns and parts of dates, in the table's order."""
        found: list[str] = []
        for name, column in self.columns.items():
            parts = [part for part, how in self.dates.items() if how["column"] == name]
            if column.used and column.role is not Role.DATE:
                found.append(name)
            elif column.used:
                found += parts
        return tuple(found)

    def without(self, leaks: Iterable[Leak]) -> "Proposal":
        """The proposal with these columns left out."""
        columns, left = dict(self.columns), (*self.leaks, *leaks)
        for leak in left:
            if leak.keep:
                continue
            keys = {key: value for key, value in columns[leak.column].keys.items() if key == "missing"}
            because = f"left out as a leak: {leak.because}"
            columns[leak.column] = ProposedColumn(Role.IGNORE, because, keys=keys, notes=columns[leak.column].notes)
        return replace(self, columns=columns, leaks=left)

    def with_roles(self, roles: dict[str, Role]) -> "Proposal":
        """The proposal with other roles, as a person wants them."""
        columns = dict(self.columns)
        for name, role in roles.items():
            used = role in {Role.NUMBER, Role.CATEGORY, Role.BOOLEAN, Role.DATE}
            keys = columns[name].keys if role is columns[name].role else {}
            columns[name] = ProposedColumn(role, "as was said", used, keys)
        changed = replace(self, columns=columns)
        return replace(changed, dates=_dates(columns, self.profile))

    def answers(self, name: str, raw: str, form: Format, version: str, origin: str) -> dict[str, Any]:
        """The answers to the questions of the project template."""
        junk = sum(self.label.junk.values())
        because = self.label.because
        if junk:
            some = list(self.label.junk.items())[:6]
            listed = ", ".join(
                [f"{text!r} {count}" for text, count in some] + ["…"] * (len(self.label.junk) > len(some))
            )
            because += f"; {junk:,} rows have something else and are set aside ({listed})"
        answers = {
            "name": name,
            "raw": raw,
            "origin": origin,
            "gallop_version": version,
            "separator": form.separator,
            "encoding": form.encoding,
            "missing": list(self.profile.missing),
            "max_defect_share": self._max_defect_share(),
            "moments": list(MOMENTS),
            "score_at": SCORE_AT,
            "label": self.asked.label,
            "label_because": because,
            "positive": list(self.label.positive),
            "negative": list(self.label.negative),
            "label_other": "reject" if junk else "refuse",
            "columns": [self._entry(column) for column in self.columns],
            "dates": self.dates,
            "inputs": list(self.inputs),
            "leaks": [{"column": leak.column, "because": leak.because, "keep": leak.keep} for leak in self.leaks],
        }
        answers["ascii"] = not str(answers).isprintable()
        return answers

    def _entry(self, name: str) -> dict[str, Any]:
        column = self.columns[name]
        after = column.role is Role.LABEL or any(leak.column == name and not leak.keep for leak in self.leaks)
        keys: dict[str, Any] = {"role": column.role.value}
        if after or column.role is not Role.IGNORE:
            keys["known_at"] = "after" if after else SCORE_AT
        return {"name": name, "keys": keys | column.keys, "because": column.because, "notes": list(column.notes)}

    def _max_defect_share(self) -> float:
        """A little above what the table has now: more than that later means that something has changed."""
        looks, rows = self.profile.looks, max(self.profile.rows, 1)
        bad = sum(self.label.junk.values())
        bad += sum(
            looks[name].unreadable
            for name, column in self.columns.items()
            if column.used and "on_new" not in column.keys
        )
        share = bad / rows
        return _MAX_DEFECTS if share < _MAX_DEFECTS / 1.5 else min(0.9, round(share * 1.5, 2))


def propose(columns: dict[str, list[str | None]], asked: InitOptions, source: str) -> Proposal:
    """Look at a table and propose a project for it.

    Args:
        columns: name → texts, in the table's order.
        asked: what a person said of it.
        source: the table's name in errors.

    Raises:
        MissingColumn, SettingsError, OneClass, UnknownLabel: what was said does not fit the table.
        EmptyTable: no rows, or no column is left to learn from.
    """
    if asked.label not in columns:
        raise MissingColumnError(
            f"{source}: --label {asked.label!r}: no such column; the table has {', '.join(columns)}"
        )
    if not columns[asked.label]:
        raise EmptyTableError(f"{source}: has a header but no rows; at least one lead is needed")
    absent = spellings(columns)
    texts = [None if text is None or (bare := text.strip()) in absent else bare for text in columns[asked.label]]
    label = find_label(asked.label, Counter(text for text in texts if text is not None), asked.positive)
    known = dict.fromkeys(label.negative, 0.0) | dict.fromkeys(label.positive, 1.0)
    outcome = np.array([np.nan if text is None else known.get(text, np.nan) for text in texts])
    seen = profile(columns, outcome)
    roles = find_roles(seen, asked.label, asked.id, asked.day)
    roles = _dates_in_time(roles, columns, seen)
    proposal = Proposal(asked, seen, label, roles, _dates(roles, seen))
    if not proposal.inputs:
        reasons = "; ".join(f"{name}: {column.because}" for name, column in list(roles.items())[:5])
        raise EmptyTableError(f"{source}: no column is left to learn from ({reasons})")
    return proposal


def _dates(roles: dict[str, ProposedColumn], seen: Profile) -> dict[str, dict[str, str]]:
    """Parts of each date that is used: until the lead's day where there is one, else the day itself; weekday, month."""
    day = next((name for name, column in roles.items() if column.role is Role.DAY), None)
    found: dict[str, dict[str, str]] = {}
    for name, column in roles.items():
        if column.role is not Role.DATE or not column.used:
            continue
        if day:
            found[_fresh(f"{name} until {day}", seen)] = {"column": name, "part": "until", "of": day}
        else:
            found[_fresh(f"{name} days", seen)] = {"column": name, "part": "days"}
        if len(seen.looks) <= _WIDE:
            found[_fresh(f"{name} weekday", seen)] = {"column": name, "part": "weekday"}
            found[_fresh(f"{name} month", seen)] = {"column": name, "part": "month"}
    return found


def _fresh(name: str, seen: Profile) -> str:
    while name in seen.looks:
        name += "_"
    return name


def _dates_in_time(
    roles: dict[str, ProposedColumn], columns: dict[str, list[str | None]], seen: Profile
) -> dict[str, ProposedColumn]:
    """Leave out the dates that lie after the lead's day in some rows: they were not known on that day."""
    day = next((name for name, column in roles.items() if column.role is Role.DAY), None)
    if day is None:
        return roles
    days = _ordinals(columns[day], seen.looks[day])
    checked = dict(roles)
    for name, column in roles.items():
        if column.role is Role.DATE:
            late = np.nanmean(np.append(_ordinals(columns[name], seen.looks[name]) > days, False))
            if late > _FEW_DEFECTS:
                because = f"after the lead's day {day!r} in {late:.0%} of the rows, so not known on it"
                checked[name] = ProposedColumn(Role.IGNORE, because)
    return checked


def _ordinals(texts: list[str | None], look: ColumnProfile) -> np.ndarray:
    """Days as numbers that compare as days do; NaN where there is none."""
    place = {"ymd": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}[look.order]
    found = []
    for text in texts:
        if text is None or not is_day(text.strip(), look.order):
            found.append(np.nan)
        else:
            parts = [int(part) for part in re.findall(r"[0-9]+", text)[:3]]
            found.append(parts[place[0]] * 10_000.0 + parts[place[1]] * 100 + parts[place[2]])
    return np.array(found)
