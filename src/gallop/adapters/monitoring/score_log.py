"""The log of scores: a folder of Parquet, to which every scoring adds one part, whole or not at all.

Parts are never changed, so any number of processes may write at once, and a copy of the folder is a backup. Names begin
with the time (UTC) of the first score, and end at random.
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Final

import polars as pl

from gallop.adapters.tables.parquet import read_own, write_parquet
from gallop.errors import ChecksumError
from gallop.files import remove_stale, write_whole
from gallop.monitoring.scored_lead import ScoredLead

SCORE_COLUMNS: Final[dict[str, pl.DataType]] = {
    "lead": pl.String(),
    "scored_at": pl.Datetime("us", "UTC"),
    "probability": pl.Float64(),
    "band": pl.String(),
    "decision": pl.String(),
    "held_out": pl.Boolean(),
    "model_version": pl.String(),
    "inputs": pl.String(),
}


def record_scores(rows: Sequence[ScoredLead], folder: Path) -> Path | None:
    """Add scores to the log as one part; None where there are none.

    For `gallop score`, and for a service, which had better collect some before it calls this: every call is a file.

    Args:
        rows: times need a zone; any will do.
        folder: of the log; it is made where it is not there.
    """
    if not rows:
        return None
    frame = pl.DataFrame([asdict(row) for row in rows], schema=SCORE_COLUMNS)
    first = min(row.scored_at for row in rows).astimezone(UTC)
    return write_part(frame, folder, f"{first:%Y%m%dT%H%M%SZ}")


def write_part(frame: pl.DataFrame, folder: Path, prefix: str) -> Path:
    """Add a part to a log, under a name of its own."""
    path = folder / f"{prefix}-{secrets.token_hex(4)}.parquet"
    remove_stale(folder)
    write_whole(path, lambda temporary: write_parquet(frame, temporary))
    return path


def read_scores(folder: Path) -> pl.DataFrame:
    """All scores of the log, the oldest first; empty where nothing was ever recorded. Raises `ChecksumError`."""
    return read_parts(folder, SCORE_COLUMNS).sort("scored_at", "lead", maintain_order=True)


def first_scores(folder: Path) -> dict[str, int]:
    """Lead → its first score, microseconds since 1970. Raises `ChecksumError`."""
    firsts = read_scores(folder).group_by("lead").agg(pl.col("scored_at").min().dt.epoch("us"))
    return dict(firsts.iter_rows())


def read_parts(folder: Path, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    """All parts of a log, in the order of their names. Raises `ChecksumError`: damaged, or no part of such a log."""
    frames = [pl.DataFrame(schema=columns)]
    for path in sorted(folder.glob("*.parquet")):
        frame = read_own(path)
        if dict(frame.schema) != columns:
            raise ChecksumError(f"{path}: no part of a log with the columns {', '.join(columns)}; move it away")
        frames.append(frame)
    return pl.concat(frames)
