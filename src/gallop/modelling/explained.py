"""Scores as sums: what each column adds to each lead's log-odds. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals.stable.v2 as nw
import numpy as np
from scipy.special import expit

from gallop.results.evidence import Reason

_REASONS_PER_LEAD = 3
_DECIMALS = 12
_SHOWN_DECIMALS = 1


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

    def columns(self) -> dict[str, np.ndarray]:
        """One column of contributions each, between `base` and `log_odds`."""
        shown = dict(zip(self.names, np.ascontiguousarray(self.parts.T), strict=True))
        return {"base": np.full(len(self.parts), self.base)} | shown | {"log_odds": self.log_odds()}

    def largest(self, values: Mapping[str, Sequence[object]]) -> list[list[Reason]]:
        """The largest reasons of each lead. `values`: column → what each lead has there."""
        order = np.argsort(-np.abs(self.parts), axis=1, kind="stable")[:, :_REASONS_PER_LEAD]
        return [
            [
                Reason(
                    column=self.names[index],
                    value=_plain_value(values[self.names[index]][row]),
                    log_odds=float(self.parts[row, index]),
                )
                for index in of_lead
            ]
            for row, of_lead in enumerate(order.tolist())
        ]

    def in_words(self, leads: nw.DataFrame, describe: Callable[[Reason], str]) -> list[str]:
        """The largest reasons of each lead, in words.

        Args:
            describe: gets what a column adds to one decimal, and is asked once for each value that adds the same.
        """
        order = np.argsort(-np.abs(self.parts), axis=1, kind="stable")[:, :_REASONS_PER_LEAD]
        told = np.empty(order.shape, dtype=object)
        for column, name in enumerate(self.names):
            rows, places = np.nonzero(order == column)
            added = [round(part, _SHOWN_DECIMALS) for part in self.parts[rows, column].tolist()]
            values = leads[name].to_list()
            known: dict[tuple, str] = {}
            texts = []
            for key in zip((values[row] for row in rows.tolist()), added, strict=True):
                if (text := known.get(key)) is None:
                    reason = Reason(column=name, value=_plain_value(key[0]), log_odds=key[1])
                    text = known[key] = describe(reason)
                texts.append(text)
            told[rows, places] = texts
        return ["; ".join(texts) for texts in told.tolist()]


def _plain_value(value: object) -> str | float | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    return value if isinstance(value, str | float) else str(value)
