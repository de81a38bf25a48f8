"""What a training finds out beyond its figures is there, and agrees with the model and the trials."""

import hashlib

import numpy as np
import pytest
from scipy.special import expit

from gallop.artifacts import contract
from gallop.modelling.candidates import STACK
from gallop.modelling.preprocessing import frame
from gallop.modelling.search import run
from gallop.modelling.uncertainty import score_uncertainty
from gallop.settings.training import FamilySearch
from gallop.tables.features import input_roles
from tests.support.models import model_training


@pytest.fixture(scope="module")
def held_out(train_test, small):
    return frame(train_test.test, input_roles(small.table, small.features))


def of(small, **families: FamilySearch):
    training = small.training.model_copy(update={"families": families, "folds": 2})
    return small.model_copy(update={"training": training})


def test_the_learning_curve_rises_to_what_the_winner_learnt_from(trained):
    result = trained.result
    sizes = [each.rows for each in result.evidence.learning]
    assert sizes == sorted(sizes)
    assert sizes[-1] == round(result.train_rows * 2 / 3)
    assert [size / sizes[-1] for size in sizes] == pytest.approx([0.25, 0.5, 1.0], abs=0.01)
    winner = next(each for each in result.candidates if each.family == result.winner)
    assert result.evidence.learning[-1].log_loss.value == pytest.approx(winner.metrics["log_loss"].value)
    assert result.evidence.learning[0].log_loss.value > result.evidence.learning[-1].log_loss.value


def test_every_input_has_an_effect_whose_points_are_all_the_test_leads(trained, small):
    effects = trained.result.evidence.effects
    assert sorted(each.column for each in effects) == sorted(small.features.inputs)
    assert effects[0].column == "n_visits"
    assert [each.strength for each in effects] == sorted((each.strength for each in effects), reverse=True)
    for each in effects:
        assert sum(point.rows for point in each.points) == trained.result.test.rows


def test_the_surest_cases_say_why(trained, held_out):
    parts, base = trained.model.contributions(held_out)
    scores = set(np.round(expit(base + parts.sum(axis=1)), 9))
    for each in (*trained.result.evidence.hits, *trained.result.evidence.misses):
        assert round(each.probability, 9) in scores
        sizes = [abs(reason.log_odds) for reason in each.reasons]
        assert len(sizes) == 5
        assert sizes == sorted(sizes, reverse=True)
    assert len(trained.result.evidence.hits) == len(trained.result.evidence.misses) == 5


def test_uncertainty_is_learnt_from_the_winners_out_of_fold_probabilities_alone(trained, train_test):
    label = train_test.train["lead_indicator"].to_numpy().astype(float)
    best = trained.trials[trained.result.winner][0]
    assert trained.result.evidence.uncertainty == score_uncertainty(label, best.out_of_fold)
    assert trained.result.evidence.certainty.nominal == 0.9


def test_every_part_of_the_evidence_is_there(trained):
    evidence = trained.result.evidence
    for name in type(evidence).model_fields:
        assert getattr(evidence, name), name


def test_three_trainings_give_one_digest_of_predictions(train_test, small, held_out):
    families = {name: small.training.families[name] for name in ("splines", "lightgbm")}
    found = [model_training(train_test, of(small, **families), export=contract.dump) for _ in range(3)]
    digests = {
        hashlib.sha256(each.models[name].predict_proba(held_out).astype(np.float64).tobytes()).hexdigest()
        for each in found
        for name in (each.result.winner,)
    }
    assert len(digests) == 1
    assert found[0].result == found[1].result == found[2].result


def test_a_setting_that_fails_is_told_with_its_reason_and_the_others_compete(train_test, small, monkeypatch):

    real = run.classifier

    def broken(family, parameters, seed):
        if parameters.get("C") == 0.5:
            raise ValueError("made to fail")
        return real(family, parameters, seed)

    monkeypatch.setattr(run, "classifier", broken)
    wanted = FamilySearch(trials=3, space=({"C": (0.5, 1.0, 2.0)},))
    result = model_training(train_test, of(small, splines=wanted), export=contract.dump).result
    one = next(each for each in result.candidates if each.family == "splines")
    assert one.failed == ("{'C': 0.5}: made to fail",)
    assert one.trials == 3


def test_without_a_stack_in_the_settings_there_is_none(train_test, small):
    wanted = {name: small.training.families[name] for name in ("splines", "lightgbm")}
    alone = of(small, **wanted)
    alone = alone.model_copy(update={"training": alone.training.model_copy(update={"stack": 0})})
    trained = model_training(train_test, alone, export=contract.dump)
    assert STACK not in trained.models
    members = trained.model.members  # ty: ignore[unresolved-attribute]
    assert len({type(member.classifier) for member in members}) == 1
    assert sum(member.weight for member in members) == pytest.approx(1.0)
    assert trained.export is None
