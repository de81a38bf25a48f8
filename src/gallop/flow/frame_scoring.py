"""Scoring frames from Python: any library's frame in, the same kind out."""

from dataclasses import dataclass
from typing import Generic

import narwhals.stable.v2 as nw
from narwhals.stable.v2.typing import IntoDataFrameT

from gallop.artifacts.bundle import Bundle
from gallop.schema import ROW
from gallop.settings.table import Table


@dataclass(frozen=True)
class FrameScores(Generic[IntoDataFrameT]):
    """What `score` gives: frames of the library that the leads came in."""

    ranked: IntoDataFrameT
    """One row per scored lead, the best first: id, probability, low, high, prediction, decision, held_out, band,
    rank, reasons, model_version."""
    explained: IntoDataFrameT
    """In the same order: id, base, what each column adds to the log-odds, and log_odds, their sum."""
    rejected: IntoDataFrameT
    """Rows that could not be scored, as text, with their number in `gallop_row` (from 1) and in `gallop_rule` why."""
    counts: dict[str, int]
    """Rows rejected by each rule that rejected any."""
    noticed: dict[str, int]
    """Leads scored in spite of a value that the schema did not know, per rule."""


def score(leads: IntoDataFrameT, bundle: Bundle) -> FrameScores[IntoDataFrameT]:
    """Score and rank a frame of raw leads, as `gallop score` does a file.

    Args:
        leads: pandas, Polars, PyArrow or another eager frame that narwhals knows, with the columns of the raw table;
            values of any type. Label and, where the model has no use for it, day may be absent.
        bundle: as `load_bundle` gives it.

    Returns:
        Frames of the library that `leads` came in, ids of the type they had. Each row is in `ranked` or in `rejected`.

    Raises:
        MissingColumnError: a column that the model needs is not there.
        EmptyTableError: no row can be scored.
        MalformedTableError: two columns of one name.

    Examples:
        >>> import gallop
        >>> import pandas as pd
        >>> bundle = gallop.load_bundle("my-leads/models/deployed")
        >>> scores = gallop.score(pd.read_csv("new_leads.csv"), bundle)
        >>> scores.ranked["rank"].tolist()
        [1, 2, 3]
        >>> scores.ranked["probability"].is_monotonic_decreasing
        True
        >>> scores.rejected[["gallop_row", "lead_id", "gallop_rule"]].values.tolist()
        [[4, 'L4', 'source_not_kept']]
    """
    from gallop.reporting.formatting import describe_reason
    from gallop.scoring import score_table
    from gallop.tables.frames import text_table

    raw = text_table(leads, "the frame of leads")
    scores = score_table(raw, bundle, "the frame of leads", describe_reason)
    given = nw.from_native(leads, eager_only=True)

    def native(table: nw.DataFrame, ids: nw.Series | None = None) -> IntoDataFrameT:
        columns, types = table.to_dict(as_series=False), dict(table.schema)
        if ids is not None:
            columns[table.columns[0]], types[table.columns[0]] = ids.to_list(), ids.dtype
        return nw.from_dict(columns, types, backend=given.implementation).to_native()

    ids = _as_given(scores.ranked[scores.ranked.columns[0]], raw, given, bundle.settings.table)
    return FrameScores(
        native(scores.ranked, ids),
        native(scores.explained, ids),
        native(scores.rejected),
        scores.counts,
        scores.noticed,
    )


def _as_given(ids: nw.Series, raw: nw.DataFrame, given: nw.DataFrame, table: Table) -> nw.Series:
    """The ids with the type they came in, so that scores can be joined to the leads they are of."""
    from gallop.tables.parsing import plain_text

    if table.id == ROW:
        return ids
    texts = raw.select(plain_text(table.id, table.columns[table.id], table.missing))[table.id].to_list()
    row = {text: index for index, text in reversed([*enumerate(texts)])}
    return given[[row[text] for text in ids.to_list()], raw.columns.index(table.id)]
