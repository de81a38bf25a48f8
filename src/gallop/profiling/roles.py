"""Which role each column of an unknown table gets, and why: a proposal, one sentence of reason per column. Pure.

What a column is for cannot be known from its values alone; the rules here are the guesses a careful person would
start from. Each is said, in params.yaml and on the screen, so that it can be corrected.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gallop.errors import MissingColumnError, SettingsError
from gallop.profiling.columns import ColumnProfile, Profile
from gallop.profiling.label import some
from gallop.schema import Role

_ID: Final = frozenset({"id", "ids", "uuid", "guid", "key", "identifier", "nr", "number", "no"})
_CODES: Final = frozenset(
    {"code", "type", "group", "region", "browser", "system", "systems", "os", "category", "class", "segment", "zone"}
    | {"zip", "postcode", "channel", "cluster", "device"}
)
_DAYS: Final = frozenset({"date", "day", "created", "timestamp", "datum"})
_OTHER_DATES: Final = frozenset({"first", "last", "birth", "customer", "since", "end", "closed", "expiry", "until"})
_MANY = 20
"""More levels than this are high cardinality."""
_LISTED = 60
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
        id_: the column that tells leads apart, where a person said so.
        day: the column with the lead's day, where a person said so.

    Raises:
        MissingColumn: a column that was named is not there. SettingsError: it cannot have the role it was given.
    """
    for option, name in (("--label", label), ("--id", id_), ("--day", day)):
        if name is not None and name not in profile.looks:
            raise MissingColumnError(f"{option} {name!r}: no such column; the table has {', '.join(profile.looks)}")
    if day is not None and profile.looks[day].kind != "date":
        raise SettingsError(f"--day {day!r}: holds {some(profile.looks[day].examples)}, which are no dates")
    roles = {name: _judge(look) for name, look in profile.looks.items() if name != label}
    roles[label] = ProposedColumn(Role.LABEL, "the outcome, as was said")
    key = id_ or _find_id(profile, label)
    if key:
        reason = "tells leads apart, as was said" if id_ else "every row has its own value, and the name says id"
        roles[key] = ProposedColumn(Role.ID, reason)
    chosen = day or _find_day(profile, label)
    if chosen:
        keys = roles[chosen].keys
        reason = "the lead's day, as was said" if day else "the name says that it is the lead's day"
        roles[chosen] = ProposedColumn(Role.DAY, reason, keys=keys)
    return {name: roles[name] for name in profile.looks}


def _words(name: str) -> list[str]:
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[^\W_]+", parted)]


def _find_id(profile: Profile, label: str) -> str | None:
    unique = [look for name, look in profile.looks.items() if name != label and look.unique]
    unique = [look for look in unique if look.kind == "text" or (look.kind == "number" and look.whole)]
    named = [look.name for look in unique if {*_words(look.name)} & _ID or look.name.lower().endswith("id")]
    return named[0] if named else None


def _find_day(profile: Profile, label: str) -> str | None:
    dates = [look.name for name, look in profile.looks.items() if name != label and look.kind == "date"]
    named = [name for name in dates if {*_words(name)} & _DAYS and not {*_words(name)} & _OTHER_DATES]
    return named[0] if len(named) == 1 else None


def _judge(look: ColumnProfile) -> ProposedColumn:
    if look.kind == "empty":
        return ProposedColumn(Role.IGNORE, "no row has a value")
    if look.kind == "constant":
        value = next(iter(look.counts))
        gaps = f" or nothing ({look.missing:,} rows)" if look.missing else ""
        return ProposedColumn(Role.IGNORE, f"constant: every row has {value!r}{gaps}")
    if look.same_as:
        return ProposedColumn(Role.IGNORE, f"the same values as {look.same_as!r} in every row")
    if look.kind == "boolean":
        return _with_gaps(ProposedColumn(Role.BOOLEAN, f"two values, {some(look.counts)}", used=True), look)
    if look.kind == "date":
        keys: dict[str, Any] = {} if look.order == "ymd" else {"order": look.order}
        keys |= {"missing": list(look.spellings)} if look.spellings else {}
        return _with_gaps(ProposedColumn(Role.DATE, f"dates, such as {look.examples[0]}", used=True, keys=keys), look)
    return _judge_number(look) if look.kind == "number" else _judge_text(look)


