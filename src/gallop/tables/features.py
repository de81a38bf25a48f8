"""Row-wise features: one definition for training, batch scoring and serving.

Everything here is a narwhals expression over the columns of one row, so it means the same on every engine, and a
lead's features never depend on the other leads in the table. Whatever is *fitted* lives in the model instead.
"""

import narwhals.stable.v2 as nw

from gallop.schema import DAY, FALSE, MISSING_LEVEL, NUMBER, TIME, TRUE, Role
from gallop.settings.features import Bins, DatePart, Features
from gallop.settings.table import Column, Table

_DAY_MS = 86_400_000


def text(name: str, missing: tuple[str, ...]) -> nw.Expr:
    """The column's text without surrounding blanks, null where it is one of the spellings of a missing value."""
    stripped = nw.col(name).cast(nw.String).str.strip_chars()
    return nw.when(~stripped.is_in([*missing])).then(stripped).otherwise(None).alias(name)


def plain_text(name: str, column: Column, missing: tuple[str, ...]) -> nw.Expr:
    """As `text`, and written the one way that `readable` and `typed` know: year first, decimal point, one case."""
    value = text(name, (*missing, *column.missing))
    if column.role is Role.NUMBER and column.decimal == ",":
        return value.str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    if column.fold_case:
        return value.str.to_lowercase()
    if column.role in {Role.DAY, Role.DATE}:
        value = value.str.replace_all(TIME, "")
        if column.order == "ymd":
            return value.str.replace_all(r"^([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})$", "$1-$2-$3")
        swapped = "$3-$2-$1" if column.order == "dmy" else "$3-$1-$2"
        return value.str.replace_all(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})$", swapped)
    return value


def padded_day(value: nw.Expr) -> nw.Expr:
    """`2024-1-3` → `2024-01-03`, so that days compare as texts do."""
    # Cut and joined, since engines write references to a pattern's groups in different ways.
    month = _with_zero(value, r"^[0-9]{4}-[0-9]-", 5)
    return _with_zero(month, r"^[0-9]{4}-[0-9]{2}-[0-9]$", 8)


def _with_zero(value: nw.Expr, pattern: str, place: int) -> nw.Expr:
    longer = nw.concat_str(value.str.slice(0, place), nw.lit("0"), value.str.slice(place))
    return nw.when(value.str.contains(pattern)).then(longer).otherwise(value)


def readable(name: str, role: Role) -> nw.Expr:
    """True where the text is a value of its role; null where there is no text."""
    value = nw.col(name)
    if role is Role.NUMBER:
        return value.str.contains(NUMBER)
    if role is Role.BOOLEAN:
        return value.str.to_lowercase().is_in([*TRUE, *FALSE])
    if role in {Role.DAY, Role.DATE}:
        return padded_day(value).str.contains(DAY)
    return ~value.is_null()


def typed(name: str, role: Role) -> nw.Expr:
    """The text as a value of its role: numbers as Float64, truth values as Boolean, days as zero-padded text.

    Only for rows where `readable` holds or the text is null; other texts are an error of the engine.
    """
    return typed_value(nw.col(name), role).alias(name)


def typed_value(value: nw.Expr, role: Role) -> nw.Expr:
    """As `typed`, of an expression."""
    if role is Role.NUMBER:
        return value.cast(nw.Float64)
    if role is Role.BOOLEAN:
        lower = value.str.to_lowercase()
        yes = nw.when(lower.is_in([*TRUE])).then(nw.lit(True))
        return yes.otherwise(nw.when(lower.is_in([*FALSE])).then(nw.lit(False)).otherwise(None))
    if role in {Role.DAY, Role.DATE}:
        return padded_day(value)
    return value


def binned(name: str, bins: Bins) -> nw.Expr:
    """The group that a level belongs to; a level of no group goes to `other`, a missing one stays missing."""
    value = nw.col(bins.column)
    group = nw.when(~value.is_null()).then(nw.lit(bins.other)).otherwise(None)
    for level, members in bins.groups.items():
        group = nw.when(value.is_in([*members])).then(nw.lit(level)).otherwise(group)
    return group.alias(name)


def as_category(name: str, role: Role) -> nw.Expr:
    """The value as a level of a category: `True` and `False` for truth values, `missing` where there is none."""
    value = nw.col(name)
    if role is Role.BOOLEAN:
        value = nw.when(value).then(nw.lit("True")).otherwise(nw.when(~value).then(nw.lit("False")).otherwise(None))
    return _level(value, name)


def _level(value: nw.Expr, name: str) -> nw.Expr:
    return nw.when(~value.is_null()).then(value).otherwise(nw.lit(MISSING_LEVEL)).alias(name)


def date_part(part: DatePart) -> nw.Expr:
    """A date's weekday (`1` is Monday) or month as a level, its days since 1970-01-01, or the days until another."""
    day = nw.col(part.column).str.to_datetime(format="%Y-%m-%d")
    if part.part == "weekday":
        return day.dt.weekday().cast(nw.String)
    if part.part == "month":
        return day.dt.month().cast(nw.String)
    days = day.dt.timestamp("ms") / _DAY_MS
    if part.part == "until":
        days = nw.col(str(part.of)).str.to_datetime(format="%Y-%m-%d").dt.timestamp("ms") / _DAY_MS - days
    return days.cast(nw.Float64)


def input_roles(table: Table, features: Features) -> dict[str, Role]:
    """The role of each model input, in the order the model takes them. A bin is a category."""
    numbers = {name for name, part in features.dates.items() if part.part in {"days", "until"}}
    made = {name: Role.NUMBER if name in numbers else Role.CATEGORY for name in (*features.bins, *features.dates)}
    return {name: made[name] if name in made else table.columns[name].role for name in features.inputs}


def inputs(table: Table, features: Features) -> list[nw.Expr]:
    """Expressions that turn a typed lead into the model's inputs: Float64 numbers and levels as text, in order."""
    expressions = []
    for name, role in input_roles(table, features).items():
        if name in features.bins:
            expressions.append(_level(binned(name, features.bins[name]), name))
        elif name in features.dates:
            part = date_part(features.dates[name])
            expressions.append(part.alias(name) if role is Role.NUMBER else _level(part, name))
        elif role is Role.NUMBER:
            expressions.append(nw.col(name))
        else:
            expressions.append(as_category(name, role))
    return expressions
