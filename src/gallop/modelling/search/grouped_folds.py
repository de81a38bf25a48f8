"""Folds of decisions: forward in time with a gap, and no lead on both sides.

A lead with several decisions is one person: a model that has learnt its earlier ones knows it again. And a decision's
label is known only after its horizon: whoever decides today has learnt from decisions whose horizon has passed. So each
block of days is judged by models that learnt from decisions at least the gap before it, of other leads. Where leads go
on from block to block, each block is judged in two halves of the leads, each by a model of the other half's past, so
that every decision of the block is judged once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gallop.errors import SingleClassError
from gallop.evaluation.metrics import Vector
from gallop.modelling.search.folds import Rows


@dataclass(frozen=True)
class InTime:
    """When and about whom each training row is."""

    at: Rows
    """Shape (n,): whole numbers that rise with time, days or rows of a file."""
    groups: Sequence[str] | None = None
    """Whose each row is; None where each is somebody else's."""
    gap_days: int = 0

    def of(self, rows: Rows) -> "InTime":
        """The same of some rows."""
        groups = None if self.groups is None else [self.groups[row] for row in rows]
        return InTime(self.at[rows], groups, self.gap_days)


def forward_apart(rows: InTime, y: Vector, folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Indices of rows seen and held out, per fold.

    Args:
        y: shape (n,), 0 or 1: a fold needs both on either side, and is left out where it lacks one.
        folds: how many models are learnt, at most.

    Raises:
        SingleClassError: the rows span too few days for the gap.
    """
    at = rows.at
    names, group = np.unique(
        np.asarray(rows.groups if rows.groups is not None else range(len(at))), return_inverse=True
    )
    several = len(names) < len(at)
    blocks = max(1, folds // 2) if several else folds
    half = np.array([_half(str(name), seed) for name in names])[group] if several else np.zeros(len(at), dtype=int)
    found = []
    for start, end in _blocks(at, blocks, rows.gap_days):
        block, before = (at >= start) & (at < end), at < start - rows.gap_days
        goes_on = np.isin(group, np.intersect1d(group[block], group[before]))
        for side in (0, 1) if goes_on.any() else (None,):
            held_out = block if side is None else block & (half == side)
            seen = before & ~np.isin(group, group[held_out])
            if all(len(np.unique(y[part])) == 2 for part in (seen, held_out)):
                found.append((np.flatnonzero(seen), np.flatnonzero(held_out)))
    if not found:
        raise SingleClassError(
            f"training: {len(at)} rows over {int(np.ptp(at)) + 1} days are too few to learn from days that are "
            f"{rows.gap_days} days (split.gap_days) before those held out; a shorter events.horizon or a longer log "
            "is needed"
        )
    return found


def _half(name: str, seed: int) -> int:
    return hashlib.sha256(f"fold:{seed}:{name}".encode()).digest()[0] & 1


def _blocks(at: np.ndarray, blocks: int, gap: int) -> list[tuple[int, int]]:
    """Blocks of whole days with about as many rows each, the first where enough rows lie before its gap."""
    ordered, last = np.sort(at), int(at.max()) + 1
    enough = ordered[len(ordered) // (2 * (blocks + 1))]
    judged = ordered[ordered > enough + gap]
    if not len(judged):
        return []
    starts = sorted({int(judged[len(judged) * block // blocks]) for block in range(blocks)})
    return list(zip(starts, [*starts[1:], last], strict=True))
