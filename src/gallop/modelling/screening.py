"""Which inputs a fold learns from, where there are hundreds: those that say most of the label by themselves.

Measured on the fold's own training rows, as everything that is fitted: the mutual information of the label with an
input in ten classes of equally many rows (a category in its ten commonest levels), gaps being a class of their own. It
sees what is not monotone, and needs milliseconds for hundreds of inputs.
"""

from typing import Final

import numpy as np
import pandas as pd

from gallop.evaluation.metrics import Vector
from gallop.schema import Role

_CLASSES: Final = 10


def screened(X: pd.DataFrame, y: Vector, roles: dict[str, Role], most: int | None) -> dict[str, Role]:
    """The roles of the `most` inputs that say most, in their order; all of them where there are no more.

    Args:
        X: model inputs of training rows, n of them; y: shape (n,), 0 or 1.
    """
    if most is None or len(roles) <= most:
        return roles
    said = {name: _information(_classes(X[name], role), y) for name, role in roles.items()}
    # Equal ones in their order, so that the choice is the same on every machine.
    best = sorted(roles, key=lambda name: -round(said[name], 12))[:most]
    return {name: role for name, role in roles.items() if name in set(best)}


def _classes(values: pd.Series, role: Role) -> np.ndarray:
    if role is not Role.NUMBER:
        codes, levels = pd.factorize(values)
        common = np.argsort(-np.bincount(codes[codes >= 0], minlength=len(levels)), kind="stable")[:_CLASSES]
        return np.where(np.isin(codes, common), codes, -1)
    numbers = values.to_numpy(dtype=np.float64)
    there = ~np.isnan(numbers)
    if not there.any():
        return np.full(len(numbers), -1)
    edges = np.unique(np.quantile(numbers[there], np.linspace(0, 1, _CLASSES + 1)[1:-1]))
    return np.where(there, np.searchsorted(edges, numbers, side="left"), -1)


def _information(classes: np.ndarray, y: Vector) -> float:
    """Mutual information of classes and label, in nats."""
    _, codes = np.unique(classes, return_inverse=True)
    rows = np.bincount(codes)
    share = np.bincount(codes, weights=y) / rows
    return float(_entropy(np.array([y.mean()]))[0] - np.average(_entropy(share), weights=rows))


def _entropy(share: np.ndarray) -> np.ndarray:
    inside = np.clip(share, 1e-12, 1 - 1e-12)
    return -(inside * np.log(inside) + (1 - inside) * np.log(1 - inside))