def _judge_number(look: ColumnProfile) -> ProposedColumn:
    words = {*_words(look.name)}
    if look.whole and look.unique and (words & _ID or look.maximum == look.minimum + look.rows - 1):  # ty: ignore
        return ProposedColumn(Role.IGNORE, "every row has its own whole number: an id or a count of rows")
    if words & _CODES and look.distinct <= _MANY and not look.spellings:
        return _category(look, "numbers that stand for something, by the name")
    keys: dict[str, Any] = {"minimum": _short(look.minimum), "maximum": _short(look.maximum)}
    if look.decimal != ".":
        keys["decimal"] = look.decimal
    if look.spellings:
        keys["missing"] = list(look.spellings)
    notes = tuple(
        f"{value} may stand for a missing number; if so, add missing: ['{value}']" for value in look.sentinels
    )
    kind = "whole numbers" if look.whole else "numbers"
    what = ProposedColumn(Role.NUMBER, f"{kind}, {look.distinct:,} different ones", used=True, keys=keys, notes=notes)
    return _with_gaps(what, look)


def _judge_text(look: ColumnProfile) -> ProposedColumn:
    if look.unique or look.distinct > 0.9 * look.present:
        return ProposedColumn(Role.IGNORE, "(almost) every row has its own text: an id or a name")
    long = sum(len(text.split()) * count for text, count in look.counts.items()) / look.present
    if long >= 5 and look.distinct > 0.2 * look.present:
        return ProposedColumn(Role.IGNORE, f"free text, {long:.0f} words on average; the pipeline does not read texts")
    if look.distinct > 0.5 * look.present:
        return ProposedColumn(Role.IGNORE, f"{look.distinct:,} texts in {look.present:,} rows: too many to learn from")
    reason = f"{look.distinct:,} levels"
    if look.distinct > _MANY:
        reason = f"high cardinality, {look.distinct:,} levels: each becomes its conversion rate"
    return _category(look, reason)


def _category(look: ColumnProfile, because: str) -> ProposedColumn:
    keys: dict[str, Any] = {}
    known, spoiled = _clean_levels(look)
    if look.fold_case:
        keys["fold_case"] = True
        because += "; upper and lower case are taken for one"
    if spoiled:
        because += f"; {spoiled:,} rows have a level with a stray sign behind it, and count as a new level"
    if len(known) <= _LISTED:
        keys["levels"] = known
    notes = tuple(f"{text!r} may mean missing; if so, add missing: ['{text}']" for text in look.maybe)
    return _with_gaps(ProposedColumn(Role.CATEGORY, because, used=True, keys=keys, notes=notes), look)


def _clean_levels(look: ColumnProfile) -> tuple[list[str], int]:
    """The levels, the commonest first, without those that are a commoner one and a stray sign; and those ones' rows."""
    known, spoiled = [], 0
    for text, count in sorted(look.counts.items(), key=lambda item: (-item[1], item[0])):
        if re.search(r"[?!#&$%*@^~;:,]$", text) and look.counts.get(text[:-1].rstrip(), 0) > count:
            spoiled += count
        elif not (re.search(r"[?!#&$%*@^~;:,]$", text) and text[:-1].strip() in _GAPS):
            known.append(text)
        else:
            spoiled += count
    return known, spoiled


_GAPS = frozenset({"nan", "na", "null", "none"})


def _with_gaps(proposed: ProposedColumn, look: ColumnProfile) -> ProposedColumn:
    reason = proposed.because
    if look.missing:
        reason += f"; missing in {look.missing / look.rows:.1%} of the rows"
    if not look.unreadable:
        return replace(proposed, because=reason)
    share = look.unreadable / look.rows
    if share <= 0.01:
        return replace(proposed, because=f"{reason}; {look.unreadable:,} rows have something else and are set aside")
    reason += f"; {look.unreadable:,} rows ({share:.1%}) have something else, which is counted and taken as missing"
    return replace(proposed, because=reason, keys=proposed.keys | {"on_new": "keep"})


def _short(value: float | None) -> float | int | None:
    return int(value) if value is not None and value == int(value) and abs(value) < 1e15 else value
