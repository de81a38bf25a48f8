"""An audit tells a model that knows something from one that only looks so."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.metrics import roc_auc_score

from gallop.artifacts import audit
from gallop.artifacts.audit import AuditSettings
from gallop.errors import ContractError

SETTINGS = AuditSettings(permutations=500, resamples=500)


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(1).random((400, 3)), columns=["visits", "time", "purchases"])


@pytest.fixture
def labels(rows: pd.DataFrame) -> np.ndarray:
    chance = 1 / (1 + np.exp(-10 * (rows["visits"] + rows["time"] - 1).to_numpy()))
    return (np.random.default_rng(2).random(len(rows)) < chance).astype(float)


@pytest.fixture
def model(rows: pd.DataFrame, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=100.0).fit(rows, labels)


def met(verdict: audit.Audit) -> dict[str, bool]:
    return {demand.name: demand.met for demand in verdict.demands}


def test_a_model_that_knows_something_passes(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    verdict = audit.audit_model(model, rows, labels, SETTINGS)
    assert verdict.passed
    assert verdict.shuffled.p_value == pytest.approx(1 / 501)
    assert (verdict.rows, verdict.positives) == (400, int(labels.sum()))


def test_a_model_of_shuffled_labels_does_not_pass(rows: pd.DataFrame, labels: np.ndarray) -> None:
    shuffled = np.random.default_rng(7).permutation(labels)
    model = LogisticRegression(C=100.0).fit(rows, shuffled)
    verdict = audit.audit_model(model, rows, labels, SETTINGS)
    assert not met(verdict)["shuffled labels"]
    assert not verdict.passed


def test_a_model_that_says_the_same_of_everybody_does_not_pass(rows: pd.DataFrame, labels: np.ndarray) -> None:
    verdict = audit.audit_model(DummyClassifier().fit(rows, labels), rows, labels, SETTINGS)
    assert verdict.metrics["roc_auc"].value == 0.5
    assert verdict.shuffled.p_value == 1.0
    assert not verdict.passed


def test_few_rows_do_not_pass_by_luck(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    demanding = AuditSettings(min_auc=0.8, permutations=500, resamples=500)
    few = [*np.flatnonzero(labels == 1)[:3], *np.flatnonzero(labels == 0)[:3]]
    verdict = audit.audit_model(model, rows.iloc[few], labels[few], demanding)
    assert verdict.metrics["roc_auc"].value > 0.8
    assert not verdict.passed


@pytest.mark.parametrize(
    ("demanded", "name"),
    [({"min_auc": 0.999}, "ROC AUC"), ({"max_log_loss": 0.01}, "log-loss"), ({"min_right": 0.999}, "rows right")],
)
def test_a_demand_that_is_not_met_fails_the_audit_and_no_other(
    demanded: dict, name: str, model: object, rows: pd.DataFrame, labels: np.ndarray
) -> None:
    verdict = audit.audit_model(model, rows, labels, SETTINGS.model_copy(update=demanded))
    assert [demand for demand, is_met in met(verdict).items() if not is_met] == [name]


def test_the_same_seed_gives_the_same_audit(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    assert audit.audit_model(model, rows, labels, SETTINGS) == audit.audit_model(model, rows, labels, SETTINGS)


def test_shuffled_labels_are_ranked_like_a_coin(rows: pd.DataFrame, labels: np.ndarray) -> None:
    control = audit.shuffled_control(labels, rows["visits"].to_numpy(), permutations=2000, seed=1)
    assert control.mean == pytest.approx(0.5, abs=0.005)
    # The area's standard deviation under the null (Hanley & McNeil 1982), 95 % quantile of the normal law.
    yes = labels.sum()
    sd = math.sqrt((len(labels) + 1) / (12 * yes * (len(labels) - yes)))
    assert control.high == pytest.approx(0.5 + 1.645 * sd, abs=0.01)


def test_shuffling_in_blocks_changes_nothing(rows: pd.DataFrame, labels: np.ndarray, monkeypatch) -> None:
    scores = rows["visits"].to_numpy()
    whole = audit.shuffled_control(labels, scores, permutations=100, seed=1)
    monkeypatch.setattr(audit, "_BLOCK_LABELS", 7 * len(labels))
    assert audit.shuffled_control(labels, scores, permutations=100, seed=1) == whole


def test_the_best_single_column_is_shown_whichever_way_round_it_ranks(rows: pd.DataFrame, labels: np.ndarray) -> None:
    turned = rows.assign(visits=-rows["visits"], time=0.0)
    verdict = audit.audit_model(LogisticRegression().fit(turned, labels), turned, labels, SETTINGS)
    assert verdict.best_column == "visits"
    assert verdict.best_column_auc == pytest.approx(roc_auc_score(labels, rows["visits"]))


class Ranker:
    """Scores a row by where it stands among the others: no scorer at all."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        place = np.linspace(0, 1, len(X))
        return np.column_stack([1 - place, place])


class Repeater(Ranker):
    """Gives the probabilities of its choice."""

    def __init__(self, answers: np.ndarray) -> None:
        self.answers = answers

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:  # noqa: ARG002 it looks at nothing
        return self.answers


@pytest.mark.parametrize(
    ("suspect", "problem"),
    [
        (Ranker(), "another probability in another order"),
        (Perceptron(), "a Perceptron gives no probabilities"),
        (Repeater(np.full((400, 2), np.nan)), "not two probabilities each"),
        (Repeater(np.full((400, 2), 1.5)), "not two probabilities each"),
        (Repeater(np.full((400, 1), 0.5)), r"gives \(400, 1\) values"),
        (Repeater(np.full((400, 2), 0.5)), r"for 1 rows the model gives \(400, 2\)"),
    ],
)
def test_what_is_no_honest_scorer_breaks_the_contract(
    suspect: object, problem: str, rows: pd.DataFrame, labels: np.ndarray
) -> None:
    with pytest.raises(ContractError, match=problem):
        audit.audit_model(suspect, rows, labels, SETTINGS)


def test_rows_with_other_columns_are_refused_by_name(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    with pytest.raises(ContractError, match=r"takes the columns \['visits', 'time', 'purchases'\]"):
        audit.audit_model(model, rows[["time", "visits", "purchases"]], labels, SETTINGS)


def test_the_rows_are_not_changed(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    before = rows.copy()
    audit.audit_model(model, rows, labels, SETTINGS)
    pd.testing.assert_frame_equal(rows, before)


def test_the_page_says_verdict_demands_and_control(model: object, rows: pd.DataFrame, labels: np.ndarray) -> None:
    page = audit.markdown(audit.audit_model(model, rows, labels, SETTINGS), "model.pkl")
    assert page.startswith("## model.pkl passes\n")
    assert "| shuffled labels | p ≤ 0.01 | p = 0.0020 | ✓ |" in page
    assert "by itself" in page
