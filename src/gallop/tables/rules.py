"""Row rules: which rows of a text table are leads, and which are set aside, and why.

A rule is a named predicate over one row (or, for duplicates, over the rows of one id) that is true where the row must
go. Rules run in a fixed order and the first that a row breaks claims it, so the counts per rule add up to the rows
rejected. A rule is about scope (no label, another month) or a defect (cannot be true). What a table's
schema did not know (a level, a range, a type) is counted, set aside or refused, as `table.on_new` is set.
"""

from collections.abc import Collection
from dataclasses import dataclass

import narwhals.stable.v2 as nw

from gallop.errors import EmptyTableError, MissingColumnError, WrongTypeError
from gallop.schema import NEW_LEVEL, ROW, RULE, New, Role
from gallop.settings.table import Table
from gallop.tables.days import padded_day
from gallop.tables.parsing import plain_texts, readable, typed, typed_value

DUPLICATE, CONFLICT = "duplicate_row", "conflicting_id"


@dataclass(frozen=True)
class Rule:
    """A named predicate: rows for which `broken` is true are rejected, counted or stop the run, as `on` is."""

    name: str
    broken: nw.Expr
    defect: bool
    column: str
    accepts: str
    on: New = New.REJECT


@dataclass(frozen=True)
class RuleResult:
    """Leads that are kept (typed), rows that are not (as text, with their rule in `schema.RULE`), and the rules."""

    leads: nw.DataFrame
    rejected: nw.DataFrame
    rules: list[Rule]
    noticed: dict[str, int]
    """Leads kept in spite of a rule that is only counted, for each such rule that any lead breaks."""

    def counts(self) -> dict[str, int]:
        """Rows rejected by each rule, in the order of the rules; rules that rejected none count 0."""
        counts = dict.fromkeys((rule.name for rule in self.rules), 0)
        for name in self.rejected[RULE].to_list():
            counts[name] += 1
        return counts


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
    if labelled and table.day:
        rules.append(Rule("no_day", nw.col(table.day).is_null(), False, table.day, "a day"))
        rules.append(_unreadable(table.day, table))
    if labelled and table.day and table.window:
        day = padded_day(nw.col(table.day))
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
        # Claimed after all the others, among the rows that are left; see `_claim_duplicates`.
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
        Rule("unknown_label", ~nw.col(label.column).is_in(known), label.other == "refuse", label.column, accepts),
    ]


def _unreadable(name: str, table: Table) -> Rule:
    role = table.columns[name].role
    accepts = {
        Role.NUMBER: "a decimal number such as 12 or 0.5",
        Role.BOOLEAN: "true or false, yes or no, 1 or 0",
        Role.DAY: "a day such as 2024-01-31",
        Role.DATE: "a day such as 2024-01-31",
    }[role]
    return Rule(f"{name}_no_{role.value}", ~readable(name, role), True, name, accepts, table.on(name, "type"))


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


def apply_rules(
    raw: nw.DataFrame, table: Table, source: str, *, labelled: bool, used: Collection[str] = ()
) -> RuleResult:
    """Sort the rows of a text table into leads and rejected rows.

    Args:
        raw: every value as text, with the row number in `schema.ROW`.
        table: the meaning of the table.
        source: the table's name in errors.
        labelled: True for training; False for scoring (no label needed, no window).
        used: columns of the model's inputs; in scoring the day is needed only where it is one of them.

    Raises:
        MissingColumnError, EmptyTableError. WrongTypeError: a value that the settings refuse.
    """
    optional = set() if labelled else {table.label.column, *table.with_role(Role.DAY)} - {*used}
    _require_columns(raw, table, source, optional)
    if not len(raw):
        raise EmptyTableError(f"{source}: has a header but no rows; at least one lead is needed")
    unused = {*table.with_role(Role.IGNORE), *optional}
    names = [name for name in table.columns if name in raw.columns and name not in unused]
    texts = plain_texts(raw.select(ROW, *names), {name: table.columns[name] for name in names}, table.missing)
    if table.label.column in names and any("" in values for values in table.label.texts):
        texts = texts.with_columns(nw.col(table.label.column).fill_null(""))
    all_rules = rules(table, labelled=labelled, used=used)
    claiming = [rule for rule in all_rules if rule.on is not New.KEEP]
    claimed = _claim_duplicates(texts.with_columns(_first_broken(claiming)), table.id)
    kept = claimed.filter(nw.col(RULE).is_null())
    rejected = claimed.filter(~nw.col(RULE).is_null())
    _refuse(rejected, claiming, source)
    noticed = _noticed(kept, [rule for rule in all_rules if rule.on is New.KEEP])
    noticed |= {} if labelled else _empty_columns(kept, [name for name in table.values if name in used])
    return RuleResult(kept.select(ROW, *[_final(name, table) for name in names]), rejected, claiming, noticed)


