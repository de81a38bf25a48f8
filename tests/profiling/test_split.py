"""init goes forward in time where something changes along what is time, and only there."""

import pytest

from gallop.profiling.split import Clock, choose_split
from gallop.results.estimates import Estimate
from gallop.results.over_time import Drift, DriftFigure


def change(value: float, *, changed: bool) -> DriftFigure:
    return DriftFigure(figure=Estimate(value=value, low=value - 0.02, high=value + 0.02), changed=changed)


STILL, MOVED = change(0.5, changed=False), change(0.64, changed=True)


def clock(by: str, outcome: DriftFigure = STILL, scores: DriftFigure = STILL, **facts) -> Clock:
    columns = facts.pop("columns", {"n": STILL})
    relation = facts.pop("relation", STILL)
    given = {"moments": 200, "filled": 1.0, "order": 1.0, "fewest": 100} | facts
    return Clock(Drift(by=by, outcome=outcome, scores=scores, relation=relation, columns=columns), **given)


def test_where_nothing_changes_the_split_is_random_and_nothing_is_said():
    split = choose_split([clock("day", order=0.0), clock("order")], 0.0)
    assert (split.by, split.because, split.notes) == ("random", "", ())


def test_the_leads_day_goes_before_the_order_of_the_rows_and_keeps_the_gap():
    split = choose_split([clock("day", MOVED, order=0.1), clock("order", MOVED)], 0.0, horizon_days=30)
    assert (split.by, split.gap_days, split.elapsed) == ("day", 30, ("day",))
    assert split.because == (
        "along the lead's day the outcome changes: a tenth of it ranks leads with AUC 0.640 [0.620, 0.660], "
        "where .5 is no change"
    )


def test_a_date_by_which_the_file_is_sorted_is_time_also_where_only_columns_change():
    split = choose_split([clock("seen", order=-0.99, columns={"ip": MOVED}), clock("order")], 0.0)
    assert split.by == "seen"
    assert "ip tells the last fifth from the others with AUC 0.640" in split.because


def test_a_date_by_which_the_file_is_not_sorted_is_only_told():
    split = choose_split([clock("enrolled", MOVED, order=0.02), clock("order")], 0.0)
    assert split.by == "random"
    assert "if that is when leads come in, --split says so" in split.notes[0]


@pytest.mark.parametrize(("order", "by"), [(1.0, "order"), (-1.0, "reverse")])
def test_few_days_in_the_files_order_are_split_by_rows(order, by):
    split = choose_split([clock("seen", MOVED, moments=4, order=order), clock("order")], 0.0)
    assert (split.by, split.elapsed) == (by, ("seen",))


@pytest.mark.parametrize(("ids", "by"), [(0.0, "order"), (1.0, "order"), (-1.0, "reverse")])
def test_falling_ids_say_that_the_newest_rows_come_first(ids, by):
    split = choose_split([clock("order", MOVED)], ids, horizon_days=7)
    assert (split.by, split.gap_days) == (by, 0)
    assert "needs days" in split.notes[0]


def test_rows_sorted_by_a_column_are_not_in_time_order_but_a_month_is_time():
    grouped = choose_split([clock("order", MOVED, columns={"region": change(0.99, changed=True)})], 0.0)
    assert grouped.by == "random"
    assert "sorted by region" in grouped.notes[0]
    monthly = choose_split([clock("order", MOVED, columns={"Month": change(0.99, changed=True)})], 0.0)
    assert monthly.by == "order"


def test_columns_alone_do_not_make_the_order_of_rows_a_time():
    assert choose_split([clock("order", columns={"n": MOVED})], 0.0).by == "random"
    assert choose_split([clock("order", scores=MOVED)], 0.0).by == "order"
    assert choose_split([clock("order", relation=MOVED)], 0.0).by == "order"


def test_last_leads_of_one_outcome_cannot_test():
    for clocks in ([clock("day", MOVED, fewest=3), clock("order")], [clock("order", MOVED, fewest=3)]):
        split = choose_split(clocks, 0.0)
        assert split.by == "random"
        assert "too few of one outcome" in split.notes[0]


@pytest.mark.parametrize("asked", ["random", "order", "seen"])
def test_a_person_overrules(asked):
    split = choose_split([clock("day", MOVED), clock("order", MOVED)], 0.0, asked=asked, horizon_days=14)
    assert (split.by, split.because) == (asked, "set with --split")
    assert split.gap_days == (14 if asked == "seen" else 0)
