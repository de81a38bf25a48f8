"""data_clean: keep the leads that are in scope and possible; set every other row aside with the rule it broke.

The rules themselves are in `gallop.tables.rules`, since scoring holds its leads to the same ones. Training asks more:
a label of two values with enough leads of each, and few defects. Many defects mean that the settings do not fit the
table.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from gallop.errors import EmptyTableError, SingleClassError, UnknownLabelError, WrongTypeError
from gallop.ports import RowStore
from gallop.results.run import Quality, RuleCount
from gallop.schema import ROW, RULE
from gallop.settings.table import Table
from gallop.tables.applied_rules import no_rows, row_rules
from gallop.tables.duplicates import claim_duplicates
from gallop.tables.rule_tally import RuleTally
from gallop.tables.rules import UNKNOWN_LABEL

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
    store = _InMemory()
    quality = clean_parts([raw], raw.columns, table, source, store)
    return Cleaned(nw.concat(store.leads), nw.concat(store.aside), quality)


def clean_parts(
    parts: Iterable[nw.DataFrame], columns: Collection[str], table: Table, source: str, store: RowStore
) -> Quality:
    """As `data_clean`, of a table of any size: its rows come in parts and go into a store.

    Row by row it is decided what goes; then which of the rows of one id stays, by those ids alone that occur again.
    Leads and rejected rows keep their order, but for rows of one id: they stand behind the other rejected rows.

    Args:
        parts: of the raw table, in order; every value as text, with the row number in `schema.ROW`.
        columns: of the raw table.
    """
    rules = row_rules(columns, table, source, labelled=True)
    tally, rows = RuleTally(rules.claiming), 0
    for raw in parts:
        kept, rejected = rules.claim(raw)
        store.keep(kept)
        store.reject(rejected)
        tally.add(rejected)
        rows += len(raw)
    if not rows:
        raise no_rows(source)
    removed = _remove_duplicates(store, tally, table.id)
    tally.refuse_new(source)
    kept_rows = rows - sum(tally.counts.values())
    _refuse_unknown_labels(tally, table, source)
    _refuse_defects(kept_rows, tally, table, source)
    found = _Found(table)
    for kept in store.kept():
        stays = _without(kept, removed)
        found.add(rules.noticed(stays), leads := rules.leads(stays))
        store.write(leads)
    quality = Quality(
        rows=rows,
        kept=kept_rows,
        positives=found.positives,
        rules=tuple(
            RuleCount(rule=rule.name, rows=tally.counts[rule.name], defect=rule.defect) for rule in tally.rules
        ),
        missing=found.missing,
        noticed=found.noticed,
        days=(min(found.days), max(found.days)) if found.days else None,
    )
    _require_both_labels(quality, table, source)
    return quality


def _remove_duplicates(store: RowStore, tally: RuleTally, key: str) -> NDArray[np.int64]:
    """Set aside what goes of rows of one id; returns the rows' numbers, rising."""
    removed = [np.empty(0, dtype=np.int64)]
    for again in store.repeated(key) if key != ROW else ():
        claimed = claim_duplicates(again, key)
        rejected = claimed.filter(~nw.col(RULE).is_null()).sort(ROW)
        store.reject(rejected)
        tally.add(rejected)
        removed.append(rejected[ROW].to_numpy())
    return np.sort(np.concatenate(removed))


def _without(kept: nw.DataFrame, removed: NDArray[np.int64]) -> nw.DataFrame:
    if not len(kept):
        return kept
    first, last = np.searchsorted(removed, [kept[ROW].min(), kept[ROW].max() + 1])
    return kept.filter(~nw.col(ROW).is_in(removed[first:last].tolist())) if first < last else kept


class _Found:
    """What there is to tell of the leads, over all parts."""

    def __init__(self, table: Table) -> None:
        self._label, self._day = table.label.column, table.day
        self.positives = 0
        self.missing: dict[str, int] = {}
        self.noticed: dict[str, int] = {}
        self.days: list[str] = []

    def add(self, noticed: dict[str, int], leads: nw.DataFrame) -> None:
        missing = {name: int(leads[name].null_count()) for name in leads.columns if name != ROW}
        for total, counts in ((self.missing, missing), (self.noticed, noticed)):
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
        if not len(leads):
            return
        self.positives += int(leads[self._label].sum())
        if self._day is not None and len(known := leads[self._day].drop_nulls()):
            self.days += [str(known.min()), str(known.max())]


class _InMemory:
    """A store for a table that is in memory as a whole."""

    def __init__(self) -> None:
        self.leads: list[nw.DataFrame] = []
        self.aside: list[nw.DataFrame] = []
        self._kept: list[nw.DataFrame] = []

    def keep(self, rows: nw.DataFrame) -> None:
        self._kept.append(rows)

    def reject(self, rows: nw.DataFrame) -> None:
        self.aside.append(rows)

    def repeated(self, key: str) -> Iterator[nw.DataFrame]:
        yield from (rows.filter(rows[key].is_duplicated()) for rows in self._kept)

    def kept(self) -> Iterator[nw.DataFrame]:
        return iter(self._kept)

    def write(self, leads: nw.DataFrame) -> None:
        self.leads.append(leads)


def _refuse_unknown_labels(tally: RuleTally, table: Table, source: str) -> None:
    count = tally.counts[UNKNOWN_LABEL]
    if count and table.label.other == "refuse":
        known = [*table.label.positive, *table.label.negative]
        raise UnknownLabelError(
            f"{source}: row {tally.first[UNKNOWN_LABEL][0]}, column {table.label.column!r}: the label has other "
            f"values than {known}: {tally.labels} in {count} rows. Name them under table.label in "
            "params.yaml, or set table.label.other to reject, to set such rows aside"
        )


def _refuse_defects(kept: int, tally: RuleTally, table: Table, source: str) -> None:
    broken = {rule.name: tally.counts[rule.name] for rule in tally.rules if rule.defect and tally.counts[rule.name]}
    in_scope = kept + sum(broken.values())
    for rule in tally.rules:
        count = broken.get(rule.name, 0)
        if count > table.max_defect_share * in_scope:
            row, text = tally.first[rule.name]
            raise WrongTypeError(
                f"{source}: row {row}, column {rule.column!r}: {text!r} is not {rule.accepts}; {count} of {in_scope} "
                f"rows break the rule {rule.name}, more than table.max_defect_share = {table.max_defect_share}"
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
