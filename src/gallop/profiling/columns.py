"""What the columns of an unknown table hold: counts only. `gallop.profiling.roles` draws conclusions. Pure.

Everything follows from the distinct texts of a column and how often each occurs, so a wide table costs no more than
its distinct values.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from gallop.evaluation.ranking import group_by_score, roc_auc
from gallop.schema import DAY, FALSE, NUMBER, TIME, TRUE

MISSING_SPELLINGS: Final = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "<na>", "?", "select", "(null)", "nat"})
"""Spellings, in lower case, that mean no value wherever they occur."""

POSSIBLE_MISSING_SPELLINGS: Final = frozenset(
    {"unknown", "none", "missing", "-", "--", ".", "not available", "undefined", "n.a.", "nil"}
)
"""Spellings that may be values: proposed, and in force only where a number or date belongs."""

ColumnKind = Literal["empty", "constant", "boolean", "number", "date", "text"]
Order = Literal["ymd", "dmy", "mdy"]

_DATES: Final[dict[Order, str]] = {
    "ymd": r"^([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})$",
    "dmy": r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$",
    "mdy": r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$",
}
_COMMA_NUMBER: Final = r"^[+-]?[0-9]{1,3}(\.?[0-9]{3})*(,[0-9]+)?$"
_MIN_SHARE_OF_KIND = 0.9
"""Share of a column's values that must be of a kind for the column to be of it."""


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
    decimal: Literal[".", ","] = "."
    order: Order = "ymd"
    fold_case: bool = False
    unreadable: int = 0
    """Rows whose text is not of the column's kind."""
    same_as: str | None = None
    """An earlier column with the same values."""

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

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
    profiles: dict[str, ColumnProfile] = {}
    first_with: dict[int, str] = {}
    for name, values in columns.items():
        texts = [None if value is None or (text := value.strip()) in missing else text for value in values]
        key = hash(tuple(texts))
        profiles[name] = _profile_column(name, texts, label, first_with.get(key))
        first_with.setdefault(key, name)
    rows = len(next(iter(columns.values()), ()))
    return Profile(rows, missing, profiles)


def _profile_column(name: str, texts: list[str | None], label: np.ndarray, same_as: str | None) -> ColumnProfile:
    counts = Counter(text for text in texts if text is not None)
    possible = tuple(sorted(text for text in counts if text.lower() in POSSIBLE_MISSING_SPELLINGS))
    kind, details = _kind(counts, possible)
    missing_texts = possible if kind in {"number", "date"} else ()
    for text in missing_texts:
        del counts[text]
    fold = kind == "text" and len({text.lower() for text in counts}) < len(counts)
    if fold:
        folded: Counter = Counter()
        for text, count in counts.items():
            folded[text.lower()] += count
        counts = folded
    missing = len(texts) - counts.total()
    values = np.array([np.nan if text is None or text in missing_texts else _number(text, details) for text in texts])
    if kind == "number":
        numbers = values[~np.isnan(values)]
        details |= {"minimum": float(numbers.min()), "maximum": float(numbers.max())}
        details |= {"whole": bool(np.all(numbers == np.round(numbers))), "sentinels": _sentinels(numbers)}
    shown = [text.lower() if fold and text is not None else text for text in texts]
    association = _number_association(values, label) if kind == "number" else _level_association(shown, label)
    if len(counts) <= 1:
        kind = "constant" if counts else "empty"
    return ColumnProfile(
        name,
        kind,
        len(texts),
        missing,
        len(counts),
        counts,
        association,
        missing_texts,
        () if missing_texts else possible,
        fold_case=fold,
        same_as=same_as if counts else None,
        **details,
    )


