"""The model that is deployed: a weighted sum of log-odds, so that every score can say what it is made of.

Its members are fitted on all training rows; their weights are those of a logistic regression on the members'
out-of-fold log-odds (Wolpert 1992, Breiman 1996: not negative), pulled towards the plain mean. That last step also
calibrates: overconfident members get weights that sum to less than one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from gallop.evaluation.metrics import Vector, mean_log_loss
from gallop.modelling.calibrator import Calibrator
from gallop.modelling.contributions import Additive, contributions, log_odds, rescaled
from gallop.modelling.encoder import Columns, Matrix
from gallop.modelling.penalised_logistic import fit_penalised_logistic

LEAST_GAIN = 2e-4
"""Of another step or member, in nats: a tenth of what test sets of thousands of leads can tell apart."""
_NEGLIGIBLE_WEIGHT = 0.05


@dataclass(frozen=True)
class Member:
    """A fitted classifier, the name of the encoder that it takes its columns from, and its weight."""

    encoder: str
    classifier: Additive
    weight: float


@dataclass(frozen=True)
class StackWeights:
    """The last step: base + Σ weight · member's log-odds."""

    base: float
    of: Vector
    """Shape (members,), not negative."""

    def apply(self, member_log_odds: Matrix) -> Vector:
        """Shape (rows, members) → log-odds, shape (rows,)."""
        return self.base + member_log_odds @ self.of


def fit_weights(member_log_odds: Matrix, y: Vector) -> StackWeights:
    """Fit the last step.

    Args:
        member_log_odds: shape (rows, members), of rows that the members had not seen.
        y: shape (rows,), 0 or 1.
    """
    members = member_log_odds.shape[1]
    return StackWeights(*fit_penalised_logistic(member_log_odds, y, target=np.full(members, 1 / members), lowest=0.0))


def choose_members(member_log_odds: Matrix, y: Vector, most: int) -> list[int]:
    """Which members to keep: greedily those that lower the stack's log-loss most (Caruana et al. 2004), at most `most`.

    Each one costs time at every score, so none comes in for next to no gain, or stays with next to no weight.
    """
    chosen: list[int] = []
    lowest = np.inf
    while len(chosen) < min(most, member_log_odds.shape[1]):
        others = [member for member in range(member_log_odds.shape[1]) if member not in chosen]
        tried = [member_log_odds[:, [*chosen, member]] for member in others]
        losses = [mean_log_loss(y, fit_weights(stack, y).apply(stack)) for stack in tried]
        if min(losses) > lowest - LEAST_GAIN:
            break
        lowest = min(losses)
        chosen.append(others[int(np.argmin(losses))])
    weights = fit_weights(member_log_odds[:, chosen], y).of
    kept = [member for member, weight in zip(chosen, weights, strict=True) if weight > _NEGLIGIBLE_WEIGHT]
    return kept or chosen[:1]


class Stack(ClassifierMixin, BaseEstimator):
    """Fitted members and their weights, as one classifier of model inputs. A single family is a stack of one.

    Args:
        inputs: names of the model inputs.
        encoders: name → encoder, all fitted on the same leads; members may share one.
        members: the fitted members.
        base: the last step's constant.
        calibrator: corrects the sum where its probabilities are off; None where they are not.
    """

    def __init__(
        self,
        inputs: list[str],
        encoders: dict[str, Columns],
        members: tuple[Member, ...],
        base: float = 0.0,
        calibrator: Calibrator | None = None,
    ) -> None:
        self.inputs, self.encoders, self.members, self.base, self.calibrator = (
            inputs,
            encoders,
            members,
            base,
            calibrator,
        )
        self.classes_ = np.array([0.0, 1.0])

    def __sklearn_is_fitted__(self) -> bool:
        return bool(self.members)

    def log_odds(self, X: pd.DataFrame) -> Vector:
        """Shape (rows,)."""
        total = np.full(len(X), self.base)
        encoded = self._encoded(X)
        for member in self.members:
            total += member.weight * log_odds(member.classifier, encoded[member.encoder])
        return self.calibrator.apply(total) if self.calibrator else total

    def predict_proba(self, X: pd.DataFrame) -> Matrix:
        """Shape (rows, 2)."""
        yes = expit(self.log_odds(X))
        return np.column_stack([1 - yes, yes])

    def predict(self, X: pd.DataFrame) -> Vector:
        """Shape (rows,), 0 or 1."""
        return (self.log_odds(X) >= 0).astype(np.float64)

    def contributions(self, X: pd.DataFrame) -> tuple[Matrix, float]:
        """What each input adds to the log-odds of each row, shape (rows, inputs), and the base that all rows share."""
        index_of = {name: index for index, name in enumerate(self.inputs)}
        total, base = np.zeros((len(X), len(self.inputs))), self.base
        for name, encoded in self._encoded(X).items():
            encoder = self.encoders[name]
            inputs = np.array([index_of[source] for source in encoder.sources_], dtype=int)
            for member in (member for member in self.members if member.encoder == name):
                parts, shared = contributions(member.classifier, encoded, encoder.center_)
                base += member.weight * shared
                # Not `total[:, inputs] +=`, which adds only one of several columns of an input.
                np.add.at(total.T, inputs, member.weight * parts.T)
        if self.calibrator is None:
            return total, base
        return rescaled(total, base, self.calibrator.apply, self.calibrator.slope(base))

    def _encoded(self, X: pd.DataFrame) -> dict[str, Matrix]:
        level_rows = None
        encoded = {}
        for name, encoder in self.encoders.items():
            # They were fitted on the same leads, so a level has the same place in each.
            level_rows = encoder.level_rows(X) if level_rows is None else level_rows
            encoded[name] = encoder.transform(X, level_rows)
        return encoded
