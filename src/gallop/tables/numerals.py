"""How a number may be written: thousands, a decimal comma, units of money, percent, durations.

A spelling is a setting of its column, so one text never means two numbers. A text in another spelling is left to the
rules: it is no number, and its row is counted. Narwhals expressions over one row; patterns without references to
groups, since engines write those in different ways.
"""

import re
from typing import Final

import narwhals.stable.v2 as nw

from gallop.schema import BLANKS, NUMBER
from gallop.settings.table import Column

_CLOCK: Final = r"(?:[0-9]{1,6}:[0-5]?[0-9]|[0-9]{1,6}):[0-5][0-9](?:[.,][0-9]{1,9})?$"
_DAYS: Final = r"^[0-9]{1,6} ?d(?:ays?)?(?:,? *)"
_SECONDS: Final = {
    r"s(?:ecs?|econds?)?": 1,
    r"m(?:ins?|inutes?)": 60,
    r"h(?:rs?|ours?)?": 3600,
    r"d(?:ays?)?": 86_400,
    r"w(?:eeks?)?": 604_800,
}
"""Words behind a single number → seconds; `m` alone may be months, so it is none."""


def plain_number(value: nw.Expr, column: Column) -> nw.Expr:
    """The number as `schema.NUMBER` knows it: `$1,234.50` → `1234.50`, `(3,5 %)` → `-3.5`, `0:02:13` → seconds.

    A text that is written in another way than the column's settings say stays as it is. Where it would be read as a
    number all the same (12.5 in a column with decimal commas), it is put in quotation marks, which no number has.
    """
    if column.duration:
        return _or_unread(value, _seconds(value))
    if column.decimal == "." and column.thousands is None and not column.unit:
        return value
    spaced = value.str.replace_all(f"[{BLANKS}]", " ")
    digits = spaced
    for unit in sorted(column.unit, key=len, reverse=True):
        digits = digits.str.replace_all(unit, "", literal=True)
    digits = digits.str.replace_all("[ ()]", "").str.replace_all("^[+-]+", "")
    if column.thousands:
        digits = digits.str.replace_all(column.thousands, "", literal=True)
    if column.decimal == ",":
        digits = digits.str.replace_all(",", ".", literal=True)
    negative = spaced.str.contains(r"^[^0-9]*-|^\(")
    signed = nw.when(negative).then(nw.concat_str(nw.lit("-"), digits)).otherwise(digits)
    return _or_unread(value, nw.when(spaced.str.contains(number_pattern(column))).then(signed).otherwise(None))


def _or_unread(value: nw.Expr, number: nw.Expr) -> nw.Expr:
    quoted = nw.concat_str(nw.lit('"'), value, nw.lit('"'))
    unread = nw.when(value.str.contains(NUMBER)).then(quoted).otherwise(value)
    return nw.when(~number.is_null()).then(number).otherwise(unread)


def number_pattern(column: Column) -> str:
    """What a number looks like in this column, blanks of every kind written as one blank."""
    decimal = re.escape(column.decimal)
    whole = "[0-9]{1,40}"
    if column.thousands:
        mark = re.escape(column.thousands)
        # Between commas there may be two digits, as in India: 12,34,567.
        inner = "{2,3}" if column.thousands == "," else "{3}"
        whole = f"(?:[1-9][0-9]{{0,2}}(?:{mark}[0-9]{inner})*{mark}[0-9]{{3}}|{whole})"
    number = f"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)"
    if not column.unit:
        power = "(?:[eE](?:[+]?[0-9]{1,2}|-[0-9]{1,3}))?"
        return rf"^(?:[+-]?{number}{power}|\({number}\))$"
    unit = f"(?:{'|'.join(re.escape(unit) for unit in column.unit)})"
    before, behind = f"[+-]? *{unit} *[+-]? *{number} *{unit}?", f"[+-]?{number} *{unit}"
    bare = "" if "%" in column.unit else f"|[+-]?{number}"
    unsigned = f"{unit}? *{number} *{unit}?"
    return rf"^(?:{before}|{behind}{bare}|\({unsigned}\))$"


def _seconds(value: nw.Expr) -> nw.Expr:
    """Seconds as text: of `1:23:45`, `2:13` (minutes and seconds), `2 days 03:04:05`, `3 hours`; else null."""
    text = value.str.to_lowercase().str.replace_all(f"[{BLANKS}]", " ")
    size = text.str.replace_all("^-", "")
    with_days = size.str.contains(_DAYS + _CLOCK)
    clock = size.str.replace_all(_DAYS, "")
    # The days need hours: `1 day 02:03` may be hours and minutes.
    is_clock = clock.str.contains(f"^{_CLOCK}") & (~size.str.contains(_DAYS) | clock.str.contains(":.*:"))
    days = _number(size.str.replace_all(" ?d.*$", ""), with_days)
    hours = _number(clock.str.replace_all(":.*$", ""), is_clock & clock.str.contains(":.*:"))
    minutes = _number(clock.str.replace_all(":[^:]*$", "").str.replace_all("^.*:", ""), is_clock)
    seconds = _number(clock.str.replace_all("^.*:", "").str.replace_all(",", ".", literal=True), is_clock)
    total = nw.when(is_clock).then(days * 86_400 + hours * 3600 + minutes * 60 + seconds).otherwise(None)
    number = size.str.replace_all(" *[a-z]+$", "").str.replace_all(",", ".", literal=True)
    for word, factor in _SECONDS.items():
        is_word = size.str.contains(rf"^[0-9]{{1,9}}(?:[.,][0-9]{{1,9}})? *{word}$")
        total = nw.when(is_word).then(_number(number, is_word) * factor).otherwise(total)
    return nw.when(text.str.contains("^-")).then(-total).otherwise(total).cast(nw.String)


def _number(text: nw.Expr, where: nw.Expr) -> nw.Expr:
    # An engine may evaluate the cast on all rows, so the others must be null before it.
    return nw.when(where & text.str.contains(NUMBER)).then(text).otherwise(None).cast(nw.Float64).fill_null(0.0)
