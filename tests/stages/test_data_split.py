"""data_split follows from seed and id alone, keeps the labels' shares, and lets no lead or day be on both sides."""

import narwhals.stable.v2 as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import SingleClassError
from gallop.settings.params import Split
from gallop.settings.table import Table
from gallop.stages.data_split import data_split
from tests.support.leads import values

RANDOM = Split(by="random", test_share=0.15)
BY_DAY = Split(by="day", test_share=0.15)

ids = st.lists(st.text(min_size=1, max_size=6), min_size=40, max_size=120, unique=True)


def features(names: list[str], days: int = 31) -> nw.DataFrame:
    """Model-ready leads, every third of them converted."""
    return nw.from_dict(
        {
            "lead_id": names,
            "date_part": [f"2024-01-{place % days + 1:02}" for place in range(len(names))],
            "lead_indicator": [int(place % 3 == 0) for place in range(len(names))],
            "n_visits": [float(place) for place in range(len(names))],
        },
        backend="polars",
    )


def numbered(count: int) -> list[str]:
    return [f"L{place:04}" for place in range(count)]


def sides_of(leads: nw.DataFrame, table: Table, split: Split = RANDOM, seed: int = 42) -> dict[str, str]:
    assignment = data_split(leads, table, split, seed).assignment
    return dict(zip(assignment["lead_id"].to_list(), assignment["side"].to_list(), strict=True))


@given(ids)
def test_no_lead_is_on_both_sides_and_none_is_lost(table: Table, names: list[str]):
    train_test = data_split(features(names), table, RANDOM, 42)
    train, test = train_test.train["lead_id"].to_list(), train_test.test["lead_id"].to_list()
    assert not set(train) & set(test)
    assert sorted([*train, *test]) == sorted(names) == train_test.assignment["lead_id"].to_list()


@given(ids, st.data())
def test_the_order_of_rows_does_not_matter(table: Table, names: list[str], data: st.DataObject):
    leads = features(names)
    shuffled = leads[data.draw(st.permutations(range(len(names))), label="order")]
    one, two = (data_split(each, table, RANDOM, 42) for each in (leads, shuffled))
    assert values(one.train) == values(two.train)
    assert values(one.test) == values(two.test)


@given(ids, st.sampled_from([0.1, 0.15, 0.2, 0.5]))
def test_each_label_is_split_within_one_row_of_its_share(table: Table, names: list[str], share: float):
    train_test = data_split(features(names), table, Split(by="random", test_share=share), 42)
    for label in (0, 1):
        held = train_test.test["lead_indicator"].to_list().count(label)
        every = held + train_test.train["lead_indicator"].to_list().count(label)
        assert abs(held - share * every) <= 1


def test_the_seed_decides(table: Table):
    leads = features(numbered(200))
    assert sides_of(leads, table, seed=1) == sides_of(leads, table, seed=1)
    assert sides_of(leads, table, seed=1) != sides_of(leads, table, seed=2)


def test_the_split_is_the_one_it_was(table: Table):
    held = [name for name, side in sides_of(features(numbered(40)), table).items() if side == "test"]
    assert held == ["L0002", "L0015", "L0016", "L0023", "L0028", "L0039"]


@given(st.text(min_size=1, max_size=8).filter(lambda text: not text.startswith("L")))
def test_a_lead_that_comes_moves_at_most_one_other(table: Table, newcomer: str):
    before = sides_of(features(numbered(200)), table)
    after = sides_of(features([*numbered(200), newcomer]), table)
    assert sum(before[name] != after[name] for name in before) <= 1


def test_what_a_lead_did_does_not_decide_its_side(table: Table):
    leads = features(numbered(200))
    assert sides_of(leads, table) == sides_of(leads.with_columns(nw.col("n_visits") * -7), table)


def test_the_sides_keep_the_columns(table: Table):
    leads = features(numbered(60))
    train_test = data_split(leads, table, RANDOM, 42)
    assert train_test.train.columns == train_test.test.columns == leads.columns


@given(st.integers(40, 200), st.integers(2, 31), st.floats(0.01, 0.5))
def test_by_day_no_day_is_on_both_sides_and_the_last_days_are_held_out(
    table: Table, count: int, days: int, share: float
):
    try:
        train_test = data_split(features(numbered(count), days), table, Split(by="day", test_share=share), 42)
    except SingleClassError:
        return
    train, test = set(train_test.train["date_part"].to_list()), set(train_test.test["date_part"].to_list())
    assert max(train) < min(test)
    assert len(train_test.test) >= round(share * count)


def test_by_day_the_seed_does_not_matter(table: Table):
    leads = features(numbered(200))
    assert sides_of(leads, table, BY_DAY, seed=1) == sides_of(leads, table, BY_DAY, seed=2)


def test_by_day_a_single_day_cannot_be_split(table: Table):
    with pytest.raises(SingleClassError, match="the 0 training leads"):
        data_split(features(numbered(60), days=1), table, BY_DAY, 42)


def test_by_day_a_tiny_share_holds_out_the_last_day(table: Table):
    train_test = data_split(features(numbered(62), days=31), table, Split(by="day", test_share=0.001), 42)
    assert set(train_test.test["date_part"].to_list()) == {"2024-01-31"}


def test_a_side_with_one_label_only_is_refused(table: Table):
    leads = features(numbered(60)).with_columns(
        nw.when(nw.col("date_part") > "2024-01-20")
        .then(nw.lit(0))
        .otherwise(nw.col("lead_indicator"))
        .alias("lead_indicator")
    )
    with pytest.raises(SingleClassError, match="test leads have fewer than two labels"):
        data_split(leads, table, BY_DAY, 42)
