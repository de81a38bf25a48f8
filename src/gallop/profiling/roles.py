"""Which role each column of an unknown table gets, and why: a proposal, one sentence of reason per column. Pure.

What a column is for cannot be known from its values alone; the rules here are the guesses a careful person would
start from. Each is shown, in params.yaml and on the screen, so that it can be corrected.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gallop.errors import MissingColumnError, SettingsError
from gallop.profiling.columns import ColumnProfile, Profile
from gallop.profiling.label import listed
from gallop.results.percent import percent
from gallop.schema import Role

_ID: Final = frozenset({"id", "ids", "uuid", "guid", "key", "identifier", "nr", "number", "no"})
_CODES: Final = frozenset(
    {"code", "type", "group", "region", "browser", "system", "systems", "os", "category", "class", "segment", "zone"}
    | {"zip", "postcode", "channel", "cluster", "device"}
)
_DAYS: Final = frozenset({"date", "day", "created", "timestamp", "datum"})
_CREATED: Final = frozenset({"create", "created", "creation", "entry", "entered", "submitted", "inquiry", "enquiry"})
_OTHER_DATES: Final = frozenset(
    {"first", "last", "birth", "customer", "since", "end", "expiry", "until", "next", "due", "update", "updated"}
    | {"modified", "start", "renewal", "activity", "contract", "seen", "expected", "planned", "stage"}
)
_OUTCOME_DATES: Final = frozenset(
    {"close", "closed", "closing", "conversion", "converted", "convert", "won", "lost", "win", "churn", "churned"}
    | {"cancel", "cancelled", "canceled", "cancellation"}
)
"""Words in the names of dates that are written when the outcome is known."""
_FILLED: Final = 0.95
"""Share of the rows that have a value in a column which may be the lead's day."""
_MAX_ONE_HOT_LEVELS = 20
"""More levels than this are high cardinality."""
_MAX_LISTED_LEVELS = 60
"""Up to this many levels are written down as the known ones."""


@dataclass(frozen=True)
class ProposedColumn:
    """What is proposed for one column."""

    role: Role
    because: str
    used: bool = False
    """The model takes it, or parts of it."""
    keys: dict[str, Any] = field(default_factory=dict)
    """Further keys of its entry under table.columns."""
    notes: tuple[str, ...] = ()
    """Proposals that are not in force."""


def find_roles(profile: Profile, label: str, id_: str | None, day: str | None) -> dict[str, ProposedColumn]:
    """Propose a role for each column.

    Args:
        label: the column with the outcome.
        id_: the column that tells leads apart, where it is set with --id.
        day: the column with the lead's day, where it is set with --day.

    Raises:
        MissingColumnError: a column that was named is not there. SettingsError: it cannot have the role it was given.
    """
    for option, name in (("--label", label), ("--id", id_), ("--day", day)):
        if name is not None and name not in profile.columns:
            raise MissingColumnError(f"{option} {name!r}: no such column; the table has {', '.join(profile.columns)}")
    if day is not None and profile.columns[day].kind != "date":
        raise SettingsError(f"--day {day!r}: holds {listed(profile.columns[day].examples)}, which are no dates")
    roles = {name: _propose_column(column) for name, column in profile.columns.items() if name != label}
    roles[label] = ProposedColumn(Role.LABEL, "the outcome, set with --label")
    key = id_ or _find_id(profile, label)
    if key:
        because = "tells leads apart, set with --id" if id_ else "every row has its own value, and the name says id"
        roles[key] = ProposedColumn(Role.ID, because)
    if day is not None:
        _require_day_of_both(profile.columns[day])
    day_column = day or _find_day(profile, label)
    if day_column:
        keys = roles[day_column].keys
        because = "the lead's day, set with --day" if day else "the name says that it is the lead's day"
        roles[day_column] = ProposedColumn(Role.DAY, because, keys=keys)
    return {name: roles[name] for name in profile.columns}


