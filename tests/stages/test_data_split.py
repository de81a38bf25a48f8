"""data_split at random follows from seed and id alone; forward in time it goes by days, dates or the order of rows."""

import narwhals.stable.v2 as nw
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gallop.errors import SingleClassError
from gallop.results.run import TrainTestSplit
from gallop.schema import ROW, Role
from gallop.settings.split import Split
from gallop.settings.table import Table
from gallop.stages.data_split import data_split, first_tested, never_learnt, split_parts
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


def split_where_possible(leads: nw.DataFrame, table: Table, split: Split) -> TrainTestSplit:
    """The split; an example whose few ids all fall on one side is passed over, which has a test of its own."""
    try:
        return data_split(leads, table, split, 42)
    except SingleClassError:
        assume(False)
        raise


def numbered(count: int) -> list[str]:
    return [f"L{place:04}" for place in range(count)]


def sides_of(leads: nw.DataFrame, table: Table, split: Split = RANDOM, seed: int = 42) -> dict[str, str]:
    assignment = data_split(leads, table, split, seed).assignment
    return dict(zip(assignment["lead_id"].to_list(), assignment["side"].to_list(), strict=True))


@given(ids)
def test_no_lead_is_on_both_sides_and_none_is_lost(table: Table, names: list[str]):
    train_test = split_where_possible(features(names), table, RANDOM)
    train, test = train_test.train["lead_id"].to_list(), train_test.test["lead_id"].to_list()
    assert not set(train) & set(test)
    assert sorted([*train, *test]) == sorted(names) == train_test.assignment["lead_id"].to_list()


@given(ids, st.data())
def test_the_order_of_rows_does_not_matter(table: Table, names: list[str], data: st.DataObject):
    leads = features(names)
    shuffled = leads[data.draw(st.permutations(range(len(names))), label="order")]
    one, two = (split_where_possible(rows, table, RANDOM) for rows in (leads, shuffled))
    assert values(one.train) == values(two.train)
    assert values(one.test) == values(two.test)


def test_the_share_held_out_is_the_one_wanted_but_for_chance(table: Table):
    leads = features(numbered(4000))
    for share in (0.05, 0.15, 0.5):
        held = len(data_split(leads, table, Split(by="random", test_share=share), 42).test)
        assert held == pytest.approx(share * 4000, abs=4 * (share * (1 - share) * 4000) ** 0.5)


def test_the_seed_decides(table: Table):
    leads = features(numbered(200))
    assert sides_of(leads, table, seed=1) == sides_of(leads, table, seed=1)
    assert sides_of(leads, table, seed=1) != sides_of(leads, table, seed=2)


def test_the_split_is_the_one_it_was(table: Table):
    held = [name for name, side in sides_of(features(numbered(40)), table).items() if side == "test"]
    assert held == ["L0002", "L0015", "L0016", "L0020", "L0023", "L0028", "L0039"]


