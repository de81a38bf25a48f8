"""Training chooses by cross-validation, exports what meets the contract, and lets test rows decide nothing."""

import csv
import io
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from gallop.additive.model import AdditiveModel
from gallop.artifacts import contract
from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ContractError, UnsafeModelError
from gallop.modelling.candidates import STACK
from gallop.modelling.families import ENCODERS
from gallop.modelling.preprocessing import frame
from gallop.results.run import CodeVersion, DataVersion, TrainingResult, TrainTestSplit
from gallop.settings.params import Settings
from gallop.tables.features import input_roles
from gallop.tables.synthetic import sample
from tests.support.models import Assessed, model_training, quick, split


def predictions(trained: Assessed, train_test: TrainTestSplit, settings: Settings) -> np.ndarray:
    X = frame(train_test.train, input_roles(settings.table, settings.features))
    return trained.model.predict_proba(X)[:, 1]


def refuse(*kinds: type, error: type[Exception] = ContractError):
    """An export that some classifiers break."""

    def export(model: object) -> bytes:
        if isinstance(model, kinds):
            raise error("made to fail")
        return contract.dump(model)

    return export


@pytest.fixture(scope="module")
def few(settings: Settings) -> Settings:
    """Settings for many trainings: two families that may be exported and one that is deployed, one trial each."""
    once = quick(settings, trials=1)
    families = {name: once.training.families[name] for name in ("logistic_regression", "gradient_boosting", "splines")}
    training = once.training.model_copy(update={"families": families})
    return once.model_copy(update={"training": training})


def test_candidates_are_ranked_by_log_loss_and_the_winner_is_the_best_that_gives_reasons(trained, small):
    losses = {each.family: each.metrics["log_loss"].value for each in trained.result.candidates}
    assert set(losses) - {STACK} | {*trained.result.given_up} == set(small.training.families)
    assert [each.family for each in trained.result.candidates] == sorted(losses, key=losses.__getitem__)
    assert trained.result.winner == next(each.family for each in trained.result.candidates if each.explains)
    assert losses == pytest.approx({family: tried[0].log_loss for family, tried in trained.trials.items()})


def test_what_explains_takes_columns_of_its_own_and_the_rest_can_be_exported(trained):
    for each in trained.result.candidates:
        assert each.explains == (each.family in {STACK, *ENCODERS})
        assert isinstance(trained.models[each.family], AdditiveModel) == each.explains
        assert each.contract == ("own" if each.explains else "kept")


def test_the_facts_of_the_candidates_agree_with_their_trials(trained, small):
    for each in trained.result.candidates:
        tried = trained.trials[each.family]
        assert each.trials == len(tried) + each.pruned + len(each.failed)
        assert each.trials == (1 if each.family == STACK else small.training.families[each.family].trials)
        assert each.parameters == tried[0].parameters
        assert each.failed == ()


def test_the_stack_says_which_trials_it_is_made_of(trained):
    made = next(each for each in trained.result.candidates if each.family == STACK).parameters
    assert len(made) >= 2
    for name, weight in made.items():
        family, place = name.rsplit(" ", 1)
        assert 1 <= int(place) <= len(trained.trials[family])
        assert 0 < weight < 1.5


def test_each_candidate_is_as_far_behind_the_winner_as_their_losses_are_apart(trained):
    losses = {each.family: each.metrics["log_loss"].value for each in trained.result.candidates}
    for each in trained.result.candidates:
        assert each.behind.value == pytest.approx(losses[each.family] - losses[trained.result.winner])
        assert each.behind.low <= each.behind.value <= each.behind.high
        assert each.behind.value >= 0 or not each.explains


def test_the_rows_are_counted(trained, train_test):
    result = trained.result
    assert result.train_rows == len(train_test.train)
    assert result.train_positives == train_test.train["lead_indicator"].sum()
    assert result.test.rows == len(train_test.test)
    assert result.test.positives == train_test.test["lead_indicator"].sum()


def test_the_report_is_of_the_winner_on_the_test_rows(trained, train_test, small):
    X = frame(train_test.test, input_roles(small.table, small.features))
    label = train_test.test["lead_indicator"].to_numpy()
    probability = trained.model.predict_proba(X)[:, 1]
    assert trained.model is trained.models[trained.result.winner]
    assert trained.result.test.metrics["roc_auc"].value == pytest.approx(roc_auc_score(label, probability))
    assert trained.result.test.metrics["log_loss"].value == pytest.approx(log_loss(label, probability), abs=1e-6)


