"""data_clean: keep the leads that are in scope and possible; set every other row aside with the rule it broke.

The rules themselves are in `gallop.tables.rules`, since scoring holds its leads to the same ones. Training asks more:
a label of two values with enough leads of each, and few defects. Many defects mean that the settings do not fit the
table.
"""

from dataclasses import dataclass

import narwhals.stable.v2 as nw

from gallop.errors import EmptyTableError, SingleClassError, UnknownLabelError, WrongTypeError
from gallop.results.run import Quality, RuleCount
from gallop.schema import ROW, RULE
from gallop.settings.table import Table
from gallop.tables.rules import RuleResult, apply_rules

LABEL_MIN_ROWS = 10
"""Fewest leads of each label value with which a model can be trained and tested at all."""


@dataclass(frozen=True)
class Cleaned:
    """Leads that are kept (typed), rows that are not (as text, with their rule), and the counts."""

    leads: nw.DataFrame
    rejected: nw.DataFrame
    quality: Quality


def data_clean(raw: nw.DataFrame, table: Table, source: str) -> Cleaned:
    """Sort the rows of the raw table into leads and rejected rows, and count them.

    Args:
        raw: every value as text, with the row number in `schema.ROW`.
        table: the meaning of the table.
        source: the table's name in errors.

    Raises:
        MissingColumnError, EmptyTableError, UnknownLabelError, WrongTypeError, SingleClassError.
    """
    rows = apply_rules(raw, table, source, labelled=True)
    counts = rows.counts()
    quality = Quality(
        rows=len(raw),
        kept=len(rows.leads),
        positives=int(rows.leads[table.label.column].sum()) if len(rows.leads) else 0,
        rules=tuple(RuleCount(rule=rule.name, rows=counts[rule.name], defect=rule.defect) for rule in rows.rules),
        missing={name: int(rows.leads[name].null_count()) for name in rows.leads.columns if name != ROW},
        noticed=rows.noticed,
        days=_days(rows.leads, table.day),
    )
    if table.label.other == "refuse":
        _refuse_unknown_labels(rows.rejected, table, source)
    _refuse_defects(quality, rows, table, source)
    _require_both_labels(quality, table, source)
    return Cleaned(rows.leads, rows.rejected, quality)


def _days(leads: nw.DataFrame, day: str | None) -> tuple[str, str] | None:
    if day is None or not len(known := leads[day].drop_nulls()):
        return None
    return str(known.min()), str(known.max())


def _refuse_unknown_labels(rejected: nw.DataFrame, table: Table, source: str) -> None:
    strange = rejected.filter(nw.col(RULE) == "unknown_label").sort(ROW)
    if len(strange):
        values = sorted(strange[table.label.column].unique().to_list())[:5]
        known = [*table.label.positive, *table.label.negative]
        raise UnknownLabelError(
            f"{source}: row {strange[ROW][0]}, column {table.label.column!r}: the label has other values than "
            f"{known}: {values} in {len(strange)} rows. Name them under table.label in params.yaml, or set "
            "table.label.other to reject, to set such rows aside"
        )


def _refuse_defects(quality: Quality, rows: RuleResult, table: Table, source: str) -> None:
    broken = {count.rule: count.rows for count in quality.rules if count.defect and count.rows}
    in_scope = quality.kept + sum(broken.values())
    for rule in rows.rules:
        count = broken.get(rule.name, 0)
        if count > table.max_defect_share * in_scope:
            first = rows.rejected.filter(nw.col(RULE) == rule.name).sort(ROW)
            raise WrongTypeError(
                f"{source}: row {first[ROW][0]}, column {rule.column!r}: {first[rule.column][0]!r} is not "
                f"{rule.accepts}; "
                f"{count} of {in_scope} rows break the rule {rule.name}, more than table.max_defect_share = "
                f"{table.max_defect_share}"
            )
    if sum(broken.values()) > table.max_defect_share * in_scope:
        listed = ", ".join(f"{name} {rows}" for name, rows in broken.items())
        raise WrongTypeError(
            f"{source}: {sum(broken.values())} of {in_scope} rows are broken ({listed}), more than "
            f"table.max_defect_share = {table.max_defect_share}"
        )


def _require_both_labels(quality: Quality, table: Table, source: str) -> None:
    counts = ", ".join(f"{count.rule} {count.rows}" for count in quality.rules if count.rows)
    if not quality.kept:
        raise EmptyTableError(f"{source}: none of the {quality.rows} rows is left after the rules ({counts})")
    positives, negatives = quality.positives, quality.kept - quality.positives
    if min(positives, negatives) < LABEL_MIN_ROWS:
        raise SingleClassError(
            f"{source}: column {table.label.column!r}: {positives} converted and {negatives} not, after the "
            f"rules{f' ({counts})' if counts else ''}; at least {LABEL_MIN_ROWS} leads of each are needed"
        )
