"""The same leads and settings give the same predictions, in every run and on any number of cores."""

import hashlib
from collections.abc import Sequence

import pytest
from joblib import effective_n_jobs

from gallop.modelling.candidates import fit_candidate, ranked_contenders
from gallop.modelling.search.folds import AllRows
from gallop.modelling.search.run import search
from gallop.settings.training import FamilySearch
from tests.support.made import FEW_DEEP_TREES, ROLES, leads, training

FOREST = FamilySearch(trials=1, space=({name: (value,) for name, value in FEW_DEEP_TREES.items()},))
X, Y = leads(1_200)


def digests() -> dict[str, str]:
    """Candidate → SHA-256 of its predictions, after a search, an assembly and a fit of its own."""
    chosen = training()
    chosen = chosen.model_copy(update={"families": {**chosen.families, "forest": FOREST}})
    searched = search(X, Y, ROLES, chosen, 1)
    ranked = ranked_contenders(searched, Y, chosen)
    models = {each.trial.family: fit_candidate(AllRows(X, Y, ROLES, chosen), each, 1) for each in ranked}
    return {name: hashlib.sha256(model.predict_proba(X).tobytes()).hexdigest() for name, model in models.items()}


@pytest.mark.parametrize("cores", [("1", "2"), ("2", "2", "2")], ids=["one and two threads", "three runs"])
def test_predictions_are_identical(monkeypatch, cores: Sequence[str]):
    found = []
    for count in cores:
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", count)
        assert effective_n_jobs(-1) <= int(count)
        found.append(digests())
    assert len(found[0]) >= 2
    assert all(each == found[0] for each in found)