@given(ids, st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_no_lead_changes_its_side_when_leads_come_or_go_or_labels_ripen(table: Table, names, newcomers, seed):
    leads = features(names)
    try:
        before = sides_of(leads, table, seed=seed)
        flipped = sides_of(leads.with_columns(1 - nw.col("lead_indicator")), table, seed=seed)
        after = sides_of(features([*names, *sorted({*newcomers} - {*names})]), table, seed=seed)
        fewer = sides_of(features(names[: 3 * len(names) // 4]), table, seed=seed)
    except SingleClassError:
        return
    assert before == flipped
    assert before == {name: after[name] for name in before}
    assert fewer == {name: before[name] for name in fewer}


@given(ids, st.integers(0, 2**32 - 1))
def test_a_larger_share_holds_out_the_same_leads_and_more(table: Table, names, seed):
    try:
        few, many = (sides_of(features(names), table, Split(test_share=share), seed) for share in (0.2, 0.4))
    except SingleClassError:
        return
    assert {name for name in few if few[name] == "test"} <= {name for name in many if many[name] == "test"}


def test_a_table_so_small_that_a_side_lacks_a_label_is_refused(table: Table):
    with pytest.raises(SingleClassError, match="the 1 test leads have fewer than two labels; use more leads"):
        data_split(features(numbered(8)), table, RANDOM, 42)


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


@given(st.integers(40, 200), st.randoms(use_true_random=False))
def test_by_order_the_last_rows_of_the_file_are_held_out_whatever_their_ids(table: Table, count: int, random):
    names = numbered(count)
    random.shuffle(names)
    leads = features(names).with_columns(nw.new_series(ROW, list(range(1, count + 1)), nw.Int64, backend="polars"))
    held = data_split(leads, table, Split(by="order"), 42).test[ROW].to_list()
    assert sorted(held) == list(range(count - round(0.15 * count) + 1, count + 1))


def test_by_a_date_column_rows_without_that_date_are_on_no_side(table: Table):
    dated = table.model_copy(
        update={"columns": table.columns | {"asked": table.columns["date_part"].model_copy(update={"role": Role.DATE})}}
    )
    leads = features(numbered(120)).with_columns(
        nw.when(nw.col("n_visits") % 5 == 0).then(None).otherwise(nw.col("date_part")).alias("asked")
    )
    split = data_split(leads, dated, Split(by="asked", test_share=0.2), 42)
    sides = dict(zip(split.assignment["lead_id"].to_list(), split.assignment["side"].to_list(), strict=True))
    assert {name for name, side in sides.items() if side == "left out"} == {*numbered(120)[::5]}
    assert max(split.train["asked"].to_list()) < min(split.test["asked"].to_list())


@given(ids, st.integers(1, 30), st.booleans())
def test_no_lead_that_a_model_learnt_from_counts_as_one_it_has_never_seen(
    table: Table, names: list[str], later: int, by_day: bool
):
    split = BY_DAY if by_day else RANDOM
    month_ago = split_where_possible(features(names[:-later]), table, split)
    now = features(names)
    first = first_tested(month_ago.test, table, split)
    unseen = never_learnt(now, table, split, 42, first, same_file=False)
    unseen_names = {name for name, free in zip(names, unseen.tolist(), strict=True) if free}
    assert not unseen_names & set(month_ago.train["lead_id"].to_list())
    assert set(month_ago.test["lead_id"].to_list()) <= unseen_names


def test_the_order_of_another_files_rows_says_nothing_of_what_was_learnt(table: Table):
    split = Split(by="order", test_share=0.2)
    leads = features(numbered(50)).with_columns(nw.new_series(ROW, list(range(1, 51)), nw.Int64, backend="polars"))
    first = first_tested(data_split(leads, table, split, 42).test, table, split)
    assert never_learnt(leads, table, split, 42, first, same_file=True).sum() == 10
    assert never_learnt(leads, table, split, 42, first, same_file=False).sum() == 0


def test_of_a_split_at_random_another_seed_leaves_a_share_of_the_test_leads(table: Table):
    leads = features(numbered(2_000))
    unseen = never_learnt(data_split(leads, table, RANDOM, 1).test, table, RANDOM, 2, None, same_file=True)
    assert unseen.mean() == pytest.approx(0.15, abs=0.05)


@given(ids, st.sampled_from(["random", "day"]), st.integers(1, 50))
def test_a_split_in_parts_is_the_split_of_all_leads(table: Table, names: list[str], by: str, rows_at_once: int):
    leads, split = features(names), Split(by=by, test_share=0.15)
    whole = split_where_possible(leads, table, split)
    parts = list(split_parts(leads.lazy(), table, split, 42, rows_at_once))
    assert len(parts) == -(-len(names) // rows_at_once)
    for side in ("train", "test", "assignment"):
        assert [row for part in parts for row in values(getattr(part, side))] == values(getattr(whole, side))


def test_a_side_with_one_label_is_refused_when_all_parts_are_seen(table: Table):
    leads = features(numbered(60)).with_columns(nw.lit(1).alias("lead_indicator"))
    with pytest.raises(SingleClassError, match=r"the \d+ training leads have fewer than two labels"):
        list(split_parts(leads.lazy(), table, RANDOM, 42, 7))
