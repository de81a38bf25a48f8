"""A value that is impossible, or that does not fit the others, is refused by its key."""

import pytest

from gallop.errors import SettingsError
from gallop.settings.params import load_settings, parse_settings
from tests.support.params import changed


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("seed", "42", "got '42'"),
        ("seed", 42.5, "got 42.5"),
        ("seed", True, "got True"),
        ("seed", -1, "greater than or equal to 0"),
        ("seed", 2**32, "less than 4294967296"),
        ("seed", None, "got None"),
        ("sede", 1, "unknown key"),
        ("project.name", "no spaces here", "pattern"),
        ("project.name", "", "pattern"),
        ("project.model", 3, "got 3"),
        ("data.sample_rows", 10, "greater than or equal to 2000"),
        ("data.raw", ["x"], "got"),
        ("table.max_defect_share", 0, "greater than 0"),
        ("table.max_defect_share", 1.0, "less than 1"),
        ("table.label", "lead_indicator", "got 'lead_indicator'"),
        ("table.label.other", "ignore", "'refuse' or 'reject'"),
        ("table.label.positive", [], "at least 1 item"),
        ("table.label.positive", [1], "got 1"),
        ("table.label.positive", "1", "got '1'"),
        (
            "table.label",
            {"column": "lead_indicator", "positive": ["1"], "negative": ["1"]},
            "both positive and negative",
        ),
        ("table.label.column", "n_visits", "n_visits"),
        ("table.window.first", "2024-02-30", "2024-02-30"),
        ("table.window.first", "2024-1-3", "2024-1-3"),
        ("table.window.first", 20240101, "20240101"),
        ("table.window", {"first": "2024-02-01", "last": "2024-01-01"}, "after last"),
        ("table.keep", {"colour": ["red"]}, "keep.colour"),
        ("table.keep", {"customer_code": ["A"]}, "keep.customer_code"),
        ("table.keep", {"lead_id": ["A"]}, "keep.lead_id"),
        ("table.keep", {"lead_indicator": ["1"]}, "keep.lead_indicator"),
        ("table.keep", {"date_part": ["2024-01-01"]}, "keep.date_part"),
        ("table.keep", {"source": ["tv"]}, "not among its levels"),
        ("table.keep.source", [], "at least 1 item"),
        ("table.columns.purchases.role", "numbre", "numbre"),
        ("table.columns.purchases", {"role": "category", "minimum": 0}, "for the role number"),
        ("table.columns.purchases", {"role": "number", "levels": ["a"]}, "for the role category"),
        ("table.columns.purchases", {"role": "number", "minimum": 3, "maximum": 2}, "above maximum"),
        ("table.columns.purchases", {"role": "number", "minimum": float("nan")}, "finite"),
        ("table.columns.purchases.smallest", 0, "unknown key"),
        ("table.columns.source.levels", ["a", "a"], "more than once"),
        ("table.columns.is_active.role", "id", "exactly one column must have the role id"),
        ("table.columns.is_active.role", "label", "exactly one column must have the role label"),
        ("table.columns.is_active.role", "day", "exactly one column must have the role day"),
        ("table.columns.date_part.role", "ignore", "window needs a column"),
        ("table.columns.gallop_row", {"role": "ignore"}, "gallop uses itself"),
        ("features.inputs", [], "at least 1 item"),
        ("features.inputs", ["n_visits", "n_visits"], "twice"),
        ("features.inputs", ["lead_id"], "known are"),
        ("features.inputs", ["lead_indicator"], "known are"),
        ("features.bins.bin_source.column", "n_visits", "no column with the role category"),
        ("features.bins.source", {"column": "source", "groups": {"a": ["li"]}}, "also the name of a column"),
        ("features.bins.bin_source.groups", {"a": ["li"], "b": ["li"]}, "more than one group"),
        ("features.bins.bin_source.groups", {"a": ["lI"]}, "not among the levels"),
        ("features.bins.bin_source.groups", {}, "at least 1 item"),
        ("split.by", "week", "'week'; accepted are random, day, order, reverse, and dates: ['date_part']"),
        ("split.gap_days", 3, "split.gap_days is 3, but a split by random knows no days"),
        ("split", {"by": "order", "gap_days": 3}, "but a split by order knows no days"),
        ("split.test_share", 0.0, "greater than 0"),
        ("split.test_share", 0.6, "less than or equal to 0.5"),
        ("split.test_share", "15%", "got '15%'"),
        ("training.folds", 1, "greater than or equal to 2"),
        ("training.folds", 5.0, "valid integer"),
        ("training.clip_sd", 0.0, "greater than 0"),
        ("training.clip_sd", float("inf"), "finite"),
        ("training.families", {}, "at least 1 item"),
        ("training.families.svm", {"trials": 1, "space": [{}]}, "logistic_regression"),
        ("training.families.random_forest.trials", 0, "greater than or equal to 1"),
        ("training.families.random_forest.space", [], "at least 1 item"),
        ("training.families.random_forest.space", [{"max_depth": []}], "at least 1 item"),
        ("training.families.random_forest.space", [{"max_depth": 3}], "max_depth"),
        ("training.families.splines.space", [{"C": {"low": 1.0, "high": 1.0}}], "low must be less than high"),
        ("training.families.splines.space", [{"C": {"low": 0.0, "high": 1.0, "log": True}}], "above 0 where log"),
        ("training.families.splines.space", [{"C": {"low": 0.1}}], "high"),
        ("training.families.splines.start", [{"C": 100.0}], "lies in none of the grids"),
        ("training.families.splines.start", [{"D": 1.0}], "lies in none of the grids"),
        ("training.budget", "endless", "'quick', 'standard' or 'thorough'"),
        ("training.seconds", 0, "greater than or equal to 1"),
        ("training.stack", -1, "greater than or equal to 0"),
        ("training.monotone", {"n_visits": "up"}, "'increasing' or 'decreasing'"),
        ("training.monotone", {"visits": "increasing"}, "training.monotone has ['visits']"),
        ("training.monotone", {"onboarding": "increasing"}, "no numbers among features.inputs"),
        ("training.forced", ["n_visits", "visits"], "training.forced has ['visits']"),
        ("training.forced", ["lead_id"], "training.forced has ['lead_id']"),
        ("training.encoding", {"columns": {"n_visits": "one_hot"}}, "no categories among features.inputs"),
        ("evaluation.resamples", 10, "greater than or equal to 100"),
        ("evaluation.confidence", 95, "less than 1"),
        ("decision.threshold", 1.5, "less than 1"),
        ("decision.threshold", "best", "'profit' or 'f1'"),
        ("decision.value", None, "decision.cost is given and decision.value is not"),
        ("decision.cost", None, "decision.value is given and decision.cost is not"),
        ("decision.cost", 0.0, "greater than 0"),
        ("decision.capacity", 0, "greater than or equal to 1"),
        ("decision.capacity", 2.5, "valid integer"),
        ("decision.bands.hot", 0.8, "leaves leads to be cold"),
        ("decision.bands.warm", 1.2, "less than 1"),
        ("decision", {"threshold": "profit"}, "needs decision.value and decision.cost"),
        ("selection.minimum_gain", -0.1, "greater than or equal to 0"),
        ("selection.minimum_gain", float("inf"), "finite"),
        ("export.contract", 5, "got 5"),
    ],
)
def test_an_impossible_value_is_refused_by_name(key, value, says):
    with pytest.raises(SettingsError) as caught:
        parse_settings(changed(key, value), "params.yaml")
    message = str(caught.value)
    assert message.startswith("params.yaml: ")
    assert says in message
    assert key.split(".")[0] in message


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("monotone", {"n_visits": "increasing"}, "kept by the family lightgbm alone"),
        ("forced", ["n_visits"], "what is deployed gives reasons for its scores; the families that do are splines"),
        ("stack", 2, "none of which is among the families"),
    ],
)
def test_a_demand_that_no_family_can_keep_is_refused(key, value, says):
    raw = changed(f"training.{key}", value)
    raw["training"]["families"] = {"random_forest": {"trials": 1, "space": [{"max_depth": [3]}]}}
    with pytest.raises(SettingsError, match=says):
        parse_settings(raw, "params.yaml")


