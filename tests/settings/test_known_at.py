"""The availability contract: what is known after the moment of scoring cannot be used, in training and in scoring."""

from types import SimpleNamespace

import pytest

from gallop.artifacts import bundle
from gallop.errors import ChecksumError, SettingsError
from gallop.settings.params import parse_settings

BASE = {
    "project": {"name": "p", "model": "m"},
    "data": {"raw": "data/raw/leads.csv"},
    "table": {
        "score_at": "signup",
        "label": {"column": "y", "positive": ["1"], "negative": ["0"]},
        "columns": {
            "y": {"role": "label", "known_at": "after"},
            "visits": {"role": "number", "known_at": "visit"},
            "source": {"role": "category", "known_at": "signup"},
            "born": {"role": "date", "known_at": "signup"},
        },
    },
    "features": {
        "bins": {"kind of source": {"column": "source", "groups": {"social": ["fb"]}}},
        "dates": {"birth month": {"column": "born", "part": "month"}},
        "inputs": ["visits", "kind of source", "birth month"],
    },
    "training": {"families": {"splines": {"trials": 1, "space": [{"C": [1.0]}]}}},
}


def with_column(name: str, **keys):
    """The settings with other keys for one column."""
    columns = {**BASE["table"]["columns"], name: {**BASE["table"]["columns"][name], **keys}}
    return {**BASE, "table": {**BASE["table"], "columns": columns}}


def test_columns_known_in_time_may_be_used():
    assert parse_settings(BASE, "params.yaml").features.used == {"visits", "source", "born"}


@pytest.mark.parametrize("name", ["visits", "source", "born"])
def test_a_column_known_later_than_scoring_stops_every_command_by_its_name(name):
    # An input may be the column itself, a bin of it or a part of its date.
    with pytest.raises(
        SettingsError, match=f"column '{name}' is known at 'after', which is after table.score_at 'signup'"
    ):
        parse_settings(with_column(name, known_at="after"), "params.yaml")


def test_a_used_column_that_does_not_say_when_it_is_known_is_refused():
    with pytest.raises(SettingsError, match="known_at does not say"):
        parse_settings(with_column("visits", known_at=None), "params.yaml")


def test_moments_are_the_projects_own():
    table = {**BASE["table"], "moments": ["click", "visit", "signup", "after"]}
    assert parse_settings({**BASE, "table": table}, "params.yaml").table.moments[0] == "click"
    with pytest.raises(SettingsError, match="'demo'"):
        parse_settings(with_column("visits", known_at="demo"), "params.yaml")


def test_a_bundle_of_a_column_that_is_known_too_late_cannot_score(tmp_path, monkeypatch):
    late = parse_settings(with_column("visits", known_at="visit"), "params.yaml").model_dump_json()
    (tmp_path / bundle.SETTINGS).write_text(late.replace('"known_at":"visit"', '"known_at":"after"'))
    monkeypatch.setattr(bundle, "verify_bundle", lambda _folder: SimpleNamespace(libraries={"gallop": "0.0"}))
    with pytest.raises(ChecksumError, match="column 'visits' is known at 'after'"):
        bundle.load_bundle(tmp_path)


def test_a_column_that_is_left_out_as_a_leak_cannot_be_used():
    leaks = {"acknowledged": [{"column": "visits", "because": "knows the outcome", "keep": False}]}
    with pytest.raises(SettingsError, match="leaves out \\['visits'\\]"):
        parse_settings({**BASE, "leaks": leaks}, "params.yaml")
    kept = {"acknowledged": [{"column": "visits", "because": "counted before signup", "keep": True}]}
    assert parse_settings({**BASE, "leaks": kept}, "params.yaml").leaks.acknowledged[0].keep
