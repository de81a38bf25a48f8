"""Folds of decisions: later than what was learnt from by the gap, of other leads, each decision judged once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import SingleClassError
from gallop.modelling.search.grouped_folds import InTime, forward_apart


@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(2, 6), st.integers(5, 60))
def test_what_is_held_out_is_of_other_leads_and_later_by_more_than_the_gap(seed, gap, folds, leads):
    draw = np.random.default_rng(seed)
    day = draw.integers(0, 120, 400)
    group = [f"L{number}" for number in draw.integers(0, leads, 400)]
    y = (draw.random(400) < 0.4).astype(float)
    try:
        pairs = forward_apart(InTime(day, group, gap), y, folds, 1)
    except SingleClassError:
        assert gap or leads < 8
        return
    judged = np.concatenate([held_out for _, held_out in pairs])
    assert len(set(judged)) == len(judged)
    for seen, held_out in pairs:
        assert not {group[row] for row in seen} & {group[row] for row in held_out}
        assert day[seen].max() + gap < day[held_out].min()
        assert set(y[seen]) == set(y[held_out]) == {0.0, 1.0}


def test_leads_that_do_not_go_on_are_judged_whole():
    days = np.arange(400) // 4
    pairs = forward_apart(InTime(days, [f"L{number}" for number in range(400)], 7), np.tile([0.0, 1.0], 200), 4, 1)
    assert len(pairs) == 4
    assert sum(len(held_out) for _, held_out in pairs) > 250


def test_a_gap_without_groups_is_kept_too():
    days = np.arange(400) // 4
    for seen, held_out in forward_apart(InTime(days, None, 10), np.tile([0.0, 1.0], 200), 4, 1):
        assert seen.max() // 4 + 10 < held_out.min() // 4


def test_a_log_too_short_for_its_horizon_is_refused_with_what_would_help():
    days = np.arange(100) % 5
    with pytest.raises(SingleClassError, match=r"5 days are too few .* shorter events.horizon"):
        forward_apart(InTime(days, ["a", "b"] * 50, 30), np.tile([0.0, 1.0], 50), 4, 1)
