"""How soon `gallop monitor` sees that fewer convert, how often it cries wolf, and what two usual ways do instead.

100 leads a day, a tenth of which converts within 30 days, are watched for 60 days, 200 times a case; alarms at alpha =
1 %. Scores are exact, so that all that is wrong is what the case says. The functions are those of the command.

    python -m benchmarks.monitoring

(a) *not yet is no*: at each look, all leads scored so far; whoever has not converted counts as no. (b) *ripe leads
only*: at each look, those 30 days old. Both compare what came with the scores by a test at 1 %, each time anew.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from benchmarks.machine import machine
from gallop.monitoring.delays import DelayCurve, delay_curve
from gallop.monitoring.e_values import LeadDays, watch_open_leads, watch_ripe_leads

RUNS: Final = 200
DAYS: Final = 60
LEADS_A_DAY: Final = 100
RIPE: Final = 30.0
ALPHA: Final = 0.01
_LONG_AGO: Final = 1e9


@dataclass(frozen=True)
class Case:
    """What is different from what scores and delays say."""

    name: str
    ratio: float = 1.0
    """Conversions, as a part of those that scores say."""
    later: float = 1.0
    """Delays, as multiples of those that the curve was learnt from."""
    season: float = 0.0
    """How far the rate swings up and down."""
    season_days: float = 7.0
    by_band: bool = False
    """Whether the best tenth converts three times as early as the others."""
    learnt_from: int = 1000
    """Conversions behind the curve of delays at the start."""
    refreshed: bool = False
    """Whether the curve is learnt again each week, from what was seen by then, too."""
    look_every: float = 1.0
    """In days."""
    well_until: int = 0
    """Days before the change, in which all is well; they are watched too, and the days of alarms in them negative."""
    change: bool = True
    """Whether something has changed that should be seen."""


CASES: Final = (
    Case("nothing wrong", change=False),
    Case("nothing wrong, delays from 100 conversions", learnt_from=100, change=False),
    Case("nothing wrong, a look a week", look_every=7.0, change=False),
    Case("nothing wrong, delays learnt again each week", learnt_from=100, refreshed=True, change=False),
    Case("20 % up and down with the day of the week", season=0.2, change=False),
    Case("20 % up and down over a month", season=0.2, season_days=30.0, change=False),
    Case("the best tenth converts three times as early", by_band=True, change=False),
    Case("stale delays: now a tenth longer", later=1.1, change=False),
    Case("20 % fewer", ratio=0.8),
    Case("20 % fewer, delays from 100 conversions", ratio=0.8, learnt_from=100),
    Case("20 % fewer, a look a week", ratio=0.8, look_every=7.0),
    Case("30 % fewer", ratio=0.7),
    Case("50 % fewer", ratio=0.5),
    Case("30 % fewer, after four months in which all was well", ratio=0.7, well_until=120),
    Case("as many, 1.5 times later", later=1.5),
    Case("as many, 1.5 times later, delays learnt again each week", later=1.5, refreshed=True),
    Case("20 % up and down over a year", season=0.2, season_days=365.0),
)


@dataclass(frozen=True)
class Fired:
    """When each way raised its alarm, in days; infinite where it never did."""

    open_leads: float
    ripe_leads: float
    not_yet_is_no: float
    ripe_only: float


def delays(rng: np.random.Generator, count: int) -> np.ndarray:
    """Days until conversions that come within 30 days, gamma distributed: half within 5.7 days."""
    drawn = rng.gamma(1.2, 6.0, 2 * count + 50)
    return drawn[drawn <= RIPE][:count]


def made_leads(rng: np.random.Generator, case: Case) -> LeadDays:
    """Leads of 60 days, and when each was seen to convert."""
    leads = (case.well_until + DAYS) * LEADS_A_DAY
    scored = np.arange(leads) / LEADS_A_DAY - case.well_until
    probability = np.clip(rng.beta(0.8, 7.2, leads), 1e-4, 0.999)
    delay = delays(rng, leads) * case.later
    if case.by_band:
        best = probability >= np.quantile(probability, 0.9)
        delay = np.where(best, delay / 3, delay)
    swing = case.season * np.sin(2 * np.pi * ((scored + delay) / case.season_days + rng.random()))
    ratio = np.where(scored < 0, 1.0, case.ratio)
    converts = rng.random(leads) < probability * ratio * (1 + swing)
    return LeadDays(probability, scored, np.where(converts & (delay <= RIPE), scored + delay, np.inf))


def learnt_curve(rng: np.random.Generator, case: Case) -> tuple[DelayCurve, np.ndarray]:
    """The curve of delays as it is known at the start, and the delays that it was made of."""
    if case.by_band:
        # Of all conversions, 37 in 100 are of the best tenth here.
        known = delays(rng, case.learnt_from)
        known = np.where(rng.random(len(known)) < _share_of_best(), known / 3, known)
    else:
        known = delays(rng, case.learnt_from)
    curve = delay_curve(known, np.full(len(known), _LONG_AGO), RIPE)
    assert curve is not None
    return curve, known


def _share_of_best() -> float:
    probability = np.random.default_rng(0).beta(0.8, 7.2, 1_000_000)
    return float(probability[probability >= np.quantile(probability, 0.9)].sum() / probability.sum())


def curves_of_weeks(case: Case, curve: DelayCurve, known: np.ndarray, leads: LeadDays, starts: np.ndarray) -> list:
    """The curve of each period, learnt again each week where the case says so."""
    curves: list[DelayCurve | None] = []
    for index, start in enumerate(starts):
        if case.refreshed and index and start % 7 == 0:
            seen = leads.seen <= start
            delay = np.r_[known, (leads.seen - leads.scored)[seen]]
            could_see = np.r_[np.full(len(known), _LONG_AGO), start - leads.scored[seen]]
            curve = delay_curve(delay, could_see, RIPE) or curve
        curves.append(curve)
    return curves


def run_once(rng: np.random.Generator, case: Case) -> Fired:
    """One made-up deployment."""
    leads = made_leads(rng, case)
    curve, known = learnt_curve(rng, case)
    starts = np.arange(-case.well_until, DAYS, case.look_every)
    early = watch_open_leads(leads, curves_of_weeks(case, curve, known, leads, starts), starts, DAYS, RIPE)
    ripe = leads.scored + RIPE
    due = ripe <= DAYS
    late = watch_ripe_leads(leads.probability[due], np.isfinite(leads.seen[due]), ripe[due], early.ends)
    return Fired(
        *(np.inf if (first := watch.first_alarm(ALPHA)) is None else watch.ends[first] for watch in (early, late)),
        _naive(leads, early.ends, 0.0),
        _naive(leads, early.ends, RIPE),
    )


def _naive(leads: LeadDays, looks: np.ndarray, age: float) -> float:
    """The first look at which too few leads of an age had converted, by a test at 1 % that forgets other looks."""
    for look in looks:
        old = leads.scored + age < look
        p, came = leads.probability[old], int((leads.seen[old] <= look).sum())
        spread = float(np.sqrt((p * (1 - p)).sum()))
        if spread and norm.cdf((came + 0.5 - p.sum()) / spread) < ALPHA:
            return float(look)
    return np.inf


def measure(case: Case, runs: int = RUNS, seed: int = 18) -> dict[str, tuple[float, float]]:
    """Way → share of runs with an alarm, and the median day of those."""
    rng = np.random.default_rng(seed)
    fired = [run_once(rng, case) for _ in range(runs)]
    result = {}
    for way in Fired.__dataclass_fields__:
        days = np.array([getattr(one, way) for one in fired])
        raised = np.isfinite(days)
        result[way] = (float(raised.mean()), float(np.median(days[raised])) if raised.any() else np.nan)
    return result


def main(say: Callable[[str], object] = print) -> None:
    """Print the table of docs/monitoring.md."""
    begun = time.monotonic()
    say("| case | fewer or later | fewer (ripe) | (a) not yet is no | (b) ripe only, tested anew |")
    say("|---|---|---|---|---|")
    for case in CASES:
        cells = [
            f"{share:.1%}{f', day {day:.0f}' if share else ''}".replace("%", " %")
            for share, day in measure(case).values()
        ]
        say(f"| {case.name} | {' | '.join(cells)} |")
        sys.stdout.flush()
    say(f"\n{machine()}; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
