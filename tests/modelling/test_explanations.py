"""Reasons are sorted by size and add up; effects and surest cases are read off them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.special import expit

from gallop.modelling.explanations import effects, reasons, surest

ROWS = 200


@pytest.fixture(scope="module")
def told() -> tuple[pd.DataFrame, np.ndarray, np.ndarray, float]:
    draw = np.random.default_rng(2)
    X = pd.DataFrame(
        {
            "n": draw.normal(size=ROWS),
            "few": draw.integers(0, 3, ROWS).astype(float),
            "level": draw.choice([f"l{place}" for place in range(20)], ROWS),
        }
    )
    X.loc[::10, "n"] = np.nan
    parts = np.column_stack([2 * X["n"].fillna(0), 0.1 * X["few"], np.zeros(ROWS)])
    return X, parts, (draw.random(ROWS) < expit(parts.sum(axis=1) - 1)).astype(float), -1.0


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=9), st.integers(1, 9))
@examples(max_examples=40)
def test_reasons_are_sorted_by_size_and_all_of_them_add_up(parts, most):
    row = pd.Series([f"v{place}" for place in range(len(parts))], index=[f"c{place}" for place in range(len(parts))])
    told = reasons(row, np.array(parts), most)
    sizes = [abs(each.log_odds) for each in told]
    assert sizes == sorted(sizes, reverse=True) == sorted(map(abs, parts), reverse=True)[:most]
    assert sum(each.log_odds for each in reasons(row, np.array(parts), 99)) == pytest.approx(sum(parts))


def test_a_reason_has_the_value_as_it_was_and_none_where_there_was_none():
    row = pd.Series({"n": np.nan, "m": 3.0, "level": "a"}, dtype=object)
    assert [each.value for each in reasons(row, np.array([3.0, 2.0, 1.0]))] == [None, 3.0, "a"]


def test_the_strongest_column_comes_first_and_one_without_effect_last(told):
    X, parts, _, _ = told
    found = effects(X, parts)
    assert [each.column for each in found] == ["n", "few", "level"]
    assert found[-1].strength == 0.0
    assert found[0].strength == pytest.approx(np.abs(parts[:, 0] - parts[:, 0].mean()).mean())


def test_points_hold_every_lead_once_in_order_with_the_gaps_last(told):
    X, parts, _, _ = told
    of = {each.column: each.points for each in effects(X, parts)}
    values = [each.value for each in of["n"]]
    assert values[-1] is None
    assert values[:-1] == sorted(values[:-1])
    assert sum(each.rows for each in of["n"]) == ROWS
    assert [each.value for each in of["few"]] == [0.0, 1.0, 2.0]
    assert [each.log_odds for each in of["few"]] == pytest.approx([0.0, 0.1, 0.2])
    assert all(each.low <= each.log_odds + 1e-9 and each.log_odds <= each.high + 1e-9 for each in of["few"])


def test_of_many_levels_the_most_frequent_are_shown_sorted(told):
    X, parts, _, _ = told
    shown = [each.value for each in effects(X, parts)[-1].points]
    assert len(shown) == 12
    assert shown == sorted(shown)
    counts = X["level"].value_counts()
    assert counts[shown].min() >= counts.drop(shown).max()


def test_a_column_of_gaps_alone_has_one_point():
    found = effects(pd.DataFrame({"n": [np.nan] * 4}), np.ones((4, 1)))
    assert [(each.value, each.rows) for each in found[0].points] == [(None, 4)]


def test_the_surest_hits_converted_and_the_surest_misses_are_the_worst_of_all(told):
    X, parts, label, base = told
    hits, misses = surest(X, label, parts, base)
    probability = expit(base + parts.sum(axis=1))
    assert len(hits) == len(misses) == 5
    assert all(each.converted for each in hits)
    assert [each.probability for each in hits] == sorted(probability[label == 1], reverse=True)[:5]
    wrong = [abs(each.converted - each.probability) for each in misses]
    assert wrong == pytest.approx(sorted(np.abs(label - probability), reverse=True)[:5])
    for each in (*hits, *misses):
        said = base + sum(reason.log_odds for reason in each.reasons)
        assert expit(said) == pytest.approx(each.probability)
