"""The last step of a stack: it weighs what its members say, and takes back what they are too sure of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.special import expit

from gallop.modelling import candidates
from gallop.modelling.search.run import Searched
from gallop.modelling.search.study import Explored, Trial
from gallop.modelling.stack import choose_members, fit_weights
from tests.support.made import training

ROWS = 20_000


@pytest.fixture(scope="module")
def known() -> tuple[np.ndarray, np.ndarray]:
    """True log-odds, and what came of them."""
    draw = np.random.default_rng(4)
    true = draw.normal(-0.5, 1.5, ROWS)
    return true, (draw.random(ROWS) < expit(true)).astype(float)


def noise(seed: int, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=rows)


def loss(log_odds: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, log_odds) - y * log_odds))


def test_log_odds_that_are_right_are_left_as_they_are(known):
    true, y = known
    found = fit_weights(true[:, None], y)
    assert found.of == pytest.approx([1.0], abs=0.04)
    assert found.base == pytest.approx(0.0, abs=0.04)


@pytest.mark.parametrize("times", [2.0, 4.0])
def test_log_odds_that_are_too_sure_are_shrunk(known, times):
    true, y = known
    assert fit_weights(true[:, None] * times, y).of == pytest.approx([1 / times], abs=0.03)


def test_log_odds_that_are_shifted_are_shifted_back(known):
    true, y = known
    assert fit_weights(true[:, None] + 1.0, y).base == pytest.approx(-1.0, abs=0.06)


def test_a_member_that_is_noise_gets_next_to_no_weight_and_is_left_out(known):
    true, y = known
    members = np.column_stack([noise(1), true])
    assert fit_weights(members, y).of == pytest.approx([0.0, 1.0], abs=0.03)
    assert choose_members(members, y, 2) == [1]


def test_members_that_say_the_same_share_the_weight(known):
    true, y = known
    assert fit_weights(np.column_stack([true, true]), y).of == pytest.approx([0.5, 0.5], abs=0.02)


def test_members_that_err_apart_are_better_together(known):
    true, y = known[0][:4000], known[1][:4000]
    members = np.column_stack([true + noise(seed, 4000) for seed in (1, 2, 3)])
    together = loss(fit_weights(members, y).apply(members), y)
    assert together < min(loss(fit_weights(each[:, None], y).apply(each[:, None]), y) for each in members.T) - 0.01
    assert sorted(choose_members(members, y, 12)) == [0, 1, 2]


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(20, 100))
@examples(max_examples=20)
def test_weights_are_never_negative_and_choices_are_few_and_different(seed, members, rows):
    draw = np.random.default_rng(seed)
    said = draw.normal(size=(rows, members)) * draw.uniform(0.1, 5, members)
    y = (draw.random(rows) < 0.5).astype(float)
    found = fit_weights(said, y)
    assert (found.of >= 0).all()
    assert np.isfinite(found.of).all()
    assert loss(found.apply(said), y) <= loss(said.mean(axis=1), y) + 1e-6
    chosen = choose_members(said, y, 3)
    assert 1 <= len(chosen) <= min(3, members)
    assert len(set(chosen)) == len(chosen)


def searched(y: np.ndarray, **log_odds: list[np.ndarray]) -> Searched:
    families = {
        family: Explored(
            tuple(Trial(family, {"place": place}, each, loss(each, y)) for place, each in enumerate(of)), (), 0
        )
        for family, of in log_odds.items()
    }
    rows = np.arange(len(y))
    held_out = tuple(rows[fold::3] for fold in range(3))
    return Searched(families, rows, held_out, tuple(np.setdiff1d(rows, fold) for fold in held_out))


def test_a_stack_is_judged_by_weights_that_had_not_seen_the_fold(known):
    true, y = known[0][:600], known[1][:600]
    found = searched(y, splines=[true + noise(1, 600)], lightgbm=[true + noise(2, 600)])
    made = candidates.stacked(found, y, training())
    assert [each.family for each in made.trials] in (["splines", "lightgbm"], ["lightgbm", "splines"])
    assert set(made.as_trial.parameters) == {"splines 1", "lightgbm 1"}
    seen = np.column_stack([each.log_odds for each in made.trials])
    for held_out in found.folds:
        others = np.setdiff1d(found.rows, held_out)
        expected = fit_weights(seen[others], y[others]).apply(seen[held_out])
        assert made.as_trial.log_odds[held_out] == pytest.approx(expected)
    assert made.as_trial.log_loss == pytest.approx(loss(made.as_trial.log_odds, y))


def test_families_that_give_no_reasons_are_no_members_and_one_member_is_no_stack(known):
    true, y = known[0][:300], known[1][:300]
    best = searched(y, random_forest=[true, true * 0.9], splines=[true + noise(1, 300)])
    assert candidates.stacked(best, y, training()) is None
    two = searched(y, splines=[true + noise(1, 300), true + noise(2, 300)])
    assert candidates.stacked(two, y, training(stack=0)) is None
    assert candidates.stacked(two, y, training(stack=2)) is not None


def test_only_what_can_be_held_to_a_direction_is_a_member_where_one_is_demanded(known):
    true, y = known[0][:300], known[1][:300]
    found = searched(y, splines=[true], lightgbm=[true + noise(1, 300), true + noise(2, 300)])
    made = candidates.stacked(found, y, training(monotone={"n": "increasing"}))
    assert {each.family for each in made.trials} == {"lightgbm"}
