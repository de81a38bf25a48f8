"""What a feature is, row by row: one definition for training, batch scoring and serving.

Everything here is a narwhals expression over the columns of one row, so it means the same on every engine, and a
lead's features never depend on the other leads in the table. Whatever is *fitted* lives in the model instead.
"""

import narwhals.stable.v2 as nw

from gallop.schema import MISSING_LEVEL, Role
from gallop.settings.features import Bins, DatePart, Features
from gallop.settings.table import Table

_DAY_MS = 86_400_000


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
