"""What the list earned: told where it can be, and otherwise how long it takes."""

import narwhals.stable.v2 as nw
import numpy as np
import pytest

from gallop.monitoring.earned import what_the_list_earned
from gallop.reporting.earned_text import earned_lines
from gallop.settings.decision import DecisionRule
from tests.support.followed import FIRST_DAY, deployment

PRICED = DecisionRule(value=60.0, cost=2.0)


def earned(days: int, rule: DecisionRule = PRICED, until: int | None = None, **how):
    scores, outcomes = deployment(days, **how)
    return what_the_list_earned(scores, outcomes, FIRST_DAY + (until or days), 30.0, rule)


def test_a_list_that_adds_conversions_is_told_so_in_conversions_and_money():
    found = earned(180, lift=0.3)
    assert found.told
    assert found.difference
    assert found.difference.low < 0.3 < found.difference.high
    assert found.money
    assert found.conversions
    assert found.contacted
    assert found.money.value == pytest.approx(60 * found.conversions.value - 2 * found.contacted.leads)
    said = list(earned_lines(found))
    assert said[0].startswith("the list earns conversions")
    assert "not ripe yet" in said[-1]


def test_a_list_that_adds_nothing_is_not_said_to_earn():
    """Out of forty made-up lists without an effect, about two lie outside intervals of 95 %."""
    told = sum(earned(70, seed=seed, leads_a_day=30).told for seed in range(40))
    assert told <= 5


def test_what_cannot_be_told_yet_says_how_long_it_takes_and_that_is_about_right():
    soon = earned(60)
    assert not soon.told
    assert soon.more_weeks
    assert soon.more_weeks > 4
    assert "cannot be told yet: about" in next(earned_lines(soon))
    rare = earned(60, PRICED.model_copy(update={"cost": 0.5}))
    assert rare.more_weeks
    assert rare.more_weeks > soon.more_weeks


def test_before_any_lead_is_ripe_and_without_a_hold_out_the_reason_is_said():
    assert next(earned_lines(earned(20))).startswith("cannot be told yet: no lead to contact is ripe")
    scores, outcomes = deployment(60)
    nobody = scores.filter(~nw.col("held_out"))
    found = what_the_list_earned(nobody, outcomes, FIRST_DAY + 60, 30.0, DecisionRule())
    assert found.held_out is None
    assert found.more_weeks is None
    assert "is held out" in next(earned_lines(found))
    assert found.money is None


def test_held_out_leads_that_nobody_would_have_called_are_not_compared():
    scores, outcomes = deployment(60)
    found = what_the_list_earned(scores, outcomes, FIRST_DAY + 120, 30.0, PRICED)
    held = scores.filter(nw.col("held_out"))["probability"].to_numpy()
    assert found.held_out
    assert found.held_out.leads == np.sum(held >= scores.filter(nw.col("decision") == "contact")["probability"].min())
    assert found.unripe == 0
