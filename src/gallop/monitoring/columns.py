"""Which columns and levels of the leads moved: those scored of late against those before. Pure.

A level's share may move by chance and by a quarter (`modelling.unlike`). Of numbers, the largest gap between the shares
of leads up to any value is held against chance (Dvoretzky, Kiefer & Wolfowitz 1956) and a tenth of the leads. All
questions together are asked at 99 % (Bonferroni 1936).
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from gallop.modelling.unlike import share_unlike
from gallop.results.monitoring import MovedColumn
from gallop.schema import NUMBER

FEWEST_LEADS: Final = 200
"""Leads on either side, below which nothing is said."""
_ERROR: Final = 0.01
_MOVED: Final = 0.1
_LEVELS: Final = 30
"""A column of more levels is looked at by its most frequent ones."""
_MISSING: Final = "(missing)"
_Values = list[str | None]


def moved_columns(before: Sequence[str], now: Sequence[str]) -> tuple[MovedColumn, ...] | None:
    """What moved, the most first; None where there are too few leads to tell.

    Args:
        before, now: what the model saw of each lead, as JSON.
    """
    if min(len(before), len(now)) < FEWEST_LEADS:
        return None
    then, late = [json.loads(text) for text in before], [json.loads(text) for text in now]
    names = [name for name in late[0] if name in then[0]]
    values = {name: ([row.get(name) for row in then], [row.get(name) for row in late]) for name in names}
    questions = {name: _levels(*pair) for name, pair in values.items()}
    error = _ERROR / max(1, sum(max(1, len(levels)) for levels in questions.values()))
    moved: list[tuple[float, MovedColumn]] = []
    for name, levels in questions.items():
        first, second = values[name]
        moved += (
            _moved_levels(name, levels, first, second, error) if levels else _moved_numbers(name, first, second, error)
        )
    return tuple(column for _, column in sorted(moved, key=lambda item: -item[0]))


def _levels(first: _Values, second: _Values) -> list[str]:
    """The levels to look at; none of a column of numbers."""
    counts = Counter(_level(value) for value in [*first, *second])
    numbers = [text for text in counts if text != _MISSING and re.match(NUMBER, text)]
    if len(numbers) > 10 and len(numbers) >= 0.9 * len(counts):
        return []
    return [level for level, _ in counts.most_common(_LEVELS)]


def _level(value: str | None) -> str:
    return (value or "").strip() or _MISSING


def _moved_levels(
    name: str, levels: list[str], first: _Values, second: _Values, error: float
) -> list[tuple[float, MovedColumn]]:
    before, now = (Counter(_level(value) for value in side) for side in (first, second))
    moved = []
    for level in levels:
        share = before[level] / len(first)
        if share_unlike(level, now[level], len(second), (share, share), len(first), error):
            late = now[level] / len(second)
            moved.append((abs(late - share), MovedColumn(column=name, level=level, before=share, now=late)))
    return moved


def _moved_numbers(name: str, first: _Values, second: _Values, error: float) -> list[tuple[float, MovedColumn]]:
    before, now = (
        np.sort([float(value) for value in side if value and re.match(NUMBER, value.strip())])
        for side in (first, second)
    )
    if not (len(before) and len(now)):
        return []
    points = np.union1d(before, now)
    shares = [np.searchsorted(side, points, side="right") / len(side) for side in (before, now)]
    gap = float(np.abs(shares[0] - shares[1]).max())
    chance = np.sqrt(np.log(4 / error) / 2) * (1 / np.sqrt(len(before)) + 1 / np.sqrt(len(now)))
    if gap <= chance + _MOVED:
        return []
    column = MovedColumn(column=name, level=None, before=float(np.median(before)), now=float(np.median(now)))
    return [(gap, column)]
