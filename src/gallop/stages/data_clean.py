"""data_clean: keep the leads that are in scope and possible; set every other row aside with the rule it broke.

A rule is a named predicate over one row (or, for duplicates, over the rows of one id) that is true where the row must
go. Rules run in a fixed order and the first that a row breaks claims it, so the counts per rule add up to the rows
rejected. `scope` rules say "not asked for" (no label, another month); `defect` rules say "cannot be true". Too many
defects mean that the settings do not fit the table, and stop the run.
"""

from dataclasses import dataclass

import narwhals.stable.v2 as nw
from pydantic import BaseModel, ConfigDict

from gallop.errors import EmptyTable, MissingColumn, OneClass, UnknownLabel, WrongType
from gallop.features import padded_day, readable, text, typed
from gallop.schema import ROW, RULE, Role
from gallop.settings import Table

LABEL_MIN_ROWS = 10
"""Fewest rows of each label value with which a model can be trained and tested at all."""


@dataclass(frozen=True)
class Rule:
    """A named predicate: rows for which `broken` is true are rejected."""

    name: str
    broken: nw.Expr
    defect: bool
    column: str
    accepts: str


class RuleCount(BaseModel):
    """How many rows one rule rejected."""

    model_config = ConfigDict(frozen=True)
    rule: str
    rows: int
    defect: bool


class Quality(BaseModel):
    """The data-quality report: every row that came in is counted exactly once."""

    model_config = ConfigDict(frozen=True)
    rows: int
    kept: int
    positives: int | None
    rules: tuple[RuleCount, ...]
    missing: dict[str, int]


@dataclass(frozen=True)
class Cleaned:
    """Leads that are kept (typed), rows that are not (as text, with their rule), and the counts."""

    leads: nw.DataFrame
    rejected: nw.DataFrame
    quality: Quality


def rules(table: Table, *, labelled: bool) -> list[Rule]:
    """The rules of a table, in the order in which they claim rows.

    Args:
        labelled: True for training; False for scoring, where label and window do not matter.
    """
    found = [Rule("no_id", nw.col(table.id).is_null(), False, table.id, "an id")]
    if labelled:
        found += _label_rules(table)
    if labelled and table.window and table.day:
        day = padded_day(nw.col(table.day))
        first, last = table.window.first.isoformat(), table.window.last.isoformat()
        found.append(Rule("no_day", nw.col(table.day).is_null(), False, table.day, "a day"))
        found.append(_unreadable(table.day, Role.DAY))
        found.append(Rule("outside_window", (day < first) | (day > last), False, table.day, f"{first} to {last}"))
    for name, kept in table.keep.items():
        # An impossible value is a defect even where the row would be out of scope, so it is looked for first.
        found += _value_rules(name, table)
        outside = nw.col(name).is_null() | ~nw.col(name).is_in([*kept])
        found.append(Rule(f"{name}_not_kept", outside, False, name, " or ".join(kept)))
    for name in table.values:
        if name not in table.keep:
            found += _value_rules(name, table)
    return found


def _label_rules(table: Table) -> list[Rule]:
    label = table.label
    known = [*label.positive, *label.negative]
    accepts = f"{' or '.join(label.positive)} (positive), {' or '.join(label.negative)} (negative)"
    return [
        Rule("no_label", nw.col(label.column).is_null(), False, label.column, accepts),
        Rule("unknown_label", ~nw.col(label.column).is_in(known), True, label.column, accepts),
    ]


def _unreadable(name: str, role: Role) -> Rule:
    accepts = {
        Role.NUMBER: "a decimal number such as 12 or 0.5",
        Role.BOOLEAN: "true or false, yes or no, 1 or 0",
        Role.DAY: "a day such as 2024-01-31",
    }[role]
    return Rule(f"{name}_no_{role.value}", ~readable(name, role), True, name, accepts)


