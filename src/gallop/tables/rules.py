"""Row rules: which rows of a text table are leads, and which are set aside, and why.

A rule is a named predicate over one row (or, for duplicates, over the rows of one id) that is true where the row must
go. Rules run in a fixed order and the first that a row breaks claims it, so the counts per rule add up to the rows
rejected. A rule is about scope (no label, another month) or a defect (cannot be true). What a table's
schema did not know (a level, a range, a type) is counted, set aside or refused, as `table.on_new` is set.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw

from gallop.schema import DAY, ROW, New, Role
from gallop.settings.table import Table
from gallop.tables.days import padded
from gallop.tables.duplicates import CONFLICT, DUPLICATE
from gallop.tables.parsing import readable

UNKNOWN_LABEL: Final = "unknown_label"


@dataclass(frozen=True)
class Rule:
    """A named predicate: rows for which `broken` is true are rejected, counted or stop the run, as `on` is."""

    name: str
    broken: nw.Expr
    defect: bool
    column: str
    accepts: str
    on: New = New.REJECT


def rules(table: Table, *, labelled: bool, used: Collection[str] = ()) -> list[Rule]:
    """The rules of a table, in the order in which they claim rows.

    Args:
        labelled: True for training; False for scoring, where label and window do not matter.
        used: columns of the model's inputs; in scoring the day matters only where it is one of them.
    """
    rules = []
    if table.id != ROW:
        rules.append(Rule("no_id", nw.col(table.id).is_null(), False, table.id, "an id"))
    if labelled:
        rules += _label_rules(table)
    if labelled and table.treatment:
        known, accepts = (*table.treatment.treated, *table.treatment.control), " or ".join(table.treatment.treated)
        neither = nw.col(table.treatment.column).is_null() | ~nw.col(table.treatment.column).is_in([*known])
        accepts = f"{accepts} (contacted), {' or '.join(table.treatment.control)} (not)"
        rules.append(Rule("no_treatment", neither, False, table.treatment.column, accepts))
    if labelled and table.day:
        rules.append(Rule("no_day", nw.col(table.day).is_null(), False, table.day, "a day"))
        rules.append(_unreadable(table.day, table))
    if labelled and table.day and table.window:
        day = nw.col(padded(table.day))
        first, last = table.window.first.isoformat(), table.window.last.isoformat()
        rules.append(Rule("outside_window", (day < first) | (day > last), False, table.day, f"{first} to {last}"))
    if not labelled and table.day and table.day in used:
        rules.append(_unreadable(table.day, table))
    for name, kept in table.keep.items():
        # An impossible value is a defect even where the row would be out of scope, so it is looked for first.
        rules += _value_rules(name, table)
        outside = nw.col(name).is_null() | ~nw.col(name).is_in([*kept])
        rules.append(Rule(f"{name}_not_kept", outside, False, name, " or ".join(kept)))
    for name in table.values:
        if name not in table.keep:
            rules += _value_rules(name, table)
    if table.id != ROW:
        # Claimed after all the others, among the rows that are left; see `claim_duplicates`.
        unmatched = nw.lit(False)
        rules.append(Rule(DUPLICATE, unmatched, True, table.id, "one row per lead"))
        rules.append(Rule(CONFLICT, unmatched, True, table.id, "one row per lead"))
    return rules


def _label_rules(table: Table) -> list[Rule]:
    label = table.label
    known = [text for texts in label.texts for text in texts]
    positive, negative = (
        " or ".join(text or "nothing" for text in texts) for texts in (label.positive, label.negative)
    )
    accepts = f"{positive} (positive), {negative} (negative)"
    return [
        Rule("no_label", nw.col(label.column).is_null(), False, label.column, accepts),
        # A row whose outcome is not decided yet (an open deal) is out of scope; an unexpected text is a defect.
        Rule(UNKNOWN_LABEL, ~nw.col(label.column).is_in(known), label.other == "refuse", label.column, accepts),
    ]


def _unreadable(name: str, table: Table) -> Rule:
    role = table.columns[name].role
    accepts = {
        Role.NUMBER: "a decimal number such as 12 or 0.5",
        Role.BOOLEAN: "true or false, yes or no, 1 or 0",
        Role.DAY: "a day such as 2024-01-31",
        Role.DATE: "a day such as 2024-01-31",
    }[role]
    is_read = nw.col(padded(name)).str.contains(DAY) if role in {Role.DAY, Role.DATE} else readable(name, role)
    return Rule(f"{name}_no_{role.value}", ~is_read, True, name, accepts, table.on(name, "type"))


def _value_rules(name: str, table: Table) -> list[Rule]:
    column = table.columns[name]
    if column.role is Role.CATEGORY:
        if column.levels is None:
            return []
        unknown = ~nw.col(name).is_in([*column.levels])
        accepts = f"one of {', '.join(column.levels)}"
        return [Rule(f"{name}_unknown", unknown, True, name, accepts, table.on(name, "level"))]
    rules = [_unreadable(name, table)]
    if column.role is Role.NUMBER:
        # The guard repeats here because an engine may evaluate a cast on rows that an earlier rule already claimed.
        number = nw.when(readable(name, Role.NUMBER)).then(nw.col(name)).otherwise(None).cast(nw.Float64)
        on = table.on(name, "range")
        if column.minimum is not None:
            below = number < column.minimum
            rules.append(Rule(f"{name}_below_minimum", below, True, name, f"{column.minimum} or more", on))
        if column.maximum is not None:
            above = number > column.maximum
            rules.append(Rule(f"{name}_above_maximum", above, True, name, f"{column.maximum} or less", on))
    return rules
