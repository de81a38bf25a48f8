"""Which scores go where, and what the destination calls them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gallop.errors import MissingColumnError, SettingsError

DESTINATIONS: Final = ("hubspot", "salesforce", "sheets", "postgres")
SQL_TYPES: Final = {
    "probability": "DOUBLE",
    "uplift": "DOUBLE",
    "band": "VARCHAR",
    "decision": "VARCHAR",
    "held_out": "BOOLEAN",
    "rank": "INTEGER",
    "reasons": "VARCHAR",
    "model_version": "VARCHAR",
}
"""What a record gets of the scores, where the file has it, and its type in SQL."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TARGETS: Final = {
    "hubspot": ("contacts", re.compile("contacts|deals|companies")),
    "salesforce": ("Contact", _NAME),
    "sheets": (None, re.compile(r"[\w-]+", re.ASCII)),
    "postgres": ("lead_scores", re.compile(rf"({_NAME.pattern}\.)?{_NAME.pattern}")),
}
"""By destination: where is written to unless another place is named, and how a place may be named."""


@dataclass(frozen=True)
class Delivery:
    """Which scores go where."""

    to: str
    """One of DESTINATIONS."""
    scores: Path
    columns: Sequence[str]
    """Of the scores file."""
    key: str
    """The column of the scores file by which the destination knows a lead."""
    field: str
    """What the destination calls it."""
    target: str | None = None
    """Object, table or spreadsheet; None for the usual one."""

    @property
    def place(self) -> str:
        """Object, table or spreadsheet. Raises `SettingsError` where it cannot be one."""
        usual, accepted = _TARGETS[self.to]
        named = self.target or usual
        if named is None:
            raise SettingsError("--to sheets needs --target: the id in the spreadsheet's address, after /d/")
        if not accepted.fullmatch(named):
            raise SettingsError(f"--target {named!r}: accepted for {self.to} is {accepted.pattern}")
        return named


def selected_fields(delivery: Delivery) -> dict[str, str]:
    """Column of the scores file → name at the destination; the key first."""
    missing = [name for name in (delivery.key, "probability", "decision") if name not in delivery.columns]
    if missing:
        raise MissingColumnError(
            f"{delivery.scores}: has no column {missing[0]!r}, only {', '.join(delivery.columns)}; accepted is what "
            "`gallop score` writes, with the lead's id, or what --key names (`gallop score --keep` carries it along)"
        )
    if delivery.to == "sheets":
        selected = {delivery.key: delivery.key} | {name: name for name in delivery.columns}
    else:
        if not _NAME.fullmatch(delivery.field):
            raise SettingsError(
                f"--field {delivery.field!r}: accepted are letters, digits and _; name the field that holds the key"
            )
        given = [name for name in SQL_TYPES if name in delivery.columns and name != delivery.key]
        selected = {delivery.key: delivery.field} | {name: _field(delivery.to, name) for name in given}
    return selected


def _field(to: str, name: str) -> str:
    if to == "hubspot":
        return f"gallop_{name}"
    if to == "salesforce":
        return f"Gallop_{name.title()}__c"
    return name
