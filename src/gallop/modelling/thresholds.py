"""Whom to contact: the cut-off, what it brings, and the bands. Pure.

Everything is chosen on out-of-fold probabilities of training leads, which no model saw that gave them. Test leads
measure what was chosen and choose nothing.

The largest of many noisy figures is too large. How much so is estimated by doing the same in each resample: how much
better the resample's best cut-off looks there than it is on the leads it was drawn from (the optimism of Efron 1983).
It is taken off the best cut-off's profit, which is also measured on the test leads.
"""

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.metrics import Estimate, Vector, spread
from gallop.modelling.bands import choose_bands, measure_bands
from gallop.modelling.cutoff_cells import PER, Cells, cells_of, contact_numbers, lowest_of_best, profits
from gallop.results.evidence import NOBODY, BestOf, Cutoff, DecisionPlan, ProfitPoint
from gallop.settings.decision import DecisionRule


def choose_cutoffs(
    label: Vector,
    probability: Vector,
    rule: DecisionRule,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> DecisionPlan:
    """Choose the cut-off and the bands, and say what they bring; no test lead is seen.

    Args:
        label: outcomes of the training leads, 0 or 1, shape (n,).
        probability: their out-of-fold probabilities, shape (n,).
        rule: of params.yaml.
        resamples, confidence, seed: of the intervals, as in `evaluation.metrics.evaluate`.
    """
    cells = cells_of(label, probability, rule)
    draw = np.random.default_rng(seed)
    resampled = cells.drawn(draw, resamples)

    def cutoff_at(lowest: float, optimism: float = 0.0) -> Cutoff:
        profit = _profit(label, probability, lowest, rule, resamples, confidence, seed)
        return _cutoff(label, probability, lowest, profit, optimism)

    f1 = 2 * cells.hits / (cells.contacts + label.sum())
    for_f1 = cutoff_at(float(cells.probability[np.argmax(f1)]))
    for_profit, optimism, curve = None, None, ()
    if rule.value is not None and rule.cost is not None:
        profit, resampled_profit = profits(cells, rule.value, rule.cost), profits(resampled, rule.value, rule.cost)
        index = int(np.argmax(profit))
        chosen = float(cells.probability[index]) if profit[index] > 0 else NOBODY
        optimism = _optimism(profit, resampled_profit) if profit[index] > 0 else 0.0
        for_profit = cutoff_at(chosen, optimism)
        curve = _profit_curve(cells, profit, resampled_profit, confidence)
    if for_profit is not None and rule.threshold in {"profit", "auto"}:
        cutoff, because = for_profit, _why_profit(for_profit, rule)
    elif rule.threshold == "f1":
        cutoff, because = for_f1, "It balances best (F1) between contacting customers only and contacting all of them."
    elif isinstance(rule.threshold, float):
        cutoff, because = cutoff_at(rule.threshold), "The settings say so."
    else:
        share, because = _share_without_money(rule)
        cutoff = cutoff_at(lowest_of_best(probability, share))
    return DecisionPlan(
        cutoff=cutoff,
        because=because,
        for_profit=for_profit,
        optimism=optimism,
        for_f1=for_f1,
        curve=curve,
        best=_best_of(cells, resampled.drawn(draw, resamples, PER), rule, confidence),
        bands=choose_bands(label, probability, rule.bands, confidence),
        example=rule.example,
    )


def measure_cutoffs(
    plan: DecisionPlan,
    label: Vector,
    probability: Vector,
    rule: DecisionRule,
    *,
    resamples: int,
    confidence: float,
    seed: int,
) -> DecisionPlan:
    """The plan with what its cut-offs and bands bring on the test leads, which change nothing that was chosen.

    Args:
        label, probability: of the test leads, shape (n,).
    """

    def measured(cutoff: Cutoff | None) -> Cutoff | None:
        if cutoff is None:
            return None
        profit = _profit(label, probability, cutoff.probability, rule, resamples, confidence, seed)
        return cutoff.model_copy(update={"test_profit": profit})

    return plan.model_copy(
        update={
            "cutoff": measured(plan.cutoff),
            "for_profit": measured(plan.for_profit),
            "for_f1": measured(plan.for_f1),
            "bands": measure_bands(plan.bands, label, probability, confidence),
        }
    )


def _profit_curve(
    cells: Cells, profit: Vector, resampled_profit: NDArray[np.float64], confidence: float
) -> tuple[ProfitPoint, ...]:
    shares = cells.contacts / cells.contacts[-1]
    return tuple(
        ProfitPoint(
            share=float(share),
            probability=float(lowest),
            profit=spread(profit[index], resampled_profit[:, index], confidence),
        )
        for index, (share, lowest) in enumerate(zip(shares, cells.probability, strict=True))
    )


def _optimism(profit: Vector, resampled_profit: NDArray[np.float64]) -> float:
    """How much more the best cut-off of a resample seems to bring than it does, on average; nobody brings nothing."""
    index = resampled_profit.argmax(axis=1)
    seeming, actual = resampled_profit[np.arange(len(resampled_profit)), index], profit[index]
    return max(0.0, float(np.mean(np.where(seeming > 0, seeming - actual, 0.0))))


def _cutoff(
    label: Vector, probability: Vector, lowest: float, profit: Estimate | None, optimism: float = 0.0
) -> Cutoff:
    yes = probability >= lowest
    contacts, hits, converted = int(yes.sum()), float(label[yes].sum()), float(label.sum())
    if profit is not None and optimism:
        profit = Estimate(value=profit.value - optimism, low=profit.low - optimism, high=profit.high - optimism)
    return Cutoff(
        probability=lowest,
        share=contacts / len(label),
        precision=hits / contacts if contacts else 0.0,
        recall=hits / converted,
        f1=2 * hits / (contacts + converted),
        profit=profit,
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
    below = (probability < lowest).astype(int)
    counts = (np.bincount(below[label == outcome], minlength=2) for outcome in (1, 0))
    cells = Cells(np.array([lowest, 0.0]), *counts)
    resampled = profits(cells.drawn(np.random.default_rng(seed), resamples), rule.value, rule.cost)
    return spread(profits(cells, rule.value, rule.cost)[0], resampled[:, 0], confidence)


def _best_of(cells: Cells, next_leads: Cells, rule: DecisionRule, confidence: float) -> tuple[BestOf, ...]:
    """What the best of 1,000 leads bring; `next_leads` are draws of 1,000 leads from resamples of those at hand."""
    rows, best = int(cells.contacts[-1]), []
    for contacts in contact_numbers(rule):
        expected = float(cells.best(contacts * rows / PER)) * PER / rows
        conversions = spread(expected, next_leads.best(contacts), confidence)
        profit = None
        if rule.value is not None and rule.cost is not None:
            profit = Estimate(**{key: rule.value * number - rule.cost * contacts for key, number in conversions})
        best.append(
            BestOf(
                contacts=contacts,
                conversions=conversions,
                at_random=contacts * float(cells.hits[-1]) / rows,
                profit=profit,
                capacity=rule.capacity is not None and contacts == min(rule.capacity, PER),
            )
        )
    return tuple(best)


def _share_without_money(rule: DecisionRule) -> tuple[float, str]:
    """The share of the leads to contact where nobody has said what a conversion is worth, and why."""
    if rule.capacity is not None:
        contacts = min(rule.capacity, PER)
        because = f"It is the capacity: the best {contacts:,} of {PER:,} leads."
        return contacts / PER, f"{because} Set decision.value and decision.cost to choose it for profit."
    because = (
        f"It is where the hot leads begin, the best {rule.bands.hot:.0%}, since neither a value nor a capacity is set."
    )
    return rule.bands.hot, f"{because} Set decision.value and decision.cost, or decision.capacity, in params.yaml."


def _why_profit(chosen: Cutoff, rule: DecisionRule) -> str:
    if rule.value is None or rule.cost is None:
        return ""
    if chosen.probability == NOBODY:
        prices = f"a contact costs {rule.cost:,g}, a conversion is worth {rule.value:,g}"
        return f"Even the best leads cost more than they bring: {prices}."
    return (
        f"It brings the largest profit out of fold; were every probability exactly right, contacting would pay from "
        f"{rule.cost / rule.value:.3f} on (cost {rule.cost:,g} divided by value {rule.value:,g})."
    )