def _require_columns(raw: nw.DataFrame, table: Table, source: str, spare: set) -> None:
    # A column that is only ignored may be absent; so may, in scoring, the label and a day that nothing uses.
    optional = {*table.with_role(Role.IGNORE), *spare}
    missing = [name for name in table.columns if name not in raw.columns and name not in optional]
    if missing:
        has = ", ".join(name for name in raw.columns if name != ROW)
        raise MissingColumnError(f"{source}: no column {', '.join(map(repr, missing))}; the header has: {has}")


def _refuse(rejected: nw.DataFrame, rules: list[Rule], source: str) -> None:
    for rule in rules:
        if rule.on is New.REFUSE and len(rows := rejected.filter(nw.col(RULE) == rule.name).sort(ROW)):
            prefix = f"{source}: row {rows[ROW][0]}, column {rule.column!r}"
            raise WrongTypeError(
                f"{prefix}: {rows[rule.column][0]!r} is not {rule.accepts}; {len(rows)} rows break the rule "
                f"{rule.name}, and on_new is refuse"
            )


def _noticed(kept: nw.DataFrame, rules: list[Rule]) -> dict[str, int]:
    if not rules or not len(kept):
        return {}
    sums = kept.select(*[rule.broken.fill_null(False).sum().alias(rule.name) for rule in rules])
    return {rule.name: count for rule in rules if (count := int(sums[rule.name][0]))}


def _empty_columns(kept: nw.DataFrame, names: list[str]) -> dict[str, int]:
    """Columns that the model uses and that have no value in any row: more likely a broken export than a property."""
    return {f"{name}_empty": len(kept) for name in names if len(kept) and kept[name].is_null().all()}


def _first_broken(rules: list[Rule]) -> nw.Expr:
    # A null predicate (nothing to compare) does not break a rule.
    claims = [nw.when(rule.broken.fill_null(False)).then(nw.lit(rule.name)).otherwise(None) for rule in rules]
    return nw.coalesce(*claims, nw.lit(None, dtype=nw.String)).alias(RULE)


def _claim_duplicates(claimed: nw.DataFrame, key: str) -> nw.DataFrame:
    """Of equal rows of one id the first stays; rows of one id that differ all go, since none can be trusted.

    Without an id it is unknown whether equal rows are one lead; all of them stay.
    """
    if key == ROW:
        return claimed
    content = [name for name in claimed.columns if name not in (ROW, RULE)]
    unclaimed = claimed.filter(nw.col(RULE).is_null())
    distinct = unclaimed.sort(ROW).unique(subset=content, keep="first", maintain_order=True)
    conflicts = distinct.select(key).filter(distinct.select(key).is_duplicated())[key].unique().to_list()
    kept_rows = distinct[ROW].to_list()
    repeated = nw.col(RULE).is_null() & ~nw.col(ROW).is_in(kept_rows)
    conflicting = nw.col(RULE).is_null() & nw.col(key).is_in(conflicts)
    rule = nw.when(conflicting).then(nw.lit(CONFLICT))
    return claimed.with_columns(
        rule.otherwise(nw.when(repeated).then(nw.lit(DUPLICATE)).otherwise(nw.col(RULE))).alias(RULE)
    )


def _final(name: str, table: Table) -> nw.Expr:
    role = table.columns[name].role
    if role is Role.LABEL:
        positive = nw.col(name).is_in([*table.label.positive])
        return nw.when(positive).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int8).alias(name)
    if table.on(name, "type") is New.KEEP and role in {Role.NUMBER, Role.BOOLEAN, Role.DATE, Role.DAY}:
        # What cannot be read has been counted and is missing from here on.
        readable_text = nw.when(readable(name, role)).then(nw.col(name)).otherwise(None)
        return typed_value(readable_text, role).alias(name)
    levels = table.columns[name].levels
    if levels and table.on(name, "level") is New.KEEP:
        known = nw.col(name).is_null() | nw.col(name).is_in([*levels])
        return nw.when(known).then(nw.col(name)).otherwise(nw.lit(NEW_LEVEL)).alias(name)
    return typed(name, role)
