"""A training forward in time says how it went from period to period, and one at random whether that matters."""

import json

import numpy as np
import pytest

from gallop.artifacts import contract
from gallop.reporting.time_text import over_time_lines, time_cautions
from gallop.settings.params import Settings
from tests.support.models import Assessed, model_training, split


@pytest.fixture(scope="module")
def by_order(drawn, small: Settings) -> Assessed:
    """A quick training of the small sample, forward along its rows."""
    changed = json.loads(small.model_dump_json())
    changed["split"]["by"] = "order"
    changed["training"]["folds"] = 4
    changed["training"]["families"] = {
        name: family | {"trials": 1}
        for name, family in changed["training"]["families"].items()
        if name in {"logistic_regression", "splines"}
    }
    settings = Settings.model_validate_json(json.dumps(changed))
    return model_training(split(drawn[0], settings), settings, export=contract.dump)


def test_periods_go_forward_and_the_test_leads_are_the_last(by_order):
    over_time = by_order.result.over_time
    assert over_time.forward
    assert over_time.drift.by == "order"
    assert [period.tested for period in over_time.periods] == [False] * 4 + [True]
    assert over_time.periods[-1].rows == by_order.result.test.rows
    assert over_time.later.low < by_order.result.test.metrics["log_loss"].value < over_time.later.high


def test_it_is_said_in_sentences_with_intervals(by_order):
    lines = list(over_time_lines(by_order.result))
    assert lines[0].startswith("The outcome does not change along the order of the rows by more than chance explains")
    assert "expected to become customers" in lines[2]
    assert lines[3].startswith("For as many later leads a log-loss between ")


def test_a_random_split_of_leads_that_change_is_warned_of(by_order):
    drift = by_order.result.over_time.drift
    moved = drift.model_copy(update={"outcome": drift.outcome.model_copy(update={"changed": True})})
    random = by_order.result.over_time.model_copy(update={"drift": moved, "forward": False})
    (caution,) = time_cautions(random)
    assert "no figure here holds for later leads: set split.by to order in params.yaml" in caution


def test_a_random_split_of_leads_that_do_not_change_says_what_later_leads_may_bring(trained):
    over_time = trained.result.over_time
    assert not over_time.forward
    assert not over_time.drift.outcome.changed
    assert not list(time_cautions(over_time))
    assert over_time.later.low < over_time.later.high
    assert np.isclose(over_time.later.value, trained.result.test.metrics["log_loss"].value)
