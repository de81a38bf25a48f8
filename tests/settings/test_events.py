"""The section events: every feature's name means one thing and has a sentence, and what is wrong cannot start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import SettingsError
from gallop.schema import Role
from gallop.settings.event_features import STATISTICS, read_feature
from gallop.settings.params import Settings, parse_settings
from tests.support.event_logs import every_feature, settings_of
from tests.support.params import PARAMS

SECTION = {
    "lead": "who",
    "time": "at",
    "event": "what",
    "kinds": ["view", "buy"],
    "converted": ["buy"],
    "horizon": "30d",
    "decisions": {"rule": "every"},
    "attributes": {"amount": {"role": "number"}, "place": {"role": "category", "levels": ["home"]}},
    "features": ["view count 7d", "place last"],
}


def project(**changes) -> Settings:
    raw = {key: PARAMS[key] for key in ("project", "training", "data")} | {"table": {}, "events": SECTION | changes}
    raw["training"] = {key: value for key, value in PARAMS["training"].items() if key != "encoding"}
    return parse_settings(raw | {"split": {"by": "day", "gap_days": 30}}, "params.yaml")


def test_columns_label_and_inputs_follow_from_the_section_and_come_back_from_json():
    chosen = project(expressions={"rate": "`buy count ever` / (1 + `view count 7d`)"})
    assert chosen.features.inputs == ("view count 7d", "place last", "rate")
    assert chosen.table.columns["place last"].role is Role.CATEGORY
    assert (chosen.table.id, chosen.table.group, chosen.table.day) == ("decision", "lead", "decided_at")
    assert Settings.model_validate_json(chosen.model_dump_json()) == chosen


def test_every_statistic_has_a_name_and_a_sentence():
    definitions = settings_of().definitions
    assert {feature.statistic for feature in definitions} == set(STATISTICS)
    for feature in definitions:
        for value in ("home", None) if feature.role is Role.CATEGORY else (0.0, 1.0, 4.25, None):
            assert feature.sentence(value).strip()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("view count 7d", 4.0, "4 view events in the last 7 days"),
        ("any event count 1h", 1.0, "1 event in the last hour"),
        ("buy days since last", 2.5, "last buy 2.5 days ago"),
        ("buy days since last", None, "no buy yet"),
        ("view trend 7d", -3.0, "3 fewer view events in the last 7 days than in as long before"),
        ("place=home share ever", 0.25, "place home in 25% of events so far"),
        ("night share 7d", 0.5, "50% of events at night in the last 7 days"),
        ("buy after view 7d", 0.0, "buy not after view in the last 7 days"),
        ("last event", "view", "last event: view"),
    ],
)
def test_a_feature_is_told_as_people_say_it(name, value, sentence):
    (feature,) = settings_of(features=[name], expressions={}).definitions
    assert feature.sentence(value) == sentence


@given(st.lists(st.text("ab after count7d=", min_size=1, max_size=12), min_size=2, max_size=4, unique=True))
def test_whatever_kinds_are_called_each_name_means_its_own_kind(kinds):
    kinds = [kind.strip() for kind in kinds if kind.strip()]
    for kind in kinds:
        feature = read_feature(f"{kind} count 7d", kinds, [], {})
        assert (feature.statistic, feature.subject, feature.window) == ("count", kind, "7d")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": ["click count 7d"]}, "'click count 7d' is no feature"),
        ({"features": ["view count 2h"]}, "has a window that is not among"),
        ({"features": ["view trend ever"]}, "is no feature"),
        ({"features": ["view count 7d", "view count 7d"]}, "more than once"),
        ({"horizon": "soon"}, "events.horizon"),
        ({"converted": ["signup"]}, "not among kinds"),
        ({"kinds": ["view", "buy", "any event"]}, "stands for all of them"),
        ({"event": None}, "all rows are of one kind"),
        ({"timezone": "Mars/Base"}, "timezone 'Mars/Base' is not known"),
        ({"until": "soon"}, "is no time"),
        ({"decisions": {"rule": "each"}}, "needs events"),
        ({"decisions": {"rule": "table"}}, "needs raw, lead and time"),
        ({"expressions": {"x": "`view count 7d` +"}}, "no expression"),
        ({"expressions": {"x": "__import__('os')"}}, "accepted"),
        ({"expressions": {"x": "`place last` + 1"}}, "categories"),
        ({"expressions": {"x": "max(`view count 7d`)"}}, "takes 2 values"),
        ({"expressions": {"x": "max + `view count 7d`"}}, "must be called"),
        ({"expressions": {"x": "1 + 1"}}, "names no feature"),
        ({"horizon": "60d"}, "gap of the horizon: 60 days or more"),
    ],
)
def test_a_wrong_section_is_refused_by_its_key(changes, message):
    with pytest.raises(SettingsError, match=message):
        project(**changes)


def test_features_of_the_parity_tests_are_hundreds_at_most():
    assert len(every_feature()) < 300
