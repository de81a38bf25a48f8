"""Figures equal scikit-learn's, and obey the laws of what they measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest
from sklearn import metrics as sk

from gallop.evaluation.metrics import (
    METRICS,
    estimate,
    evaluate,
    log_losses,
    log_losses_of_log_odds,
    metrics,
    paired_difference,
    wilson,
)

MEASURE = {"threshold": 0.5, "resamples": 200, "confidence": 0.95, "seed": 42}
WITHOUT_THRESHOLD = {name: value for name, value in MEASURE.items() if name != "threshold"}


@st.composite
def scored(draw, smallest: int = 2):
    """Labels of both kinds, and probabilities with many ties."""
    size = draw(st.integers(smallest, 40))
    label = draw(
        st.lists(st.integers(0, 1), min_size=size, max_size=size).filter(lambda labels: 0 < sum(labels) < len(labels))
    )
    tied = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0.0, 1.0)
    probability = draw(st.lists(tied, min_size=size, max_size=size))
    return np.array(label, dtype=float), np.array(probability)


def of_scikit_learn(label, probability, weight, threshold=0.5):
    yes = probability >= threshold
    safe = np.clip(probability, 1e-15, 1 - 1e-15)
    return {
        "log_loss": sk.log_loss(label, safe, sample_weight=weight),
        "roc_auc": sk.roc_auc_score(label, probability, sample_weight=weight),
        "pr_auc": sk.average_precision_score(label, probability, sample_weight=weight),
        "brier": sk.brier_score_loss(label, probability, sample_weight=weight),
        "accuracy": sk.accuracy_score(label, yes, sample_weight=weight),
        "f1": sk.f1_score(label, yes, sample_weight=weight, zero_division=0.0),
    }


def ours(label, probability, weight, threshold=0.5):
    return {name: values[0] for name, values in metrics(label, probability, weight[None, :], threshold).items()}


def random_scores(rows: int, seed: int):
    random = np.random.default_rng(seed)
    probability = random.random(rows)
    return (random.random(rows) < probability).astype(float), probability


@given(scored(), st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_every_metric_equals_scikit_learns(pair, threshold):
    label, probability = pair
    expected = of_scikit_learn(label, probability, np.ones(len(label)), threshold)
    assert set(expected) == set(METRICS)
    assert ours(label, probability, np.ones(len(label)), threshold) == pytest.approx(expected, abs=1e-9)


@given(scored(), st.data())
def test_a_weight_counts_as_so_many_rows(pair, data):
    label, probability = pair
    weight = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(label), max_size=len(label))), dtype=float)
    times = weight.astype(int)
    repeated = of_scikit_learn(label.repeat(times), probability.repeat(times), np.ones(times.sum()))
    assert ours(label, probability, weight) == pytest.approx(repeated, abs=1e-9)


@given(scored())
def test_a_row_without_weight_does_not_count(pair):
    label, probability = pair
    padded = ours(np.r_[label, 1.0, 0.0], np.r_[probability, 0.3, 0.9], np.r_[np.ones(len(label)), 0.0, 0.0])
    assert padded == pytest.approx(ours(label, probability, np.ones(len(label))), abs=1e-12)


@given(scored())
def test_the_area_of_the_flipped_labels_is_the_complement(pair):
    label, probability = pair
    weight = np.ones(len(label))
    area = ours(label, probability, weight)["roc_auc"]
    assert ours(1 - label, probability, weight)["roc_auc"] == pytest.approx(1 - area)
    # Not 1 - p: floating point would make ties of what was none.
    assert ours(label, -probability, weight)["roc_auc"] == pytest.approx(1 - area)


@given(scored())
def test_the_order_of_rows_does_not_matter_to_a_figure(pair):
    label, probability = pair
    weight = np.ones(len(label))
    assert ours(label[::-1], probability[::-1], weight) == pytest.approx(ours(label, probability, weight))


@given(st.integers(1, 30), st.integers(1, 30))
def test_the_log_loss_of_the_base_rate_is_its_entropy(positives, negatives):
    label = np.r_[np.ones(positives), np.zeros(negatives)]
    rate = label.mean()
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    figures = ours(label, np.full(len(label), rate), np.ones(len(label)))
    assert figures["log_loss"] == pytest.approx(entropy)
    assert figures["roc_auc"] == pytest.approx(0.5)
    assert figures["pr_auc"] == pytest.approx(rate)


def test_perfect_and_wrong_certainty_have_finite_log_loss():
    label = np.array([0.0, 1.0])
    assert ours(label, label, np.ones(2))["log_loss"] == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(ours(label, 1 - label, np.ones(2))["log_loss"])


def test_log_odds_have_the_loss_of_their_probabilities_also_where_those_would_round():
    log_odds, label = np.linspace(-20, 20, 41), np.arange(41) % 2.0
    expected = log_losses(label, expit(log_odds))
    assert log_losses_of_log_odds(label, log_odds) == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert log_losses_of_log_odds(np.zeros(2), np.array([800.0, -800.0])).tolist() == [800.0, 0.0]


@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.999]))
def test_a_share_has_wilsons_interval(rows, part, confidence):
    hits = round(part * rows)
    ours, theirs = wilson(hits, rows, confidence), binomtest(hits, rows).proportion_ci(confidence, method="wilson")
    assert (ours.low, ours.value, ours.high) == pytest.approx((theirs.low, hits / rows, theirs.high), abs=1e-12)


def test_a_share_of_no_rows_can_be_anything():
    assert (wilson(0, 0, 0.95).low, wilson(0, 0, 0.95).high) == (0.0, 1.0)


def test_a_resample_of_one_class_has_no_ranking_but_a_loss():
    figures = ours(np.array([0.0, 1.0]), np.array([0.2, 0.8]), np.array([2.0, 0.0]))
    assert np.isnan(figures["roc_auc"])
    assert np.isnan(figures["pr_auc"])
    assert figures["log_loss"] == pytest.approx(-np.log(0.8))
    assert figures["f1"] == 0.0


def test_resamples_of_one_class_do_not_spoil_an_interval():
    label, probability = np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.6, 0.7])
    estimates = estimate(label, probability, **MEASURE)
    for figure in estimates.values():
        assert np.isfinite([figure.value, figure.low, figure.high]).all()


@pytest.mark.parametrize("seed", range(5))
def test_an_interval_holds_its_figure(seed):
    label, probability = random_scores(300, seed)
    for name, figure in estimate(label, probability, **MEASURE).items():
        assert figure.low <= figure.value <= figure.high, name


def test_a_higher_confidence_gives_a_wider_interval():
    label, probability = random_scores(300, 1)
    narrow, wide = (estimate(label, probability, **MEASURE | {"confidence": confidence}) for confidence in (0.5, 0.99))
    for name in METRICS:
        assert wide[name].low < narrow[name].low <= narrow[name].high < wide[name].high


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    label, probability = random_scores(200, 3)
    assert estimate(label, probability, **MEASURE) == estimate(label, probability, **MEASURE)
    assert estimate(label, probability, **MEASURE) != estimate(label, probability, **MEASURE | {"seed": 43})


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    # The mean log-loss of the true probabilities is known: their mean entropy over a uniform draw is 1/2.
    hits = 0
    for seed in range(300):
        label, probability = random_scores(150, seed)
        log_loss = estimate(label, probability, threshold=0.5, resamples=150, confidence=0.9, seed=seed)["log_loss"]
        hits += log_loss.low <= 0.5 <= log_loss.high
    assert hits / 300 == pytest.approx(0.9, abs=0.05)


@given(scored(smallest=4))
def test_the_curves_run_from_corner_to_corner_and_never_back(pair):
    label, probability = pair
    report = evaluate(label, probability, **MEASURE | {"resamples": 100})
    roc = np.array(report.roc)
    assert report.roc[0] == (0.0, 0.0)
    assert report.roc[-1] == (1.0, 1.0)
    assert (np.diff(roc, axis=0) >= 0).all()
    assert np.trapezoid(roc[:, 1], roc[:, 0]) == pytest.approx(report.metrics["roc_auc"].value)
    recall, precision = np.array(report.pr).T
    assert recall[-1] == 1.0
    assert precision[-1] == pytest.approx(label.mean())
    assert (np.diff(recall) >= 0).all()


@given(scored(smallest=4))
def test_lift_ends_at_one_and_gain_never_falls(pair):
    label, probability = pair
    steps = evaluate(label, probability, **MEASURE | {"resamples": 100}).lift
    assert [step.share for step in steps] == pytest.approx(np.arange(0.05, 1.01, 0.05))
    assert (steps[-1].lift, steps[-1].gain) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (np.diff([step.gain for step in steps]) >= 0).all()
    assert steps[-1].rate == pytest.approx(label.mean())


@given(scored(smallest=4))
def test_the_confusion_counts_every_row_once(pair):
    label, probability = pair
    report = evaluate(label, probability, **MEASURE | {"resamples": 100})
    expected = sk.confusion_matrix(label, probability >= 0.5, labels=[0.0, 1.0]).ravel().tolist()
    assert list(report.confusion) == expected
    assert (report.rows, report.positives) == (len(label), int(label.sum()))


@given(scored(smallest=4))
def test_the_calibration_bins_hold_every_row_once_in_order(pair):
    label, probability = pair
    bins = evaluate(label, probability, **MEASURE | {"resamples": 100}).calibration
    assert sum(group.rows for group in bins) == len(label)
    assert sum(group.rows * group.rate for group in bins) == pytest.approx(label.sum())
    assert sum(group.rows * group.probability for group in bins) == pytest.approx(probability.sum())
    assert (np.diff([group.probability for group in bins]) >= -1e-12).all()
    assert all(0 <= group.low <= group.rate + 1e-12 and group.rate - 1e-12 <= group.high <= 1 for group in bins)


@given(scored(), st.data())
def test_a_paired_difference_is_antisymmetric(pair, data):
    label, one = pair
    two = np.array(data.draw(st.lists(st.floats(0.01, 0.99), min_size=len(label), max_size=len(label))))
    forth, below_forth = paired_difference(label, one, two, **WITHOUT_THRESHOLD)
    back, below_back = paired_difference(label, two, one, **WITHOUT_THRESHOLD)
    assert forth.value == pytest.approx(-back.value)
    assert (forth.low, forth.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert below_forth + below_back <= 1


def test_a_paired_difference_is_the_difference_of_the_losses():
    label, one = random_scores(100, 1)
    two = np.full(100, 0.5)
    difference, share_below = paired_difference(label, one, two, **WITHOUT_THRESHOLD)
    losses = [estimate(label, probability, **MEASURE)["log_loss"].value for probability in (one, two)]
    assert difference.value == pytest.approx(losses[0] - losses[1])
    assert share_below > 0.9


def test_no_difference_is_never_better():
    label, probability = random_scores(50, 2)
    difference, share_below = paired_difference(label, probability, probability, **WITHOUT_THRESHOLD)
    assert (difference.value, difference.low, difference.high, share_below) == (0.0, 0.0, 0.0, 0.0)


@examples(max_examples=20)
@given(scored(smallest=4))
def test_a_report_survives_being_written_as_json(pair):
    report = evaluate(*pair, **MEASURE | {"resamples": 100})
    assert type(report).model_validate_json(report.model_dump_json()) == report
