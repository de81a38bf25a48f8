"""The fields of a lead in JSON: which a model needs, what each may hold, and how it is written as the table has it.

The deployed model's own settings say all of it, so another project has another schema and no other code.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from gallop.schema import New, Role
from gallop.serving.problems import FieldProblem, pointer
from gallop.settings.params import Settings
from gallop.settings.table import Column
from gallop.tables.frames import cell_text

LONGEST_TEXT: Final = 10_000
_LARGEST: Final = 1e98
"""Numbers beyond it are none to the row rules either: they could not be squared."""
_ACCEPTED: Final = {
    Role.NUMBER: "a number, or null where it is not known",
    Role.BOOLEAN: "true, false, or null where it is not known",
    Role.CATEGORY: "a text or a number, or null where it is not known",
    Role.DATE: "a day such as 2024-01-31, or null where it is not known",
    Role.DAY: "a day such as 2024-01-31",
}
_VALUES: Final = frozenset({Role.NUMBER, Role.BOOLEAN, Role.CATEGORY, Role.DATE, Role.DAY})


class LeadFields:
    """The fields of the deployed model's leads."""

    def __init__(self, settings: Settings) -> None:
        table, used = settings.table, settings.features.used
        self.id = next(iter(table.with_role(Role.ID)), None)
        self.group = table.group
        events = settings.events
        made = {*events.by_name, *events.expressions} if events else set()
        self.made = {name: table.columns[name] for name in table.columns if name in made}
        """Columns that are worked out of a lead's events."""
        self.required = tuple(name for name in table.columns if name in {*used, *table.keep} - made)
        self.columns = {
            name: column
            for name, column in table.columns.items()
            if column.role in _VALUES and (name in table.values or name in used) and name not in made
        }
        self.settings = settings

    def read(self, lead: object, *where: str | int) -> tuple[dict[str, str], list[FieldProblem]]:
        """A lead as texts, as its row of the table would be, and what is wrong with it.

        Args:
            lead: as it came out of JSON. Fields that are no columns of the table are passed over.
            where: its place in the body, for the problems.
        """
        if not isinstance(lead, Mapping):
            return {}, [FieldProblem(pointer(*where), "an object is needed: column → value")]
        problems = [
            FieldProblem(pointer(*where, name), "missing; the model needs it. null stands for: not known")
            for name in self.required
            if name not in lead
        ]
        texts = {}
        for name, column in self.columns.items():
            value = lead.get(name)
            text = "" if value is None else _text(value, column)
            if text is None:
                problems.append(FieldProblem(pointer(*where, name), f"accepted is {_ACCEPTED[column.role]}"))
            else:
                texts[name] = text
        problems += [
            FieldProblem(pointer(*where, name), "accepted is a short text or a number")
            for name in (self.id, self.group)
            if name and not _is_id(lead.get(name))
        ]
        return texts, problems

    def id_of(self, lead: Mapping[str, Any]) -> str | int | float | None:
        """The id as it came, to tell answers apart; None where there is none."""
        return lead.get(self.id) if self.id else None

    def name_of(self, lead: Mapping[str, Any]) -> str:
        """By what the lead is known wherever it comes up: its group, else its id; empty where it has neither."""
        names = [cell_text(lead[name]) for name in (self.group, self.id) if name and lead.get(name) is not None]
        return next(filter(None, map(str.strip, names)), "")

    def json_schema(self, *, within: bool = True) -> dict[str, Any]:
        """The JSON schema of a lead.

        Args:
            within: whether values are within what the rules accept; among others, a lead that is not is set aside.
        """
        fields = {name: self._field_schema(name, column, within) for name, column in self.columns.items()}
        names = [name for name in (self.id, self.group) if name and not self.made]
        fields = {name: {"type": ["string", "number", "null"], "maxLength": 200} for name in names} | fields
        return {"type": "object", "title": "Lead", "required": [*self.required], "properties": fields}

    def example(self) -> dict[str, Any]:
        """A lead that the rules accept."""
        shown = {self.id: "L1"} if self.id else {}
        return shown | {name: self._example(name, self.columns[name]) for name in self.required}

    def _example(self, name: str, column: Column) -> Any:
        if column.role is Role.NUMBER:
            lowest, highest = column.minimum, column.maximum
            return max(lowest or 0.0, min(1.0, highest if highest is not None else 1.0))
        if column.role is Role.BOOLEAN:
            return True
        if column.role is Role.CATEGORY:
            return (self.settings.table.keep.get(name) or column.levels or ("a",))[0]
        return {"ymd": "2024-01-31", "dmy": "31/01/2024", "mdy": "01/31/2024", "epoch": 1706659200}[column.order]

    def _field_schema(self, name: str, column: Column, within: bool) -> dict[str, Any]:
        table = self.settings.table
        kept = table.keep.get(name)
        if column.role is Role.NUMBER:
            strict = within and table.on(name, "range") is not New.KEEP
            lowest = column.minimum if strict and column.minimum is not None else -_LARGEST
            highest = column.maximum if strict and column.maximum is not None else _LARGEST
            return {"type": ["number", "null"], "minimum": lowest, "maximum": highest}
        if column.role is Role.BOOLEAN:
            return {"type": ["boolean", "null"]}
        closed = kept or (column.levels and table.on(name, "level") is not New.KEEP)
        if within and column.role is Role.CATEGORY and closed:
            return {"enum": [*(kept or column.levels or ())] + ([] if kept else [None])}
        if column.role is Role.CATEGORY:
            known = {"examples": [*column.levels][:10]} if column.levels else {}
            return {"type": ["string", "number", "null"], "maxLength": LONGEST_TEXT} | known
        kinds = ["string", "number", "null"] if column.order == "epoch" else ["string", "null"]
        return {"type": kinds, "examples": [self._example(name, column)], "maxLength": LONGEST_TEXT}


def _is_id(value: object) -> bool:
    short = isinstance(value, str) and len(value) <= 200
    return value is None or short or (isinstance(value, int | float) and not isinstance(value, bool))


def _text(value: object, column: Column) -> str | None:
    """The value as the column writes it; None where it is of another kind."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if column.role is Role.NUMBER:
        return number_text(value, column) if number and abs(value) <= _LARGEST else None
    if column.role is Role.BOOLEAN:
        return str(value) if isinstance(value, bool) else None
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else None
    accepted = number and (column.role is Role.CATEGORY or column.order == "epoch")
    return cell_text(value) if accepted else None


def number_text(value: float, column: Column) -> str:
    """A number as the column's texts are written: with a decimal comma, a unit or as a duration where they have one."""
    plain = cell_text(value)
    if column.duration:
        return f"{Decimal(plain):.9f} s"
    if column.decimal == "." and column.thousands is None and not column.unit:
        return plain
    written = f"{Decimal(plain):f}".replace(".", column.decimal)
    return f"{written}%" if "%" in column.unit else written