def _words(name: str) -> list[str]:
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    parted = re.sub(r"(?i)([a-z])(date|datum)\b", r"\1 \2", parted)
    return [word.lower() for word in re.findall(r"[^\W_]+", parted)]


def _find_id(profile: Profile, label: str) -> str | None:
    candidates = [column for name, column in profile.columns.items() if name != label and column.unique]
    candidates = [
        column for column in candidates if column.kind == "text" or (column.kind == "number" and column.whole)
    ]
    ids = [column.name for column in candidates if {*_words(column.name)} & _ID or column.name.lower().endswith("id")]
    return ids[0] if ids else None


def _find_day(profile: Profile, label: str) -> str | None:
    dates = [column for name, column in profile.columns.items() if name != label and column.kind == "date"]
    named = [column for column in dates if {*_words(column.name)} & (_DAYS | _CREATED) and _may_be_day(column)]
    first = [column.name for column in named if {*_words(column.name)} & _CREATED]
    days = first if len(first) == 1 else [column.name for column in named]
    return days[0] if len(days) == 1 else None


def _may_be_day(column: ColumnProfile) -> bool:
    """A lead has its day whatever becomes of it: the column is filled, on both sides of the outcome alike."""
    words = {*_words(column.name)}
    return not words & (_OTHER_DATES | _OUTCOME_DATES) and min(column.filled) >= _FILLED


def _require_day_of_both(column: ColumnProfile) -> None:
    if min(column.filled) == 0:
        no, yes = column.filled
        raise SettingsError(
            f"--day {column.name!r}: is filled in {percent(yes)} of the rows that converted and in {percent(no)} of "
            "the others; a lead without a day is set aside, so one side of the outcome would be empty. The date comes "
            "with the outcome, and is not the lead's day"
        )


def comes_with_outcome(column: ColumnProfile) -> str | None:
    """Why a date is taken for one that is written when the outcome is known; None where nothing says so."""
    no, yes = column.filled
    filled = f"it is filled in {percent(yes)} of the rows that converted and in {percent(no)} of the others"
    if {*_words(column.name)} & _OUTCOME_DATES:
        return f"the name says that the date comes with the outcome; {filled}"
    return filled if min(yes, no) == 0 < max(yes, no) else None


def _propose_column(column: ColumnProfile) -> ProposedColumn:
    if column.kind == "empty":
        return ProposedColumn(Role.IGNORE, "no row has a value")
    if column.kind == "constant":
        value = next(iter(column.counts))
        missing = f" or nothing ({column.missing:,} rows)" if column.missing else ""
        return ProposedColumn(Role.IGNORE, f"constant: every row has {value!r}{missing}")
    if column.same_as:
        return ProposedColumn(Role.IGNORE, f"the same values as {column.same_as!r} in every row")
    if column.kind == "boolean":
        return _with_missing(ProposedColumn(Role.BOOLEAN, f"two values, {listed(column.counts)}", used=True), column)
    if column.kind == "date":
        keys = _spelling_keys(column)
        because = f"dates, such as {column.examples[0]}"
        proposed = ProposedColumn(Role.DATE, because, used=True, keys=keys, notes=column.spelling.notes)
        return _with_missing(proposed, column)
    return _propose_number(column) if column.kind == "number" else _propose_text(column)


def _propose_number(column: ColumnProfile) -> ProposedColumn:
    name_words = {*_words(column.name)}
    if column.whole and column.unique and (name_words & _ID or column.maximum == column.minimum + column.rows - 1):  # ty: ignore
        return ProposedColumn(Role.IGNORE, "every row has its own whole number: an id or a count of rows")
    if name_words & _CODES and column.distinct <= _MAX_ONE_HOT_LEVELS and not column.spellings:
        return _propose_category(column, "numbers that are codes, by the name")
    keys: dict[str, Any] = {"minimum": _as_whole(column.minimum), "maximum": _as_whole(column.maximum)}
    keys |= _spelling_keys(column)
    notes = column.spelling.notes + tuple(
        f"{value} may stand for a missing number; if so, add missing: ['{value}']" for value in column.sentinels
    )
    kind = "whole numbers" if column.whole else "numbers"
    if column.spelling.keys:
        kind += f" {'of seconds ' if column.spelling.keys.get('duration') else ''}written as {column.examples[0]}"
    proposed = ProposedColumn(
        Role.NUMBER, f"{kind}, {column.distinct:,} different ones", used=True, keys=keys, notes=notes
    )
    return _with_missing(proposed, column)