def _value_rules(name: str, table: Table) -> list[Rule]:
    column = table.columns[name]
    if column.role is Role.CATEGORY:
        if column.levels is None:
            return []
        unknown = ~nw.col(name).is_in([*column.levels])
        return [Rule(f"{name}_unknown", unknown, True, name, f"one of {', '.join(column.levels)}")]
    found = [_unreadable(name, column.role)]
    if column.role is Role.NUMBER:
        # The guard repeats here because an engine may evaluate a cast on rows that an earlier rule already claimed.
        number = nw.when(readable(name, Role.NUMBER)).then(nw.col(name)).otherwise(None).cast(nw.Float64)
        if column.minimum is not None:
            below = number < column.minimum
            found.append(Rule(f"{name}_below_minimum", below, True, name, f"{column.minimum} or more"))
        if column.maximum is not None:
            above = number > column.maximum
            found.append(Rule(f"{name}_above_maximum", above, True, name, f"{column.maximum} or less"))
    return found


def data_clean(raw: nw.DataFrame, table: Table, source: str, *, labelled: bool = True) -> Cleaned:
    """Sort the rows of a text table into leads and rejected rows.

    Args:
        raw: every value as text, with the row number in `schema.ROW`.
        table: the meaning of the table.
        source: the table's name in errors.
        labelled: True for training; False for scoring (no label needed, no window).

    Raises:
        MissingColumn, EmptyTable, UnknownLabel, WrongType, OneClass.
    """
    _require_columns(raw, table, source, labelled=labelled)
    if not len(raw):
        raise EmptyTable(f"{source}: has a header but no rows; at least one lead is needed")
    ignored = {name for name, column in table.columns.items() if column.role is Role.IGNORE}
    unlabelled = set() if labelled else {table.label.column}
    names = [name for name in table.columns if name in raw.columns and name not in ignored | unlabelled]
    texts = raw.select(ROW, *[text(name, table.missing) for name in names])
    found = rules(table, labelled=labelled)
    claimed = texts.with_columns(_first_broken(found))
    claimed = _claim_duplicates(claimed, table.id)
    if labelled and table.label.other == "refuse":
        _refuse_unknown_labels(claimed, table, source)
    kept = claimed.filter(nw.col(RULE).is_null())
    rejected = claimed.filter(~nw.col(RULE).is_null())
    leads = kept.select(ROW, *[_final(name, table) for name in names])
    quality = _quality(len(raw), leads, rejected, found, table, labelled=labelled)
    _refuse_defects(quality, rejected, found, table, source)
    if labelled:
        _require_both_labels(quality, table, source)
    return Cleaned(leads, rejected, quality)


def _require_columns(raw: nw.DataFrame, table: Table, source: str, *, labelled: bool) -> None:
    # A column that is only ignored may be absent; so may, in scoring, the label and a day that nothing uses.
    optional = {name for name, column in table.columns.items() if column.role is Role.IGNORE}
    if not labelled:
        optional |= {table.label.column, table.day}
    missing = [name for name in table.columns if name not in raw.columns and name not in optional]
    if missing:
        has = ", ".join(name for name in raw.columns if name != ROW)
        raise MissingColumn(f"{source}: no column {', '.join(map(repr, missing))}; the header has: {has}")


def _first_broken(found: list[Rule]) -> nw.Expr:
    claim = nw.lit(None, dtype=nw.String)
    for rule in reversed(found):
        # A null predicate (nothing to compare) does not break a rule.
        claim = nw.when(rule.broken.fill_null(False)).then(nw.lit(rule.name)).otherwise(claim)
    return claim.alias(RULE)