def test_the_best_possible_is_that_of_the_true_probabilities(trained, train_test, drawn):
    truth = np.array([drawn[1][each] for each in train_test.test["lead_id"].to_list()])
    label = train_test.test["lead_indicator"].to_numpy()
    assert trained.result.best_possible["log_loss"].value == pytest.approx(log_loss(label, truth), abs=1e-6)


def test_each_input_has_an_importance_and_visits_matter_most(trained, small):
    importances = trained.result.importances
    assert sorted(each.column for each in importances) == sorted(small.features.inputs)
    assert importances[0].column == "n_visits"
    increases = [each.increase.value for each in importances]
    assert increases == sorted(increases, reverse=True)
    assert {each.column: each.increase.value for each in importances}["bin_source"] == 0.0


def test_the_export_is_the_last_step_of_the_best_candidate_that_may_be_exported(trained):
    kept = [each.family for each in trained.result.candidates if each.contract == "kept"]
    assert trained.result.exported == kept[0]
    assert contract.dump(trained.models[kept[0]][-1]) == trained.export


def test_the_facts_survive_being_written_as_json(trained):
    assert TrainingResult.model_validate_json(trained.result.model_dump_json()) == trained.result


def test_the_example_is_one_row_of_typical_values_that_the_model_takes(trained, small):
    assert trained.example.shape == (1, len(small.features.inputs))
    assert trained.model.predict_proba(trained.example).shape == (1, 2)


def test_the_next_candidate_is_exported_where_the_winner_breaks_the_contract(train_test, few):
    fine = model_training(train_test, few, export=contract.dump)
    first, second = (each.family for each in fine.result.candidates if not each.explains)
    kinds = {"logistic_regression": LogisticRegression, "gradient_boosting": HistGradientBoostingClassifier}
    for error in (ContractError, UnsafeModelError):
        fallen = model_training(train_test, few, export=refuse(kinds[first], error=error))
        assert (fallen.result.winner, fallen.result.exported) == ("splines", second)
        assert isinstance(unpickle(fallen.export, Path("model.pkl")), kinds[second])
        contracts = {each.family: each.contract for each in fallen.result.candidates}
        assert contracts == {first: "made to fail", second: "kept", "splines": "own"}


def test_nothing_is_exported_where_nothing_meets_the_contract(train_test, few):
    none = model_training(train_test, few, export=refuse(object))
    assert none.export is None
    assert none.result.exported is None
    assert {each.contract for each in none.result.candidates if not each.explains} == {"made to fail"}


def test_without_a_contract_the_candidates_say_none(train_test, few):
    free = few.model_copy(update={"export": few.export.model_copy(update={"contract": None})})
    candidates = model_training(train_test, free, export=contract.dump).result.candidates
    assert {each.contract for each in candidates if not each.explains} == {"none"}


def test_test_rows_never_influence_training(train_test, few):
    other = train_test.test.with_columns(
        (1 - nw.col("lead_indicator")).alias("lead_indicator"),
        (nw.col("n_visits") * 1000 - 5).alias("n_visits"),
        nw.lit(None, dtype=nw.Float64).alias("purchases"),
        nw.lit("9").alias("customer_group"),
    )
    one = model_training(train_test, few, export=contract.dump)
    two = model_training(TrainTestSplit(train_test.train, other, train_test.assignment), few, export=contract.dump)
    assert one.result.winner == two.result.winner
    assert one.result.candidates == two.result.candidates
    assert np.array_equal(predictions(one, train_test, few), predictions(two, train_test, few))
    assert one.result.test != two.result.test


def test_training_twice_gives_the_same_to_the_last_bit(train_test, few):
    one, two = (model_training(train_test, few, export=contract.dump) for _ in range(2))
    assert one.result == two.result
    assert np.array_equal(predictions(one, train_test, few), predictions(two, train_test, few))


def test_versions_have_names():
    assert CodeVersion(commit=None, changed=False).name == "unknown"
    assert CodeVersion(commit="abc", changed=True).name == "abc+changes"
    assert [DataVersion(origin=each, path="x", md5="y").kind for each in ("dvc", "file", "sample")] == [
        *("real", "real", "sample")
    ]


def test_on_the_sample_the_project_comes_within_three_percent_of_the_best_possible(settings):
    leads, truth = sample(settings.data.sample_rows, settings.seed)
    known = {row["lead_id"]: float(row["probability"]) for row in csv.DictReader(io.StringIO(truth))}
    result = model_training(split(leads, settings), settings, export=contract.dump, truth=known).result
    assert result.test.metrics["log_loss"].value <= 1.03 * result.best_possible["log_loss"].value
    assert result.test.metrics["roc_auc"].value >= result.best_possible["roc_auc"].value - 0.03
