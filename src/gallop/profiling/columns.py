"""What the columns of an unknown table hold: counts only. `gallop.profiling.roles` draws conclusions. Pure.

Everything follows from the distinct texts of a column and how often each occurs, so a wide table costs no more than
its distinct values.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from gallop.profiling.association import level_association, number_association, stand_ins
from gallop.profiling.spelling import Spelling, find_spelling, values
from gallop.schema import FALSE, TRUE, Role
from gallop.settings.table import Column

MISSING_SPELLINGS: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "<na>", "?", "select", "(null)", "nat"})
"""Spellings, in lower case, that mean no value wherever they occur."""

POSSIBLE_MISSING_SPELLINGS: Final = frozenset(
    {"unknown", "none", "missing", "-", "--", ".", "not available", "undefined", "n.a.", "nil"}
)
"""Spellings that may be values: proposed, and in force only where a number or date belongs."""

ColumnKind = Literal["empty", "constant", "boolean", "number", "date", "text"]


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds."""

    name: str
    kind: ColumnKind
    rows: int
    missing: int
    """Rows without a value, by the spellings in `spellings` or no text at all."""
    distinct: int
    counts: Counter
    """Text → rows, without the missing ones; in lower case where `fold_case`."""
    association: float
    """How well the column alone ranks the label: area under the ROC curve, 0.5 (not at all) to 1."""
    spellings: tuple[str, ...] = ()
    """Texts that mean missing here and not in the whole table."""
    possible_spellings: tuple[str, ...] = ()
    """Texts that may mean missing."""
    sentinels: tuple[str, ...] = ()
    """Numbers that look like stand-ins for a missing one, such as 999."""
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    """All numbers are whole."""
    spelling: Spelling = field(default_factory=lambda: Spelling("text"))
    """How numbers and dates are written."""
    fold_case: bool = False
    filled: tuple[float, float] = (1.0, 1.0)
    """Shares of the rows that did not convert, and of those that did, with a value."""
    same_as: str | None = None
    """An earlier column with the same values."""

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def unreadable(self) -> int:
        """Rows whose text is not of the column's kind."""
        return self.spelling.unreadable

    @property
    def unique(self) -> bool:
        """Every row has a value of its own."""
        return self.distinct == self.rows > 0

    @property
    def examples(self) -> tuple[str, ...]:
        """The three commonest values."""
        return tuple(value for value, _ in self.counts.most_common(3))


@dataclass(frozen=True)
class Profile:
    """What a table holds."""

    rows: int
    missing: tuple[str, ...]
    """Spellings found that mean no value in the whole table."""
    columns: dict[str, ColumnProfile] = field(default_factory=dict)


def spellings(columns: Mapping[str, Sequence[str | None]]) -> tuple[str, ...]:
    """The spellings of a missing value that occur anywhere, each as it is written; the empty text first."""
    texts = {text.strip() for values in columns.values() for text in set(values) if text is not None}
    return ("", *sorted(text for text in texts if text and text.lower() in MISSING_SPELLINGS))


def profile(columns: Mapping[str, Sequence[str | None]], label: np.ndarray) -> Profile:
    """Count what every column holds.

    Args:
        columns: name → texts, all of one length n; None or blank where there is none.
        label: shape (n,), 1.0 or 0.0, NaN where unknown; what associations are measured against.
    """
    missing = spellings(columns)
    texts = {
        name: [None if value is None or (text := value.strip()) in missing else text for value in values]
        for name, values in columns.items()
    }
    counts = {name: Counter(text for text in column if text is not None) for name, column in texts.items()}
    spellings_of = _spellings_of(counts)
    profiles: dict[str, ColumnProfile] = {}
    first_with: dict[int, str] = {}
    for name, column in texts.items():
        key = hash(tuple(column))
        profiles[name] = _profile_column(name, column, counts[name], spellings_of[name], label, first_with.get(key))
        first_with.setdefault(key, name)
    rows = len(next(iter(columns.values()), ()))
    return Profile(rows, missing, profiles)


