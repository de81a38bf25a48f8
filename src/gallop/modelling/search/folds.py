"""Folds: which training rows a trial learns from and which it is judged on, encoded once for all trials."""

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedKFold

from gallop.errors import SingleClassError
from gallop.evaluation.metrics import Vector
from gallop.modelling.encoder import Columns
from gallop.modelling.families import ENCODERS, PLAIN, columns, directions
from gallop.modelling.preprocessing import encoder
from gallop.modelling.screening import screened
from gallop.modelling.search.lightgbm_cv import BoostingFold
from gallop.schema import Role
from gallop.settings.training import Training

Rows = NDArray[np.int64]

MOST_VALUES: Final = 900_000
"""Rows times inputs of a search: what a minute is enough for."""
_FEWEST_ROWS, _ENOUGH_OF_LABEL = 5_000, 500
_ENOUGH_ROWS, _ENOUGH_HELD_OUT = 60_000, 100
"""Rows times folds, and held-out leads of the rarer label, that are enough to tell settings apart."""


@dataclass(frozen=True)
class Fold:
    """One fold: rows to learn from and rows held out, encoded once per encoding."""

    X: pd.DataFrame = field(repr=False)
    y: Vector = field(repr=False)
    seen: Rows
    held_out: Rows
    roles: dict[str, Role]
    training: Training

    def encoded(self, family: str) -> tuple:
        """Encoded rows of both sides."""
        kind = ENCODERS.get(family, PLAIN)
        # Only what is asked for: an encoding that no family takes is not made.
        return self._plain if kind == PLAIN else self._splines if kind == "splines" else self._trees

    @cached_property
    def boosting(self) -> BoostingFold:
        """As LightGBM takes it."""
        seen, held_out = self._trees
        demanded = directions("lightgbm", self._tree_columns.fitted.sources, self.training.monotone)
        return BoostingFold(seen, self.y[self.seen], held_out, self.y[self.held_out], demanded)

    @cached_property
    def _learnt(self) -> dict[str, Role]:
        return screened(self.X.iloc[self.seen], self.y[self.seen], self.roles, self.training.screen)

    @cached_property
    def _plain(self) -> tuple:
        # As arrays without names, which every library would look at again with every fit of every trial.
        return self._both(_step(PLAIN, self._learnt, self.training).set_output(transform="default"))

    @cached_property
    def _splines(self) -> tuple:
        return self._both(_step("splines", self._learnt, self.training))

    @cached_property
    def _tree_columns(self) -> Columns:
        return _step("lightgbm", self._learnt, self.training)

    @cached_property
    def _trees(self) -> tuple:
        return self._both(self._tree_columns)

    def _both(self, step) -> tuple:
        # Not fit and then transform: a target encoding of the rows it was fitted on would leak their own labels.
        seen = step.fit_transform(self.X.iloc[self.seen], self.y[self.seen])
        return seen, step.transform(self.X.iloc[self.held_out])


class AllRows:
    """All the training rows, each encoding of which is learnt once.

    Args:
        X: model inputs, n rows.
        y: shape (n,), 0 or 1.
    """

    def __init__(self, X: pd.DataFrame, y: Vector, roles: dict[str, Role], training: Training) -> None:
        self.X, self.y, self.roles, self.training = X, y, roles, training
        self._encoded: dict[str, tuple] = {}
        self.searched = sample_size(y, len(roles), training.search_rows)
        """How many of so many rows a search is made on."""

    @cached_property
    def _learnt(self) -> dict[str, Role]:
        return screened(self.X, self.y, self.roles, self.training.screen)

    def encoded(self, family: str) -> tuple:
        """The fitted step that a family takes, and the rows as it encodes them."""
        kind = ENCODERS.get(family, PLAIN)
        if kind not in self._encoded:
            step = _step(family, self._learnt, self.training)
            self._encoded[kind] = step, step.fit_transform(self.X, self.y)
        return self._encoded[kind]


def _step(family: str, roles: dict[str, Role], training: Training):
    """The unfitted encoder that a family takes."""
    if family in ENCODERS:
        return columns(family, roles, training.encoding)
    return encoder(roles, training.clip_sd, training.encoding)


def sample_size(y: Vector, inputs: int, most: int) -> int:
    """How many rows the search is made on.

    Args:
        y: shape (n,), 0 or 1.
        inputs: how many columns the rows have.
        most: rows; fewer where rows are wide, so that there are at most `MOST_VALUES` in all; up to twice as many where
            one label is so rare that there would be fewer than `_ENOUGH_OF_LABEL` of it.
    """
    most = min(most, max(_FEWEST_ROWS, MOST_VALUES // max(1, inputs)))
    rarer = min(np.mean(y == label) for label in (0, 1))
    return min(len(y), max(most, min(2 * most, round(_ENOUGH_OF_LABEL / max(rarer, 1e-9)))))


def searched_rows(y: Vector, inputs: int, most: int, seed: int) -> Rows:
    """Sorted indices of the rows that the search is made on: all of them, or a stratified part of a large table.

    Arguments as of `sample_size`.
    """
    size = sample_size(y, inputs, most)
    if len(y) == size:
        return np.arange(len(y))
    draw, share = np.random.default_rng(seed), size / len(y)
    of_labels = [np.flatnonzero(y == label) for label in (0, 1)]
    return np.sort(np.concatenate([draw.choice(rows, round(share * len(rows)), replace=False) for rows in of_labels]))


def stratified(y: Vector, folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Indices of rows seen and held out, per fold, with as many converted leads in each.

    Of many rows, some of the folds say enough: no more are given than need be.

    Raises:
        SingleClassError: fewer rows of a label than folds.
    """
    if (fewest := int(min(np.sum(y == 0), np.sum(y == 1)))) < folds:
        raise SingleClassError(f"training rows have {fewest} leads of one label, fewer than training.folds = {folds}")
    pairs = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y))
    enough = max(_ENOUGH_ROWS / len(y), _ENOUGH_HELD_OUT * folds / fewest)
    return pairs[: max(2, ceil(enough))]


def forward(at: ArrayLike, folds: int) -> list[tuple[Rows, Rows]]:
    """Learn from what was before, hold out what came after: whole moments, in `folds` + 1 blocks of about as many rows.

    There are fewer folds where a single moment (a day) has more rows than a block; nothing is before the first one.

    Args:
        at: when each row was, shape (n,): anything that sorts as time does.

    Raises:
        SingleClassError: there is one moment only.
    """
    moments = np.asarray(at)
    ordered = np.sort(moments)
    starts = {ordered[len(ordered) * block // (folds + 1)] for block in range(1, folds + 1)}
    edges = sorted(starts - {ordered[0]})
    if not edges:
        raise SingleClassError(
            f"training: too many of the {len(ordered)} leads are of the first day to hold out later days; use "
            "split.by: random, or order"
        )
    ends = [*edges[1:], None]
    return [
        (
            np.flatnonzero(moments < start),
            np.flatnonzero((moments >= start) & ((moments < end) if end is not None else True)),
        )
        for start, end in zip(edges, ends, strict=True)
    ]
