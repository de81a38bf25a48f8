"""Which texts of the column named with --treatment mean contacted, and which not. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gallop.errors import MissingColumnError
from gallop.profiling.label import LabelValues, find_label


def find_treatment(
    columns: Mapping[str, Sequence[str | None]],
    name: str | None,
    treated: str | None,
    missing: Collection[str],
    source: str,
) -> LabelValues | None:
    """How the column reads; None where none was named.

    Args:
        columns: name → texts.
        treated: the text that means contacted, where it is set with --treated.
        missing: texts that mean no value.

    Raises:
        MissingColumnError: no such column. SingleClassError, UnknownLabelError, SettingsError: as `find_label`.
    """
    if name is None:
        return None
    if name not in columns:
        raise MissingColumnError(f"{source}: --treatment {name!r}: no such column; the table has {', '.join(columns)}")
    texts = [text.strip() for text in columns[name] if text is not None and text.strip() not in missing]
    return find_label(name, Counter(texts), treated)


def treatment_keys(name: str | None, values: LabelValues | None) -> dict[str, Any]:
    """The section `table.treatment` of the settings; empty where there is none."""
    if values is None:
        return {}
    return {"column": name, "treated": list(values.positive), "control": list(values.negative)}
