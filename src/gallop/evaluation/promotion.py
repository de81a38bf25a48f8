"""Is a candidate better than the champion, and in no respect worse? The gain, its price, and the guard rails. Pure.

A gain on test rows may be luck. All looks on the same rows together are allowed `1 − confidence` of false promotions:
look k gets the share 1 / (k (k + 1)) of that, and all shares sum to one (alpha spending, Foster & Stine 2008). It holds
for candidates that were made without a look at the test rows' figures.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gallop.evaluation.bootstrap import Vector, resampled
from gallop.evaluation.calibration import calibration_errors, errors_by_chance
from gallop.evaluation.metrics import mean_of
from gallop.evaluation.paired import holm, row_losses, share_not_below
from gallop.evaluation.slices import level_masks
from gallop.results.run import Decision, GuardRail, Look
from gallop.settings.selection import Selection

LOSS_NAMES: Final = {"log_loss": "log-loss", "brier": "Brier score"}
RAIL_RISK: Final = 0.01
"""Chance with which a guard rail holds back a candidate that is as good as the champion in what it watches."""
_SKETCH: Final = 64


@dataclass(frozen=True)
class Circumstances:
    """What a decision needs besides outcomes and probabilities."""

    look: Look | None = None
    earlier: float = 0.0
    """Looks on the same rows before this one."""
    categories: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """Column → the level of each row, as `evaluation.slices` takes them."""
    groups: Sequence[str] | None = None
    """The lead of each row, where a lead has several: its rows are no independent evidence."""
    rails: tuple[GuardRail, ...] = ()
    """Guard rails that follow from elsewhere than these rows."""


def look_at(ids: Iterable[object], candidate: str, champion: str) -> Look:
    """Remember a comparison on the rows with these ids."""
    digests = sorted(int(hashlib.sha256(str(key).encode()).hexdigest()[:8], 16) for key in ids)
    return Look(candidate=candidate, champion=champion, rows=len(digests), sketch=tuple(digests[:_SKETCH]))


def shared_rows(now: Look, before: Look) -> float:
    """Which share of the rows of `now` were among those of `before`; estimated, unless both are small."""
    smallest = sorted({*now.sketch, *before.sketch})[: max(len(now.sketch), len(before.sketch))]
    both = len(set(smallest) & set(now.sketch) & set(before.sketch))
    # Of the union's smallest digests, the share that is in both sets estimates |A ∩ B| / |A ∪ B| (Broder 1997).
    similarity = both / len(smallest) if smallest else 0.0
    return min(1.0, similarity * (now.rows + before.rows) / (1 + similarity) / now.rows) if now.rows else 0.0


def earlier_looks(now: Look, decisions: Iterable[Decision]) -> float:
    """How many looks on these rows came before the first one of this candidate at this champion.

    Args:
        decisions: all that are remembered, the oldest first.
    """
    shares: dict[tuple[str, str], float] = {}
    for decision in decisions:
        look = decision.look
        if look is None:
            continue
        share = shared_rows(now, look)
        if (look.candidate, look.champion) == (now.candidate, now.champion) and share == 1.0:
            break
        pair = (look.candidate, look.champion)
        shares[pair] = max(share, shares.get(pair, 0.0))
    return sum(shares.values())


def price(confidence: float, looks: float) -> float:
    """The chance of luck at which look number `looks` (from 1) may promote."""
    return (1 - confidence) / (looks * (looks + 1))


def judge(
    label: Vector,
    candidate: Vector,
    champion: Vector,
    rule: Selection,
    circumstances: Circumstances,
    resampling: Mapping[str, Any],
) -> Decision:
    """Decide, from outcomes and both models' probabilities of the same rows, each of shape (n,).

    Args:
        resampling: `resamples`, `confidence` and `seed` of the interval.
    """
    losses = row_losses(rule.metric, label, candidate) - row_losses(rule.metric, label, champion)
    evidence = _by_lead(losses, circumstances.groups)
    difference, luck = mean_of(evidence, **resampling), share_not_below(evidence)
    looks = 1 + circumstances.earlier
    allowed = price(rule.confidence, looks)
    rails = (
        *circumstances.rails,
        _calibration_rail(label, candidate, champion, resampling),
        _slices_rail(losses, circumstances),
    )
    name = LOSS_NAMES[rule.metric]
    figures = (
        f"{name} {_signed(difference.value)} [{_signed(difference.low)}, {_signed(difference.high)}] on the same "
        f"{len(label)} test rows, better in {_share(1 - luck)} of resamples"
    )
    broken = [f"{rail.name}: {rail.because}" for rail in rails if not rail.kept]
    reasons = []
    if not (difference.value < -rule.minimum_gain and luck <= allowed):
        nth = f", since it is look {looks:.3g} on these rows" if looks > 1 else ""
        reasons.append(
            f"a promotion needs a gain of more than {rule.minimum_gain:.4f}, in {_share(1 - allowed)} of resamples{nth}"
        )
    reasons += broken
    return Decision(
        promote=not reasons,
        because="; ".join([figures, *reasons]),
        difference=difference,
        rails=rails,
        look=circumstances.look,
        looks=looks,
    )


def _calibration_rail(label: Vector, candidate: Vector, champion: Vector, resampling: Mapping[str, Any]) -> GuardRail:
    """Whether the candidate is miscalibrated, beyond chance, and more so than the champion on the same resamples.

    Both, since a champion that tells little apart is always well calibrated: in one bin there is no error by chance.
    """
    ones, draws = np.ones((1, len(label))), {name: resampling[name] for name in ("resamples", "seed")}
    own, other = (float(calibration_errors(label, p, ones)[0]) for p in (candidate, champion))
    figures = f"calibration error {own:.4f} against {other:.4f}"
    if own <= other:
        return GuardRail(name="calibration", kept=True, because=figures)
    if np.mean(errors_by_chance(candidate, **draws) >= own) > RAIL_RISK:
        return GuardRail(name="calibration", kept=True, because=f"{figures}, which chance explains")
    lower = [
        calibration_errors(label, candidate, weights) <= calibration_errors(label, champion, weights)
        for weights in resampled(len(label), **draws)
    ]
    share = float(np.mean(np.concatenate(lower)))
    if share > RAIL_RISK:
        return GuardRail(name="calibration", kept=True, because=f"{figures}, not significantly higher")
    because = f"{figures}, higher in {_share(1 - share)} of resamples and more than chance explains"
    return GuardRail(name="calibration", kept=False, because=because)


def _by_lead(losses: Vector, groups: Sequence[str] | None, mask: NDArray[np.bool_] | None = None) -> Vector:
    """One figure a lead, whose mean is that of the rows: leads are resampled, with all their rows."""
    rows = losses if mask is None else losses[mask]
    if groups is None:
        return rows
    named = np.asarray(groups, dtype=object) if mask is None else np.asarray(groups, dtype=object)[mask]
    _, index = np.unique(named.astype(str), return_inverse=True)
    sums = np.bincount(index, weights=rows)
    return np.asarray(sums * (len(sums) / len(rows)), dtype=np.float64)


def _slices_rail(losses: Vector, circumstances: Circumstances) -> GuardRail:
    """Whether the leads of some level are scored worse than by the champion; all levels together, by Holm's bound."""
    masks = [
        (column, level, mask)
        for column, levels in circumstances.categories.items()
        for level, mask in level_masks(levels)
        if not mask.all()
    ]
    if not masks:
        return GuardRail(name="slices", kept=True, because="no level has enough test rows to be looked at")
    luck = np.array([share_not_below(-_by_lead(losses, circumstances.groups, mask)) for *_, mask in masks])
    worse = [
        f"{column} {level} ({_signed(losses[mask].mean())} on {mask.sum()} rows)"
        for (column, level, mask), significant in zip(masks, holm(luck, RAIL_RISK), strict=True)
        if significant
    ]
    if worse:
        return GuardRail(name="slices", kept=False, because=f"worse for {', '.join(worse[:3])}")
    return GuardRail(name="slices", kept=True, because=f"none of {len(masks)} significantly worse")


def _signed(value: float) -> str:
    return f"{value if round(value, 4) else 0.0:+.4f}"


def _share(share: float) -> str:
    """In percent, with as many digits as tell it from all."""
    if share <= 0.99 or share == 1:
        return f"{share:.0%}"
    if 1 - share < 1e-6:
        return "more than 99.9999%"
    return f"{share:.{max(0, int(np.ceil(-np.log10(1 - share))) - 2)}%}"
