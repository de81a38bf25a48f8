"""Whom to contact: the cut-off, what it brings, and the bands. Pure.

Everything is chosen on out-of-fold probabilities of training leads, which no model saw that gave them. Test leads
measure what was chosen and choose nothing.

Cut-offs are looked for at about a hundred shares of the leads, not at every lead, so that a choice does not hang on
one of them. Between two cut-offs only the numbers of converted and of other leads count, and drawing n leads with
replacement draws those numbers from a multinomial: so the bootstrap (Efron & Tibshirani 1993) needs no weights of
single leads, and is exact.

The largest of many noisy figures is too large. How much so is estimated by doing the same in each resample: how much
better the resample's best cut-off looks there than it is on the leads it was drawn from (the optimism of Efron 1983).
It is taken off the best cut-off's profit, which is also measured on the test leads.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector, spread
from gallop.modelling.bands import bands
from gallop.results.evidence import NOBODY, BestOf, Cutoff, DecisionPlan, ProfitPoint
from gallop.settings.decision import DecisionRule

PER: Final = 1000
"""Leads that profits and conversions are given for."""
CONTACTS: Final = (50, 100, 200, 300, 500)
"""Contacts per 1,000 leads that the report tells of, besides the capacity."""
# Finer at the top, where one calls: 0.5 %, 1 %, … 10 %, 11 %, … 20 %, 22 %, … 100 %.
_SHARES: Final = (
    *(each / 200 for each in range(1, 21)),
    *(each / 100 for each in (*range(11, 21), *range(22, 101, 2))),
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


def choose_cutoffs(
    label: Vector,
    probability: Vector,
    test_label: Vector,
    test_probability: Vector,
    rule: DecisionRule,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> DecisionPlan:
    """Choose the cut-off and the bands, and say what they bring.

    Args:
        label: outcomes of the training leads, 0 or 1, shape (n,).
        probability: their out-of-fold probabilities, shape (n,).
        test_label, test_probability: of the test leads; only `Cutoff.test_profit` and the bands' test figures depend
            on them.
        rule: of params.yaml.
        resamples, confidence, seed: of the intervals, as in `evaluation.evaluate`.
    """
    cells = cells_of(label, probability, rule)
    draw = np.random.default_rng(seed)
    again = cells.drawn(draw, resamples)
    test = (test_label, test_probability)
    f1 = 2 * cells.hits / (cells.contacts + label.sum())
    for_f1 = _cutoff(
        label, probability, test, float(cells.probability[np.argmax(f1)]), rule, resamples, confidence, seed
    )
    for_profit, optimism, curve = None, None, ()
    if rule.value is not None and rule.cost is not None:
        made, makes = profits(cells, rule.value, rule.cost), profits(again, rule.value, rule.cost)
        place = int(np.argmax(made))
        chosen = float(cells.probability[place]) if made[place] > 0 else NOBODY
        optimism = _optimism(made, makes) if made[place] > 0 else 0.0
        for_profit = _cutoff(label, probability, test, chosen, rule, resamples, confidence, seed, optimism)
        curve = tuple(
            ProfitPoint(
                share=float(share), probability=float(lowest), profit=spread(made[at], makes[:, at], confidence)
            )
            for at, (share, lowest) in enumerate(zip(cells.contacts / len(label), cells.probability, strict=True))
        )
    if rule.threshold == "profit":
        cutoff, because = for_profit, _why_profit(for_profit, rule)
    elif rule.threshold == "f1":
        cutoff, because = for_f1, "It balances best (F1) between contacting customers only and contacting all of them."
    else:
        cutoff = _cutoff(label, probability, test, rule.threshold, rule, resamples, confidence, seed)
        because = "The settings say so."
    assert cutoff is not None  # `profit` needs value and cost: the settings see to it
    return DecisionPlan(
        cutoff=cutoff,
        because=because,
        for_profit=for_profit,
        optimism=optimism,
        for_f1=for_f1,
        curve=curve,
        best=_best_of(cells, again.drawn(draw, resamples, PER), rule, confidence),
        bands=bands(label, probability, *test, rule.bands, confidence),
    )


def cells_of(label: Vector, probability: Vector, rule: DecisionRule) -> Cells:
    """The leads between cut-offs at round shares, at the bands' shares and at the capacity. Ties are never torn."""
    ordered = -np.sort(-probability)
    wanted = {*_SHARES, *(each / PER for each in contacts_told(rule)), rule.bands.hot, rule.bands.hot + rule.bands.warm}
    lowest = np.unique([ordered[max(1, round(share * len(ordered))) - 1] for share in wanted])[::-1]
    # The last cut-off is the lowest probability of all, so that every lead is in a cell.
    place = len(lowest) - np.searchsorted(lowest[::-1], probability, side="right")
    won, lost = (np.bincount(place[label == each], minlength=len(lowest)) for each in (1, 0))
    return Cells(lowest, won, lost)


