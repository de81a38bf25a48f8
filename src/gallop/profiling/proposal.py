"""A whole project proposed for an unknown table: every setting that follows from its columns, with reasons. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.profiling.columns import Profile, profile, spellings
from gallop.profiling.dates import late_dates, lead_day, outcome_dates
from gallop.profiling.label import LabelValues, find_label
from gallop.profiling.roles import ProposedColumn, find_roles
from gallop.profiling.split import ProposedSplit
from gallop.profiling.treatment import find_treatment, treatment_keys
from gallop.schema import Role
from gallop.settings.split import BY_DAY
from gallop.settings.table import Format

MOMENTS: Final = ("visit", "signup", "after")
SCORE_AT: Final = "signup"
_MAX_DEFECTS = 0.05
_WIDE = 60
_BY_INIT: Final = "(found by `gallop init`; nobody has decided yet)"


@dataclass(frozen=True)
class InitOptions:
    """The options of `gallop init`: what is known of the table."""

    label: str
    id: str | None = None
    day: str | None = None
    positive: str | None = None
    negative: tuple[str, ...] = ()
    split: str | None = None
    """As `split.by`; None to find out."""
    horizon: str | None = None
    """How soon a conversion counts, such as 30d."""
    treatment: str | None = None
    """Column that says who was contacted, at random."""
    treated: str | None = None
    """Its text that means contacted."""


@dataclass(frozen=True)
class Leak:
    """A finding of the leak guard: a column to leave out, or one about the table, which leaving out does not help."""

    column: str
    because: str
    keep: bool = False


@dataclass(frozen=True)
class Proposal:
    """The settings of a project for this table."""

    options: InitOptions
    profile: Profile
    label: LabelValues
    columns: dict[str, ProposedColumn]
    dates: dict[str, dict[str, str]]
    leaks: tuple[Leak, ...] = ()
    split: ProposedSplit = field(default_factory=ProposedSplit)
    treatment: LabelValues | None = None

    @property
    def left_out(self) -> tuple[Leak, ...]:
        """The leaks that are left out."""
        return tuple(leak for leak in self.leaks if not leak.keep)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model would take: columns and parts of dates, in the table's order."""
        inputs: list[str] = []
        for name, column in self.columns.items():
            parts = [part for part, date in self.dates.items() if date["column"] == name]
            if column.used and column.role is not Role.DATE:
                inputs.append(name)
            elif column.used:
                inputs += parts
        return tuple(inputs)

    def without(self, leaks: Iterable[Leak]) -> "Proposal":
        """The proposal with these columns left out."""
        columns, all_leaks = dict(self.columns), (*self.leaks, *leaks)
        for leak in all_leaks:
            if leak.keep:
                continue
            keys = {key: value for key, value in columns[leak.column].keys.items() if key == "missing"}
            because = f"left out as a leak: {leak.because}"
            columns[leak.column] = ProposedColumn(Role.IGNORE, because, keys=keys, notes=columns[leak.column].notes)
        return replace(self, columns=columns, leaks=all_leaks)._with_dates()

    def split_by(self, split: ProposedSplit) -> "Proposal":
        """The proposal with this split; days since 1970 of the dates it goes by are no inputs."""
        return replace(self, split=split)._with_dates()

    def _with_dates(self) -> "Proposal":
        elapsed = {lead_day(self.columns) if name == BY_DAY else name for name in self.split.elapsed}
        parts = _dates(self.columns, self.profile)
        kept = {part: date for part, date in parts.items() if date["part"] != "days" or date["column"] not in elapsed}
        return replace(self, dates=kept)

    def with_roles(self, roles: dict[str, Role]) -> "Proposal":
        """The proposal with other roles, as a person wants them."""
        columns = dict(self.columns)
        for name, role in roles.items():
            used = role in {Role.NUMBER, Role.CATEGORY, Role.BOOLEAN, Role.DATE}
            keys = columns[name].keys if role is columns[name].role else {}
            columns[name] = ProposedColumn(role, "set at the prompt", used, keys)
        return replace(self, columns=columns)._with_dates()

    def answers(self, name: str, raw: str, form: Format, version: str, origin: str) -> dict[str, Any]:
        """The answers to the questions of the project template."""
        junk = sum(self.label.junk.values())
        because = self.label.because
        if junk:
            shown = list(self.label.junk.items())[:6]
            listed = ", ".join(
                [f"{text!r} {count}" for text, count in shown] + ["…"] * (len(self.label.junk) > len(shown))
            )
            because += f"; {junk:,} rows have another text and are set aside ({listed})"
        return {
            "name": name,
            "raw": raw,
            "origin": origin,
            "gallop_version": version,
            "format": form.model_dump(exclude_defaults=True),
            "missing": list(self.profile.missing),
            "max_defect_share": self._max_defect_share(),
            "moments": list(MOMENTS),
            "score_at": SCORE_AT,
            "label": self.options.label,
            "label_because": because,
            "positive": list(self.label.positive),
            "negative": list(self.label.negative),
            "label_other": "reject" if junk else "refuse",
            "treatment": treatment_keys(self.options.treatment, self.treatment),
            "columns": [self._entry(column) for column in self.columns],
            "dates": self.dates,
            "inputs": list(self.inputs),
            "split_by": self.split.by,
            "split_because": self.split.because,
            "gap_days": self.split.gap_days,
            "leaks": [{"column": leak.column, "because": leak.because, "keep": leak.keep} for leak in self.leaks],
        }

    def _entry(self, name: str) -> dict[str, Any]:
        column = self.columns[name]
        after = column.role is Role.LABEL or any(leak.column == name and not leak.keep for leak in self.leaks)
        keys: dict[str, Any] = {"role": column.role.value}
        if after or column.role is not Role.IGNORE:
            keys["known_at"] = "after" if after else SCORE_AT
        return {"name": name, "keys": keys | column.keys, "because": column.because, "notes": list(column.notes)}

    def _max_defect_share(self) -> float:
        """A little above what the table has now: more than that later means that something has changed."""
        profiles, rows = self.profile.columns, max(self.profile.rows, 1)
        defects = sum(
            profiles[name].unreadable
            for name, column in self.columns.items()
            if column.used and "on_new" not in column.keys
        )
        share = defects / rows
        return _MAX_DEFECTS if share < _MAX_DEFECTS / 1.5 else min(0.9, round(share * 1.5, 2))


