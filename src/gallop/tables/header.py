"""Whether a table's first row is its header. A header may be shown in a message; a lead may not."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from gallop.errors import MalformedTableError
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


def require_header(names: Collection[str], wanted: Collection[str], source: str) -> None:
    """Refuse a table whose first row is a lead.

    Args:
        names: the first row.
        wanted: names of which a header would have at least one.
        source: the table's name in errors.

    Raises:
        MalformedTableError: none is there, and the first row holds values. It quotes none of them.
    """
    if not any(name in names for name in wanted) and looks_like_values(names):
        listed = ", ".join(map(repr, list(wanted)[:3])) + (", …" if len(wanted) > 3 else "")
        raise MalformedTableError(
            f"{source}: no header: its first row holds values (numbers, days or addresses) and none of the names "
            f"{listed}; put a row with the columns' names above it"
        )
