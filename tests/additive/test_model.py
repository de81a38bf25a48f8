"""Every score is the sum of what its inputs add, comes back from its files as it was."""

import hashlib
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.additive.document import ARRAYS, MODEL, read_document, write_document
from gallop.additive.model import AdditiveModel
from gallop.schema import Role
from tests.support.made import ROLES, fitted, leads

X, Y = leads(400)
number = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.integers(-5, 20).map(float)
level = st.sampled_from(["a", "b", "c", "rare", "new", "", "l3", "True"])
rows = st.lists(st.tuples(number, number, level, level, level), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def models() -> dict[str, AdditiveModel]:
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
    )[list(model.inputs)]
    parts, base = model.contributions(table)
    assert parts.shape == (len(table), len(model.inputs))
    assert base + parts.sum(axis=1) == pytest.approx(model.log_odds(table), abs=1e-6)
    again, same = model.contributions(table.iloc[::-1])
    assert same == base
    assert again[::-1] == pytest.approx(parts, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_probability_is_that_of_the_log_odds(models, kind):
    model = models[kind]
    table = X[list(model.inputs)]
    probability = model.predict_proba(table)
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(X)))
    assert np.log(probability[:, 1] / probability[:, 0]) == pytest.approx(model.log_odds(table), abs=1e-6)


@pytest.mark.parametrize("kind", ["splines", "lightgbm", "stack", "calibrated"])
def test_no_leads_have_no_scores(models, kind):
    assert models[kind].predict_proba(X.head(0)).shape == (0, 2)
    assert models[kind].contributions(X.head(0))[0].shape == (0, len(ROLES))


def test_a_lead_with_the_mean_of_everything_gets_the_base_from_splines(models):
    parts, _ = models["splines"].contributions(X)
    assert parts.mean(axis=0) == pytest.approx(np.zeros(len(ROLES)), abs=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_comes_back_from_its_files_with_identical_scores_and_reasons(models, kind):
    model = models[kind]
    files = write_document(model)
    back = read_document(files)
    table = X[list(model.inputs)]
    assert np.array_equal(back.log_odds(table), model.log_odds(table))
    assert np.array_equal(back.contributions(table)[0], model.contributions(table)[0])
    assert write_document(back) == files


@pytest.mark.parametrize("kind", ["stack", "calibrated"])
def test_one_row_as_plain_arrays_gets_the_score_it_gets_in_a_frame(models, kind):
    model = models[kind]
    table = X[list(model.inputs)]
    whole = model.log_odds(table)
    for index in range(0, 60, 7):
        row = {name: np.array([table[name].iloc[index]]) for name in model.inputs}
        assert model.log_odds(row) == pytest.approx(whole[[index]], abs=1e-12)


def test_members_fitted_on_different_leads_look_their_own_levels_up(models):
    one, other = models["splines"], fitted(*leads(300, seed=9), kind="lightgbm")
    mixed = AdditiveModel(
        one.inputs,
        {"splines": one.encodings["splines"], "trees": other.encodings["trees"]},
        (*one.members, *other.members),
    )
    assert mixed.log_odds(X) == pytest.approx(one.log_odds(X) + other.log_odds(X), abs=1e-9)


# LightGBM ends the process over a text that is cut: its files are for those whose digests were compared before.
@pytest.mark.parametrize(
    ("name", "damage"),
    [("trees-1.txt", "absent"), *((name, damage) for name in (MODEL, ARRAYS) for damage in ("absent", "cut", "other"))],
)
def test_damaged_files_give_an_error_and_no_model(models, name, damage):
    files = write_document(models["stack"])
    content = files.pop(name)
    files |= {"absent": {}, "cut": {name: content[: len(content) // 2]}, "other": {name: b"{}"}}[damage]
    with pytest.raises((ValueError, KeyError, BadZipFile)):
        read_document(files).log_odds(X)


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
    for cores in (1, 2):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        parts, base = models[kind].contributions(table)
        found.append((models[kind].log_odds(table).tobytes(), parts.tobytes(), base))
    assert found[0] == found[1]
    assert models[kind].log_odds(table) == pytest.approx(parts.sum(axis=1) + base, abs=1e-6)
