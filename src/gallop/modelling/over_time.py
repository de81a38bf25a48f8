"""How rate, calibration and log-loss went from period to period, and what later leads may bring. Pure.

An interval over the test leads says what other leads *of the same time* would bring. Later leads differ also in ways
that no resampling knows. How much, the past shows: each period was scored by models of the time before it, so the steps
of the log-loss from one period to the next are steps that scores in use would have met. The next step is taken for one
more of them (a random walk in the logarithm, so that rare outcomes and frequent ones are treated alike), with
Student's t for their small number, on top of the chance of both the test leads and as many later ones.
"""

from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from gallop.evaluation.codes import bin_codes
from gallop.evaluation.metrics import Estimate, Vector, critical_value, log_losses, wilson
from gallop.modelling.drift import clocks, find_drift, strongest
from gallop.modelling.search.grouped_folds import InTime
from gallop.modelling.search.run import Searched
from gallop.results.over_time import OverTime, Period
from gallop.settings.params import Settings
from gallop.tables.clock import NEVER, Moments, moments, shown_moment

_LATEST_OF_LABEL: Final = 200
"""Leads of each outcome that cut-offs and ranges need before older periods are left out."""


def rows_in_time(leads: nw.DataFrame, settings: Settings) -> tuple[Moments | None, InTime | None]:
    """When training leads were, where the split goes forward; and whose they are, where rows have groups or a gap."""
    if not settings.split.is_forward:
        return None, None
    at, group, gap = moments(leads, settings.table, settings.split.by), settings.table.group, settings.split.gap_days
    in_time = InTime(at, None if group is None else leads[group].to_list(), gap)
    return at, in_time if group is not None or gap else None


def latest_rows(at: Moments | None, label: Vector, searched: Searched, count: int) -> NDArray[np.bool_]:
    """Which out-of-fold leads cut-offs and ranges of rates are taken from: shape (out-of-fold leads,).

    Forward in time the latest periods that together have enough leads of each outcome; otherwise all.

    Args:
        at: when each training lead was; None where folds do not go forward.
        label: of the out-of-fold leads.
        count: periods at most.
    """
    if at is None:
        return np.ones(len(label), dtype=bool)
    period = bin_codes(at[searched.rows].astype(np.float64), count)
    for first in np.unique(period)[::-1]:
        latest = period >= first
        if min(np.sum(label[latest] == outcome) for outcome in (0, 1)) >= _LATEST_OF_LABEL:
            return latest
    return np.ones(len(label), dtype=bool)


def training_over_time(leads: nw.DataFrame, label: Vector, probability: Vector, settings: Settings) -> OverTime | None:
    """What changes along the split's clock, or the strongest of all; None where nothing says when a lead was.

    Args:
        leads: model-ready training leads that some fold held out, n of them.
        label, probability: theirs, out of fold, shape (n,).
    """
    by = [settings.split.by] if settings.split.is_forward else clocks(leads, settings.table)
    if not by:
        return None
    drift = strongest(find_drift(leads, label, settings, by, probability))
    at = moments(leads, settings.table, drift.by)
    dated = at != NEVER
    confidence = settings.evaluation.confidence
    of_training = periods(at[dated], label[dated], probability[dated], settings.training.folds, drift.by, confidence)
    return OverTime(drift=drift, forward=settings.split.is_forward, periods=of_training, later=None)


def with_test_leads(
    over_time: OverTime | None, leads: nw.DataFrame, label: Vector, probability: Vector, settings: Settings
) -> OverTime | None:
    """With what later leads may bring; in a split forward in time, with the test leads as the last period.

    Args:
        leads: model-ready test leads, n of them; label, probability: shape (n,).
    """
    if over_time is None:
        return None
    by, confidence, of_periods = over_time.drift.by, settings.evaluation.confidence, over_time.periods
    if over_time.forward:
        at = moments(leads, settings.table, by)
        of_periods = (*of_periods, *periods(at, label, probability, 1, by, confidence, tested=True))
    # Models that have seen later leads say nothing of a time that differs.
    known = over_time.forward or not over_time.drift.changed
    later = later_log_loss(of_periods, label, probability, confidence) if known else None
    return over_time.model_copy(update={"periods": of_periods, "later": later})


def periods(
    at: Moments, label: Vector, probability: Vector, count: int, by: str, confidence: float, *, tested: bool = False
) -> tuple[Period, ...]:
    """Periods of whole moments with about as many leads each, the earliest first.

    Args:
        at: when each lead was, shape (n,).
        label, probability: of models that had not seen the lead, shape (n,).
        count: periods at most.
        by: what the moments are of, as `split.by`.
        confidence: coverage of the Wilson intervals.
    """
    period, found = bin_codes(at.astype(np.float64), count), []
    for number in np.unique(period):
        own = period == number
        expected, rows = probability[own], int(own.sum())
        entropy = expected * log_losses(np.ones(rows), expected) + (1 - expected) * log_losses(np.zeros(rows), expected)
        found.append(
            Period(
                first=shown_moment(int(at[own].min()), by),
                last=shown_moment(int(at[own].max()), by),
                rows=rows,
                rate=wilson(float(label[own].sum()), rows, confidence),
                expected=float(expected.mean()),
                log_loss=float(log_losses(label[own], expected).mean()),
                expected_log_loss=float(entropy.mean()),
                tested=tested,
            )
        )
    return tuple(found)


def later_log_loss(
    of_periods: tuple[Period, ...], label: Vector, probability: Vector, confidence: float
) -> Estimate | None:
    """The log-loss of the test leads, and where that of as many later ones is expected to lie.

    Args:
        of_periods: each scored by models of earlier leads only, the last one being of the test leads; or by models of
            any other leads, where nothing changes with time.
        label, probability: of the test leads, shape (n,).

    Returns:
        None where there is one period only, so that nothing is known of steps.
    """
    losses = np.array([period.log_loss for period in of_periods])
    steps = np.diff(np.log(np.maximum(losses, 1e-9)))
    if not len(steps):
        return None
    of_leads = log_losses(label, probability)
    value = float(of_leads.mean())
    moved = t.ppf((1 + confidence) / 2, len(steps)) * np.sqrt(np.mean(steps**2))
    chance = critical_value(confidence) * of_leads.std() / np.sqrt(len(of_leads)) / max(value, 1e-9)
    reach = float(np.exp(np.hypot(moved, np.sqrt(2) * chance)))
    return Estimate(value=value, low=value / reach, high=value * reach)
