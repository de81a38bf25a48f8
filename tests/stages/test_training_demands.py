"""People who know their business may say which way a number works, and which inputs must count."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.artifacts import contract
from gallop.errors import SettingsError
from gallop.modelling import candidates
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import search
from tests.support.made import ROLES, fitted, leads, training
from tests.support.models import model_training

X, Y = leads(500)
WAYS = {"n": "increasing", "m": "decreasing"}


@pytest.fixture(scope="module")
def demanded():
    """A stack of two boosted members, of a search in which splines took part too."""
    found = search(X, Y, ROLES, training(monotone=WAYS), 1)
    ranked = candidates.ranked_contenders(found, Y, training(monotone=WAYS))
    stack = next((each for each in ranked if each.trial.family == "stack"), candidates.winner(ranked)[0])
    return ranked, candidates.fit_candidate(AllRows(X, Y, ROLES, training(monotone=WAYS)), stack, 1)


def row(values: dict) -> pd.DataFrame:
    return pd.DataFrame([values]).astype({"n": float, "m": float})


@given(
    st.sampled_from(list(WAYS)),
    st.integers(0, len(X) - 1),
    st.lists(st.floats(-30, 60), min_size=2, max_size=15),
)
@examples(max_examples=60)
def test_a_demanded_direction_is_never_left(demanded, name, place, values):
    _, model = demanded
    moved = pd.concat([X.iloc[[place]]] * len(values)).assign(**{name: sorted(values)})
    steps = np.diff(model.predict_proba(moved)[:, 1])
    assert (steps >= -1e-12).all() if WAYS[name] == "increasing" else (steps <= 1e-12).all()


def test_without_the_demand_the_direction_is_left(demanded):
    free = fitted(X, Y, kind="lightgbm")
    grid = pd.concat([X.iloc[[1]]] * 200).assign(m=np.linspace(0, 30, 200))
    assert (np.diff(free.predict_proba(grid)[:, 1]) > 1e-6).any()
    assert not (np.diff(demanded[1].predict_proba(grid)[:, 1]) > 1e-12).any()


def test_a_family_that_keeps_no_direction_is_not_deployed(demanded):
    ranked, model = demanded
    explains = {each.trial.family: each.assembly is not None for each in ranked}
    assert explains["lightgbm"]
    assert not explains["splines"]
    assert candidates.winner(ranked)[0].trial.family in {"lightgbm", "stack"}
    assert set(model.encodings) == {"trees"}


def test_a_demand_on_a_number_leaves_categories_alone(demanded):
    parts, base = demanded[1].contributions(X)
    assert base + parts.sum(axis=1) == pytest.approx(demanded[1].log_odds(X), abs=1e-6)
    assert np.ptp(parts[:, list(ROLES).index("level")]) > 0


def few(small, **changes):
    families = {"lightgbm": small.training.families["lightgbm"].model_copy(update={"trials": 1})}
    return small.model_copy(
        update={"training": small.training.model_copy(update={"families": families, "folds": 2, **changes})}
    )


def test_an_input_that_must_count_and_does_not_is_refused_by_name(train_test, small):
    settings = few(small, forced=("n_visits", "bin_source"))
    with pytest.raises(SettingsError, match=r"training\.forced: bin_source makes no difference to any score"):
        model_training(train_test, settings, export=contract.dump)


def test_inputs_that_count_may_be_demanded_to(train_test, small):
    trained = model_training(train_test, few(small, forced=("n_visits",)), export=contract.dump)
    assert trained.result.winner == "lightgbm"
    assert trained.result.exported is None
    assert trained.export is None
