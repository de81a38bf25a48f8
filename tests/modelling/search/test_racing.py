"""The costliest family runs last, and only as long as it is not clearly behind."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from gallop.modelling.candidates import ranked_contenders, stacked
from gallop.modelling.families import classifier
from gallop.modelling.search import racing
from gallop.modelling.search.run import search
from gallop.modelling.search.study import Explored, Trial
from gallop.schema import Role
from gallop.settings.training import FamilySearch
from tests.support.made import FEW_DEEP_TREES, training, trial

NUMBERS = {"n": Role.NUMBER, "m": Role.NUMBER}
FOREST = FamilySearch(trials=1, space=({"n_estimators": (60,), "min_samples_leaf": (1,), "max_features": (0.5,)},))
log_odds = st.lists(st.floats(-20, 20), min_size=2, max_size=50)


def smooth(rows: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    """Leads of which a straight line says all there is to say."""
    draw = np.random.default_rng(2)
    X = pd.DataFrame({"n": draw.normal(size=rows), "m": draw.normal(size=rows)})
    return X, (draw.random(rows) < 1 / (1 + np.exp(-X["n"].to_numpy()))).astype(float)


def repeated(rows: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    """Leads that are nearly there several times, with labels that follow no rule."""
    draw = np.random.default_rng(3)
    place = draw.integers(0, rows // 3, rows)
    where, label = draw.normal(size=(rows // 3, 2)), draw.integers(0, 2, rows // 3)
    return pd.DataFrame(where[place] + draw.normal(scale=1e-4, size=(rows, 2)), columns=["n", "m"]), label[place] * 1.0


def with_forest():
    chosen = training()
    return chosen.model_copy(update={"families": {"forest": FOREST, **chosen.families}})


def test_a_forest_that_is_clearly_behind_is_given_up_and_is_no_candidate():
    X, y = smooth()
    found = search(X, y, NUMBERS, with_forest(), 1)
    assert found.families["forest"] == Explored((), (), 1)
    ranked = ranked_contenders(found, y, with_forest())
    assert "forest" not in {each.trial.family for each in ranked}
    mixed = stacked(found, y, with_forest())
    assert mixed is None or all(each.family != "forest" for each in mixed.trials)


def test_a_forest_that_is_ahead_is_judged_on_every_fold():
    X, y = repeated()
    found = search(X, y, NUMBERS, with_forest(), 1)
    [kept] = found.families["forest"].trials
    assert len(kept.log_odds) == len(y)
    assert kept.log_loss < min(found.families[name].trials[0].log_loss for name in ("splines", "lightgbm"))


def test_a_forest_alone_has_nobody_to_be_behind():
    X, y = smooth()
    chosen = training().model_copy(update={"families": {"forest": FOREST}})
    assert len(search(X, y, NUMBERS, chosen, 1).families["forest"].trials) == 1


def test_families_without_reasons_are_no_leaders():
    plain = trial("logistic_regression", np.zeros(4))
    assert racing.leader([Explored((plain,), (), 0), Explored((), (), 2)]) is None
    splines = Trial("splines", {}, np.zeros(4), 0.65)
    assert racing.leader([Explored((plain,), (), 0), Explored((splines,), (), 0)]) is splines


@given(log_odds)
def test_nobody_loses_against_an_equal(odds):
    y = (np.arange(len(odds)) % 2).astype(float)
    assert not racing.clearly_behind(np.array(odds), np.array(odds), y)


@given(log_odds, log_odds)
def test_of_two_at_most_one_loses(one, other):
    rows = min(len(one), len(other))
    a, b, y = np.array(one[:rows]), np.array(other[:rows]), (np.arange(rows) % 2).astype(float)
    assert not (racing.clearly_behind(a, b, y) and racing.clearly_behind(b, a, y))


def test_far_behind_on_one_lead_may_be_chance_and_on_many_is_not():
    y = np.ones(400)
    good, bad = np.full(400, 2.0), np.full(400, 1.0)
    once = np.where(np.arange(400) == 0, -30.0, 2.0)
    assert racing.clearly_behind(bad, good, y)
    assert not racing.clearly_behind(once, good, y)


@pytest.mark.parametrize("jobs", [2, 5])
def test_a_forest_is_the_same_whatever_the_number_of_threads(jobs):
    X, y = smooth(200)
    with threadpool_limits(1):
        one, more = (
            classifier("forest", FEW_DEEP_TREES, 1).set_params(n_jobs=each).fit(X.to_numpy(), y) for each in (1, jobs)
        )
        assert np.array_equal(one.predict_proba(X.to_numpy()), more.set_params(n_jobs=1).predict_proba(X.to_numpy()))