def _spelling_keys(column: ColumnProfile) -> dict[str, Any]:
    keys = {key: value for key, value in column.spelling.keys.items() if (key, value) != ("order", "ymd")}
    return keys | ({"missing": list(column.spellings)} if column.spellings else {})


def _propose_text(column: ColumnProfile) -> ProposedColumn:
    proposed = _propose_levels(column)
    return replace(proposed, notes=(*column.spelling.notes, *proposed.notes))


def _propose_levels(column: ColumnProfile) -> ProposedColumn:
    if column.unique or column.distinct > 0.9 * column.present:
        return ProposedColumn(Role.IGNORE, "(almost) every row has its own text: an id or a name")
    words_per_text = sum(len(text.split()) * count for text, count in column.counts.items()) / column.present
    if words_per_text >= 5 and column.distinct > 0.2 * column.present:
        return ProposedColumn(
            Role.IGNORE, f"free text, {words_per_text:.0f} words on average; the pipeline does not read texts"
        )
    if column.distinct > 0.5 * column.present:
        return ProposedColumn(
            Role.IGNORE, f"{column.distinct:,} texts in {column.present:,} rows: too many to learn from"
        )
    because = f"{column.distinct:,} levels"
    if column.distinct > _MAX_ONE_HOT_LEVELS:
        because = f"high cardinality, {column.distinct:,} levels: each becomes its conversion rate"
    return _propose_category(column, because)


def _propose_category(column: ColumnProfile, because: str) -> ProposedColumn:
    keys: dict[str, Any] = {}
    levels, spoiled = _clean_levels(column)
    if column.fold_case:
        keys["fold_case"] = True
        because += "; upper and lower case are taken for one"
    if spoiled:
        because += f"; {spoiled:,} rows have a level with a stray sign behind it, and count as a new level"
    if len(levels) <= _MAX_LISTED_LEVELS:
        keys["levels"] = levels
    notes = tuple(f"{text!r} may mean missing; if so, add missing: ['{text}']" for text in column.possible_spellings)
    return _with_missing(ProposedColumn(Role.CATEGORY, because, used=True, keys=keys, notes=notes), column)


def _clean_levels(column: ColumnProfile) -> tuple[list[str], int]:
    """The levels, the commonest first, without those that are a commoner one and a stray sign; and those ones' rows."""
    levels, spoiled = [], 0
    for text, count in sorted(column.counts.items(), key=lambda item: (-item[1], item[0])):
        if re.search(r"[?!#&$%*@^~;:,]$", text) and column.counts.get(text[:-1].rstrip(), 0) > count:
            spoiled += count
        elif not (re.search(r"[?!#&$%*@^~;:,]$", text) and text[:-1].strip() in _MISSING_WORDS):
            levels.append(text)
        else:
            spoiled += count
    return levels, spoiled


_MISSING_WORDS = frozenset({"nan", "na", "null", "none"})


def _with_missing(proposed: ProposedColumn, column: ColumnProfile) -> ProposedColumn:
    because = proposed.because
    if column.missing:
        because += f"; missing in {column.missing / column.rows:.1%} of the rows"
    if not column.unreadable:
        return replace(proposed, because=because)
    share = column.unreadable / column.rows
    if share <= 0.01:
        return replace(proposed, because=f"{because}; {column.unreadable:,} rows have something else and are set aside")
    because += f"; {column.unreadable:,} rows ({share:.1%}) have something else, which is counted and taken as missing"
    return replace(proposed, because=because, keys=proposed.keys | {"on_new": "keep"})


def _as_whole(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) and abs(value) < 1e15 else value
