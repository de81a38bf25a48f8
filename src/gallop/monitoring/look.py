"""One look at the live model: what was expected of its leads, what came, and three alarms. Pure.

- *fewer or later*: open leads, day by day, by the hazards that scores and delays give. The first to know; it cannot
  tell fewer conversions from later ones.
- *fewer*: ripe leads, each once. Later, and sure.
- *different leads*: scores and columns. It says so, and calls nobody.

Delays are taken as they were known before each week, so that no conversion is held against a curve made of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np

from gallop.evaluation.metrics import critical_value
from gallop.modelling.unlike import unlike_leads
from gallop.monitoring.calibration import calibration_slope, group_rates
from gallop.monitoring.columns import FEWEST_LEADS, moved_columns
from gallop.monitoring.delays import FEWEST, DelayCurve, delay_curve
from gallop.monitoring.e_values import LeadDays, Watch, watch_open_leads, watch_ripe_leads
from gallop.monitoring.followed import FollowedLeads, follow, ripe_age, scores_of_live_version, shown_day
from gallop.monitoring.outcomes import LeadOutcome
from gallop.results.evidence import BANDS, Band, ScoreRange
from gallop.results.monitoring import (
    DIFFERENT_LEADS,
    FEWER,
    FEWER_OR_LATER,
    Alarm,
    ExpectedByNow,
    GroupRate,
    MonitoringReport,
    MovedColumn,
)
from gallop.results.unlike import LearntScores, Unlike
from gallop.settings.monitoring import Monitoring

CONFIDENCE: Final = 0.95
_WEEK: Final = 7
_DAY_S: Final = 86_400
_MOST: Final = 1e12


@dataclass(frozen=True)
class ScoresLearnt:
    """What the live model's scores were like out of fold."""

    bands: tuple[Band, ...]
    ranges: tuple[ScoreRange, ...]
    seen: LearntScores | None = None
    """The same of the leads that the live fit learnt from."""


def look_at_model(
    scores: nw.DataFrame,
    outcomes: Mapping[str, LeadOutcome],
    until: float,
    settings: Monitoring,
    learnt: ScoresLearnt | None = None,
) -> MonitoringReport:
    """All that can be told now.

    Args:
        scores: the log of scores, the oldest first; at least one.
        outcomes: lead → what was said of it last.
        until: when outcomes are known, in days since 1970.
        learnt: of the version that scored last; None where it is not at hand.
    """
    horizon = float(settings.horizon_days)
    version, own = scores_of_live_version(scores)
    everyone, live = (follow(some, outcomes, horizon).known_at(until) for some in (scores, own))
    ripe_days = ripe_age(everyone, horizon)
    starts = np.arange(live.scored.min(initial=until), until, 1.0)
    curves = [curve for start in starts[::_WEEK] for curve in [_curve(everyone, start, ripe_days)] * _WEEK]
    early = watch_open_leads(_lead_days(live), curves[: len(starts)], starts, until, ripe_days)
    is_ripe = live.scored + ripe_days <= until
    ripe = live.where(is_ripe)
    late = watch_ripe_leads(ripe.probability, np.isfinite(ripe.seen), ripe.scored + ripe_days, early.ends)
    curve = _curve(everyone, until, ripe_days)
    moved = _moved_columns(everyone, horizon)
    unlike = _unlike_scores(live, horizon, learnt)
    converted = np.isfinite(ripe.seen)
    return MonitoringReport(
        version=version,
        since=_shown(float(own["scored_at"].dt.timestamp("us").min()) / 1e6),
        until=_shown(until * _DAY_S),
        horizon_days=settings.horizon_days,
        ripe_days=ripe_days,
        alpha=settings.alpha,
        leads=len(live),
        ripe=len(ripe),
        again=live.again,
        converted_before=live.converted_before,
        hold_out=settings.hold_out,
        delays_from=curve.conversions if curve else None,
        median_delay=_median(curve),
        now=_expected_by_now(live, curve, until),
        alarms=(
            _alarm(FEWER_OR_LATER, early, settings.alpha, _not_yet(everyone, until, ripe_days)),
            _alarm(FEWER, late, settings.alpha, "no lead is ripe yet"),
            _different(unlike, moved),
        ),
        bands=group_rates(BANDS, ripe.band, ripe.probability, converted, CONFIDENCE),
        periods=_by_period(ripe),
        held_out=_by_hold_out(ripe),
        slope=calibration_slope(ripe.probability, converted, CONFIDENCE),
        scores=unlike,
        columns=moved or (),
        remarks=_remarks(live, settings),
    )


def _lead_days(leads: FollowedLeads) -> LeadDays:
    return LeadDays(leads.probability, leads.scored, leads.seen)


def _curve(leads: FollowedLeads, at: float, ripe_days: float) -> DelayCurve | None:
    """How late conversions come, as it was known at a moment."""
    known = leads.seen <= at
    return delay_curve((leads.seen - leads.scored)[known], at - leads.scored[known], ripe_days)


def _median(curve: DelayCurve | None) -> float | None:
    return None if curve is None else float(np.interp(0.5, curve.shares, curve.ages))


