"""What a contact changes: the difference of two probabilities, of which each lead shows one. Pure.

A doubly robust learner (Kennedy 2023) on leads that were contacted at random. Two models of the outcome, of those
contacted and of the others, are fitted on other folds than the leads they speak of. With the known share of contacts
they give each lead a score whose mean is the effect, whatever the models are worth (Robins, Rotnitzky & Zhao 1994).
A penalised sum over splines and levels is then fitted to these scores; it can be taken apart like every other score.
Its penalty is chosen by cross-validation, and everybody gets the mean effect unless differences lower the loss by more
than a standard error: differences that are not there cost more than those that are missed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from gallop.additive.classifiers import LinearClassifier
from gallop.additive.columns import EncodedColumns, Matrix
from gallop.additive.model import AdditiveModel, Member
from gallop.errors import NotRandomisedError, SingleClassError
from gallop.evaluation.codes import bin_codes, deal_folds, level_codes, overall_score, ranking, score_ranking
from gallop.evaluation.metrics import Vector
from gallop.modelling.families import columns
from gallop.schema import Role

OutcomeModel = Callable[[pd.DataFrame], Vector]
OutcomeFit = Callable[[pd.DataFrame, Vector], OutcomeModel]
"""Model inputs and outcomes, both present → a function from model inputs to probabilities."""

_SPLINES: Final = "splines"
_FOLDS: Final = 5
_FEWEST: Final = 20
"""Leads of each outcome in each arm."""
_PENALTIES: Final = tuple(np.geomspace(1e-3, 10.0, 9).tolist())
"""Of squared coefficients of standardised columns, per row."""
_CONFIDENCE: Final = 0.999
_FORESEEABLE: Final = 0.53
"""AUC at which columns tell who was contacted, that is more than a slip."""


@dataclass(frozen=True)
class Experiment:
    """Leads some of which were contacted at random."""

    X: pd.DataFrame
    """Model inputs, n rows."""
    label: Vector
    """Shape (n,), 0 or 1."""
    treated: Vector
    """Shape (n,), 1 where the lead was contacted."""

    def of(self, rows: NDArray) -> "Experiment":
        """Some of the leads."""
        return Experiment(self.X.iloc[rows], self.label[rows], self.treated[rows])

    @property
    def arms(self) -> Vector:
        """Shape (n,): which of the four combinations of contact and outcome each lead is."""
        return 2 * self.treated + self.label


def require_randomised(experiment: Experiment, roles: dict[str, Role], column: str, seed: int) -> None:
    """Refuse a contact that the columns foretell, since its effect cannot be told from theirs.

    Raises:
        NotRandomisedError: with the column that tells most. SingleClassError: too few leads in one of the arms.
    """
    counts = np.bincount(experiment.arms.astype(int), minlength=4)
    if counts.min() < _FEWEST:
        raise SingleClassError(
            f"table.treatment: {column}: converted or not, contacted or not, there are {counts.tolist()} training "
            f"leads; at least {_FEWEST} of each tell what a contact changes"
        )
    views = {
        name: bin_codes(experiment.X[name].to_numpy()) if role is Role.NUMBER else level_codes(experiment.X[name])
        for name, role in roles.items()
    }
    dealt = deal_folds(experiment.treated, confidence=_CONFIDENCE, intervals=len(views) + 1, seed=seed)
    overall = score_ranking(overall_score(views, dealt)[0], dealt)
    of_columns = {name: ranking(view, dealt) for name, view in views.items()}
    strongest = max(of_columns, key=lambda name: of_columns[name].low)
    if max(overall.low, of_columns[strongest].low) > _FORESEEABLE:
        raise NotRandomisedError(
            f"table.treatment: who was contacted by {column!r} does not look random: all inputs together tell it with "
            f"an AUC of {overall.value:.2f} (at least {overall.low:.2f}), {strongest!r} alone with "
            f"{of_columns[strongest].value:.2f}, where 0.5 is random. Accepted is a contact at random, or by the "
            "hold-out of `gallop score`; otherwise take table.treatment out"
        )


def fit_uplift(experiment: Experiment, roles: dict[str, Role], fit: OutcomeFit, seed: int) -> AdditiveModel:
    """The model whose `log_odds` are not log-odds but the change of the probability by a contact.

    Args:
        experiment: as `require_randomised` accepts it.
        fit: fits a model of the outcome.
    """
    scores = np.zeros(len(experiment.label))
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(experiment.arms, experiment.arms))
    for seen, held_out in folds:
        scores[held_out] = robust_scores(experiment.of(seen), experiment.of(held_out), fit)
    step = columns(_SPLINES, roles)
    encoded = step.fit_transform(experiment.X, experiment.label)
    linear = _fit_scores(encoded, scores, [held_out for _, held_out in folds], step.fitted)
    return AdditiveModel(tuple(roles), {_SPLINES: step.fitted}, (Member(_SPLINES, linear, 1.0),))


def robust_scores(seen: Experiment, leads: Experiment, fit: OutcomeFit) -> Vector:
    """A score per lead whose mean is the effect of a contact: shape (leads,). `seen` are other leads."""
    share = float(seen.treated.mean())
    without, contacted = (
        _probabilities(seen.of(np.flatnonzero(seen.treated == arm)), leads.X, fit) for arm in (0.0, 1.0)
    )
    expected = np.where(leads.treated == 1, contacted, without)
    weight = (leads.treated - share) / (share * (1 - share))
    return contacted - without + weight * (leads.label - expected)


def _probabilities(arm: Experiment, X: pd.DataFrame, fit: OutcomeFit) -> Vector:
    if min(np.sum(arm.label == outcome) for outcome in (0, 1)) < _FOLDS:
        return np.full(len(X), float(arm.label.mean()) if len(arm.label) else 0.0)
    return fit(arm.X, arm.label)(X)


def _fit_scores(encoded: Matrix, scores: Vector, held_out: list[NDArray], encoding: EncodedColumns) -> LinearClassifier:
    """Ridge regression of the scores on standardised columns; constant where that is not clearly worse."""
    center, mean = encoding.center, float(scores.mean())
    scale = np.maximum((encoded - center).std(axis=0), 1e-9)
    Z = (encoded - center) / scale
    errors = np.zeros((len(_PENALTIES), len(scores)))
    constant = np.zeros(len(scores))
    for rows in held_out:
        others = np.ones(len(scores), dtype=bool)
        others[rows] = False
        base = float(scores[others].mean())
        constant[rows] = (scores[rows] - base) ** 2
        for index, coefficients in enumerate(_ridge(Z[others], scores[others] - base)):
            errors[index, rows] = (scores[rows] - base - Z[rows] @ coefficients) ** 2
    best = int(np.argmin(errors.mean(axis=1)))
    gain = constant - errors[best]
    if gain.mean() <= gain.std() / np.sqrt(len(gain)):
        return LinearClassifier(np.zeros(Z.shape[1]), mean)
    coefficients = _ridge(Z, scores - mean)[best] / scale
    return LinearClassifier(coefficients, mean - float(center @ coefficients))


def _ridge(Z: Matrix, target: Vector) -> list[Vector]:
    """Coefficients for each penalty, shape (columns,), by one decomposition (Hoerl & Kennard 1970)."""
    values, vectors = np.linalg.eigh(Z.T @ Z / len(Z))
    turned = vectors.T @ (Z.T @ target) / len(Z)
    return [vectors @ (turned / (np.maximum(values, 0.0) + penalty)) for penalty in _PENALTIES]
