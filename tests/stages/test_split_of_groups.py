"""Rows of one lead are never parted, and between learning and testing lies the gap."""

import json
from datetime import date, timedelta

import narwhals.stable.v2 as nw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import SingleClassError
from gallop.settings.split import Split
from gallop.settings.table import Table
from gallop.stages.data_split import data_split

COLUMNS = {"id": {"role": "id"}, "who": {"role": "group"}, "on": {"role": "day"}, "yes": {"role": "label"}}
TABLE = Table.model_validate_json(
    json.dumps({"label": {"column": "yes", "positive": ["1"], "negative": ["0"]}, "columns": COLUMNS})
)


def decisions(seed: int, leads: int, *, one_each: bool = False) -> nw.DataFrame:
    draw = np.random.default_rng(seed)
    who = range(400) if one_each else draw.integers(0, leads, 400)
    day = draw.integers(0, 100, 400)
    return nw.from_dict(
        {
            "id": [f"{number:03d}" for number in range(400)],
            "who": [f"L{lead}" for lead in who],
            "on": [(date(2024, 1, 1) + timedelta(days=int(number))).isoformat() for number in day],
            "yes": draw.integers(0, 2, 400).tolist(),
        },
        backend="polars",
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 80), st.integers(0, 20), st.floats(0.05, 0.4))
def test_by_day_no_lead_is_on_both_sides_and_no_row_within_the_gap(seed, leads, gap, share):
    rows = decisions(seed, leads)
    try:
        split = data_split(rows, TABLE, Split(by="day", test_share=share, gap_days=gap), 1)
    except SingleClassError:
        return
    assert not set(split.train["who"].to_list()) & set(split.test["who"].to_list())
    last, first = (
        date.fromisoformat(pick(part["on"].to_list())) for pick, part in ((max, split.train), (min, split.test))
    )
    assert last + timedelta(days=gap) < first
    assert len(split.assignment) == 400


def test_leads_with_one_row_each_lose_nothing_but_the_gap():
    split = data_split(decisions(3, 0, one_each=True), TABLE, Split(by="day", test_share=0.2, gap_days=0), 1)
    assert len(split.train) + len(split.test) == 400
    assert len(split.test) / 400 == pytest.approx(0.2, abs=0.03)


@given(st.integers(0, 2**32 - 1), st.integers(20, 80))
def test_at_random_whole_leads_are_held_out_whatever_other_rows_there_are(seed, leads):
    rows, split = decisions(seed, leads), Split(by="random", test_share=0.2)
    try:
        whole, part = data_split(rows, TABLE, split, 1), data_split(rows[:300], TABLE, split, 1)
    except SingleClassError:
        return
    tested, learnt = ({*side["who"].to_list()} for side in (whole.test, whole.train))
    assert not tested & learnt
    assert {*part.test["who"].to_list()} <= tested
    assert {*part.train["who"].to_list()} <= learnt


def test_about_the_share_of_the_leads_is_held_out():
    split = data_split(decisions(4, 0, one_each=True), TABLE, Split(by="random", test_share=0.2), 1)
    assert split.test["who"].n_unique() == pytest.approx(80, abs=32)
