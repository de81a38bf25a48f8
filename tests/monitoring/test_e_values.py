"""Alarms that may be looked at every day: rarely wrong, soon right."""

import numpy as np
import pytest
from benchmarks.monitoring import ALPHA, CASES, DAYS, RIPE, learnt_curve, made_leads, measure
from hypothesis import given
from hypothesis import strategies as st

from gallop.monitoring.delays import DelayCurve
from gallop.monitoring.e_values import RATIOS, TOLERANCE, LeadDays, watch_open_leads, watch_ripe_leads

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", list(CASES[:4]), ids=lambda case: case.name)
def test_where_nothing_is_wrong_hardly_any_of_many_looks_raises_an_alarm(case):
    assert measure(case, runs=40)["open_leads"][0] <= 0.05


def test_half_of_the_conversions_gone_is_seen_long_before_any_lead_is_ripe():
    measured = measure(BY_NAME["50 % fewer"], runs=20)
    (early, day), (late, ripe_day) = measured["open_leads"], measured["ripe_leads"]
    assert early == late == 1.0
    assert day < 15
    assert 30 < ripe_day < 40


def test_counting_not_yet_as_no_raises_an_alarm_at_once_where_nothing_is_wrong():
    share, day = measure(BY_NAME["nothing wrong"], runs=5)["not_yet_is_no"]
    assert share == 1.0
    assert day <= 2


@given(st.floats(0.01, 0.9), st.lists(st.floats(0.1, 29.9), min_size=1, max_size=8, unique=True))
def test_a_lead_that_never_converts_says_as_much_whatever_the_days_between_looks(p, looks):
    """All hazards together are the lead's probability: what is expected does not depend on how often one looks."""
    curve = DelayCurve(np.array([0.0, 3.0, RIPE]), np.array([0.0, 0.6, 1.0]), 100)
    lead = LeadDays(np.array([p]), np.zeros(1), np.array([np.inf]))
    starts = np.array([0.0, *sorted(looks)])
    watch = watch_open_leads(lead, [curve] * len(starts), starts, RIPE, RIPE)
    survives = np.prod(1 - watch.expected)
    assert survives == pytest.approx(1 - p)


def test_the_evidence_of_one_conversion_is_the_mean_of_the_ratios():
    curve = DelayCurve(np.array([0.0, RIPE]), np.array([0.0, 1.0]), 100)
    lead = LeadDays(np.array([0.3]), np.zeros(1), np.array([10.0]))
    watch = watch_open_leads(lead, [curve], np.zeros(1), RIPE, RIPE)
    # Half of the weight begins now, and the rest, in later weeks, is still 1.
    assert np.exp(watch.log_e[0]) == pytest.approx(0.5 * np.mean(np.array(RATIOS) / TOLERANCE) + 0.5)
    assert watch.came.tolist() == [1]


def test_a_long_time_in_which_all_was_well_does_not_hide_what_comes_after_it():
    rng = np.random.default_rng(4)
    p = rng.uniform(0.05, 0.35, 12_000)
    ripe, ends = np.arange(12_000) / 33.0, np.arange(1.0, 365)
    converted = rng.random(12_000) < np.where(ripe < 300, p, 0.6 * p)
    first = watch_ripe_leads(p, converted, ripe, ends).first_alarm(ALPHA)
    assert first is not None
    assert 300 < ends[first] < 335


def test_periods_without_known_delays_say_nothing():
    rng = np.random.default_rng(1)
    case = BY_NAME["50 % fewer"]
    leads, (curve, _) = made_leads(rng, case), learnt_curve(rng, case)
    starts = np.arange(0.0, DAYS)
    watch = watch_open_leads(leads, [None] * 40 + [curve] * 20, starts, DAYS, RIPE)
    assert (watch.log_e[:40] == 0).all()
    assert (watch.came[:40] == 0).all()
    assert watch.first_alarm(ALPHA) is not None


def test_scores_that_tell_leads_apart_no_more_are_seen_on_ripe_leads():
    rng = np.random.default_rng(2)
    p = np.clip(rng.beta(0.8, 3.0, 3000), 1e-3, 0.999)
    ripe, ends = np.sort(rng.uniform(0, 30, 3000)), np.arange(1.0, 31)
    as_said, shuffled = rng.random(3000) < p, rng.random(3000) < rng.permutation(p)
    assert watch_ripe_leads(p, as_said, ripe, ends).first_alarm(ALPHA) is None
    assert watch_ripe_leads(p, shuffled, ripe, ends).first_alarm(ALPHA) is not None


def test_every_ripe_lead_is_counted_once():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.01, 0.5, 500)
    converted = rng.random(500) < p
    watch = watch_ripe_leads(p, converted, rng.uniform(0, 30, 500), np.arange(1.0, 31))
    assert watch.came.sum() == converted.sum()
    assert watch.expected.sum() == pytest.approx(p.sum())
