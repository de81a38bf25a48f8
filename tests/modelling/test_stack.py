"""Every score is the sum of what its inputs add, comes back from its pickle as it was, and no file gets more done."""

import hashlib
import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sklearn.base import is_classifier

from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import UnsafeModelError
from gallop.modelling.stack import Stack
from gallop.schema import Role
from tests.artifacts.test_safe_pickle import named
from tests.support.made import ROLES, fitted, leads

HERE = Path("pipeline.pkl")
X, Y = leads(400)
number = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.integers(-5, 20).map(float)
level = st.sampled_from(["a", "b", "c", "rare", "new", "", "l3", "True"])
rows = st.lists(st.tuples(number, number, level, level, level), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def models() -> dict[str, Stack]:
    made = {kind: fitted(X, Y, kind=kind) for kind in ("splines", "forest", "lightgbm", "stack", "calibrated")}
    for name in ("n", "level"):
        for kind in ("splines", "lightgbm"):
            made[f"{kind} of {name}"] = fitted(X[[name]], Y, kind=kind, roles={name: ROLES[name]})
    return made


KINDS = [
    "splines",
    "forest",
    "lightgbm",
    "stack",
    "calibrated",
    "splines of n",
    "splines of level",
    "lightgbm of n",
    "lightgbm of level",
]


@pytest.mark.parametrize("kind", KINDS)
@given(rows)
@examples(max_examples=40)
def test_what_the_inputs_add_and_the_base_are_the_log_odds(models, kind, rows):
    model = models[kind]
    table = pd.DataFrame(rows, columns=list(ROLES)).astype(
        {name: float for name, role in ROLES.items() if role is Role.NUMBER}
    )[model.inputs]
    parts, base = model.contributions(table)
    assert parts.shape == (len(table), len(model.inputs))
    assert base + parts.sum(axis=1) == pytest.approx(model.log_odds(table), abs=1e-6)
    again, same = model.contributions(table.iloc[::-1])
    assert same == base
    assert again[::-1] == pytest.approx(parts, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_probability_is_that_of_the_log_odds_and_an_answer_that_of_the_probability(models, kind):
    model = models[kind]
    table = X[model.inputs]
    probability = model.predict_proba(table)
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert np.log(probability[:, 1] / probability[:, 0]) == pytest.approx(model.log_odds(table), abs=1e-6)
    assert np.array_equal(model.predict(table), probability[:, 1] >= 0.5)
    assert is_classifier(model)


@pytest.mark.parametrize("kind", ["splines", "lightgbm", "stack", "calibrated"])
def test_no_leads_have_no_scores(models, kind):
    assert models[kind].predict_proba(X.head(0)).shape == (0, 2)
    assert models[kind].contributions(X.head(0))[0].shape == (0, len(ROLES))


def test_a_lead_with_the_mean_of_everything_gets_the_base_from_splines(models):
    parts, _ = models["splines"].contributions(X)
    assert parts.mean(axis=0) == pytest.approx(np.zeros(len(ROLES)), abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", [4, 5])
def test_a_model_comes_back_from_its_pickle_with_identical_scores_and_reasons(models, kind, protocol):
    model = models[kind]
    back = unpickle(pickle.dumps(model, protocol=protocol), HERE, own=True)
    table = X[model.inputs]
    assert np.array_equal(back.predict_proba(table), model.predict_proba(table))  # ty: ignore[unresolved-attribute]
    assert np.array_equal(back.contributions(table)[0], model.contributions(table)[0])  # ty: ignore


def test_an_exported_file_holds_no_stack_and_no_columns(models):
    model = models["stack"]
    for part in (model, model.encoders["trees"]):
        with pytest.raises(UnsafeModelError, match=r"which no accepted model is made of"):
            unpickle(pickle.dumps(part, protocol=5), HERE)


class Elsewhere(pickle.Pickler):
    """Writes a model with one of its classes replaced by another name."""

    def reducer_override(self, part):
        return (print, ("hello",)) if isinstance(part, np.random.Generator) else NotImplemented


def test_a_hostile_part_within_a_stack_is_refused(models, capsys):
    model = models["splines"]
    text = io.BytesIO()
    Elsewhere(text, protocol=5).dump(Stack(model.inputs, model.encoders, (np.random.default_rng(0),)))  # ty: ignore
    with pytest.raises(UnsafeModelError, match=r"builtins\.print"):
        unpickle(text.getvalue(), HERE, own=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("lightgbm.basic", "Dataset"),
        ("lightgbm.basic", "_InnerPredictor"),
        ("lightgbm.basic", "_safe_call"),
        ("lightgbm.engine", "train"),
        ("lightgbm.callback", "_LogEvaluationCallback"),
        ("lightgbm.basic", "ctypes.CDLL"),
        ("gallop.modelling.stack", "pd.read_pickle"),
        ("gallop.modelling.stack", "expit"),
        ("gallop.modelling.penalised_logistic", "minimize"),
        ("gallop.modelling.encoder", "np.memmap"),
        ("gallop.modelling.candidates", "Assembly"),
        ("gallop.modelling.search.study", "Trial"),
        ("optuna.storages", "JournalStorage"),
    ],
)
def test_lightgbm_and_our_own_modules_are_no_way_to_anything_else(tmp_path, module, name):
    with pytest.raises(UnsafeModelError):
        unpickle(named(module, name, str(tmp_path / "canary")), HERE, own=True)
    assert list(tmp_path.iterdir()) == []


def test_the_same_leads_make_the_same_model_to_the_last_bit(models):
    digests = {
        hashlib.sha256(model.predict_proba(X).tobytes()).hexdigest()
        for model in (models["stack"], *(fitted(X, Y) for _ in range(2)))
    }
    assert len(digests) == 1


@pytest.mark.parametrize("kind", ["splines", "forest", "lightgbm", "stack", "calibrated"])
def test_many_leads_get_the_same_scores_and_reasons_whatever_the_number_of_cores(models, kind, monkeypatch):
    table, _ = leads(2_000, seed=5)
    found = []
    for cores in ("1", "2"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", cores)
        parts, base = models[kind].contributions(table)
        found.append((models[kind].log_odds(table).tobytes(), parts.tobytes(), base))
    assert found[0] == found[1]
    assert models[kind].log_odds(table) == pytest.approx(parts.sum(axis=1) + base, abs=1e-6)
