"""The rules applied: a text table becomes leads and rejected rows, all of it at once or some rows at a time."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import FrameT

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.schema import NEW_LEVEL, ROW, RULE, New, Role
from gallop.settings.table import Table
from gallop.tables.days import with_padded_days
from gallop.tables.duplicates import claim_duplicates
from gallop.tables.parsing import plain_texts, readable, typed, typed_value
from gallop.tables.rule_tally import RuleTally
from gallop.tables.rules import Rule, rules

_ROWS_AT_ONCE: Final = 1 << 17


@dataclass(frozen=True)
class RuleResult:
    """Leads that are kept (typed), rows that are not (as text, with their rule in `schema.RULE`), and the rules."""

    leads: nw.DataFrame
    rejected: nw.DataFrame
    tally: RuleTally
    noticed: dict[str, int]
    """Leads kept in spite of a rule that is only counted, for each such rule that any lead breaks."""
    rows: int
    """All there were."""
    beside: nw.DataFrame
    """Of the rows that no rule but that of duplicates claims, the columns asked for, as they came in."""

    def counts(self) -> dict[str, int]:
        """Rows rejected by each rule, in the order of the rules; rules that rejected none count 0."""
        return self.tally.counts


@dataclass(frozen=True)
class RowRules:
    """The rules of one table, for all of its rows or some at a time."""

    table: Table
    columns: list[str]
    """Those that are read."""
    claiming: list[Rule]
    counted: list[Rule]
    """Rules whose rows stay: `on_new` is keep."""

    def claim(self, raw: nw.DataFrame) -> tuple[nw.DataFrame, nw.DataFrame]:
        """The texts of rows that no rule claims, and of the others, with their rule in `schema.RULE`.

        Rows of one id are not compared; see `claim_duplicates`.

        Args:
            raw: every value as text, with the row number in `schema.ROW`.
        """
        texts, names, rejected = self._texts(raw), self.columns, []
        # What is out of scope is mostly the larger part, and no rule behind those of scope has to look at it.
        last = max((position for position, rule in enumerate(self.claiming, 1) if not rule.defect), default=0)
        for some in (self.claiming[:last], self.claiming[last:]):
            claimed = texts.with_columns(_first_broken(some))
            rejected.append(claimed.filter(~nw.col(RULE).is_null()))
            texts = claimed.filter(nw.col(RULE).is_null()).drop(RULE)
        aside = nw.concat(rejected).sort(ROW)
        return texts.select(ROW, *names), aside.select(ROW, *names, RULE)

    def marked(self, raw: FrameT) -> FrameT:
        """All rows as typed values, with the rule that claims each in `schema.RULE`; a claimed row holds nothing else.

        In `counted_as(rule)`, whether a row breaks a rule that is only counted. No value is looked at, so a query may
        be planned of it.
        """
        texts = self._texts(raw).with_columns(
            _first_broken(self.claiming),
            *[rule.broken.fill_null(False).alias(counted_as(rule)) for rule in self.counted],
        )
        free = nw.col(RULE).is_null()
        # An engine may not read a text that a rule has claimed because it cannot be read.
        texts = texts.with_columns(
            *[nw.when(free).then(nw.col(name)).otherwise(None).alias(name) for name in self.columns]
        )
        counted = [counted_as(rule) for rule in self.counted]
        return texts.select(ROW, RULE, *counted, *[_final(name, self.table) for name in self.columns])

    def _texts(self, raw: FrameT) -> FrameT:
        table, names = self.table, self.columns
        texts = plain_texts(raw.select(ROW, *names), {name: table.columns[name] for name in names}, table.missing)
        if table.label.column in names and any("" in values for values in table.label.texts):
            texts = texts.with_columns(nw.col(table.label.column).fill_null(""))
        return with_padded_days(texts, self._days())

    def _days(self) -> list[str]:
        return [name for name in self.columns if self.table.columns[name].role in {Role.DAY, Role.DATE}]

    def leads(self, kept: nw.DataFrame) -> nw.DataFrame:
        """The texts of rows that stay as typed values."""
        return kept.select(ROW, *[_final(name, self.table) for name in self.columns])

    def noticed(self, kept: nw.DataFrame) -> dict[str, int]:
        """Rows that stay in spite of a rule that is only counted, for each such rule that any of them breaks."""
        if not self.counted or not len(kept):
            return {}
        sums = with_padded_days(kept, self._days()).select(
            *[rule.broken.fill_null(False).sum().alias(rule.name) for rule in self.counted]
        )
        return {rule.name: count for rule in self.counted if (count := int(sums[rule.name][0]))}


def counted_as(rule: Rule) -> str:
    """The column in which `RowRules.marked` says whether a row breaks a rule that is only counted."""
    return f"gallop:counted:{rule.name}"


def row_rules(
    columns: Collection[str], table: Table, source: str, *, labelled: bool, used: Collection[str] = ()
) -> RowRules:
    """The rules for a text table with these columns; as `apply_rules` otherwise. Raises `MissingColumnError`."""
    optional = (
        set()
        if labelled
        else {table.label.column, *table.with_role(Role.TREATMENT), *table.with_role(Role.DAY)} - {*used}
    )
    _require_columns(columns, table, source, optional)
    unused = {*table.with_role(Role.IGNORE), *optional}
    names = [name for name in table.columns if name in columns and name not in unused]
    every = rules(table, labelled=labelled, used=used)
    claiming, counted = ([rule for rule in every if (rule.on is New.KEEP) == kept] for kept in (False, True))
    return RowRules(table, names, claiming, counted)


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
    # In pieces, so that what is made on the way is not as large as the table.
    parts = (raw[start : start + _ROWS_AT_ONCE] for start in range(0, len(raw), _ROWS_AT_ONCE))
    return apply_rules_in_parts(parts, raw.columns, table, source, labelled=labelled, used=used)


def apply_rules_in_parts(
    parts: Iterable[nw.DataFrame],
    columns: Collection[str],
    table: Table,
    source: str,
    *,
    labelled: bool,
    used: Collection[str] = (),
    beside: Collection[str] = (),
) -> RuleResult:
    """As `apply_rules`, of a table that comes in parts of rows.

    Args:
        columns: of the raw table.
        beside: those of which the texts as they came in are wanted.
    """
    ready = row_rules(columns, table, source, labelled=labelled, used=used)
    pieces, given, rows = [], [], 0
    for raw in parts:
        pieces.append(ready.claim(raw))
        given.append(raw.select(ROW, *beside).filter(nw.col(ROW).is_in(pieces[-1][0][ROW])))
        rows += len(raw)
    if not rows:
        raise no_rows(source)
    kept = claim_duplicates(nw.concat([piece[0] for piece in pieces]), table.id)
    rejected = nw.concat([*(piece[1] for piece in pieces), kept.filter(~nw.col(RULE).is_null())]).sort(ROW)
    kept = kept.filter(nw.col(RULE).is_null()).drop(RULE)
    tally = RuleTally(ready.claiming)
    tally.add(rejected)
    tally.refuse_new(source)
    noticed = ready.noticed(kept)
    noticed |= {} if labelled else _empty_columns(kept, [name for name in table.values if name in used])
    return RuleResult(ready.leads(kept), rejected, tally, noticed, rows, nw.concat(given))


def no_rows(source: str) -> EmptyTableError:
    """The error to raise for a table without rows."""
    return EmptyTableError(f"{source}: has a header but no rows; at least one lead is needed")


def _require_columns(columns: Collection[str], table: Table, source: str, spare: set) -> None:
    # A column that is only ignored may be absent; so may, in scoring, the label and a day that nothing uses.
    optional = {*table.with_role(Role.IGNORE), *spare}
    missing = [name for name in table.columns if name not in columns and name not in optional]
    if missing:
        has = ", ".join(name for name in columns if name != ROW)
        raise MissingColumnError(f"{source}: no column {', '.join(map(repr, missing))}; the header has: {has}")


def _empty_columns(kept: nw.DataFrame, names: list[str]) -> dict[str, int]:
    """Columns that the model uses and that have no value in any row: more likely a broken export than a property."""
    return {f"{name}_empty": len(kept) for name in names if len(kept) and kept[name].is_null().all()}


def _first_broken(rules: list[Rule]) -> nw.Expr:
    # A null predicate (nothing to compare) does not break a rule.
    claims = [nw.when(rule.broken.fill_null(False)).then(nw.lit(rule.name)).otherwise(None) for rule in rules]
    return nw.coalesce(*claims, nw.lit(None, dtype=nw.String)).alias(RULE)


def _final(name: str, table: Table) -> nw.Expr:
    role = table.columns[name].role
    if role is Role.LABEL:
        positive = nw.col(name).is_in([*table.label.positive])
        return nw.when(positive).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int8).alias(name)
    if role is Role.TREATMENT and table.treatment is not None:
        treated = nw.col(name).is_in([*table.treatment.treated])
        return nw.when(treated).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int8).alias(name)
    if table.on(name, "type") is New.KEEP and role in {Role.NUMBER, Role.BOOLEAN, Role.DATE, Role.DAY}:
        # What cannot be read has been counted and is missing from here on.
        readable_text = nw.when(readable(name, role)).then(nw.col(name)).otherwise(None)
        return typed_value(readable_text, role).alias(name)
    levels = table.columns[name].levels
    if levels and table.on(name, "level") is New.KEEP:
        known = nw.col(name).is_null() | nw.col(name).is_in([*levels])
        return nw.when(known).then(nw.col(name)).otherwise(nw.lit(NEW_LEVEL)).alias(name)
    return typed(name, role)
