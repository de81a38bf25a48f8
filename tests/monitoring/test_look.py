"""One look at a live model: what was expected, what came, and which of three alarms is raised."""

import narwhals.stable.v2 as nw
import polars as pl
import pytest

from gallop.monitoring.followed import follow, scores_of_live_version
from gallop.monitoring.look import look_at_model
from gallop.monitoring.outcomes import LeadOutcome
from gallop.results.monitoring import DIFFERENT_LEADS, FEWER, FEWER_OR_LATER, MonitoringReport
from gallop.schema import DAY_US
from gallop.settings.monitoring import Monitoring
from tests.support.followed import FIRST_DAY, START, deployment

SETTINGS = Monitoring()


def alarms(report: MonitoringReport) -> dict[str, bool]:
    return {alarm.name: alarm.raised for alarm in report.alarms}


@pytest.fixture(scope="module")
def history() -> tuple[nw.DataFrame, dict[str, LeadOutcome]]:
    """The version before: its leads are ripe, so delays are known."""
    return deployment(60, version="1")


def after(history, days: int, **how) -> MonitoringReport:
    """A look so many days after a second version became live on day 60."""
    scores, outcomes = deployment(days, version="2", first=60, seed=2, **how)
    return look_at_model(nw.concat([history[0], scores]), history[1] | outcomes, FIRST_DAY + 60 + days, SETTINGS)


def test_a_model_that_holds_raises_no_alarm_and_is_told_what_to_expect(history):
    report = after(history, 40)
    assert report.version == "2"
    assert not report.alarmed
    assert alarms(report) == {FEWER_OR_LATER: False, FEWER: False, DIFFERENT_LEADS: False}
    assert report.now
    assert report.now.low < report.now.came < report.now.high
    assert report.now.expected < report.now.in_all
    assert report.delays_from
    assert report.delays_from > 100
    assert report.leads == 2400
    assert 550 < report.ripe < 650
    assert report.slope
    assert report.slope.low < 1 < report.slope.high
    assert [group.name for group in report.bands] == ["hot", "warm", "cold"]
    assert sum(group.rate.low < group.expected < group.rate.high for group in report.bands) >= 2
    assert sum(group.leads for group in report.bands) == sum(group.leads for group in report.periods) == report.ripe


def test_fewer_conversions_are_seen_on_young_leads_first_and_on_ripe_ones_later(history):
    early = after(history, 20, ratio=0.5)
    assert alarms(early) == {FEWER_OR_LATER: True, FEWER: False, DIFFERENT_LEADS: False}
    assert early.alarmed
    assert early.now
    assert early.now.came < early.now.low
    late = after(history, 60, ratio=0.5)
    assert alarms(late) == {FEWER_OR_LATER: True, FEWER: True, DIFFERENT_LEADS: False}
    since = {alarm.name: alarm.since for alarm in late.alarms}
    assert since[FEWER_OR_LATER] < since[FEWER]


def test_an_alarm_stays_and_a_promotion_begins_anew(history):
    scores, outcomes = deployment(60, version="2", first=60, ratio=0.5, seed=2)
    both, known = nw.concat([history[0], scores]), history[1] | outcomes
    later, more = deployment(20, version="3", first=120, seed=3)
    report = look_at_model(nw.concat([both, later]), known | more, FIRST_DAY + 140, SETTINGS)
    assert report.version == "3"
    assert not report.alarmed


def test_of_a_version_that_came_back_only_the_time_since_then_counts():
    first, second, third = (
        deployment(2, version=version, first=day)[0] for version, day in (("1", 0), ("2", 10), ("1", 20))
    )
    version, own = scores_of_live_version(nw.concat([first, second, third]))
    assert version == "1"
    assert len(own) == len(third)


def test_nothing_is_expected_before_delays_are_known():
    scores, outcomes = deployment(20)
    report = look_at_model(scores, outcomes, FIRST_DAY + 20, SETTINGS)
    assert report.now is None
    assert not report.alarmed
    assert "cannot be told yet" in report.alarms[0].because
    assert "there are 0" in report.alarms[0].because


def test_what_happens_after_the_moment_changes_nothing(history):
    scores, outcomes = deployment(40, version="2", first=60, seed=2)
    both, until = nw.concat([history[0], scores]), FIRST_DAY + 80
    known = {name: what for name, what in (history[1] | outcomes).items() if what.converted <= until * DAY_US}
    past = both.filter(nw.col("scored_at") < START + (scores["scored_at"][20 * 60] - START))
    assert look_at_model(both, history[1] | outcomes, until, SETTINGS) == look_at_model(past, known, until, SETTINGS)


def test_other_leads_are_named_and_call_nobody(history):
    scores, outcomes = deployment(20, version="2", first=60, seed=2)
    moved = scores.with_columns(nw.lit('{"visits": "2", "source": "mail"}').alias("inputs"))
    report = look_at_model(nw.concat([history[0], moved]), history[1] | outcomes, FIRST_DAY + 80, SETTINGS)
    assert alarms(report)[DIFFERENT_LEADS]
    assert not report.alarmed
    assert {column.column for column in report.columns} == {"visits", "source"}


def test_a_lead_counts_once_by_its_first_score_and_not_if_it_had_converted_before():
    scores, _ = deployment(1, leads_a_day=3)
    twice = nw.concat([scores, scores.with_columns(nw.lit(0.9).alias("probability"))])
    lead = scores["lead"].to_list()
    score = int(START.timestamp() * 1e6)
    outcomes = {
        lead[0]: LeadOutcome(lead[0], score - DAY_US, None),
        lead[1]: LeadOutcome(lead[1], score + 40 * DAY_US, None),
        lead[2]: LeadOutcome(lead[2], score + 2 * DAY_US, score + 5 * DAY_US),
    }
    followed = follow(twice, outcomes, 30)
    assert len(followed) == 2
    assert (followed.again, followed.converted_before) == (3, 1)
    assert followed.probability.tolist() == scores["probability"].to_list()[1:]
    assert followed.seen.tolist()[0] == float("inf"), "it came after the horizon"
    assert followed.seen[1] - followed.converted[1] == 3


def test_without_a_hold_out_it_is_said_what_that_blinds(history):
    scores, outcomes = history
    nobody = nw.from_native(scores.to_native().with_columns(pl.lit(False).alias("held_out")), eager_only=True)
    assert "No lead is held out" in look_at_model(nobody, outcomes, FIRST_DAY + 60, SETTINGS).remarks[0]
    assert look_at_model(scores, outcomes, FIRST_DAY + 95, SETTINGS).held_out
