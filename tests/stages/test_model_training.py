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

from gallop.artifacts import bundle, contract
from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ContractBroken, UnsafeModel
from gallop.modelling.assemble import STACK
from gallop.modelling.families import ENCODERS
from gallop.modelling.preprocessing import frame
from gallop.modelling.stack import Stack
from gallop.results.run import CodeVersion, DataVersion, Facts, Sides
from gallop.settings.params import Settings
from gallop.stages.model_training import Trained, model_training
from gallop.tables.features import input_roles
from gallop.tables.synthetic import sample
from tests.support.models import quick, split

pytestmark = pytest.mark.xdist_group("trained")


def predictions(trained: Trained, sides: Sides, settings: Settings) -> np.ndarray:
    X = frame(sides.train, input_roles(settings.table, settings.features))
    return trained.model.predict_proba(X)[:, 1]


def refuse(*kinds: type, error: type[Exception] = ContractBroken):
    """An export that some classifiers break."""

    def export(model: object) -> bytes:
        if isinstance(model, kinds):
            raise error("made to fail")
        return contract.dump(model)

    return export


@pytest.fixture(scope="module")
def few(settings: Settings) -> Settings:
    """Settings for many trainings: two families, one trial each."""
    once = quick(settings, trials=1)
    families = {name: once.training.families[name] for name in ("logistic_regression", "gradient_boosting")}
    training = once.training.model_copy(update={"families": families})
    return once.model_copy(update={"training": training})


def test_candidates_are_ranked_by_log_loss_and_the_winner_is_the_best_that_gives_reasons(trained, small):
    losses = {each.family: each.metrics["log_loss"].value for each in trained.facts.candidates}
    assert set(losses) - {STACK} | {*trained.facts.given_up} == set(small.training.families)
    assert [each.family for each in trained.facts.candidates] == sorted(losses, key=losses.__getitem__)
    assert trained.facts.winner == next(each.family for each in trained.facts.candidates if each.explains)
    assert losses == pytest.approx({family: tried[0].log_loss for family, tried in trained.trials.items()})


def test_what_explains_takes_columns_of_its_own_and_the_rest_can_be_exported(trained):
    for each in trained.facts.candidates:
        assert each.explains == (each.family in {STACK, *ENCODERS})
        assert isinstance(trained.models[each.family], Stack) == each.explains
        assert each.contract == ("own" if each.explains else "kept")


def test_the_facts_of_the_candidates_agree_with_their_trials(trained, small):
    for each in trained.facts.candidates:
        tried = trained.trials[each.family]
        assert each.trials == len(tried) + each.pruned + len(each.failed)
        assert each.trials == (1 if each.family == STACK else small.training.families[each.family].trials)
        assert each.parameters == tried[0].parameters
        assert each.failed == ()


def test_the_stack_says_which_trials_it_is_made_of(trained):
    made = next(each for each in trained.facts.candidates if each.family == STACK).parameters
    assert len(made) >= 2
    for name, weight in made.items():
        family, place = name.rsplit(" ", 1)
        assert 1 <= int(place) <= len(trained.trials[family])
        assert 0 < weight < 1.5


def test_each_candidate_is_as_far_behind_the_winner_as_their_losses_are_apart(trained):
    losses = {each.family: each.metrics["log_loss"].value for each in trained.facts.candidates}
    for each in trained.facts.candidates:
        assert each.behind.value == pytest.approx(losses[each.family] - losses[trained.facts.winner])
        assert each.behind.low <= each.behind.value <= each.behind.high
        assert each.behind.value >= 0 or not each.explains


def test_the_rows_are_counted(trained, sides):
    facts = trained.facts
    assert facts.train_rows == len(sides.train)
    assert facts.train_positives == sides.train["lead_indicator"].sum()
    assert facts.test.rows == len(sides.test)
    assert facts.test.positives == sides.test["lead_indicator"].sum()


def test_the_report_is_of_the_winner_on_the_test_rows(trained, sides, small):
    X = frame(sides.test, input_roles(small.table, small.features))
    label = sides.test["lead_indicator"].to_numpy()
    probability = trained.model.predict_proba(X)[:, 1]
    assert trained.model is trained.models[trained.facts.winner]
    assert trained.facts.test.metrics["roc_auc"].value == pytest.approx(roc_auc_score(label, probability))
    assert trained.facts.test.metrics["log_loss"].value == pytest.approx(log_loss(label, probability), abs=1e-6)


def test_the_best_possible_is_that_of_the_true_probabilities(trained, sides, drawn):
    truth = np.array([drawn[1][each] for each in sides.test["lead_id"].to_list()])
    label = sides.test["lead_indicator"].to_numpy()
    assert trained.facts.best_possible["log_loss"].value == pytest.approx(log_loss(label, truth), abs=1e-6)


def test_each_input_has_an_importance_and_visits_matter_most(trained, small):
    importances = trained.facts.importances
    assert sorted(each.column for each in importances) == sorted(small.features.inputs)
    assert importances[0].column == "n_visits"
    increases = [each.increase.value for each in importances]
    assert increases == sorted(increases, reverse=True)
    assert {each.column: each.increase.value for each in importances}["bin_source"] == 0.0