def _claim_duplicates(claimed: nw.DataFrame, key: str) -> nw.DataFrame:
    """Of equal rows of one id the first stays; rows of one id that differ all go, since none can be trusted."""
    content = [name for name in claimed.columns if name not in (ROW, RULE)]
    alive = claimed.filter(nw.col(RULE).is_null())
    first = alive.sort(ROW).unique(subset=content, keep="first", maintain_order=True)
    conflicts = first.select(key).filter(first.select(key).is_duplicated())[key].unique().to_list()
    firsts = first[ROW].to_list()
    spare = nw.col(RULE).is_null() & ~nw.col(ROW).is_in(firsts)
    clash = nw.col(RULE).is_null() & nw.col(key).is_in(conflicts)
    rule = nw.when(clash).then(nw.lit("conflicting_id"))
    return claimed.with_columns(
        rule.otherwise(nw.when(spare).then(nw.lit("duplicate_row")).otherwise(nw.col(RULE))).alias(RULE)
    )


def _final(name: str, table: Table) -> nw.Expr:
    role = table.columns[name].role
    if role is Role.LABEL:
        positive = nw.col(name).is_in([*table.label.positive])
        return nw.when(positive).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int8).alias(name)
    return typed(name, role)


def _quality(
    rows: int, leads: nw.DataFrame, rejected: nw.DataFrame, found: list[Rule], table: Table, *, labelled: bool
) -> Quality:
    defects = {rule.name: rule.defect for rule in found} | {"duplicate_row": True, "conflicting_id": True}
    counts = dict.fromkeys(defects, 0)
    for name in rejected[RULE].to_list():
        counts[name] += 1
    return Quality(
        rows=rows,
        kept=len(leads),
        positives=int(leads[table.label.column].sum()) if labelled and len(leads) else (0 if labelled else None),
        rules=tuple(RuleCount(rule=name, rows=counts[name], defect=defects[name]) for name in counts),
        missing={name: int(leads[name].null_count()) for name in leads.columns if name != ROW},
    )


def _refuse_unknown_labels(claimed: nw.DataFrame, table: Table, source: str) -> None:
    strange = claimed.filter(nw.col(RULE) == "unknown_label").sort(ROW)
    if len(strange):
        values = sorted(strange[table.label.column].unique().to_list())[:5]
        known = [*table.label.positive, *table.label.negative]
        raise UnknownLabel(
            f"{source}: row {strange[ROW][0]}, column {table.label.column!r}: the label has other values than "
            f"{known}: {values} in {len(strange)} rows. Name them under table.label in params.yaml, or set "
            "table.label.other to reject, to set such rows aside"
        )


def _refuse_defects(quality: Quality, rejected: nw.DataFrame, found: list[Rule], table: Table, source: str) -> None:
    broken = {count.rule: count.rows for count in quality.rules if count.defect and count.rows}
    in_scope = quality.kept + sum(broken.values())
    for rule in found:
        rows = broken.get(rule.name, 0)
        if rows > table.max_defect_share * in_scope and rule.name != "unknown_label":
            first = rejected.filter(nw.col(RULE) == rule.name).sort(ROW)
            raise WrongType(
                f"{source}: row {first[ROW][0]}, column {rule.column!r}: {first[rule.column][0]!r} is not {rule.accepts}; "
                f"{rows} of {in_scope} rows break the rule {rule.name}, more than table.max_defect_share = "
                f"{table.max_defect_share}"
            )
    if sum(broken.values()) > table.max_defect_share * in_scope:
        listed = ", ".join(f"{name} {rows}" for name, rows in broken.items())
        raise WrongType(
            f"{source}: {sum(broken.values())} of {in_scope} rows are broken ({listed}), more than "
            f"table.max_defect_share = {table.max_defect_share}"
        )


def _require_both_labels(quality: Quality, table: Table, source: str) -> None:
    if not quality.kept:
        counts = ", ".join(f"{count.rule} {count.rows}" for count in quality.rules if count.rows)
        raise EmptyTable(f"{source}: none of the {quality.rows} rows is left after the rules ({counts})")
    positives, negatives = quality.positives or 0, quality.kept - (quality.positives or 0)
    if min(positives, negatives) < LABEL_MIN_ROWS:
        raise OneClass(
            f"{source}: column {table.label.column!r}: {positives} converted and {negatives} not, after the rules; at "
            f"least {LABEL_MIN_ROWS} leads of each are needed"
        )
