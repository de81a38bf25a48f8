"""One family's search: what is tried, in which order, what becomes of it, and when it ends."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.errors import SettingsError
from gallop.modelling.search.study import Budget, explore
from gallop.settings.training import FamilySearch, Range

STANDARD = Budget("standard", None)
GRID = FamilySearch(trials=20, space=({"C": (0.1, 1.0, 10.0), "solver": ("lbfgs", "newton-cg")},))
WIDE = FamilySearch(
    trials=12,
    start=({"num_leaves": 9, "learning_rate": 0.1}, {"num_leaves": 3}),
    space=({"num_leaves": Range(low=3, high=48, log=True), "learning_rate": Range(low=0.05, high=0.2)},),
)


class Judge:
    """Answers by a formula, keeps what it was asked, and may be told to fail or to be killed at some call."""

    def __init__(self, fails=lambda parameters: None, killed_at: int | None = None) -> None:
        self.asked, self.fails, self.killed_at = [], fails, killed_at

    def __call__(self, parameters, report):
        if len(self.asked) == self.killed_at:
            raise KeyboardInterrupt
        self.asked.append(parameters)
        if (error := self.fails(parameters)) is not None:
            raise error
        loss = 0.5 + sum(len(repr(value)) * 0.01 + hash_of(value) for value in parameters.values())
        for step in (1, 2):
            report(loss, step)
        return parameters | {"fitted": True}, np.array([loss, -loss]), loss


def hash_of(value) -> float:
    return sum(map(ord, repr(value))) % 97 / 1000


def told(explored) -> list:
    return [(each.parameters, each.log_loss, each.log_odds.tolist()) for each in explored.trials]


def test_settings_known_to_be_good_are_tried_first():
    judge = Judge()
    explore("lightgbm", WIDE, STANDARD, 1, judge)
    assert judge.asked[0] == {"num_leaves": 9, "learning_rate": 0.1}
    assert judge.asked[1]["num_leaves"] == 3
    assert len(judge.asked) == 12


def test_no_setting_is_tried_twice_and_small_spaces_are_tried_whole():
    judge = Judge()
    explored = explore("logistic_regression", GRID, STANDARD, 1, judge)
    assert len(judge.asked) == 6 == len({json.dumps(each, sort_keys=True) for each in judge.asked})
    assert len(explored.trials) + explored.pruned == 6


def test_settings_that_two_grids_hold_are_one_and_those_of_the_second_alone_are_tried_too():
    many = tuple(float(place) for place in range(1, 13))
    twice = FamilySearch(trials=40, space=({"C": many}, {"C": (*many, 99.0)}))
    judge = Judge()
    explore("logistic_regression", twice, STANDARD, 1, judge)
    assert sorted(each["C"] for each in judge.asked) == [*many, 99.0]


def test_equal_seeds_try_the_same_and_others_do_not():
    tried = []
    for seed in (1, 1, 2):
        judge = Judge()
        explore("lightgbm", WIDE, STANDARD, seed, judge)
        tried.append(judge.asked)
    assert tried[0] == tried[1] != tried[2]


@examples(max_examples=8)
@given(st.integers(2, 40), st.integers(1, 60), st.floats(0.001, 1.0), st.floats(0.1, 5.0), st.booleans())
def test_what_is_tried_lies_within_the_ranges_and_whole_numbers_stay_whole(low, room, start, width, log):
    ranges = {
        "num_leaves": Range(low=low, high=low + room, log=log),
        "reg_lambda": Range(low=start, high=start + width, log=log),
    }
    judge = Judge()
    explore("lightgbm", FamilySearch(trials=10, space=(ranges,)), STANDARD, 3, judge)
    for each in judge.asked:
        assert isinstance(each["num_leaves"], int)
        assert low <= each["num_leaves"] <= low + room
        assert start <= each["reg_lambda"] <= start + width


@pytest.mark.parametrize(
    ("error", "because"),
    [(ValueError("no way\nmore"), "no way"), (ValueError(), "ValueError"), (ZeroDivisionError("by 0"), "by 0")],
)
def test_a_setting_that_fails_is_kept_with_its_reason_and_the_others_go_on(error, because):
    fails = Judge(lambda parameters: error if parameters["C"] == 1.0 else None)
    explored = explore("logistic_regression", GRID, STANDARD, 1, fails)
    assert [(each.parameters["C"], each.because) for each in explored.failed] == [(1.0, because)] * 2
    assert len(explored.trials) + explored.pruned == 4


def test_scores_that_are_no_numbers_are_a_failure_with_a_reason():
    class Lost(Judge):
        def __call__(self, parameters, report):
            fitted, log_odds, loss = super().__call__(parameters, report)
            return fitted, log_odds * np.nan if parameters["C"] == 1.0 else log_odds, loss

    explored = explore("logistic_regression", GRID, STANDARD, 1, Lost())
    assert {each.because for each in explored.failed} == {"gives scores that are no finite numbers"}
    assert len(explored.failed) == 2


def test_a_search_in_which_every_setting_fails_is_an_error_that_says_why():
    with pytest.raises(SettingsError, match=r"logistic_regression: none of 6 settings could be fitted; .*: no way"):
        explore("logistic_regression", GRID, STANDARD, 1, Judge(lambda _: ValueError("no way")))


def test_a_fault_of_the_program_is_no_failed_setting():
    with pytest.raises(KeyError):
        explore("logistic_regression", GRID, STANDARD, 1, Judge(lambda _: KeyError("bug")))


def test_what_lags_behind_is_given_up_and_counted():
    explored = explore("lightgbm", WIDE.model_copy(update={"trials": 20}), STANDARD, 1, Judge())
    assert explored.pruned > 0
    assert len(explored.trials) + explored.pruned == 20
    assert [each.log_loss for each in explored.trials] == sorted(each.log_loss for each in explored.trials)


@pytest.mark.parametrize(("name", "trials"), [("quick", 4), ("standard", 12), ("thorough", 48)])
def test_a_budget_is_a_third_of_the_trials_all_of_them_or_four_times_as_many(name, trials):
    heard = []
    explore("lightgbm", WIDE, Budget(name, None), 1, Judge(), on_trial=heard.append)
    assert heard == ["lightgbm"] * trials


def test_where_time_is_up_one_setting_is_tried_and_no_more():
    judge = Judge()
    explore("lightgbm", WIDE, Budget("standard", time.monotonic() - 1), 1, judge)
    assert judge.asked == [{"num_leaves": 9, "learning_rate": 0.1}]


@pytest.mark.parametrize("wanted", [WIDE, GRID.model_copy(update={"start": ({"C": 10.0, "solver": "lbfgs"},)})])
@pytest.mark.parametrize("killed_at", [0, 1, 4])
def test_a_search_that_was_cut_off_goes_on_from_the_settings_that_were_tried(tmp_path, wanted, killed_at):
    family = "lightgbm" if wanted is WIDE else "logistic_regression"
    whole, first, rest = Judge(), Judge(killed_at=killed_at), Judge()
    explore(family, wanted, STANDARD, 1, whole)
    with pytest.raises(KeyboardInterrupt):
        explore(family, wanted, STANDARD, 1, first, tmp_path)
    heard = []
    explore(family, wanted, STANDARD, 1, rest, tmp_path, heard.append)
    assert first.asked == whole.asked[:killed_at]
    assert len(first.asked) + len(rest.asked) == len(heard) == len(whole.asked)
    assert not [setting for setting in first.asked if setting in rest.asked]


def test_after_half_a_line_and_a_lock_of_a_killed_search_it_begins_again(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        explore("lightgbm", WIDE, STANDARD, 1, Judge(killed_at=3), tmp_path)
    journal = tmp_path / "lightgbm.log"
    with journal.open("ab") as file:
        file.write(b'{"op_code":8,"trial_')
    (tmp_path / "lightgbm.log.lock").symlink_to(journal)
    begun = time.monotonic()
    rest = explore("lightgbm", WIDE, STANDARD, 1, Judge(), tmp_path)
    assert time.monotonic() - begun < 15
    assert told(rest) == told(explore("lightgbm", WIDE, STANDARD, 1, Judge()))
