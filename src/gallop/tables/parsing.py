"""How a text is read: which texts are numbers, truth values and days, and what they are as such.

Everything here is a narwhals expression over the columns of one row, so a text means the same on every engine.
"""

from collections.abc import Mapping

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import FrameT

from gallop.schema import DAY, FALSE, NUMBER, TRUE, Role
from gallop.settings.table import Column
from gallop.tables.days import padded_day, with_plain_days
from gallop.tables.numerals import plain_number


def text(name: str, missing: tuple[str, ...]) -> nw.Expr:
    """The column's text without surrounding blanks, null where it is one of the spellings of a missing value."""
    return _unless_missing(_stripped(name), missing).alias(name)


def _stripped(name: str) -> nw.Expr:
    return nw.col(name).cast(nw.String).str.strip_chars()


def _unless_missing(stripped: nw.Expr, missing: tuple[str, ...]) -> nw.Expr:
    return nw.when(~stripped.is_in([*missing])).then(stripped).otherwise(None)


def plain_text(name: str, column: Column, missing: tuple[str, ...]) -> nw.Expr:
    """As `text`, with the column's own spellings of a missing value; all that an id or a label needs."""
    return text(name, (*missing, *column.missing))


def plain_texts(raw: FrameT, columns: Mapping[str, Column], missing: tuple[str, ...]) -> FrameT:
    """These columns as `text`, and written the one way that `readable` and `typed` know: year first, decimal point.

    Args:
        raw: every value as text; its other columns stay.
        columns: name → what the column is and how it is written.
        missing: texts that mean no value in every column.
    """
    # In two steps, since an engine does the same work again wherever an expression has it twice.
    texts = raw.with_columns(*[_stripped(name).alias(name) for name in columns])
    texts = texts.with_columns(
        *[_unless_missing(nw.col(name), (*missing, *column.missing)).alias(name) for name, column in columns.items()]
    )
    plain = [_plain(name, column) for name, column in columns.items()]
    texts = texts.with_columns(*[value for value in plain if value is not None])
    days = {name: column.order for name, column in columns.items() if column.role in {Role.DAY, Role.DATE}}
    return with_plain_days(texts, days)


def _plain(name: str, column: Column) -> nw.Expr | None:
    value = nw.col(name)
    if column.role is Role.NUMBER:
        return plain_number(value, column).alias(name)
    if column.role in {Role.CATEGORY, Role.BOOLEAN}:
        value = value.str.to_lowercase() if column.fold_case else value
        return _plain_code(value, column.levels or ()).alias(name)
    return None


def _plain_code(value: nw.Expr, levels: tuple[str, ...]) -> nw.Expr:
    """`3.0` → `3`: libraries make whole numbers floats where one is missing. A level that is written so stays."""
    is_float = value.str.contains(r"^-?(?:0|[1-9][0-9]{0,15})\.0+$")
    if levels:
        is_float = is_float & ~value.is_in([*levels])
    return nw.when(is_float).then(value.str.replace_all(r"\.0+$", "")).otherwise(value)


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
