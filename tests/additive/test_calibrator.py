"""A curve mends scores that do not mean what they say, keeps the order of leads, and is drawn only where it helps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.special import expit

from gallop.additive.calibrator import Calibrator
from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import mean_log_loss
from gallop.modelling.candidates import alone
from gallop.modelling.search.folds import stratified
from gallop.modelling.search.run import Searched
from gallop.modelling.search.study import Trial
from gallop.modelling.stack import fit_calibrator


def bent(true: np.ndarray) -> np.ndarray:
    """What a model says that is too sure of the better half of the leads."""
    return np.where(true > 0, 2.2 * true, true)


def leads(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True log-odds, and labels."""
    draw = np.random.default_rng(seed)
    true = draw.normal(-0.5, 1.3, rows)
    return true, (draw.random(rows) < expit(true)).astype(float)


def judged(said: np.ndarray, y: np.ndarray) -> tuple[Trial, Searched]:
    """A trial that said this of rows it had not seen, and the search it came from."""
    places = stratified(y, 5, seed=0)
    seen, held_out = (tuple(side) for side in zip(*places, strict=True))
    return Trial("splines", {}, said, mean_log_loss(y, said)), Searched({}, np.arange(len(y)), held_out, seen)


def off(said: np.ndarray, y: np.ndarray) -> float:
    return calibration(y, expit(said), resamples=10, confidence=0.9, seed=0).ece.value


def test_scores_that_are_too_sure_are_mended_on_leads_that_the_curve_has_not_seen():
    true, y = leads(6_000, 1)
    trial, searched = judged(bent(true), y)
    calibrated = alone(trial, searched, y)
    assert calibrated.calibrator is not None
    assert calibrated.as_trial.log_loss < trial.log_loss - 0.005
    fresh, outcome = leads(6_000, 2)
    after = calibrated.calibrator.apply(bent(fresh))
    assert mean_log_loss(outcome, after) < mean_log_loss(outcome, bent(fresh)) - 0.005
    assert off(after, outcome) < 0.5 * off(bent(fresh), outcome)


@pytest.mark.parametrize("rows", [300, 6_000])
def test_scores_that_mean_what_they_say_are_left_alone(rows):
    true, y = leads(rows, 3)
    trial, searched = judged(true, y)
    untouched = alone(trial, searched, y)
    assert untouched.calibrator is None
    assert untouched.as_trial is trial


def test_a_leads_own_label_does_not_bend_its_out_of_fold_score():
    true, y = leads(3_000, 4)
    trial, searched = judged(bent(true), y)
    fold = searched.folds[0]
    other = y.copy()
    other[fold[:5]] = 1 - other[fold[:5]]
    before, after = (alone(trial, searched, label).as_trial.log_odds for label in (y, other))
    assert np.array_equal(before[fold], after[fold])
    elsewhere = np.setdiff1d(searched.rows, fold)
    assert not np.array_equal(before[elsewhere], after[elsewhere])


@given(st.integers(0, 10_000), st.integers(4, 300), st.floats(0.01, 20.0))
@examples(max_examples=60, deadline=None)
def test_a_curve_rises_everywhere(seed, rows, scale):
    random = np.random.default_rng(seed)
    said, y = scale * np.round(random.normal(size=rows), 1), random.integers(0, 2, rows).astype(float)
    calibrator = fit_calibrator(said, y)
    places = np.linspace(said.min() - 5, said.max() + 5, 500)
    answers = calibrator.apply(places)
    assert np.isfinite(answers).all()
    assert (np.diff(answers) > 0).all()


def test_a_curve_of_slope_one_changes_nothing():
    said = np.linspace(-6, 6, 101)
    assert Calibrator(0.0, np.array([-1.0, 0.0, 2.0]), np.ones(4)).apply(said) == pytest.approx(said, abs=1e-12)


def test_a_curve_says_how_steep_it_is():
    calibrator = Calibrator(0.3, np.array([-1.0, 2.0]), np.array([0.5, 1.0, 2.0]))
    for place in (-3.0, 0.5, 4.0):
        rise = calibrator.apply(np.array([place + 1e-3])) - calibrator.apply(np.array([place]))
        assert rise[0] / 1e-3 == pytest.approx(calibrator.slope(place))
