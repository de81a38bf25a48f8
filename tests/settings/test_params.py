"""A wrong setting cannot start: the error names its key, and nothing but a `SettingsError` comes out."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gallop.errors import SettingsError
from gallop.schema import Role
from gallop.settings.params import Settings, load_settings, parse_settings
from tests.support.params import PARAMS, TEXT, changed, leaves, without


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
    "key",
    ["project", "project.name", "data", "data.raw", "table", "table.label", "table.columns", "features", "training"],
)
def test_a_key_that_must_be_given_is_named(key):
    with pytest.raises(SettingsError, match=f"{key}: missing, must be given"):
        parse_settings(without(key), "params.yaml")


@pytest.mark.parametrize("key", ["seed", "split", "evaluation", "decision", "selection", "export", "table.keep"])
def test_a_key_with_a_default_may_be_left_out(key, settings):
    assert parse_settings(without(key), "params.yaml").project == settings.project


@pytest.mark.parametrize("key", sorted({key[:-1] for key in leaves(PARAMS)} - {()}, key=str))
def test_an_unknown_key_is_refused_wherever_it_is(key):
    section = PARAMS
    for name in key:
        section = section[name]
    if not isinstance(section, dict):
        return
    with pytest.raises(SettingsError, match="no_such_key"):
        parse_settings(changed((*key, "no_such_key"), 1), "params.yaml")


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
        made = parse_settings(changed(key, value), "params.yaml")
    except SettingsError as error:
        # Where parts do not fit together, the message may name the other part; then it names what was changed besides.
        assert any(str(part) in str(error) for part in key if isinstance(part, str))  # noqa: PT017
    else:
        assert Settings.model_validate_json(made.model_dump_json()) == made


@given(st.text(max_size=30))
def test_any_text_is_no_traceback(tmp_path, text):
    with pytest.raises(SettingsError):
        load_settings(written(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("seed: 42", "seed: 42\nseed: 43", 'duplicate key "seed"'),
        ("role: id", "role: id, role: id", 'duplicate key "role"'),
        ("seed: 42", "seed: [", "not valid YAML"),
        ("seed: 42", "seed:\t42", "not valid YAML"),
        ("seed: 42", "seed: !!python/object:os.system 42", "not valid YAML"),
        ("first: '2024-01-01'", "first: 2024-13-01", "not valid YAML"),
        ("raw: data/raw/raw_data.csv", "raw: &a [*a]", "aliases"),
        ("is_active: {role", "2024-01-01: {role", "quotation marks"),
        ("seed: 42", "seed: " + "9" * 5000, "4300 digits"),
        ("seed: 42", "seed: 1e999", "seed"),
        ("clip_sd: 2.0", "clip_sd: .inf", "training.clip_sd"),
        ("clip_sd: 2.0", "clip_sd: .nan", "training.clip_sd"),
        ("        - 0.03\n", "        - .inf\n", "training.families.logistic_regression.space"),
        ("raw: data/raw/raw_data.csv", 'raw: "\\ud800"', "params.yaml"),
    ],
)
def test_what_yaml_can_hold_and_settings_cannot_is_refused(tmp_path, old, new, says):
    assert old in TEXT
    with pytest.raises(SettingsError) as caught:
        load_settings(written(tmp_path, TEXT.replace(old, new, 1)))
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "42", "- a\n", "just words", "# only a comment\n", "---\na: 1\n---\nb: 2\n"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(SettingsError):
        load_settings(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_utf_8_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"name: \xff")
    with pytest.raises(SettingsError, match="not valid YAML"):
        load_settings(tmp_path / "params.yaml")
    with pytest.raises(SettingsError):
        load_settings(tmp_path)


def test_a_level_named_no_stays_a_word(tmp_path):
    more = "".join(f"      - {level}\n" for level in ("no", "on", "y"))
    text = TEXT.replace("\n      - signup\n      - fb\n", f"\n      - signup\n      - fb\n{more}")
    assert load_settings(written(tmp_path, text)).table.columns["source"].levels == (
        *("li", "organic", "signup", "fb"),
        *("no", "on", "y"),
    )


def test_a_day_may_be_quoted_or_not(tmp_path, settings):
    text = TEXT.replace('"2024-01-01"', "2024-01-01")
    assert load_settings(written(tmp_path, text)) == settings


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
    models = {model}
    waiting = [field.annotation for field in model.model_fields.values()]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            models |= every_model(kind)
        waiting += get_args(kind)
    return models