def _expected_by_now(leads: FollowedLeads, curve: DelayCurve | None, until: float) -> ExpectedByNow | None:
    if curve is None or not len(leads):
        return None
    age = until - leads.scored
    by_now = leads.probability * curve(age)
    # Delays are themselves known from few conversions: each of them stands for as many leads as are old enough for it.
    order = np.argsort(age)
    older = np.append(np.cumsum(leads.probability[order][::-1])[::-1], 0.0)
    expects = older[np.searchsorted(age[order], curve.ages[1:])]
    weights = np.diff(curve.shares)
    of_delays = float(weights @ (expects - weights @ expects) ** 2) / curve.conversions
    reach = critical_value(CONFIDENCE) * float(np.sqrt((by_now * (1 - by_now)).sum() + of_delays))
    expected = float(by_now.sum())
    return ExpectedByNow(
        leads=len(leads),
        expected=expected,
        low=max(0.0, expected - reach),
        high=expected + reach,
        came=int(np.isfinite(leads.seen).sum()),
        in_all=float(leads.probability.sum()),
    )


def _alarm(name: str, watch: Watch, alpha: float, unknown: str | None) -> Alarm:
    watched = watch.expected > 0
    if not watched.any():
        return Alarm(name=name, raised=False, because=f"cannot be told yet: {unknown}")
    first = watch.first_alarm(alpha)
    evidence = float(np.exp(np.minimum(watch.log_e[-1], np.log(_MOST))))
    # What is expected of open leads day by day grows with those that fail to convert: it is no number for people.
    counts = f"{watch.came.sum():,} came of {watch.expected.sum():,.1f} expected; " if name == FEWER else ""
    begun = shown_day(float(watch.ends[np.argmax(watched)]) - 1)
    because = f"{counts}evidence since {begun}: {evidence:.3g}, an alarm at {1 / alpha:,.0f}"
    since = None if first is None else shown_day(float(watch.ends[first]))
    return Alarm(name=name, raised=first is not None, since=since, evidence=evidence, because=because)


def _not_yet(leads: FollowedLeads, until: float, ripe_days: float) -> str:
    ripe = leads.scored + ripe_days <= until
    known = int(np.isfinite(leads.seen[ripe]).sum())
    return (
        f"how late conversions come is known from {FEWEST} conversions of leads that are {ripe_days:g} days old, and "
        f"there are {known}"
    )


def _different(unlike: Sequence[Unlike], moved: Sequence[MovedColumn] | None) -> Alarm:
    parts = [f"share of {what.what} leads" if what.what in BANDS else "scores" for what in unlike]
    parts += [f"{column.column}{'' if column.level is None else f' {column.level}'}" for column in moved or ()]
    if parts:
        more = f" and {len(parts) - 5} more" if len(parts) > 5 else ""
        because = f"moved: {', '.join(parts[:5])}{more}"
    elif moved is None:
        because = f"cannot be told yet: it takes {FEWEST_LEADS} leads of late, and as many before"
    else:
        because = "leads are as they were"
    return Alarm(name=DIFFERENT_LEADS, raised=bool(parts), because=because)


def _moved_columns(leads: FollowedLeads, horizon: float) -> tuple[MovedColumn, ...] | None:
    late = _of_late(leads, horizon)
    return moved_columns(leads.inputs[~late].tolist(), leads.inputs[late].tolist())


def _unlike_scores(leads: FollowedLeads, horizon: float, learnt: ScoresLearnt | None) -> tuple[Unlike, ...]:
    if learnt is None:
        return ()
    return unlike_leads(
        leads.probability[_of_late(leads, horizon)], {}, learnt.bands, learnt.ranges, learnt=learnt.seen
    )


def _of_late(leads: FollowedLeads, horizon: float) -> np.ndarray:
    return leads.scored > leads.scored.max(initial=0.0) - horizon


def _by_period(ripe: FollowedLeads) -> tuple[GroupRate, ...]:
    """By month, or by week where that would be fewer than three."""
    if not len(ripe):
        return ()
    days = np.floor(ripe.scored).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    named = months
    if len(np.unique(months)) < 3:
        # Numpy's weeks begin on Thursday, the day on which 1970 did.
        named = ((days - 4).astype("datetime64[W]")).astype("datetime64[D]") + 4
    names = [str(name) for name in np.unique(named)]
    return group_rates(names, named.astype(str), ripe.probability, np.isfinite(ripe.seen), CONFIDENCE)


def _by_hold_out(ripe: FollowedLeads) -> tuple[GroupRate, ...]:
    if not ripe.held_out.any():
        return ()
    group = np.where(ripe.held_out, "held out", np.where(ripe.contact, "to contact", "to wait"))
    names = ("held out", "to contact", "to wait")
    return group_rates(names, group, ripe.probability, np.isfinite(ripe.seen), CONFIDENCE)


def _remarks(leads: FollowedLeads, settings: Monitoring) -> tuple[str, ...]:
    remarks = []
    if not settings.hold_out or not leads.held_out.any():
        remarks.append(
            "No lead is held out at random: whoever is contacted by score converts more often for it, and all figures "
            "here are of both together. `monitoring.hold_out: 0.05` holds out one in twenty"
        )
    return tuple(remarks)


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
