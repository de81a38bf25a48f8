"""The search is seeded, tries valid settings only, and is the same on every machine."""

import numpy as np
import pandas as pd
import pytest
from joblib import effective_n_jobs
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from gallop.errors import SettingsError, SingleClassError
from gallop.modelling.candidates import fit_plain
from gallop.modelling.families import ENCODERS, check_combination, classifier
from gallop.modelling.search import space
from gallop.modelling.search.folds import AllRows, Fold
from gallop.modelling.search.run import search
from gallop.schema import Role
from gallop.settings.params import Settings
from gallop.settings.training import FamilySearch, Training

ROLES = {"n": Role.NUMBER, "m": Role.NUMBER, "level": Role.CATEGORY}
EVERY = ["logistic_regression", "random_forest", "gradient_boosting", "splines", "lightgbm"]


def leads(rows: int = 240, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(seed)
    X = pd.DataFrame({"n": draw.normal(size=rows), "m": draw.random(rows), "level": draw.choice(list("abc"), rows)})
    X.loc[::17, "n"] = np.nan
    return X, (draw.random(rows) < 1 / (1 + np.exp(-2 * X["n"].fillna(0)))).to_numpy().astype(float)


def training(settings: Settings, **families: int) -> Training:
    every = {name: settings.training.families[name].model_copy(update={"trials": families[name]}) for name in families}
    return settings.training.model_copy(update={"folds": 3, "families": every})


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
        ("splines", {"C": 0.0}, "'C'"),
        ("lightgbm", {"num_leaves": 1}, "num_leaves"),
        ("lightgbm", {"max_iter": 3}, r"no parameter \['max_iter'\]"),
    ],
)
def test_an_invalid_combination_is_refused_by_name(family, parameters, says):
    with pytest.raises(SettingsError, match=rf"training\.families\.{family}\.space: .*{says}"):
        check_combination(family, parameters)


def test_an_invalid_combination_is_refused_before_the_search(settings):
    wrong = FamilySearch(trials=1, space=({"solver": ("liblinear",), "l1_ratio": (0.5,)},))
    chosen = settings.training.model_copy(update={"folds": 3, "families": {"logistic_regression": wrong}})
    tried = []
    with pytest.raises(SettingsError, match="no valid combination"):
        search(*leads(), ROLES, chosen, 1, on_trial=tried.append)
    assert tried == []


def test_every_value_of_the_projects_own_space_is_valid(settings):
    for family, wanted in settings.training.families.items():
        space.check_all(family, wanted)


def test_a_family_more_changes_nothing_for_the_others(settings):
    X, y = leads()
    few = {"logistic_regression": 2, "splines": 2}
    alone = search(X, y, ROLES, training(settings, **few), 1).families
    both = search(X, y, ROLES, training(settings, **few, gradient_boosting=1), 1).families
    for family in few:
        for one, two in zip(alone[family].trials, both[family].trials, strict=True):
            assert one.parameters == two.parameters
            assert np.array_equal(one.log_odds, two.log_odds)


def test_the_best_trial_comes_first_and_its_loss_is_that_of_its_probabilities(settings):
    X, y = leads()
    counts = dict.fromkeys(EVERY, 2)
    found = search(X, y, ROLES, training(settings, **counts), 1)
    assert list(found.families) == EVERY
    assert np.array_equal(found.rows, np.arange(len(y)))
    assert np.array_equal(np.sort(np.concatenate(found.folds)), found.rows)
    for family, explored in found.families.items():
        assert len(explored.trials) + explored.pruned + len(explored.failed) == counts[family]
        losses = [trial.log_loss for trial in explored.trials]
        assert losses == sorted(losses)
        for trial in explored.trials:
            assert trial.log_loss == pytest.approx(log_loss(y, trial.out_of_fold))


def test_boosting_finds_its_number_of_trees_and_keeps_it_with_the_setting(settings):
    X, y = leads()
    trial = search(X, y, ROLES, training(settings, lightgbm=1), 1).families["lightgbm"].trials[0]
    assert 10 <= trial.parameters["n_estimators"] <= 1600
    assert trial.parameters["n_estimators"] % 10 == 0


def test_each_trial_is_told_of(settings):
    told = []
    search(*leads(), ROLES, training(settings, logistic_regression=3, gradient_boosting=1), 1, on_trial=told.append)
    assert sorted(told) == ["gradient_boosting"] + ["logistic_regression"] * 3


@threadpool_limits.wrap(limits=1)
def test_the_number_of_cores_does_not_change_a_single_bit(settings, monkeypatch):
    X, y = leads()
    chosen = training(settings, **dict.fromkeys(EVERY, 1))
    found = []
    for threads in (1, 2):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", str(threads))
        assert effective_n_jobs(-1) <= threads
        trials = search(X, y, ROLES, chosen, 1).families
        found.append([each.log_odds.tobytes() for tried in trials.values() for each in tried.trials])
        for family, tried in trials.items():
            if family not in ENCODERS:
                model = fit_plain(AllRows(X, y, ROLES, chosen), family, tried.trials[0].parameters, 1)
                found[-1].append(model.predict_proba(X).tobytes())
    assert found[0] == found[1]


def test_a_rows_own_label_does_not_reach_its_out_of_fold_probability(settings):
    X, y = leads()
    chosen = training(settings, logistic_regression=1, splines=1, lightgbm=1)
    shuffled = np.random.default_rng(1).permutation(y)
    for explored in search(X, shuffled, ROLES, chosen, 1).families.values():
        assert explored.trials[0].log_loss > 0.66


def test_a_fold_makes_only_the_encodings_that_its_families_take(settings):
    X, y = leads()
    fold = Fold(X, y, np.arange(120), np.arange(120, 240), ROLES, settings.training)
    fold.encoded("splines")
    assert "_splines" in vars(fold)
    assert not {"_plain", "_trees"} & set(vars(fold))


def test_too_few_leads_of_a_label_for_the_folds_are_refused(settings):
    X, y = leads(40)
    y[:] = 0.0
    y[:2] = 1.0
    with pytest.raises(SingleClassError, match=r"2 leads of one label, fewer than training\.folds = 3"):
        search(X, y, ROLES, training(settings, logistic_regression=1), 1)


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "gradient_boosting"])
def test_each_family_learns_and_gives_probabilities(settings, family):
    X, y = leads(400)
    with threadpool_limits(1):
        model = fit_plain(AllRows(X, y, ROLES, settings.training), family, {}, 1)
        probability = model.predict_proba(X)
    assert probability.shape == (400, 2)
    assert probability.sum(axis=1) == pytest.approx(np.ones(400), abs=1e-6)
    assert log_loss(y, probability[:, 1]) < 0.6
    assert list(model[-1].feature_names_in_) == ["n", "m", "level_b", "level_c"]


@pytest.mark.parametrize("family", EVERY)
def test_a_classifier_takes_its_seed(family):
    assert classifier(family, {}, 7).get_params()["random_state"] == 7
