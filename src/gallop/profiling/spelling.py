"""How the values of an unknown column are written: as numbers, dates or neither, and in which spelling. Pure.

A spelling is tried by reading the column with it, through the very expressions that later read the table; the one that
leaves the fewest rows unread is taken. Where two read all rows, and differently, a note says which one was taken.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import narwhals.stable.v2 as nw
import numpy as np

from gallop.schema import BLANKS, Role
from gallop.settings.table import Column
from gallop.tables.parsing import plain_texts, readable, typed

_MIN_SHARE: Final = 0.9
"""Share of a column's values that must be of a kind for the column to be of it."""
_CODES_SHARE: Final = 0.01
"""Share of whole numbers with leading zeros from which they are codes."""
_FEW: Final = 0.01
_FEW_LEVELS: Final = 20
"""Up to so many different texts are levels, even where they look like numbers."""
_NUMBERS: Final = (
    {},
    {"thousands": ","},
    {"decimal": ","},
    {"decimal": ",", "thousands": "."},
    {"thousands": " "},
    {"decimal": ",", "thousands": " "},
    {"thousands": "'"},
    {"decimal": ",", "thousands": "'"},
)
_DATES: Final = ({"order": "ymd"}, {"order": "dmy"}, {"order": "mdy"})
_DOLLARS: Final = frozenset({"$", "US$", "USD", "CA$", "CAD", "A$", "AUD", "NZD", "SGD", "HKD", "MXN"})
_CURRENCIES: Final = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "R$": "BRL", "ZŁ": "PLN",
    "KR": "KR", "FR.": "CHF", "RS": "INR",
    **{code: code for code in ("EUR", "GBP", "JPY", "INR", "RUB", "KRW", "TRY", "BRL", "PLN", "CHF", "SEK", "NOK")},
    **{code: code for code in ("DKK", "CZK", "HUF", "CNY", "RMB", "ZAR", "AED", "ILS", "THB", "IDR", "PHP", "VND")},
}  # fmt: skip
_AMOUNT: Final = re.compile(
    r"^\(?[+-]?\s*(?P<before>[^\d\s.,()+'-]{1,4})?\s*[+-]?(?:\d[\d.,'\s]*|[.,]\d+?)\s*(?P<behind>[^\d\s,()+'-]{1,12})?\)?$"
)
_TIME_NAME: Final = re.compile(r"date|time|stamp|epoch|created|updated|modified|(?:^|[\W_])(?:ts|at|on|since)$", re.I)
_CODE: Final = re.compile(r"^[A-Za-z]{1,6}[-_ ]?\d+[A-Za-z]?$")
_LIKE_A_DATE: Final = re.compile(
    r"^(?=.*\d)(?:[^\W\d_]{1,12}[.,]?\s*)?\d{1,4}(?:\W+|st|nd|rd|th)+\w{1,12}\W+\d{1,4}\b.{0,30}$"
)
_LIKE_A_NUMBER: Final = re.compile(
    r"^\W{0,3}(?:(?:[^\W\d_]{1,4}\W{0,2})?\d[\d.,' ]*\W{0,2}|\d[\d.,' ]*\W{0,2}[^\W\d_]{1,12}\W?)$"
)


@dataclass(frozen=True)
class Spelling:
    """How a column's values are written."""

    kind: Literal["number", "date", "text"]
    keys: dict[str, Any] = field(default_factory=dict)
    """The keys of its entry under table.columns that say so."""
    unreadable: int = 0
    """Rows whose text is not read."""
    notes: tuple[str, ...] = ()
    """What a person should look at."""
    either_order: bool = False
    """Day first and month first read all dates."""

    @property
    def column(self) -> Column:
        """The settings that read it."""
        role = {"number": Role.NUMBER, "date": Role.DATE, "text": Role.CATEGORY}[self.kind]
        # As JSON a list may be a tuple, as in params.yaml.
        return Column.model_validate_json(json.dumps({"role": role} | self.keys))

    def with_order(self, order: str, because: str) -> "Spelling":
        """The spelling of dates that could be read in either order, in this one."""
        return replace(self, keys={**self.keys, "order": order}, notes=(*self.notes, because), either_order=False)


