"""Scored leads are called unlike those learnt from where they are, and hardly ever where they are not."""

import numpy as np
import pytest

from gallop.modelling.bands import choose_bands
from gallop.modelling.uncertainty import score_uncertainty
from gallop.modelling.unlike import learnt_scores, unlike_leads
from gallop.settings.decision import Bands


def drawn(rows: int, seed: int, odds: float = -1.5) -> np.ndarray:
    return 1 / (1 + np.exp(-np.random.default_rng(seed).normal(odds, 1.0, rows)))


@pytest.fixture(scope="module")
def known():
    probability = drawn(4000, 0)
    label = (np.random.default_rng(1).random(4000) < probability).astype(float)
    bands = choose_bands(label, probability, Bands(), 0.95)
    return bands, score_uncertainty(label, probability).ranges


@pytest.mark.parametrize("rows", [5, 60, 900, 20_000])
def test_leads_of_the_same_kind_are_not_called_unlike(known, rows):
    calls = [unlike_leads(drawn(rows, seed), {}, *known) for seed in range(2, 62)]
    assert sum(map(bool, calls)) <= 1


def test_many_hot_leads_are_told_with_what_was_expected_and_the_bound(known):
    told = {one.what: one for one in unlike_leads(drawn(500, 3, odds=0.5), {}, *known)}
    assert set(told) == {"hot", "cold", "scores"}
    assert told["hot"].expected == pytest.approx(0.1, abs=0.001)
    assert told["hot"].expected < told["hot"].bound < 0.16
    assert told["hot"].observed > 0.5
    assert told["cold"].observed < told["cold"].bound < told["cold"].expected
    assert told["scores"].observed > told["scores"].bound > 0.05


def test_five_leads_prove_little(known):
    assert not unlike_leads(np.array([0.9, 0.8, 0.1, 0.2, 0.3]), {"source_unknown": 1}, *known)


def test_values_never_seen_are_told_from_one_in_a_hundred_leads_on(known):
    few, many = (unlike_leads(drawn(2000, 4), {"source_unknown": count}, *known) for count in (20, 200))
    assert not few
    assert [(one.what, one.observed, one.bound) for one in many] == [("source_unknown", 0.1, 0.01)]


def test_rows_that_could_not_be_scored_count_among_those_read(known):
    told = unlike_leads(drawn(50, 5), {"source_unknown": 950}, *known, read=1000)
    assert [(one.what, one.observed) for one in told] == [("source_unknown", 0.95)]


def test_leads_learnt_from_are_not_called_unlike_nor_are_they_together_with_new_ones(known):
    odds = np.random.default_rng(6).normal(-1.5, 1.0, 4000)
    surer = 1 / (1 + np.exp(-2.5 * odds))  # a fit is surer of the leads that it learnt from
    learnt = learnt_scores(surer, *known)
    assert unlike_leads(surer, {}, *known)
    assert not unlike_leads(surer, {}, *known, learnt=learnt)
    assert not unlike_leads(np.concatenate([surer[:2000], drawn(2000, 7)]), {}, *known, learnt=learnt)
    assert {one.what for one in unlike_leads(drawn(500, 3, odds=0.5), {}, *known, learnt=learnt)} >= {"hot", "scores"}
