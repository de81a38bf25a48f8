"""The model that is deployed: a weighted sum of log-odds, so that every score can say what it is made of."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from gallop.additive.calibrator import Calibrator
from gallop.additive.classifiers import AdditiveClassifier, rescaled
from gallop.additive.columns import EncodedColumns, Floats, Matrix, ModelInputs


@dataclass(frozen=True)
class Member:
    """A fitted classifier, the name of the encoding that it takes its columns from, and its weight."""

    encoding: str
    classifier: AdditiveClassifier
    weight: float


@dataclass(frozen=True)
class AdditiveModel:
    """base + Σ weight · a member's log-odds, corrected by the calibrator. A single family is a sum of one."""

    inputs: tuple[str, ...]
    """Names of the model inputs."""
    encodings: dict[str, EncodedColumns]
    """Members may share one."""
    members: tuple[Member, ...]
    base: float = 0.0
    calibrator: Calibrator | None = None
    """Corrects the sum where its probabilities are off; None where they are not."""

    def log_odds(self, X: ModelInputs) -> Floats:
        """Shape (rows,)."""
        encoded = self._encoded(X)
        total = np.full(len(next(iter(encoded.values()))), self.base)
        for member in self.members:
            total += member.weight * member.classifier.log_odds(encoded[member.encoding])
        return self.calibrator.apply(total) if self.calibrator else total

    def predict_proba(self, X: ModelInputs) -> Matrix:
        """Shape (rows, 2)."""
        yes = expit(self.log_odds(X))
        return np.column_stack([1 - yes, yes])

    def contributions(self, X: ModelInputs) -> tuple[Matrix, float]:
        """What each input adds to the log-odds of each row, shape (rows, inputs), and the base that all rows share."""
        index_of = {name: index for index, name in enumerate(self.inputs)}
        of_encodings = self._encoded(X)
        rows = len(next(iter(of_encodings.values())))
        total, base = np.zeros((rows, len(self.inputs))), self.base
        if not rows:
            return total, base
        for name, encoded in of_encodings.items():
            encoding = self.encodings[name]
            inputs = np.array([index_of[source] for source in encoding.sources], dtype=int)
            for member in (member for member in self.members if member.encoding == name):
                parts, shared = member.classifier.contributions(encoded, encoding.center)
                base += member.weight * shared
                # Not `total[:, inputs] +=`, which adds only one of several columns of an input.
                np.add.at(total.T, inputs, member.weight * parts.T)
        if self.calibrator is None:
            return total, base
        return rescaled(total, base, self.calibrator.apply, self.calibrator.slope(base))

    def _encoded(self, X: ModelInputs) -> dict[str, Matrix]:
        shared = next(iter(self.encodings.values())).level_rows(X) if self._share_levels else None
        return {name: encoding.transform(X, shared) for name, encoding in self.encodings.items()}

    @cached_property
    def _share_levels(self) -> bool:
        """Whether a level has the same row in all encodings, as where they were fitted on the same leads."""
        first, *others = ([table.levels for table in of.categories.values()] for of in self.encodings.values())
        return all(levels == first for levels in others)
