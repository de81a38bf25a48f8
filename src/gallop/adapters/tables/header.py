"""The names of a file's columns, as the settings know them."""

from pathlib import Path

from gallop.errors import MalformedTableError
from gallop.schema import usable_names
from gallop.tables.header import looks_like_values


def column_names(header: list[str], path: Path) -> list[str]:
    """Usable names, each once. Raises `MalformedTableError`: a name occurs twice; values are not quoted."""
    names = usable_names(header)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        if looks_like_values(header):
            raise MalformedTableError(
                f"{path}: its first row holds values, and {len(repeated)} of them more than once, so it is no header; "
                "put a row with the columns' names above it"
            )
        raise MalformedTableError(
            f"{path}: the header names {', '.join(map(repr, repeated[:3]))}{', …' if len(repeated) > 3 else ''} more "
            "than once; every column needs a name of its own"
        )
    return names
