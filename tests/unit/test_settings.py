"""A wrong setting cannot start: the error names its key, and nothing but a `SettingsError` comes out."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from gallop.errors import SettingsError
from gallop.schema import Role
from gallop.settings import Settings, load, parse
from tests.conftest import ROOT

Key = tuple[str | int, ...]

PARAMS = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")


def leaves(value: Any, key: Key = ()) -> Iterator[Key]:
    """The path of every value that is no mapping or list, and of every mapping and list too."""
    if key:
        yield key
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield from leaves(each, (*key, name))


def changed(key: str | Key, value: Any) -> dict:
    """params.yaml with the value of one key replaced; a new key is added."""
    raw = copy.deepcopy(PARAMS)
    *way, last = key.split(".") if isinstance(key, str) else key
    place = raw
    for name in way:
        place = place[name]
    place[last] = value
    return raw


def without(key: str) -> dict:
    raw = copy.deepcopy(PARAMS)
    *way, last = key.split(".")
    place = raw
    for name in way:
        place = place[name]
    del place[last]
    return raw


def written(folder: Path, text: str) -> Path:
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return folder / "params.yaml"


def test_the_repositorys_own_settings_are_valid(settings):
    assert settings.project.name == "lead_scoring"
    assert settings.table.id == "lead_id"
    assert settings.table.day == "date_part"
    assert settings.table.values == ("source", "purchases", "time_spent", "customer_group", "onboarding", "n_visits")


def test_settings_survive_being_written_as_json(settings):
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


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
        ("split.by", "week", "'random' or 'day'"),
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
        parse(changed(key, value), "params.yaml")
    message = str(caught.value)
    assert message.startswith("params.yaml: ")
    assert says in message
    assert key.split(".")[0] in message


@pytest.mark.parametrize(
    "key",
    ["project", "project.name", "data", "data.raw", "table", "table.label", "table.columns", "features", "training"],
)
def test_a_key_that_must_be_given_is_named(key):
    with pytest.raises(SettingsError, match=f"{key}: missing, must be given"):
        parse(without(key), "params.yaml")


@pytest.mark.parametrize("key", ["seed", "split", "evaluation", "decision", "selection", "export", "table.keep"])
def test_a_key_with_a_default_may_be_left_out(key, settings):
    assert parse(without(key), "params.yaml").project == settings.project


@pytest.mark.parametrize("key", sorted({key[:-1] for key in leaves(PARAMS)} - {()}, key=str))
def test_an_unknown_key_is_refused_wherever_it_is(key):
    place = PARAMS
    for name in key:
        place = place[name]
    if not isinstance(place, dict):
        return
    with pytest.raises(SettingsError, match="no_such_key"):
        parse(changed((*key, "no_such_key"), 1), "params.yaml")


wrong_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**12),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(0, 3) | st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=2),
)


@given(st.sampled_from(list(leaves(PARAMS))), wrong_values)
@examples(max_examples=300)
def test_any_value_in_any_place_is_valid_or_refused_by_name(key, value):
    try:
        made = parse(changed(key, value), "params.yaml")
    except SettingsError as error:
        # Where parts do not fit together, the message may name the other part; then it names what was changed besides.
        assert any(str(part) in str(error) for part in key if isinstance(part, str))  # noqa: PT017
    else:
        assert Settings.model_validate_json(made.model_dump_json()) == made


@given(st.text(max_size=30))
def test_any_text_is_no_traceback(tmp_path, text):
    with pytest.raises(SettingsError):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seed: 42", "seed: 42\nseed: 43", 'duplicate key "seed"'),
        ("role: id", "role: id, role: id", 'duplicate key "role"'),
        ("seed: 42", "seed: [", "not valid YAML"),
        ("seed: 42", "seed:\t42", "not valid YAML"),
        ("seed: 42", "seed: !!python/object:os.system 42", "not valid YAML"),
        ('first: "2024-01-01"', "first: 2024-13-01", "not valid YAML"),
        ("raw: data/raw/raw_data.csv", "raw: &a [*a]", "Circular"),
        ("is_active: {role", "2024-01-01: {role", "quotation marks"),
        ("seed: 42", "seed: " + "9" * 5000, "4300 digits"),
        ("seed: 42", "seed: 1e999", "seed"),
        ("clip_sd: 2.0", "clip_sd: .inf", "training.clip_sd"),
        ("clip_sd: 2.0", "clip_sd: .nan", "training.clip_sd"),
        ("C: [0.1, 0.3, 1.0, 3.0]", "C: [.inf]", "training.families.logistic_regression.space"),
        ("raw: data/raw/raw_data.csv", 'raw: "\\ud800"', "params.yaml"),
    ],
)
def test_what_yaml_can_hold_and_settings_cannot_is_refused(tmp_path, old, new, says):
    assert old in TEXT
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, TEXT.replace(old, new, 1)))
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "42", "- a\n", "just words", "# only a comment\n", "---\na: 1\n---\nb: 2\n"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(SettingsError):
        load(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load(tmp_path / "params.yaml")
    with pytest.raises(SettingsError):
        load(tmp_path)


def test_a_level_named_no_stays_a_word(tmp_path):
    text = TEXT.replace("levels: [li, organic, signup, fb]", "levels: [li, organic, signup, fb, no, on, y]")
    assert load(written(tmp_path, text)).table.columns["source"].levels == (
        *("li", "organic", "signup", "fb"),
        *("no", "on", "y"),
    )


def test_a_day_may_be_quoted_or_not(tmp_path, settings):
    text = TEXT.replace('"2024-01-01"', "2024-01-01")
    assert load(written(tmp_path, text)) == settings


def test_settings_are_frozen(settings):
    with pytest.raises(ValidationError, match="frozen"):
        settings.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        settings.table.columns["lead_id"].role = Role.IGNORE


def test_every_key_has_a_description():
    for model in every_model(Settings):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_the_json_schema_accepts_what_load_accepts():
    schema = Settings.model_json_schema()
    assert schema["additionalProperties"] is False
    assert set(PARAMS) <= set(schema["properties"])
    json.dumps(schema)


def every_model(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and those inside it."""
    found = {model}
    waiting = [field.annotation for field in model.model_fields.values()]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= every_model(kind)
        waiting += get_args(kind)
    return found
