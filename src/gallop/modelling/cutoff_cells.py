"""The ranked list in cells between cut-offs, and how resamples of it are drawn. Pure.

Cut-offs are looked for at about a hundred shares of the leads, not at every lead, so that a choice does not hang on
one of them. Between two cut-offs only the numbers of converted and of other leads count, and drawing n leads with
replacement draws those numbers from a multinomial: so the bootstrap (Efron & Tibshirani 1993) needs no weights of
single leads, and is exact.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.metrics import Vector
from gallop.settings.decision import DecisionRule

PER: Final = 1000
"""Leads that profits and conversions are given for."""
CONTACTS: Final = (50, 100, 200, 300, 500)
"""Contacts per 1,000 leads that the report tells of, besides the capacity."""
# Finer at the top, where one calls: 0.5 %, 1 %, … 10 %, 11 %, … 20 %, 22 %, … 100 %.
_SHARES: Final = (
    *(step / 200 for step in range(1, 21)),
    *(percent / 100 for percent in (*range(11, 21), *range(22, 101, 2))),
)


@dataclass(frozen=True)
class Cells:
    """Leads between one cut-off and the next, from the best down.

    `probability` falls strictly; `won` and `lost` count the converted and the other leads from each cut-off up to the
    one before. All have shape (cells,), or (draws, cells) where they were drawn.
    """

    probability: Vector
    won: NDArray
    lost: NDArray

    @property
    def hits(self) -> NDArray:
        """Converted leads at or above each cut-off."""
        return self.won.cumsum(axis=-1)

    @property
    def contacts(self) -> NDArray:
        """Leads at or above each cut-off."""
        return (self.won + self.lost).cumsum(axis=-1)

    def drawn(self, draw: np.random.Generator, times: int, rows: int | None = None) -> "Cells":
        """As many leads, or `rows` of them, drawn with replacement, `times` times or once from each draw."""
        chances = np.concatenate([self.won, self.lost], axis=-1)
        total = chances.sum(axis=-1, keepdims=True)
        many = draw.multinomial(int(total.flat[0]) if rows is None else rows, chances / total, size=times)
        return Cells(self.probability, *np.split(many, 2, axis=-1))

    def best(self, contacts: float) -> NDArray:
        """Converted among this many of the best leads; those of the cell that this ends in are taken at random."""
        reached, size = self.contacts, self.won + self.lost
        inside = np.clip(contacts - (reached - size), 0.0, size)
        return (self.won * np.divide(inside, size, out=np.zeros_like(inside), where=size > 0)).sum(axis=-1)


def cells_of(label: Vector, probability: Vector, rule: DecisionRule) -> Cells:
    """The leads between cut-offs at round shares, at the bands' shares and at the capacity. Ties are never torn."""
    contacts = (number / PER for number in contact_numbers(rule))
    wanted = {*_SHARES, *contacts, rule.bands.hot, rule.bands.hot + rule.bands.warm}
    lowest = np.unique([lowest_of_best(probability, share) for share in wanted])[::-1]
    # The last cut-off is the lowest probability of all, so that every lead is in a cell.
    index = len(lowest) - np.searchsorted(lowest[::-1], probability, side="right")
    won, lost = (np.bincount(index[label == outcome], minlength=len(lowest)) for outcome in (1, 0))
    return Cells(lowest, won, lost)


def lowest_of_best(probability: Vector, share: float) -> float:
    """The lowest probability among the best share of the leads: at least one of them."""
    ordered = -np.sort(-probability)
    return float(ordered[max(1, round(share * len(ordered))) - 1])


def contact_numbers(rule: DecisionRule) -> tuple[int, ...]:
    """Contacts per 1,000 leads to report: round figures, and the capacity, though never more than there are leads."""
    return tuple(sorted({*CONTACTS, *([min(rule.capacity, PER)] if rule.capacity else [])}))


def profits(cells: Cells, value: float, cost: float) -> NDArray[np.float64]:
    """Profit per 1,000 leads where those at or above each cut-off are contacted: shape of `cells.won`."""
    return (value * cells.hits - cost * cells.contacts) * (PER / cells.contacts[..., -1:])
