"""Whether a table's first row is its header. A header may be shown in a message; a lead may not."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from gallop.errors import MalformedTableError, MissingColumnError
from gallop.schema import NUMBER

_DATE: Final = re.compile(r"^\s*[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ].*)?$")
_ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|^\+?[0-9][0-9 ()/-]{6,}$")
_LONGEST_NAME: Final = 200


def looks_like_values(names: Iterable[str]) -> bool:
    """Whether some name is a number, a day, an e-mail address, a telephone number or a text of a page's length."""
    return any(
        re.match(NUMBER, name.strip()) or _DATE.match(name) or _ADDRESS.search(name) or len(name) > _LONGEST_NAME
        for name in names
    )


def require_header(
    columns: Mapping[str, Collection[str | None]] | Collection[str], wanted: Collection[str], source: str
) -> None:
    """Refuse a table whose first row is a lead, or that has nothing of what is wanted; its names are not quoted.

    Args:
        columns: the first row; with the values below each name where they are at hand.
        wanted: names of which a header would have at least one.
        source: the table's name in errors.

    Raises:
        MalformedTableError: none is there, and the first row holds values. MissingColumnError: none of many is there.
    """
    if any(name in columns for name in wanted):
        return
    listed = ", ".join(map(repr, list(wanted)[:3])) + (", …" if len(wanted) > 3 else "")
    # A name that also stands below itself is a value, such as the source `organic`.
    repeated = isinstance(columns, Mapping) and any(name in values for name, values in columns.items())
    if repeated or looks_like_values(columns):
        raise MalformedTableError(
            f"{source}: no header: its first row holds values as the rows below do, and none of the names {listed}; "
            "put a row with the columns' names above it"
        )
    if len(wanted) > 1:
        raise MissingColumnError(
            f"{source}: none of the columns {listed} is in its first row; it is another table, or has no header"
        )
