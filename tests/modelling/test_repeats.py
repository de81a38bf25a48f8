"""Boosted members are fitted several times with other draws; scores and reasons stay sums."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from gallop.modelling import candidates
from gallop.modelling.candidates import Assembly, fit_assembly
from gallop.modelling.search.folds import AllRows
from gallop.modelling.stack import StackWeights
from tests.support.made import FEW_TREES, ROLES, leads, training, trial

DRAWN = FEW_TREES | {"subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.5}


def assembly(y: np.ndarray, **changes) -> Assembly:
    trials = (trial("splines", y, C=1.0), trial("lightgbm", y, **(DRAWN | changes)))
    return Assembly(trials, StackWeights(0.1, np.array([0.4, 0.6])), trials[0])


def test_the_fits_of_a_member_share_its_weight_and_their_mean_is_used():
    X, y = leads()
    rows = AllRows(X, y, ROLES, training(repeats=4))
    model = fit_assembly(rows, assembly(y), 1)
    assert [member.weight for member in model.members] == pytest.approx([0.4, *[0.15] * 4])
    singles = [fit_assembly(rows, assembly(y), 1 + number, repeats=1).log_odds(X) for number in range(4)]
    assert np.ptp(np.column_stack(singles), axis=1).max() > 1e-3
    assert model.log_odds(X) == pytest.approx(np.mean(singles, axis=0), abs=1e-9)
    parts, base = model.contributions(X)
    assert base + parts.sum(axis=1) == pytest.approx(model.log_odds(X), abs=1e-6)


def test_repeated_fits_are_the_same_in_every_run_and_with_any_number_of_threads():
    X, y = leads()
    answers = []
    for threads in (1, 2, 2):
        with threadpool_limits(limits=threads):
            answers.append(fit_assembly(AllRows(X, y, ROLES, training(repeats=4)), assembly(y), 1).predict_proba(X))
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[1], answers[2])


@pytest.mark.parametrize(
    ("settings", "changes", "fits"),
    [
        ({}, {}, 4),
        ({"repeats": 2}, {}, 2),
        ({}, {"n_estimators": 250, "num_leaves": 10}, 2),
        ({}, {"n_estimators": 1_000, "num_leaves": 64}, 1),
        ({"search_rows": 1_000}, {}, 1),
    ],
)
def test_a_member_is_fitted_less_often_where_reasons_would_take_long_or_rows_are_many(settings, changes, fits):
    X, y = leads(rows=4_200)
    rows = AllRows(X, y, ROLES, training(**({"repeats": 4} | settings)))
    assert candidates._repeats(rows, trial("lightgbm", y, **(DRAWN | changes))) == fits