def test_numbers_made_of_dates_may_be_demanded_to_go_one_way(settings):
    raw = changed("features.dates", {"age": {"column": "date_part", "part": "days"}})
    raw["features"]["inputs"] = [*settings.features.inputs, "age"]
    raw["training"]["monotone"] = {"age": "decreasing"}
    assert parse_settings(raw, "params.yaml").training.monotone == {"age": "decreasing"}


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_bomb_of_aliases_is_refused_in_a_sentence_and_at_once(tmp_path):
    for text in (BOMB, "a: &a {b: *a}\n", "a: &a [*a, *a]\n"):
        (tmp_path / "params.yaml").write_text(text)
        with pytest.raises(SettingsError, match="its aliases"):
            load_settings(tmp_path / "params.yaml")


def test_aliases_that_stand_for_little_are_settings_like_others(tmp_path, root):
    text = (root / "params.yaml").read_text().replace("seed: 42", "seed: &number 777")
    (tmp_path / "params.yaml").write_text(text.replace("resamples: 1000", "resamples: *number"))
    settings = load_settings(tmp_path / "params.yaml")
    assert (settings.seed, settings.evaluation.resamples) == (777, 777)


def test_example_values_need_values():
    with pytest.raises(SettingsError, match=r"decision\.example is true, and there is no decision\.value and cost"):
        parse_settings(changed("decision", {"example": True}), "params.yaml")
