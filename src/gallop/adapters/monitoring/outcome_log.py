"""The log of outcomes: a folder of Parquet, to which every file of outcomes adds one part, as the log of scores has it.

Each part also says until when the file knew what happened, and a digest of its rows, in a row without a lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from gallop.adapters.monitoring.score_log import read_parts, write_part
from gallop.monitoring.outcomes import LeadOutcome

_MOMENT: Final = pl.Datetime("us", "UTC")
OUTCOME_COLUMNS: Final[dict[str, pl.DataType]] = {
    "lead": pl.String(),
    "converted_at": _MOMENT,
    "seen_at": _MOMENT,
    "value": pl.Float64(),
    "until": _MOMENT,
    "rows": pl.String(),
}


@dataclass(frozen=True)
class OutcomeLog:
    """Everything that was ever said, in order."""

    said: tuple[LeadOutcome, ...]
    until: int | None
    """Until when it is known what happened, microseconds since 1970; None where nothing was ever said."""
    files: frozenset[str]
    """Digests of the rows of each file that was taken."""


def record_outcomes(outcomes: Sequence[LeadOutcome], until: int, digest: str, folder: Path) -> Path:
    """Add what a file said as one part.

    Args:
        until: when the file ends, microseconds since 1970: what it does not say had not happened by then.
        digest: of all the file's rows.
    """
    rows = [(row.lead, row.converted, row.seen, row.value, None, None) for row in outcomes]
    whole = dict.fromkeys(("converted_at", "seen_at", "until"), pl.Int64())
    frame = pl.DataFrame([*rows, (None, None, None, None, until, digest)], schema=OUTCOME_COLUMNS | whole, orient="row")
    return write_part(
        frame.select(pl.col(name).cast(kind) for name, kind in OUTCOME_COLUMNS.items()),
        folder,
        f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}",
    )


def read_outcomes(folder: Path) -> OutcomeLog:
    """The log. Raises `ChecksumError`."""
    frame = read_parts(folder, OUTCOME_COLUMNS).with_columns(
        pl.col(name).dt.epoch("us") for name in ("converted_at", "seen_at", "until")
    )
    said = frame.filter(pl.col("lead").is_not_null()).select("lead", "converted_at", "seen_at", "value")
    files = frozenset(frame["rows"].drop_nulls())
    ends = frame["until"].drop_nulls().to_list()
    return OutcomeLog(tuple(LeadOutcome(*row) for row in said.iter_rows()), max(ends, default=None), files)