def test_the_export_is_the_last_step_of_the_best_candidate_that_may_be_exported(trained):
    kept = [each.family for each in trained.facts.candidates if each.contract == "kept"]
    assert trained.facts.exported == kept[0]
    assert contract.dump(trained.models[kept[0]][-1]) == trained.export


def test_the_facts_survive_being_written_as_json(trained):
    assert Facts.model_validate_json(trained.facts.model_dump_json()) == trained.facts


def test_the_example_is_one_row_of_typical_values_that_the_model_takes(trained, small):
    assert trained.example.shape == (1, len(small.features.inputs))
    assert trained.model.predict_proba(trained.example).shape == (1, 2)


def test_the_next_candidate_is_exported_where_the_winner_breaks_the_contract(sides, few):
    fine = model_training(sides, few, export=contract.dump)
    first, second = (each.family for each in fine.facts.candidates)
    kinds = {"logistic_regression": LogisticRegression, "gradient_boosting": HistGradientBoostingClassifier}
    for error in (ContractBroken, UnsafeModel):
        fallen = model_training(sides, few, export=refuse(kinds[first], error=error))
        assert (fallen.facts.winner, fallen.facts.exported) == (first, second)
        assert isinstance(unpickle(fallen.export, Path("model.pkl")), kinds[second])
        assert [each.contract for each in fallen.facts.candidates] == ["made to fail", "kept"]


def test_nothing_is_exported_where_nothing_meets_the_contract(sides, few):
    none = model_training(sides, few, export=refuse(object))
    assert none.export is None
    assert none.facts.exported is None
    assert {each.contract for each in none.facts.candidates} == {"made to fail"}


def test_without_a_contract_the_candidates_say_none(sides, few):
    free = few.model_copy(update={"export": few.export.model_copy(update={"contract": None})})
    assert {each.contract for each in model_training(sides, free, export=contract.dump).facts.candidates} == {"none"}


def test_test_rows_never_influence_training(sides, few):
    other = sides.test.with_columns(
        (1 - nw.col("lead_indicator")).alias("lead_indicator"),
        (nw.col("n_visits") * 1000 - 5).alias("n_visits"),
        nw.lit(None, dtype=nw.Float64).alias("purchases"),
        nw.lit("9").alias("customer_group"),
    )
    one = model_training(sides, few, export=contract.dump)
    two = model_training(Sides(sides.train, other, sides.assignment), few, export=contract.dump)
    assert one.facts.winner == two.facts.winner
    assert one.facts.candidates == two.facts.candidates
    assert np.array_equal(predictions(one, sides, few), predictions(two, sides, few))
    assert one.facts.test != two.facts.test


def test_training_twice_gives_the_same_to_the_last_bit(sides, few):
    one, two = (model_training(sides, few, export=contract.dump) for _ in range(2))
    assert one.facts == two.facts
    assert np.array_equal(predictions(one, sides, few), predictions(two, sides, few))


def test_each_candidate_is_told_of_with_its_trials_and_its_model_while_the_training_goes_on(sides, few):
    told = []
    trained = model_training(sides, few, export=contract.dump, on_candidate=told.append)
    assert [each.name for each in told] == [each.family for each in trained.facts.candidates]
    for run in told:
        assert run.model is trained.models[run.name]
        assert run.example is trained.example
        assert run.tags["family"] == run.name
        assert run.metrics["cv_log_loss"] == pytest.approx(trained.trials[run.name][0].log_loss)
        assert [each.parameters for each in run.children] == [each.parameters for each in trained.trials[run.name]]
        assert all(each.metrics for each in run.children)


def test_the_run_of_the_whole_says_who_won_and_which_bundle_it_made(trained, folder):
    manifest = bundle.read_manifest(folder)
    run = trained.record(manifest, [folder / "manifest.json"])
    assert run.name == "model_training"
    assert run.parameters["winner"] == trained.facts.winner
    assert run.tags["digest"] == manifest.digest
    assert set(run.metrics) == {f"test_{name}" for name in trained.facts.test.metrics}
    assert list(run.files) == [folder / "manifest.json"]


def test_versions_have_names():
    assert CodeVersion(commit=None, changed=False).name == "unknown"
    assert CodeVersion(commit="abc", changed=True).name == "abc+changes"
    assert [DataVersion(origin=each, path="x", md5="y").kind for each in ("dvc", "file", "sample")] == [
        *("real", "real", "sample")
    ]


def test_on_the_sample_the_project_comes_within_three_percent_of_the_best_possible(settings):
    leads, truth = sample(settings.data.sample_rows, settings.seed)
    known = {row["lead_id"]: float(row["probability"]) for row in csv.DictReader(io.StringIO(truth))}
    facts = model_training(split(leads, settings), settings, export=contract.dump, truth=known).facts
    assert facts.test.metrics["log_loss"].value <= 1.03 * facts.best_possible["log_loss"].value
    assert facts.test.metrics["roc_auc"].value >= facts.best_possible["roc_auc"].value - 0.03
