"""What the test leads say of an uplift model that has not seen them. Pure.

Every figure is a mean of doubly robust scores, so it is right whatever the models are worth; intervals are of the
bootstrap over leads. Two of them decide what may be said, and hold together (Bonferroni 1936): that of the mean effect,
and that of what targeting brings over contacting as many leads at random (the area between the two curves; Yadlowsky
et al. 2025 call a weighted one RATE).
"""

from typing import Final

import numpy as np

from gallop.evaluation.bootstrap import resampled
from gallop.evaluation.metrics import Estimate, Vector, mean_of, spread
from gallop.results.uplift import DIFFERENT_EFFECT, NO_EFFECT, SAME_EFFECT, UpliftDepth, UpliftGroup, UpliftResult
from gallop.settings.decision import DecisionRule

_SHARES: Final = tuple(round(0.05 * step, 2) for step in range(1, 21))
_GROUPS: Final = 5


def assess_uplift(
    scores: Vector,
    treated: Vector,
    uplift: Vector,
    probability: Vector,
    rule: DecisionRule,
    *,
    contact_from: float,
    resamples: int,
    confidence: float,
    seed: int,
) -> UpliftResult:
    """Hold predicted effects against the test.

    Args:
        scores: doubly robust, of the test leads, shape (n,).
        treated: 1 where the lead was contacted, shape (n,).
        uplift: predicted, shape (n,); probability: of converting, shape (n,).
        rule: what a conversion is worth and a contact costs.
        contact_from: smallest uplift that means contact, where differences are seen.
        resamples, confidence, seed: of the intervals, as in `evaluation.metrics.evaluate`.
    """
    intervals: dict = {"resamples": resamples, "confidence": confidence, "seed": seed}
    both: dict = intervals | {"confidence": 1 - (1 - confidence) / 2}
    tie = np.random.default_rng(seed).random(len(scores))
    orders = [np.lexsort((tie, -ranked)) for ranked in (uplift, probability)]
    (gain, drawn), (other, other_drawn) = (_gains(scores[order], order, resamples, seed) for order in orders)
    area = spread(float(_over_random(gain)), _over_random(drawn), both["confidence"])
    average = mean_of(scores, **both)
    depths = tuple(
        UpliftDepth(
            share=share,
            gain=(of_share := spread(gain[index], drawn[:, index], confidence)),
            by_probability=spread(other[index], other_drawn[:, index], confidence),
            at_random=share * float(scores.mean()),
            money=_money(of_share, share, rule),
        )
        for index, share in enumerate(_SHARES)
    )
    return UpliftResult(
        treated=int(treated.sum()),
        control=int(len(treated) - treated.sum()),
        average=average,
        targeting=area,
        verdict=(verdict := _verdict(average, area, uplift)),
        contact_from=contact_from if verdict == DIFFERENT_EFFECT else None,
        depths=depths,
        groups=_groups(scores, uplift, intervals),
    )


def _gains(ordered: Vector, order: np.ndarray, resamples: int, seed: int) -> tuple[Vector, np.ndarray]:
    """Conversions over nobody's contact per lead, the best shares contacted: shape (shares,), and of resamples.

    Args:
        ordered: scores, the best lead first; order: which leads they are of.
    """
    point = _of_shares(ordered, np.ones((1, len(ordered))))[0]
    blocks = [_of_shares(ordered, weights[:, order]) for weights in resampled(len(ordered), resamples, seed)]
    return point, np.concatenate(blocks)


def _of_shares(ordered: Vector, weights: np.ndarray) -> np.ndarray:
    """Shape (resamples, shares). A lead on the edge of a share counts with the part of it that is inside."""
    leads, gained = np.cumsum(weights, axis=1), np.cumsum(weights * ordered, axis=1)
    at = np.array(_SHARES)
    rows = zip(leads, gained, strict=True)
    return np.stack([np.interp(at * so_many[-1], so_many, so_far) / so_many[-1] for so_many, so_far in rows])


def _over_random(gains: np.ndarray) -> np.ndarray:
    """The mean over all shares of what targeting gains over as many contacts at random; the last axis goes."""
    return np.mean(gains - np.array(_SHARES) * gains[..., -1:], axis=-1)


def _money(gain: Estimate, share: float, rule: DecisionRule) -> Estimate | None:
    if rule.value is None or rule.cost is None:
        return None
    worth = [rule.value * part - rule.cost * share for part in (gain.value, gain.low, gain.high)]
    return Estimate(value=worth[0], low=worth[1], high=worth[2])


def _verdict(average: Estimate, targeting: Estimate, uplift: Vector) -> str:
    if np.ptp(uplift) > 0 and targeting.low > 0:
        return DIFFERENT_EFFECT
    return SAME_EFFECT if average.low > 0 or average.high < 0 else NO_EFFECT


def _groups(scores: Vector, uplift: Vector, intervals: dict) -> tuple[UpliftGroup, ...]:
    """Calibration of the effects, by fifths of the predicted ones; one group where all are alike."""
    parts = _GROUPS if np.ptp(uplift) > 0 else 1
    order = np.argsort(-uplift, kind="stable")
    return tuple(
        UpliftGroup(rows=len(rows), predicted=float(uplift[rows].mean()), seen=mean_of(scores[rows], **intervals))
        for rows in np.array_split(order, parts)
        if len(rows)
    )
