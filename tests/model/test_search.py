"""The search is seeded, tries valid settings only, and is the same on every machine."""

import numpy as np
import pandas as pd
import pytest
from joblib import effective_n_jobs
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from gallop.errors import OneClass, SettingsError
from gallop.modelling.families import check, classifier, pipeline
from gallop.modelling.search import Trial, draw, fit, search
from gallop.schema import Role
from gallop.settings import FamilySearch, Settings, Training

ROLES = {"n": Role.NUMBER, "m": Role.NUMBER, "level": Role.CATEGORY}
GRID = FamilySearch(trials=5, space=({"C": (0.1, 1.0, 10.0), "l1_ratio": (0.0,), "solver": ("lbfgs", "newton-cg")},))


def leads(rows: int = 240, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(seed)
    X = pd.DataFrame({"n": draw.normal(size=rows), "m": draw.random(rows), "level": draw.choice(list("abc"), rows)})
    X.loc[::17, "n"] = np.nan
    return X, (draw.random(rows) < 1 / (1 + np.exp(-2 * X["n"].fillna(0)))).to_numpy().astype(float)


def training(settings: Settings, **families: int) -> Training:
    every = {name: settings.training.families[name].model_copy(update={"trials": families[name]}) for name in families}
    return settings.training.model_copy(update={"folds": 3, "families": every})


def settings_of(trials: list[Trial]) -> list[dict]:
    return [trial.parameters for trial in trials]


def test_settings_are_drawn_without_repetition():
    drawn = draw("logistic_regression", GRID, 1)
    assert len(drawn) == 5
    assert len({str(each) for each in drawn}) == 5


def test_no_more_settings_are_drawn_than_there_are():
    assert len(draw("logistic_regression", GRID.model_copy(update={"trials": 400}), 1)) == 6


def test_a_combination_that_comes_twice_in_the_space_is_drawn_once():
    twice = FamilySearch(trials=9, space=({"C": (1.0, 1.0)}, {"C": (1.0, 2.0)}))
    assert sorted(each["C"] for each in draw("logistic_regression", twice, 1)) == [1.0, 2.0]


def test_equal_seeds_draw_the_same_and_others_do_not():
    assert draw("logistic_regression", GRID, 1) == draw("logistic_regression", GRID, 1)
    assert any(draw("logistic_regression", GRID, 1) != draw("logistic_regression", GRID, seed) for seed in range(2, 6))


def test_every_combination_of_the_projects_own_space_is_valid(settings):
    for family, wanted in settings.training.families.items():
        if family == "logistic_regression":
            assert len(draw(family, wanted.model_copy(update={"trials": 500}), 1)) == 15
        else:
            draw(family, wanted, settings.seed)


@pytest.mark.parametrize(
    ("family", "parameters", "says"),
    [
        ("logistic_regression", {"solver": "lbfgs", "l1_ratio": 1.0}, "solver"),
        ("logistic_regression", {"solver": "nonsense"}, "solver"),
        ("logistic_regression", {"C": -1.0}, "'C'"),
        ("logistic_regression", {"max_depth": 3}, r"no parameter \['max_depth'\]"),
        ("random_forest", {"subsample": 2.0}, "subsample"),
        ("random_forest", {"max_depht": 3}, r"no parameter \['max_depht'\]"),
        ("gradient_boosting", {"learning_rate": "fast"}, "learning_rate"),
        ("gradient_boosting", {"max_iter": 0}, "max_iter"),
    ],
)
def test_an_invalid_combination_is_refused_by_name(family, parameters, says):
    with pytest.raises(SettingsError, match=rf"training\.families\.{family}\.space: .*{says}"):
        check(family, parameters)


def test_an_invalid_combination_is_refused_before_the_search(settings):
    wrong = FamilySearch(trials=1, space=({"solver": ("liblinear",), "l1_ratio": (0.5,)},))
    chosen = settings.training.model_copy(update={"folds": 3, "families": {"logistic_regression": wrong}})
    tried = []
    with pytest.raises(SettingsError, match="no valid combination"):
        search(*leads(), ROLES, chosen, 1, tried.append)
    assert tried == []


def test_a_family_more_changes_nothing_for_the_others(settings):
    X, y = leads()
    alone = search(X, y, ROLES, training(settings, logistic_regression=2), 1)["logistic_regression"]
    both = search(X, y, ROLES, training(settings, logistic_regression=2, gradient_boosting=1), 1)["logistic_regression"]
    assert settings_of(alone) == settings_of(both)
    for one, two in zip(alone, both, strict=True):
        assert np.array_equal(one.out_of_fold, two.out_of_fold)


def test_the_best_trial_comes_first_and_its_loss_is_that_of_its_probabilities(settings):
    X, y = leads()
    found = search(X, y, ROLES, training(settings, logistic_regression=3, random_forest=2, gradient_boosting=2), 1)
    assert {family: len(trials) for family, trials in found.items()} == {
        "logistic_regression": 3,
        "random_forest": 2,
        "gradient_boosting": 2,
    }
    for trials in found.values():
        losses = [trial.log_loss for trial in trials]
        assert losses == sorted(losses)
        for trial in trials:
            assert trial.log_loss == pytest.approx(log_loss(y, trial.out_of_fold))


def test_each_trial_is_told_of(settings):
    told = []
    search(*leads(), ROLES, training(settings, logistic_regression=3, gradient_boosting=1), 1, told.append)
    assert sorted(told) == ["gradient_boosting"] + ["logistic_regression"] * 3


@threadpool_limits.wrap(limits=1)
def test_the_number_of_cores_does_not_change_a_single_bit(settings, monkeypatch):
    X, y = leads()
    chosen = training(settings, logistic_regression=1, random_forest=1, gradient_boosting=2)
    found = []
    for threads in (1, 2):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", str(threads))
        assert effective_n_jobs(-1) <= threads
        trials = search(X, y, ROLES, chosen, 1)
        models = {family: fit(X, y, ROLES, tried[0], 2.0, 1) for family, tried in trials.items()}
        found.append(
            [(family, [each.out_of_fold.tobytes() for each in tried], models[family].predict_proba(X).tobytes())
             for family, tried in trials.items()]
        )  # fmt: skip
    assert found[0] == found[1]


def test_a_rows_own_label_does_not_reach_its_out_of_fold_probability(settings):
    X, y = leads()
    chosen = training(settings, logistic_regression=1)
    shuffled = np.random.default_rng(1).permutation(y)
    trial = search(X, shuffled, ROLES, chosen, 1)["logistic_regression"][0]
    assert trial.log_loss > 0.66


def test_too_few_leads_of_a_label_for_the_folds_are_refused(settings):
    X, y = leads(40)
    y[:] = 0.0
    y[:2] = 1.0
    with pytest.raises(OneClass, match=r"2 leads of one label, fewer than training\.folds = 3"):
        search(X, y, ROLES, training(settings, logistic_regression=1), 1)


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "gradient_boosting"])
def test_each_family_learns_and_gives_probabilities(family):
    X, y = leads(400)
    with threadpool_limits(1):
        model = pipeline(family, {}, ROLES, 2.0, 1).fit(X, y)
        probability = model.predict_proba(X)
    assert probability.shape == (400, 2)
    assert probability.sum(axis=1) == pytest.approx(np.ones(400), abs=1e-6)
    assert log_loss(y, probability[:, 1]) < 0.6
    assert list(model[-1].feature_names_in_) == ["n", "m", "level_b", "level_c"]


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "gradient_boosting"])
def test_a_classifier_takes_its_seed(family):
    assert classifier(family, {}, 7).get_params()["random_state"] == 7
