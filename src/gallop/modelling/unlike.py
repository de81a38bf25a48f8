"""Are the leads that are scored like those that the model learnt from? Known on the day, before any outcome. Pure.

Three questions: does each band hold the share of leads that it held out of fold; do the scores lie where they lay; and
are there values that were never seen? All are asked together at 99 % (Bonferroni 1936), and of each the bound is said.
Chance is counted on both sides, by Clopper & Pearson's (1934) interval for shares, and by the inequality of Dvoretzky,
Kiefer & Wolfowitz (1956) for the scores. With enough leads every week differs from the last by more than chance, so a
share may also be a quarter larger or smaller, scores may be moved by a twentieth of the leads, and one lead in a
hundred may have new values. Leads that the live fit learnt from are scored more extremely than new ones, and those who
score their whole table score both kinds: what lies between the two is not unlike.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.stats import beta

from gallop.evaluation.metrics import Vector
from gallop.results.evidence import Band, ScoreRange
from gallop.results.unlike import SCORES, LearntScores, Unlike

_ERROR: Final = 0.01
_RATIO: Final = 1.25
_MOVED: Final = 0.05
_NEW: Final = 0.01


def unlike_leads(
    probability: Vector,
    new_values: Mapping[str, int],
    bands: Sequence[Band],
    ranges: Sequence[ScoreRange],
    *,
    learnt: LearntScores | None = None,
    read: int | None = None,
) -> tuple[Unlike, ...]:
    """What differs from what the model was made for; nothing where nothing does.

    Args:
        probability: of the scored leads, shape (n,).
        new_values: rule → leads that broke it by a value that the table did not have.
        bands: of the model, the best first, with their shares of the leads out of fold.
        ranges: how many leads had which scores, out of fold.
        learnt: the same of the leads that the live fit learnt from, as it scores them; None where nobody scores those.
        read: rows among which new values were counted, where some could not be scored.
    """
    rows, known = len(probability), sum(of_scores.rows for of_scores in ranges)
    if not rows or not known:
        return ()
    error = _ERROR / (len(bands) + 1 + len(new_values))
    shares = {band.name: (band.share, learnt.bands[band.name] if learnt else band.share) for band in bands}
    differing = [
        share_unlike(name, int(inside.sum()), rows, shares[name], known, error)
        for name, inside in _inside(probability, bands).items()
    ]
    differing.append(_scores(probability, ranges, learnt, error))
    differing += [
        share_unlike(rule, count, read or rows, (0.0, 0.0), known, error) for rule, count in new_values.items()
    ]
    return tuple(one for one in differing if one is not None)


def learnt_scores(probability: Vector, bands: Sequence[Band], ranges: Sequence[ScoreRange]) -> LearntScores:
    """How the live fit scores the leads that it learnt from: `probability`, shape (n,)."""
    return LearntScores(
        up_to=tuple(_up_to(probability, ranges).tolist()),
        bands={name: float(inside.mean()) for name, inside in _inside(probability, bands).items()},
    )


def _inside(probability: Vector, bands: Sequence[Band]) -> dict[str, np.ndarray]:
    """Name → which leads are in that band."""
    above = [np.inf, *(band.lowest for band in bands)]
    return {
        band.name: (probability >= band.lowest) & (probability < highest)
        for band, highest in zip(bands, above, strict=False)
    }


def share_unlike(
    what: str, count: int, rows: int, expected: tuple[float, float], known: int, error: float
) -> Unlike | None:
    """A share of the leads where it lies beyond its bounds.

    The bounds are what the known leads and usual variation allow; all of the observed share's interval is beyond them.

    Args:
        expected: of leads that nothing has learnt from, and of those learnt from.
    """
    (low, _), (_, high) = (_interval(share * known, known, error) for share in sorted(expected))
    low, high, observed = low / _RATIO, max(high * _RATIO, _NEW), count / rows
    lowest, highest = _interval(count, rows, error)
    if lowest > high:
        return Unlike(what=what, observed=observed, expected=expected[0], bound=high)
    if highest < low:
        return Unlike(what=what, observed=observed, expected=expected[0], bound=low)
    return None


def _interval(count: float, rows: int, error: float) -> tuple[float, float]:
    """Clopper and Pearson's, each end wrong with half of `error`."""
    low = beta.ppf(error / 2, count, rows - count + 1) if count > 0 else 0.0
    high = beta.ppf(1 - error / 2, count + 1, rows - count) if count < rows else 1.0
    return float(low), float(high)


def _scores(
    probability: Vector, ranges: Sequence[ScoreRange], learnt: LearntScores | None, error: float
) -> Unlike | None:
    """The largest gap between the shares of leads up to any score, then and now, where it is beyond its bound."""
    counts = np.cumsum([of_scores.rows for of_scores in ranges])
    # Above the highest score that was known there is nothing left of the known leads, but maybe of these.
    now, then = _up_to(probability, ranges), counts / counts[-1]
    seen = np.array(learnt.up_to) if learnt else then
    gap = float(np.max([now - np.maximum(then, seen), np.minimum(then, seen) - now]))
    chance = np.sqrt(np.log(4 / error) / 2) * (1 / np.sqrt(len(probability)) + 1 / np.sqrt(counts[-1]))
    bound = float(chance + _MOVED)
    return Unlike(what=SCORES, observed=gap, expected=0.0, bound=bound) if gap > bound else None


def _up_to(probability: Vector, ranges: Sequence[ScoreRange]) -> Vector:
    """Share of the leads up to the highest score of each range."""
    highest = [of_scores.highest for of_scores in ranges]
    return np.searchsorted(np.sort(probability), highest, side="right") / len(probability)