def propose(columns: dict[str, list[str | None]], options: InitOptions, source: str) -> Proposal:
    """Look at a table and propose a project for it.

    Args:
        columns: name → texts, in the table's order.
        options: of `gallop init`.
        source: the table's name in errors.

    Raises:
        MissingColumnError, SettingsError, SingleClassError, UnknownLabelError: the options do not fit the table.
        EmptyTableError: no rows, or no column is left to learn from.
    """
    if options.label not in columns:
        raise MissingColumnError(
            f"{source}: --label {options.label!r}: no such column; the table has {', '.join(columns)}"
        )
    if not columns[options.label]:
        raise EmptyTableError(f"{source}: has a header but no rows; at least one lead is needed")
    missing = spellings(columns)
    texts = [
        None if text is None or (stripped := text.strip()) in missing else stripped for text in columns[options.label]
    ]
    counts = Counter(text for text in texts if text is not None)
    label = find_label(options.label, counts, options.positive, options.negative, blank=texts.count(None))
    known = dict.fromkeys(label.negative, 0.0) | dict.fromkeys(label.positive, 1.0)
    outcome = np.array([known.get(text or "", np.nan) for text in texts])
    table_profile = profile(columns, outcome)
    roles = find_roles(table_profile, options.label, options.id, options.day)
    roles = _varying_in_scope(roles, columns, outcome)
    treatment = find_treatment(columns, options.treatment, options.treated, missing, source)
    if treatment and options.treatment:
        roles[options.treatment] = ProposedColumn(Role.TREATMENT, f"set with --treatment; {treatment.because}")
    dates = _dates(roles, table_profile)
    proposal = Proposal(options, table_profile, label, roles, dates, treatment=treatment)
    dated = outcome_dates(roles, table_profile) | late_dates(roles, columns, table_profile)
    proposal = proposal.without([Leak(name, f"{name}: {because} {_BY_INIT}") for name, because in dated.items()])
    if not proposal.inputs:
        reasons = "; ".join(f"{name}: {column.because}" for name, column in list(proposal.columns.items())[:5])
        raise EmptyTableError(f"{source}: no column is left to learn from ({reasons})")
    return proposal


def _varying_in_scope(
    roles: dict[str, ProposedColumn], columns: dict[str, list[str | None]], outcome: np.ndarray
) -> dict[str, ProposedColumn]:
    """Leave out what is the same in all rows whose outcome is known, such as a mark that the deal is closed."""
    known = np.flatnonzero(~np.isnan(outcome))
    return {
        name: ProposedColumn(Role.IGNORE, "constant in the rows whose outcome is known")
        if column.used and len({columns[name][row] for row in known}) == 1
        else column
        for name, column in roles.items()
    }


def _dates(roles: dict[str, ProposedColumn], profile: Profile) -> dict[str, dict[str, str]]:
    """Parts of each date that is used: until the lead's day where there is one, else the day itself; weekday, month."""
    day = lead_day(roles)
    dates: dict[str, dict[str, str]] = {}
    for name, column in roles.items():
        if column.role is not Role.DATE or not column.used:
            continue
        if day:
            dates[_fresh(f"{name} until {day}", profile)] = {"column": name, "part": "until", "of": day}
        else:
            dates[_fresh(f"{name} days", profile)] = {"column": name, "part": "days"}
        if len(profile.columns) <= _WIDE:
            dates[_fresh(f"{name} weekday", profile)] = {"column": name, "part": "weekday"}
            dates[_fresh(f"{name} month", profile)] = {"column": name, "part": "month"}
    return dates


def _fresh(name: str, profile: Profile) -> str:
    while name in profile.columns:
        name += "_"
    return name
