"""Scores as sums: what each column adds to each lead's log-odds. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import expit

from gallop.results.evidence import Reason

_REASONS_PER_LEAD = 3
_DECIMALS = 12


@dataclass(frozen=True)
class Explained:
    """Scores, taken apart."""

    names: list[str]
    """Columns of the raw table."""
    parts: np.ndarray
    """Shape (leads, columns): what each adds to the log-odds."""
    base: float
    """What all leads share."""

    def log_odds(self) -> np.ndarray:
        """Shape (leads,): the sum of all that is reported.

        To twelve decimals: a tree gives many leads one score, which sums of different parts must not tell apart.
        """
        return np.round(self.base + self.parts.sum(axis=1), _DECIMALS)

    def probability(self) -> np.ndarray:
        """Shape (leads,)."""
        return expit(self.log_odds())

    def of(self, order: np.ndarray) -> "Explained":
        """The same leads, or some of them, in another order."""
        return replace(self, parts=self.parts[order])

    def columns(self) -> dict[str, list[float]]:
        """One column of contributions each, between `base` and `log_odds`."""
        shown = dict(zip(self.names, self.parts.T.tolist(), strict=True))
        return {"base": [self.base] * len(self.parts)} | shown | {"log_odds": self.log_odds().tolist()}

    def in_words(self, leads: nw.DataFrame, describe: Callable[[Reason], str]) -> list[str]:
        """The largest reasons of each lead, in words."""
        values = {name: leads[name].to_list() for name in self.names}
        order = np.argsort(-np.abs(self.parts), axis=1, kind="stable")[:, :_REASONS_PER_LEAD]
        return [
            "; ".join(
                describe(
                    Reason(
                        column=self.names[column],
                        value=_plain_value(values[self.names[column]][row]),
                        log_odds=float(self.parts[row, column]),
                    )
                )
                for column in columns
            )
            for row, columns in enumerate(order)
        ]


def _plain_value(value: object) -> str | float | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    return value if isinstance(value, str | float) else str(value)
