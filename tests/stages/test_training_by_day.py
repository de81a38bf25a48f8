"""Where a column says the day, nothing is judged on days before those it was learnt from."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.artifacts import contract
from gallop.errors import SingleClassError
from gallop.modelling.search.folds import forward
from gallop.modelling.search.run import search
from gallop.settings.params import Settings
from tests.support.made import ROLES, leads, training
from tests.support.models import Assessed, model_training, split

DAYS = [f"2024-01-{day:02d}" for day in range(1, 29)]


@given(st.lists(st.sampled_from(DAYS), min_size=2, max_size=80), st.integers(2, 8))
def test_what_is_held_out_is_later_than_all_that_was_learnt_from(days, folds):
    at = np.array(days)
    try:
        found = forward(days, folds)
    except SingleClassError:
        assert days.count(min(days)) * (folds + 1) > len(days) * folds
        return
    assert 1 <= len(found) <= folds
    for seen, held_out in found:
        assert len(seen)
        assert len(held_out)
        assert max(at[seen]) < min(at[held_out])
        assert sorted([*seen, *held_out]) == sorted(np.flatnonzero(at <= max(at[held_out])))
    together = np.concatenate([held_out for _, held_out in found])
    assert len(set(together)) == len(together)
    assert set(at[together]) == {day for day in days if day >= min(at[found[0][1]])}


def test_folds_are_about_equally_long_and_the_first_block_is_learnt_from_only():
    days = [day for day in DAYS[:24] for _ in range(10)]
    assert [len(held_out) for _, held_out in forward(days, 5)] == [40] * 5
    assert len(forward(days, 5)[0][0]) == 40


def test_a_first_day_longer_than_a_block_makes_fewer_folds_and_one_day_makes_none():
    found = forward(["2024-01-01"] * 60 + ["2024-01-02"] * 20 + ["2024-01-03"] * 20, 4)
    assert [(len(seen), len(held_out)) for seen, held_out in found] == [(60, 20), (80, 20)]
    with pytest.raises(SingleClassError, match=r"60 leads are of the first day .* split\.by: random"):
        forward(["2024-01-01"] * 60, 4)


def test_out_of_fold_scores_are_of_the_rows_that_some_fold_held_out():
    X, y = leads(300)
    days = np.random.default_rng(0).permutation([day for day in DAYS[:15] for _ in range(20)])
    found = search(X, y, ROLES, training(), 1, at=days)
    assert len(found.rows) == sum(map(len, found.folds)) < len(y)
    assert np.array_equal(found.rows, np.sort(np.concatenate(found.folds)))
    for explored in found.families.values():
        for trial in explored.trials:
            assert trial.log_odds.shape == found.rows.shape
            label = y[found.rows]
            loss = np.mean(np.logaddexp(0, trial.log_odds) - label * trial.log_odds)
            assert trial.log_loss == pytest.approx(loss)


def test_a_single_fold_is_enough_to_train_and_too_little_to_stack():
    from gallop.modelling import candidates

    X, y = leads(300)
    days = ["2024-01-01"] * 200 + ["2024-01-02"] * 100
    found = search(X, y, ROLES, training(), 1, at=np.array(days))
    assert len(found.folds) == 1
    families = [each.trial.family for each in candidates.ranked_contenders(found, y, training())]
    assert sorted(families) == ["lightgbm", "splines"]


@pytest.fixture(scope="module")
def by_day(drawn, small: Settings) -> Assessed:
    changed = json.loads(small.model_dump_json())
    changed["split"]["by"] = "day"
    changed["training"]["families"] = {
        name: each | {"trials": 1}
        for name, each in changed["training"]["families"].items()
        if name in ("logistic_regression", "splines", "lightgbm")
    }
    settings = Settings.model_validate_json(json.dumps(changed))
    return model_training(split(drawn[0], settings), settings, export=contract.dump)


def test_a_whole_training_holds_out_later_days_and_has_all_its_evidence(by_day):
    evidence = by_day.result.evidence
    out_of_fold = by_day.trials[by_day.result.winner][0].log_odds
    assert len(out_of_fold) < by_day.result.train_rows
    # The mean of what three folds learn from, a quarter, a half and three quarters; and parts of those.
    assert evidence.learning[-1].rows == pytest.approx(by_day.result.train_rows / 2, rel=0.1)
    shares = [each.rows / evidence.learning[-1].rows for each in evidence.learning]
    assert shares[-2:] == pytest.approx([0.5, 1.0], abs=0.01)
    assert sum(each.rows for each in evidence.uncertainty.ranges) == len(out_of_fold)
    assert 0 <= evidence.certainty.unsure <= 1
    assert by_day.result.exported == "logistic_regression"
