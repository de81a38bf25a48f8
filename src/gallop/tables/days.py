"""How a day may be written: in which order, with names of months, two-digit years, a time, or as seconds since 1970.

Narwhals expressions over one row; patterns without references to groups, since engines write those in different ways.
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import FrameT

from gallop.schema import BLANKS, DAY, TIME

Order = Literal["ymd", "dmy", "mdy", "epoch"]

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY_OF_MONTH: Final = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:[0-9]{4}|[0-9]{2})"
_WEEKDAY: Final = rf"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.{BLANKS}]+"
_WRITTEN: Final = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$"
_FEW: Final = 5_000
_PIVOT: Final = "69"
"""Two-digit years from this one are in the 20th century, as POSIX has it; the others in the 21st."""


def with_plain_days(frame: FrameT, orders: Mapping[str, Order]) -> FrameT:
    """The frame with its days as year-month-day, without their time; a text that is no day in its order stays.

    A year of four digits that comes first and the name of a month are understood in any order. It is done in steps,
    each with its columns, since an expression made of such expressions would double with every step.

    Args:
        orders: column → the order in which its days are written.
    """
    epochs = [_epoch(nw.col(name)).alias(name) for name, order in orders.items() if order == "epoch"]
    frame = frame.with_columns(*epochs) if epochs else frame
    # Nothing is to be done where all days are written in the one way, as they mostly are.
    written = {name: order for name, order in orders.items() if order != "epoch" and not _are_plain(frame, name)}
    if not written:
        return frame
    frame = frame.with_columns(*[_parted(nw.col(name)).alias(_step("text", name)) for name in written])
    parts = {"first": _first, "middle": _middle, "last": _last}
    cut = [
        part(nw.col(_step("text", name))).alias(_step(step, name)) for name in written for step, part in parts.items()
    ]
    frame = frame.with_columns(*cut)
    months = [
        _month(nw.col(_step(step, name))).alias(_step(f"{step} month", name))
        for name in written
        for step in ("first", "middle")
    ]
    frame = frame.with_columns(*months)
    frame = frame.with_columns(*[_joined_day(name, order).alias(_step("day", name)) for name, order in written.items()])
    frame = frame.with_columns(*[padded_day(nw.col(_step("day", name))).alias(_step("day", name)) for name in written])
    days = [(nw.col(_step("day", name)), name) for name in written]
    read = [nw.when(day.str.contains(DAY)).then(day).otherwise(nw.col(name)).alias(name) for day, name in days]
    steps = ("text", *parts, "first month", "middle month", "day")
    return frame.with_columns(*read).drop([_step(step, name) for step in steps for name in written])


def _are_plain(frame: nw.DataFrame | nw.LazyFrame, name: str) -> bool:
    """Whether all days are written in the one way. What is lazy has no values to look at."""
    if isinstance(frame, nw.LazyFrame):
        return False
    return bool(frame[name].unique().str.contains(_WRITTEN).fill_null(True).all())


def _step(step: str, name: str) -> str:
    return f"gallop:{step}:{name}"


def _parted(value: nw.Expr) -> nw.Expr:
    """The text in lower case, without time and weekday, its parts divided by `-`."""
    day = value.str.to_lowercase().str.replace_all(TIME, "").str.replace_all(_WEEKDAY, "")
    return day.str.replace_all(rf"[-/.,{BLANKS}]+", "-")


def _first(text: nw.Expr) -> nw.Expr:
    return text.str.replace_all("-.*$", "")


def _middle(text: nw.Expr) -> nw.Expr:
    return text.str.replace_all("^[^-]*-", "").str.replace_all("-[^-]*$", "")


def _last(text: nw.Expr) -> nw.Expr:
    return text.str.replace_all("^.*-", "")


def _joined_day(name: str, order: Order) -> nw.Expr:
    steps = ("text", "first", "middle", "last", "first month", "middle month")
    text, first, middle, last, first_month, middle_month = (nw.col(_step(step, name)) for step in steps)
    shapes = {
        f"^{_DAY_OF_MONTH}-{_MONTH}-{_YEAR}$": _joined(last, middle_month, first),
        f"^{_MONTH}-{_DAY_OF_MONTH}-{_YEAR}$": _joined(last, first_month, middle),
        f"^[0-9]{{4}}-{_MONTH}-{_DAY_OF_MONTH}$": _joined(first, middle_month, last),
        _WRITTEN: text,
    }
    if order == "ymd":
        # A library that makes whole numbers floats writes `20240131.0`.
        compact = _joined(text.str.slice(0, 4), text.str.slice(4, 2), text.str.slice(6, 2))
        shapes["^(?:19|20)[0-9]{6}(?:-0)?$"] = compact
    else:
        month, day = (middle, first) if order == "dmy" else (first, middle)
        shapes[rf"^[0-9]{{1,2}}-[0-9]{{1,2}}-{_YEAR}$"] = _joined(last, month, day)
    joined = nw.lit(None, dtype=nw.String)
    for shape, day in shapes.items():
        joined = nw.when(text.str.contains(shape)).then(day).otherwise(joined)
    return joined


def padded(name: str) -> str:
    """The column in which `with_padded_days` puts the days of another one."""
    return _step("padded", name)


def with_padded_days(frame: FrameT, names: Collection[str]) -> FrameT:
    """The frame with a column beside each of these, `padded(name)`: its texts as `padded_day` has them.

    A table has few days and many rows, so it is done once for each text.
    """
    if isinstance(frame, nw.LazyFrame):
        columns = [padded_day(nw.col(name)).alias(padded(name)) for name in names]
        return frame.with_columns(*columns) if columns else frame
    for name in names:
        texts = frame.select(name).unique().filter(~nw.col(name).is_null())
        if not 0 < len(texts) <= _FEW:
            frame = frame.with_columns(padded_day(nw.col(name)).alias(padded(name)))
            continue
        days = texts.select(padded_day(nw.col(name)).alias(name))[name].to_list()
        column = frame[name].replace_strict(texts[name].to_list(), days, return_dtype=nw.String)
        frame = frame.with_columns(column.alias(padded(name)))
    return frame


def padded_day(value: nw.Expr) -> nw.Expr:
    """`2024-1-3` → `2024-01-03`, so that days compare as texts do."""
    # Cut and joined, since engines write references to a pattern's groups in different ways.
    month = _with_zero(value, r"^[0-9]{4}-[0-9]-", 5)
    return _with_zero(month, r"^[0-9]{4}-[0-9]{2}-[0-9]$", 8)


def _with_zero(value: nw.Expr, pattern: str, position: int) -> nw.Expr:
    longer = nw.concat_str(value.str.slice(0, position), nw.lit("0"), value.str.slice(position))
    return nw.when(value.str.contains(pattern)).then(longer).otherwise(value)


def _joined(year: nw.Expr, month: nw.Expr, day: nw.Expr) -> nw.Expr:
    number = day.str.replace_all("[a-z]+$", "")
    short = year.str.contains("^[0-9]{2}$")
    century = nw.when(short & (year >= nw.lit(_PIVOT))).then(nw.lit("19")).otherwise(nw.lit("20"))
    full = nw.when(short).then(nw.concat_str(century, year)).otherwise(year)
    return nw.concat_str(full, nw.lit("-"), month, nw.lit("-"), number)


def _month(name: nw.Expr) -> nw.Expr:
    start = name.str.slice(0, 3)
    number = nw.when(start == nw.lit(_MONTHS[0])).then(nw.lit("1")).otherwise(None)
    for index, month in enumerate(_MONTHS[1:], 2):
        number = nw.when(start == nw.lit(month)).then(nw.lit(str(index))).otherwise(number)
    return number


def _epoch(value: nw.Expr) -> nw.Expr:
    """Seconds (9 or 10 digits), milliseconds (12, 13) or microseconds (15, 16) since 1970-01-01, as the UTC day."""
    digits = value.str.replace_all("[.]0+$", "")
    seconds = nw.when(digits.str.contains("^[0-9]{9,10}$")).then(digits).otherwise(None)
    for length, dropped in ((12, 3), (15, 6)):
        matches = digits.str.contains(f"^[0-9]{{{length},{length + 1}}}$")
        seconds = nw.when(matches).then(digits.str.replace_all(f"[0-9]{{{dropped}}}$", "")).otherwise(seconds)
    # An engine may know no missing whole numbers.
    moment = (seconds.fill_null("0").cast(nw.Int64) * 1000).cast(nw.Datetime("ms"))
    return nw.when(~seconds.is_null()).then(moment.dt.to_string("%Y-%m-%d")).otherwise(value)