def contacts_told(rule: DecisionRule) -> tuple[int, ...]:
    """Contacts per 1,000 leads to tell of: round figures, and the capacity, though never more than there are leads."""
    return tuple(sorted({*CONTACTS, *([min(rule.capacity, PER)] if rule.capacity else [])}))


def profits(cells: Cells, value: float, cost: float) -> NDArray[np.float64]:
    """Profit per 1,000 leads where those at or above each cut-off are contacted: shape of `cells.won`."""
    return (value * cells.hits - cost * cells.contacts) * (PER / cells.contacts[..., -1:])


def _optimism(made: Vector, makes: NDArray[np.float64]) -> float:
    """How much more the best cut-off of a resample seems to bring than it does, on average; nobody brings nothing."""
    place = makes.argmax(axis=1)
    there, here = makes[np.arange(len(makes)), place], made[place]
    return max(0.0, float(np.mean(np.where(there > 0, there - here, 0.0))))


def _cutoff(
    label: Vector,
    probability: Vector,
    test: tuple[Vector, Vector],
    lowest: float,
    rule: DecisionRule,
    resamples: int,
    confidence: float,
    seed: int,
    optimism: float = 0.0,
) -> Cutoff:
    yes = probability >= lowest
    contacts, hits, converted = int(yes.sum()), float(label[yes].sum()), float(label.sum())
    profit = _profit(label, probability, lowest, rule, resamples, confidence, seed)
    if profit is not None and optimism:
        profit = Estimate(value=profit.value - optimism, low=profit.low - optimism, high=profit.high - optimism)
    return Cutoff(
        probability=lowest,
        share=contacts / len(label),
        precision=hits / contacts if contacts else 0.0,
        recall=hits / converted,
        f1=2 * hits / (contacts + converted),
        profit=profit,
        test_profit=_profit(*test, lowest, rule, resamples, confidence, seed),
    )


def _profit(
    label: Vector,
    probability: Vector,
    lowest: float,
    rule: DecisionRule,
    resamples: int,
    confidence: float,
    seed: int,
) -> Estimate | None:
    """Profit per 1,000 leads of contacting those at or above one cut-off."""
    if rule.value is None or rule.cost is None:
        return None
    place = (probability < lowest).astype(int)
    cells = Cells(np.array([lowest, 0.0]), *(np.bincount(place[label == each], minlength=2) for each in (1, 0)))
    makes = profits(cells.drawn(np.random.default_rng(seed), resamples), rule.value, rule.cost)
    return spread(profits(cells, rule.value, rule.cost)[0], makes[:, 0], confidence)


def _best_of(cells: Cells, next_leads: Cells, rule: DecisionRule, confidence: float) -> tuple[BestOf, ...]:
    """What the best of 1,000 leads bring; `next_leads` are draws of 1,000 leads from resamples of those at hand."""
    rows, told = int(cells.contacts[-1]), []
    for contacts in contacts_told(rule):
        expected = float(cells.best(contacts * rows / PER)) * PER / rows
        conversions = spread(expected, next_leads.best(contacts), confidence)
        profit = None
        if rule.value is not None and rule.cost is not None:
            profit = Estimate(**{key: rule.value * each - rule.cost * contacts for key, each in conversions})
        told.append(
            BestOf(
                contacts=contacts,
                conversions=conversions,
                at_random=contacts * float(cells.hits[-1]) / rows,
                profit=profit,
                capacity=rule.capacity is not None and contacts == min(rule.capacity, PER),
            )
        )
    return tuple(told)


def _why_profit(chosen: Cutoff | None, rule: DecisionRule) -> str:
    if chosen is None or rule.value is None or rule.cost is None:
        return ""
    if chosen.probability == NOBODY:
        prices = f"a contact costs {rule.cost:,g}, a conversion is worth {rule.value:,g}"
        return f"Even the best leads cost more than they bring: {prices}."
    return (
        f"It brings the largest profit out of fold; were every probability exactly right, contacting would pay from "
        f"{rule.cost / rule.value:.3f} on (cost {rule.cost:,g} divided by value {rule.value:,g})."
    )
