"""What the list earned: leads that it said to contact, against leads as good that were held out at random. Pure.

Who is held out was drawn, so that both groups are alike but for the list: the difference of their rates is what the
list adds, whether or not everybody on it was really contacted (intention to treat). Its interval is Newcombe's (1998,
Statistics in Medicine 17, 873-890, method 10), which holds with few conversions too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np

from gallop.evaluation.metrics import wilson
from gallop.monitoring.followed import FollowedLeads, follow, ripe_age, shown_day
from gallop.monitoring.outcomes import LeadOutcome
from gallop.results.earned import Earned, EarnedGroup
from gallop.results.estimates import Estimate
from gallop.settings.decision import DecisionRule

_CONFIDENCE: Final = 0.95
_SEEN_IN: Final = 1.96 + 0.84
"""Standard errors of a difference that is seen in 4 of 5 cases, at 95 %."""
_FIFTH: Final = 0.2


@dataclass(frozen=True)
class Prices:
    """What a conversion is worth and a contact costs."""

    value: float | None
    cost: float | None
    from_outcomes: bool
    example: bool


def what_the_list_earned(
    scores: nw.DataFrame,
    outcomes: Mapping[str, LeadOutcome],
    until: float,
    horizon_days: float,
    rule: DecisionRule,
) -> Earned:
    """Everything that was ever logged, all versions together.

    Args:
        scores: the log of scores, the oldest first; at least one.
        outcomes: lead → what was said of it last.
        until: when outcomes are known, in days since 1970.
    """
    leads = follow(scores, outcomes, horizon_days).known_at(until)
    ripe = leads.scored + ripe_age(leads, horizon_days) <= until
    on_list = leads.contact | (leads.held_out & _would_be_contacted(leads))
    both = leads.where(ripe & on_list)
    prices = _prices(both, rule)
    contacted, held_out = (_group(both.where(mask)) for mask in (~both.held_out, both.held_out))
    difference = _difference(contacted, held_out)
    many = contacted.leads if contacted else 0
    conversions = None if difference is None else _times(difference, many)
    target = prices.cost / prices.value if prices.cost and prices.value else _FIFTH * _mean(both.probability)
    return Earned(
        since=shown_day(leads.scored.min(initial=until)),
        until=shown_day(until),
        contacted=contacted,
        held_out=held_out,
        unripe=int((on_list & ~ripe).sum()),
        difference=difference,
        conversions=conversions,
        money=_money(conversions, many, prices),
        value=prices.value,
        value_from_outcomes=prices.from_outcomes,
        cost=prices.cost,
        example=prices.example,
        target=target,
        more_weeks=_more_weeks(both, target),
    )


def _would_be_contacted(leads: FollowedLeads) -> np.ndarray:
    """Whose score is one that the list says to contact: as high as the lowest of those, under the same version."""
    answer = np.zeros(len(leads), dtype=bool)
    for version in np.unique(leads.version):
        own = leads.version == version
        answer |= own & (leads.probability >= leads.probability[own & leads.contact].min(initial=np.inf))
    return answer


def _group(leads: FollowedLeads) -> EarnedGroup | None:
    if not len(leads):
        return None
    converted = int(np.isfinite(leads.seen).sum())
    return EarnedGroup(leads=len(leads), converted=converted, rate=wilson(converted, len(leads), _CONFIDENCE))


def _difference(contacted: EarnedGroup | None, held_out: EarnedGroup | None) -> Estimate | None:
    if contacted is None or held_out is None:
        return None
    one, other = contacted.converted / contacted.leads, held_out.converted / held_out.leads
    first, second = contacted.rate, held_out.rate
    difference = one - other
    return Estimate(
        value=difference,
        low=difference - float(np.hypot(one - first.low, second.high - other)),
        high=difference + float(np.hypot(first.high - one, other - second.low)),
    )


def _prices(leads: FollowedLeads, rule: DecisionRule) -> Prices:
    known = leads.value[np.isfinite(leads.seen) & np.isfinite(leads.value)]
    value = float(known.mean()) if len(known) else rule.value
    return Prices(value, rule.cost, from_outcomes=bool(len(known)), example=rule.example)


def _money(conversions: Estimate | None, contacts: int, prices: Prices) -> Estimate | None:
    if conversions is None or prices.value is None or prices.cost is None:
        return None
    worth = _times(conversions, prices.value)
    spent = contacts * prices.cost
    return Estimate(value=worth.value - spent, low=worth.low - spent, high=worth.high - spent)


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(value=estimate.value * factor, low=estimate.low * factor, high=estimate.high * factor)


def _more_weeks(leads: FollowedLeads, target: float) -> int | None:
    """With as many leads a week as until now."""
    held, listed = int(leads.held_out.sum()), int((~leads.held_out).sum())
    if not held or not listed or target <= 0:
        return None
    rate = min(max(_mean(leads.probability), 0.001), 0.999)
    variance = rate * (1 - rate) * (1 / held + 1 / listed)
    weeks = max(float(leads.scored.max() - leads.scored.min()) / 7, 1.0)
    return max(0, int(np.ceil(weeks * (_SEEN_IN**2 * variance / target**2 - 1))))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
