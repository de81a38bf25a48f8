"""Where nine in a thousand convert, probabilities still mean what they say: nothing is resampled."""

import csv
import io
import json

import numpy as np
import pytest

from gallop.artifacts import contract
from gallop.modelling.preprocessing import frame
from gallop.settings.params import Settings
from gallop.tables.features import input_roles
from tests.support.models import model_training, split

ROWS, RATE = 6000, 0.009


@pytest.fixture(scope="module")
def rare(small: Settings):
    """A training on leads of which 54 in 6,000 converted, mostly those with many visits."""
    draw = np.random.default_rng(11)
    visits = 1 + draw.poisson(6, ROWS)
    odds = np.exp(0.5 * (visits - 7.0))
    probability = odds / odds.sum() * RATE * ROWS
    converted = draw.random(ROWS) < probability
    columns = {
        "lead_id": [f"L{place}" for place in range(ROWS)],
        "lead_indicator": converted.astype(int),
        "date_part": ["2024-01-3"] * ROWS,
        "source": ["signup"] * ROWS,
        "purchases": draw.poisson(5, ROWS),
        "time_spent": draw.normal(100, 10, ROWS).round(3),
        "customer_group": draw.integers(1, 10, ROWS),
        "onboarding": draw.choice(["True", "False"], ROWS),
        "n_visits": visits,
    }
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    changed = json.loads(small.model_dump_json())
    changed["training"]["families"] = {
        name: changed["training"]["families"][name] | {"trials": 1}
        for name in ("logistic_regression", "splines", "lightgbm")
    }
    settings = Settings.model_validate_json(json.dumps(changed))
    train_test = split(text.getvalue(), settings)
    trained = model_training(train_test, settings, export=contract.dump)
    X = frame(train_test.train, input_roles(settings.table, settings.features))
    return trained, trained.model.predict_proba(X)[:, 1], train_test.train["lead_indicator"].to_numpy()


def test_the_mean_probability_is_the_rate(rare):
    trained, probability, label = rare
    assert 0.006 < label.mean() < 0.012
    assert trained.result.train_rows == len(label)
    assert trained.result.train_positives == label.sum()
    assert probability.mean() == pytest.approx(label.mean(), abs=0.0015)
    for tried in trained.trials.values():
        assert tried[0].out_of_fold.mean() == pytest.approx(label.mean(), abs=0.003)


def test_the_ranking_is_learnt_all_the_same(rare):
    trained, probability, label = rare
    assert probability[label == 1].mean() > 2 * probability[label == 0].mean()
    winner = next(each for each in trained.result.candidates if each.family == trained.result.winner)
    assert winner.metrics["roc_auc"].value > 0.7
    assert winner.metrics["log_loss"].value < -(RATE * np.log(RATE) + (1 - RATE) * np.log(1 - RATE)) * 1.05


def test_the_evidence_is_whole_and_says_that_few_can_be_sure_to_convert(rare):
    evidence = rare[0].result.evidence
    assert evidence.effects[0].column == "n_visits"
    assert (evidence.certainty.converts, evidence.uncertainty.converts_from) == (None, None)
    assert evidence.certainty.does_not is not None
    assert evidence.certainty.does_not.value > 0.9
    assert max(each.high for each in evidence.uncertainty.ranges) < 0.5
    assert len(evidence.learning) >= 1