def _spellings_of(counts: dict[str, Counter]) -> dict[str, Spelling]:
    """The spelling of each column. Where a date may be day or month first, the table's other dates decide."""
    found = {
        name: Spelling("text") if _is_boolean(column) else find_spelling(name, _without_doubtful(column))
        for name, column in counts.items()
    }
    orders = {spelling.keys["order"] for spelling in found.values() if spelling.kind == "date" and _is_sure(spelling)}
    orders &= {"dmy", "mdy"}
    for name, spelling in found.items():
        if not spelling.either_order:
            continue
        if len(orders) == 1:
            found[name] = spelling.with_order(*orders, "day or month first as in the table's other dates")
            continue
        # A clock of twelve hours is kept where the month comes first.
        order = "mdy" if any(text.lower().endswith(("am", "pm")) for text in counts[name]) else "dmy"
        example, other = min(counts[name]), {"mdy": "dmy", "dmy": "mdy"}[order]
        found[name] = spelling.with_order(order, f"{example} is read as {order}; it may as well be order: {other}")
    return found


def _is_sure(spelling: Spelling) -> bool:
    return not spelling.either_order


def _without_doubtful(counts: Counter) -> Counter:
    return Counter({text: count for text, count in counts.items() if text.lower() not in POSSIBLE_MISSING_SPELLINGS})


def _is_boolean(counts: Counter) -> bool:
    truths = {text.lower().removesuffix(".0") for text in counts}
    return bool(truths <= {*TRUE, *FALSE} and truths & {*TRUE} and truths & {*FALSE} and len(truths) <= 4)


def _profile_column(
    name: str,
    texts: list[str | None],
    counts: Counter,
    spelling: Spelling,
    label: np.ndarray,
    same_as: str | None,
) -> ColumnProfile:
    possible = tuple(sorted(text for text in counts if text.lower() in POSSIBLE_MISSING_SPELLINGS))
    kind: ColumnKind = "boolean" if _is_boolean(counts) else spelling.kind
    missing_texts = possible if kind in {"number", "date"} else ()
    plain = _plain(counts, kind, spelling, missing_texts)
    details: dict = {}
    shown = [None if text is None else plain.get(text) for text in texts]
    if kind == "number":
        numbers = np.array([np.nan if value is None else value for value in shown], dtype=float)
        details = _number_details(numbers)
        association = number_association(numbers, label)
    else:
        association = level_association(shown, label)
    fold = kind == "text" and len({text.lower() for text in counts}) < len(counts)
    counts = _read_counts(counts, kind, fold, missing_texts)
    present = np.array([text is not None and text not in missing_texts for text in texts], dtype=bool)
    if len(counts) <= 1:
        kind = "constant" if counts else "empty"
    return ColumnProfile(
        name,
        kind,
        len(texts),
        int((~present).sum()),
        len(counts),
        counts,
        association,
        missing_texts,
        () if missing_texts else possible,
        spelling=spelling,
        fold_case=fold,
        filled=(_mean(present[label == 0]), _mean(present[label == 1])),
        same_as=same_as if counts else None,
        **details,
    )


def _plain(counts: Counter, kind: str, spelling: Spelling, missing_texts: tuple[str, ...]) -> dict:
    """Text → what it is as a number, a day, or a level in one case."""
    texts = [text for text in counts if text not in missing_texts]
    if kind in {"number", "date"}:
        read = values(texts, spelling.column)
        # A date that cannot be read still is a level of its own.
        return {
            text: text if value is None and kind == "date" else value for text, value in zip(texts, read, strict=True)
        }
    return dict(zip(texts, values([text.lower() for text in texts], Column(role=Role.CATEGORY)), strict=True))


def _read_counts(counts: Counter, kind: str, fold: bool, missing_texts: tuple[str, ...]) -> Counter:
    """The counts of what is read: `3.0` is `3`, and letters are lower case where the case is folded."""
    texts = [text for text in counts if text not in missing_texts]
    if kind == "date":
        return Counter({text: counts[text] for text in texts})
    read: Counter = Counter()
    for text, level in zip(texts, values(texts, Column(role=Role.CATEGORY, fold_case=fold)), strict=True):
        read[level] += counts[text]
    return read


def _mean(present: np.ndarray) -> float:
    return float(present.mean()) if len(present) else 1.0


def _number_details(values: np.ndarray) -> dict:
    numbers = values[~np.isnan(values)]
    return {
        "minimum": float(numbers.min()),
        "maximum": float(numbers.max()),
        "whole": bool(np.all(numbers == np.round(numbers))),
        "sentinels": stand_ins(numbers),
    }