def _kind(counts: Counter, possible: tuple[str, ...]) -> tuple[ColumnKind, dict]:
    """The kind that most values are of, and how they are written."""
    counted = {text: count for text, count in counts.items() if text not in possible}
    total = sum(counted.values())
    if not total:
        return "empty", {}
    truths = {text.lower() for text in counts}
    if truths <= {*TRUE, *FALSE} and truths & {*TRUE} and truths & {*FALSE} and len(truths) <= 4:
        return "boolean", {}

    def unreadable(pattern: str, removed: str = "") -> int:
        compiled = re.compile(pattern)
        return sum(
            count
            for text, count in counted.items()
            if not compiled.match(re.sub(removed, "", text) if removed else text)
        )

    if (others := unreadable(NUMBER)) <= (1 - _MIN_SHARE_OF_KIND) * total:
        return "number", {"unreadable": others}
    if (others := unreadable(_COMMA_NUMBER)) <= (1 - _MIN_SHARE_OF_KIND) * total:
        return "number", {"unreadable": others, "decimal": ","}
    days = {order: sum(count for text, count in counted.items() if not is_day(text, order)) for order in _DATES}
    order = min(days, key=lambda order: days[order])
    if days[order] <= (1 - _MIN_SHARE_OF_KIND) * total:
        return "date", {"unreadable": days[order], "order": order}
    return "text", {}


def is_day(text: str, order: Order) -> bool:
    """True where the text is an existing day, written in this order, with or without a time of day."""
    parts = re.match(_DATES[order], re.sub(TIME, "", text))
    if not parts:
        return False
    year, month, day = {"ymd": (1, 2, 3), "dmy": (3, 2, 1), "mdy": (3, 1, 2)}[order]
    return bool(re.match(DAY, f"{parts[year]}-{parts[month]:0>2}-{parts[day]:0>2}"))


def _number(text: str, details: dict) -> float:
    if details.get("decimal") == ",":
        text = text.replace(".", "").replace(",", ".")
    return float(text) if re.match(NUMBER, text) else np.nan


def _sentinels(values: np.ndarray) -> tuple[str, ...]:
    """Whole numbers of three or more equal digits, or -1, at the very end of the values and far from the others."""
    distinct = np.unique(values)
    sentinels = []
    for end, neighbour in ((-1, -2), (0, 1)):
        if len(distinct) < 5:
            continue
        value, next_to = float(distinct[end]), float(distinct[neighbour])
        spread = float(np.subtract(*np.percentile(values, [75, 25]))) or 1.0
        digits = str(abs(int(value))) if value == int(value) else ""
        alike = len(digits) >= 3 and len(set(digits)) == 1
        if (alike and abs(value - next_to) > 3 * spread) or (value == -1.0 and next_to >= 0.0):
            sentinels.append(str(int(value)))
    return tuple(sentinels)


def _number_association(values: np.ndarray, label: np.ndarray) -> float:
    known = ~np.isnan(values) & ~np.isnan(label)
    if len(np.unique(label[known])) < 2:
        return 0.5
    area = float(roc_auc(*group_by_score(values[known], label[known], 1 - label[known])))
    return max(area, 1 - area)


def _level_association(texts: list[str | None], label: np.ndarray) -> float:
    """As `_number_association`, of each row's level's conversion rate in the *other* half of the rows."""
    labelled = ~np.isnan(label)
    levels: dict[str | None, int] = {}
    codes = np.array([levels.setdefault(text, len(levels)) for text in texts], dtype=int)[labelled]
    yes, half = label[labelled], np.arange(labelled.sum()) % 2
    if len(yes) < 4:
        return 0.5
    rate = np.empty(len(yes))
    for parity in (0, 1):
        counted, ranked = half != parity, half == parity
        rows = np.bincount(codes[counted], minlength=len(levels))
        positives = np.bincount(codes[counted], yes[counted], minlength=len(levels))
        rate[ranked] = ((positives + 5.0 * yes[counted].mean()) / (rows + 5.0))[codes[ranked]]
    # The halves' rates differ a little even of a level without an effect, so each half is ranked by itself.
    return float(np.mean([_number_association(rate[half == parity], yes[half == parity]) for parity in (0, 1)]))