def values(texts: Sequence[str], column: Column) -> list:
    """What the texts are as values of this column, None where they cannot be read."""
    table = plain_texts(nw.from_dict({"x": [*texts]}, {"x": nw.String()}, backend="polars"), {"x": column}, ())
    known = nw.when(readable("x", column.role)).then(nw.col("x")).otherwise(None)
    return table.select(known.alias("x")).select(typed("x", column.role))["x"].to_list()


def find_spelling(name: str, counts: Counter) -> Spelling:
    """How the texts of a column are written.

    Args:
        name: of the column; it decides only whether whole numbers may be seconds since 1970.
        counts: text → rows, without missing ones.
    """
    texts, rows = [*counts], np.array([*counts.values()], dtype=float)
    total = rows.sum()

    def share(test: Callable[[str], object]) -> float:
        return float(sum(count for text, count in counts.items() if test(text)) / total)

    if not total or share(lambda text: re.search(r"\d", text)) < _MIN_SHARE:
        return Spelling("text")

    def read(kind: Literal["number", "date"], keys: dict) -> Spelling:
        spelling = Spelling(kind, keys)
        unread = np.array([value is None for value in values(texts, spelling.column)])
        return replace(spelling, unreadable=int(rows[unread].sum()))

    few = (1 - _MIN_SHARE) * total
    plain = read("number", {})
    if plain.unreadable <= few and (special := _special_numbers(name, counts, total, share, read)):
        return special
    if not plain.unreadable:
        return plain
    units, note = _units(counts, total)
    spelling = _spelled(texts, counts, units, few, read)
    return spelling or Spelling("text", notes=(note,) if note else _unread_notes(counts, share))


def _spelled(texts: list[str], counts: Counter, units: list[str], few: float, read: Callable) -> Spelling | None:
    """Numbers, durations or dates, whichever leaves few rows unread."""
    plain = read("number", {})
    spellings = [read("number", keys | ({"unit": units} if units else {})) for keys in _candidates(texts, units)]
    best = min([plain, *spellings], key=_unreadable)
    if best.unreadable <= few:
        return replace(best, notes=_number_notes(best, counts))
    seconds, days = read("number", {"duration": True}), [read("date", keys) for keys in _DATES]
    if seconds.unreadable <= few:
        return replace(seconds, notes=_duration_notes(counts))
    best = min(days, key=_unreadable)
    if best.unreadable <= few:
        either = days[1].unreadable == days[2].unreadable == best.unreadable < days[0].unreadable
        either = either and values(texts, days[1].column) != values(texts, days[2].column)
        return replace(best, notes=_year_notes(texts), either_order=either)
    return None


def _unreadable(spelling: Spelling) -> int:
    return spelling.unreadable


def _special_numbers(name: str, counts: Counter, total: float, share: Callable, read: Callable) -> Spelling | None:
    """Texts that look like plain numbers, and are codes, days or thousands."""
    if share(lambda text: re.match(r"^0[0-9]+$", text)) >= _CODES_SHARE:
        return Spelling("text")
    if len(counts) > 2 and share(lambda text: re.match(r"^(?:19|20)[0-9]{6}(?:\.0+)?$", text)) >= 1 - _FEW:
        days = read("date", {"order": "ymd"})
        if days.unreadable <= _FEW * total:
            return replace(days, notes=("whole numbers such as 20240131 are taken for days; if not, role: number",))
    if len(counts) > 2:
        seconds = share(lambda text: re.match(r"^1[0-9]{9}(?:[0-9]{3}|[0-9]{6})?(?:\.0+)?$", text))
        if seconds >= 1 - _FEW:
            if _TIME_NAME.search(name):
                return read("date", {"order": "epoch"})
            note = "the numbers may be seconds or milliseconds since 1970; if so, role: date, order: epoch"
            return replace(read("number", {}), notes=(note,))
    if dotted := _dotted_thousands(counts):
        note = f"{dotted} is read with thousands; if its point is a decimal one, take out decimal and thousands"
        return replace(read("number", {"decimal": ",", "thousands": "."}), notes=(note,))
    return None


