"""How a text is read: which texts are numbers, truth values and days, and what they are as such.

Everything here is a narwhals expression over the columns of one row, so a text means the same on every engine.
"""

import narwhals.stable.v2 as nw

from gallop.schema import DAY, FALSE, NUMBER, TIME, TRUE, Role
from gallop.settings.table import Column


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


def _with_zero(value: nw.Expr, pattern: str, position: int) -> nw.Expr:
    longer = nw.concat_str(value.str.slice(0, position), nw.lit("0"), value.str.slice(position))
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