def _dotted_thousands(counts: Counter) -> str | None:
    """A number whose point stands between thousands; None where points are decimal ones.

    A float is written without zeros at its end: where 1.160 stands beside 998, it is no 1.16.
    """
    dotted = {text for text in counts if "." in text}
    others = [float(text) for text in counts.keys() - dotted if re.match(r"^[+-]?[0-9]{1,15}$", text)]
    grouped = all(re.match(r"^[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+$", text) for text in dotted)
    small = all(abs(number) < 1000 for number in others)
    zeros = any(text.endswith("0") for text in dotted)
    return min(dotted) if dotted and others and grouped and small and zeros else None


def _candidates(texts: list[str], units: list[str]) -> list[dict]:
    spellings = [keys for keys in _NUMBERS if keys or units]
    # Phone numbers are written in groups of three, too, each as long as the others.
    if (
        not units
        and len({len(text) for text in texts}) == 1
        and all(len(re.findall(r"[ .']", text)) > 1 for text in texts)
    ):
        return [keys for keys in spellings if keys.get("thousands") in {None, ","}]
    return spellings


def _units(counts: Counter, total: float) -> tuple[list[str], str | None]:
    """The texts around the numbers, where all are of one unit; else what to say about them."""
    rows: Counter = Counter()
    for text, count in counts.items():
        if match := _AMOUNT.match(re.sub(f"[{BLANKS}]", " ", text)):
            for affix in {match["before"], match["behind"]} - {None}:
                rows[affix.strip()] += count
    common = {affix: count for affix, count in rows.items() if affix and count >= _FEW * total}
    kinds = {affix: _currency(affix) for affix in rows if affix and _currency(affix)}
    frequent = {kinds[affix] for affix in common if affix in kinds}
    if len(frequent) > 1:
        named = ", ".join(f"{affix} {count:,}" for affix, count in common.items() if affix in kinds)
        return [], f"looks like amounts in several units ({named}), which do not compare; bring them into one"
    if frequent:
        return sorted(affix for affix, kind in kinds.items() if kind in frequent), None
    others = [affix for affix, count in common.items() if count >= _MIN_SHARE * total]
    if len(others) == 1 and not any(_CODE.match(text) for text in counts):
        return [], f"looks like numbers with {others[0]!r}; if so, role: number, unit: ['{others[0]}']"
    return [], None


def _currency(affix: str) -> str | None:
    upper = affix.upper()
    return "%" if affix == "%" else "$" if upper in _DOLLARS else _CURRENCIES.get(upper)


def _number_notes(spelling: Spelling, counts: Counter) -> tuple[str, ...]:
    notes = []
    if spelling.keys.get("thousands") == "," and spelling.keys.get("decimal") is None:
        marked = [text for text in counts if "," in text]
        if marked and not any("." in text or text.count(",") > 1 for text in marked):
            notes.append(f"{marked[0]} is read with thousands; if its comma is a decimal one, decimal: ',' instead")
    if spelling.unreadable:
        notes.append(f"{spelling.unreadable:,} rows are written in another way, and not read")
    return tuple(notes)


def _duration_notes(counts: Counter) -> tuple[str, ...]:
    short = next((text for text in counts if re.match(r"^\d+:\d\d$", text)), None)
    return (f"{short} is read as minutes and seconds; hours and minutes are written 2:13:00",) if short else ()


def _year_notes(texts: list[str]) -> tuple[str, ...]:
    short = next((text for text in texts if re.match(r"^(\d{1,2}|[A-Za-z]+)\W+\w{1,9}\W+\d{2}(?!\d)", text)), None)
    return (f"the years of two digits, as in {short}, are taken for 1969 to 2068",) if short else ()


def _unread_notes(counts: Counter, share: Callable) -> tuple[str, ...]:
    if share(_CODE.match) > 1 - _MIN_SHARE or len(counts) <= _FEW_LEVELS:
        return ()
    example = next(iter(counts))
    for kind, pattern in (("dates", _LIKE_A_DATE), ("numbers", _LIKE_A_NUMBER)):
        if share(pattern.match) >= _MIN_SHARE:
            return (f"looks like {kind}, such as {example!r}, in a spelling that is not read",)
    return ()
