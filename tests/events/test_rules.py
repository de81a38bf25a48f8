"""Each rule of docs/events-rules.md: windows, labels, ripeness, late events, identities, zones, sessions, decisions."""

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gallop.errors import EmptyTableError, MissingColumnError, WrongTypeError
from gallop.events.cleaning import CleanLog, clean_events
from gallop.events.decisions import Decisions, as_of, decide, outcomes
from gallop.events.features import features
from gallop.events.identity import Identities
from gallop.events.live import features_of, raw_of
from gallop.events.raw import Times
from gallop.events.zones import offsets, to_utc
from gallop.settings.events import Events
from tests.support.event_logs import drawn, micros, raw, settings_of

FEATURES = ["view count 1h", "view count 1d", "any event count ever", "buy count ever", "sessions ever"]


def settings(**changes) -> Events:
    return settings_of(**{"features": FEATURES, "expressions": {}, **changes})


def row(time: str, event: str = "view", lead: str = "a", **values: str) -> dict[str, str]:
    return {"lead": lead, "time": time, "event": event, "amount": "", "place": ""} | values


def cleaned(rows: list[dict[str, str]], events: Events, identities: Identities | None = None) -> CleanLog:
    return clean_events(raw(rows, events), events, identities)


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def decision(clean: CleanLog, time: str, lead: str = "a") -> Decisions:
    return Decisions(np.array([list(clean.log.leads).index(lead)]), np.array([at(time)]))


def known(
    rows: list[dict[str, str]], events: Events, time: str, identities: Identities | None = None, lead="a"
) -> dict:
    clean = cleaned(rows, events, identities)
    chosen = decision(clean, time, lead)
    return {name: values[0] for name, values in features(clean.log, chosen.lead, chosen.at, events).items()}


def test_a_window_has_its_beginning_and_not_its_end():
    rows = [row("2024-03-01 09:00:00"), row("2024-03-01 10:00:00")]
    assert known(rows, settings(), "2024-03-01T10:00")["view count 1h"] == 1
    assert known(rows, settings(), "2024-03-01T10:00:00.000001")["view count 1h"] == 1
    assert known(rows, settings(), "2024-03-01T11:00:00.000001")["view count 1h"] == 0
    assert known(rows, settings(), "2024-03-01T09:00")["any event count ever"] == 0


@pytest.mark.parametrize(
    ("bought", "label", "at_once"),
    [
        ("2024-03-01 10:00:00", False, True),
        ("2024-03-01 10:00:00.000001", True, False),
        ("2024-03-03 10:00:00", True, False),
        ("2024-03-03 10:00:00.000001", False, False),
        ("2024-03-01 09:59:59", False, False),
    ],
    ids=["at t", "just after", "at the horizon", "just beyond", "before"],
)
def test_the_label_asks_for_a_conversion_after_t_up_to_the_horizon(bought, label, at_once):
    events = settings()
    clean = cleaned([row("2024-03-01 08:00:00"), row(bought, "buy"), row("2024-03-20 08:00:00")], events)
    came = outcomes(clean, events, decision(clean, "2024-03-01T10:00"))
    assert (bool(came.converted[0]), bool(came.at_once[0])) == (label, at_once)


def test_a_conversion_at_exactly_t_is_in_neither_features_nor_label():
    events = settings()
    rows = [row("2024-03-01 10:00:00", "buy"), row("2024-03-20 08:00:00")]
    assert known(rows, events, "2024-03-01T10:00")["buy count ever"] == 0
    clean = cleaned(rows, events)
    assert not outcomes(clean, events, decision(clean, "2024-03-01T10:00")).converted[0]


@pytest.mark.parametrize(("last", "ripe"), [("2024-03-03 10:00:00", False), ("2024-03-03 10:00:01", True)])
def test_a_decision_is_ripe_once_its_horizon_has_passed_in_the_data(last, ripe):
    events = settings()
    clean = cleaned([row("2024-03-01 08:00:00"), row(last, lead="b")], events)
    assert outcomes(clean, events, decision(clean, "2024-03-01T10:00")).ripe.tolist() == [ripe]


def test_ripeness_is_measured_by_arrival_where_there_is_one():
    events = settings(arrived="arrived")
    rows = [row("2024-03-01 08:00:00", arrived="2024-03-01 08:00:00"), row("2024-03-02 08:00:00", arrived="2024-03-09")]
    clean = cleaned(rows, events)
    assert clean.end == at("2024-03-09T00:00")
    assert outcomes(clean, events, decision(clean, "2024-03-01T10:00")).ripe.tolist() == [True]


def test_an_event_counts_from_its_arrival_on():
    events = settings(arrived="arrived")
    rows = [row("2024-03-01 09:00:00", arrived="2024-03-01 12:00:00")]
    assert known(rows, events, "2024-03-01T11:59:59")["any event count ever"] == 0
    assert known(rows, events, "2024-03-01T12:00:00")["any event count ever"] == 1
    clean = cleaned(rows, events)
    assert outcomes(clean, events, decision(clean, "2024-03-01T11:00")).surprised.tolist() == [True]


def test_a_corrected_event_is_what_was_known_of_it_then():
    events = settings(arrived="arrived", id="id")
    first = row("2024-03-01 09:00:00", "view", arrived="2024-03-01 09:00:00", id="1")
    second = row("2024-03-01 09:00:00", "buy", arrived="2024-03-02 09:00:00", id="1")
    clean = cleaned([first, second], events)
    assert clean.counts.noticed == {"corrected": 1}
    before, after = (known([first, second], events, time) for time in ("2024-03-02T08:59", "2024-03-02T09:00"))
    assert (before["any event count ever"], before["buy count ever"]) == (1, 0)
    assert (after["any event count ever"], after["buy count ever"]) == (1, 1)


def test_equal_rows_are_one_event_and_without_arrivals_the_first_of_an_id_counts():
    rows = [row("2024-03-01 09:00:00", id="1"), row("2024-03-01 09:00:00", id="1"), row("2024-03-01 09:30:00", id="1")]
    clean = cleaned(rows, settings(id="id"))
    assert len(clean.log) == 1
    assert (clean.counts.aside["duplicate"], clean.counts.aside["conflicting_id"]) == (1, 1)
    assert len(cleaned(rows, settings()).log) == 2


def test_the_same_event_delivered_twice_counts_from_its_first_arrival():
    events = settings(arrived="arrived")
    rows = [row("2024-03-01 09:00:00", arrived=f"2024-03-0{day} 12:00:00") for day in (4, 2)]
    assert known(rows, events, "2024-03-02T12:00")["any event count ever"] == 1
    assert known(rows, events, "2024-03-05T12:00")["any event count ever"] == 1


def identities(*said: tuple[str, str, str]) -> Identities:
    anonymous, users, since = zip(*said, strict=True)
    return Identities(anonymous, users, np.array([at(moment) for moment in since]))


def test_an_identity_is_applied_as_known_at_t_and_never_backwards():
    events = settings()
    rows = [
        row("2024-03-01 09:00:00", lead="anon"),
        row("2024-03-02 09:00:00", lead="anon"),
        row("2024-03-05 09:00:00"),
    ]
    said = identities(("anon", "a", "2024-03-01T12:00"))
    assert known(rows, events, "2024-03-01T11:59", said)["any event count ever"] == 0
    assert known(rows, events, "2024-03-01T11:59", said, lead="anon")["any event count ever"] == 1
    assert known(rows, events, "2024-03-01T12:00", said)["any event count ever"] == 1
    assert known(rows, events, "2024-03-01T12:00", said, lead="anon")["any event count ever"] == 0
    assert known(rows, events, "2024-03-03T09:00", said)["any event count ever"] == 2


def test_a_map_that_changes_its_mind_leaves_what_came_before_with_the_first():
    events = settings()
    rows = [row(f"2024-03-0{day} 09:00:00", lead="tablet") for day in (1, 3, 5)]
    said = identities(("tablet", "a", "2024-03-02T00:00"), ("tablet", "b", "2024-03-04T00:00"))
    assert known(rows, events, "2024-03-06T00:00", said, lead="a")["any event count ever"] == 2
    assert known(rows, events, "2024-03-06T00:00", said, lead="b")["any event count ever"] == 1


def test_what_the_anonymous_lead_buys_under_its_own_name_is_its_conversion_too():
    events = settings()
    rows = [row("2024-03-01 09:00:00", lead="anon"), row("2024-03-02 09:00:00", "buy"), row("2024-03-20 09:00:00")]
    clean = cleaned(rows, events, identities(("anon", "a", "2024-03-01T12:00")))
    assert outcomes(clean, events, decision(clean, "2024-03-01T10:00", "anon")).converted.tolist() == [True]
    assert clean.log.leads[clean.persons[list(clean.log.leads).index("anon")]] == "a"


def test_times_in_a_zone_are_stored_in_utc_and_mixed_zones_are_told_apart():
    events = settings(timezone="Europe/Paris")
    texts = [
        "2023-01-15 10:00:00",
        "2024-01-15 10:00:00",
        "2024-01-15T09:00:00Z",
        "2024-01-15T04:00:00-05:00",
        "2024-07-15 10:00:00",
    ]
    clean = cleaned([row(text, place=str(number)) for number, text in enumerate(texts)], events)
    winter, summer = at("2024-01-15T09:00"), at("2024-07-15T08:00")
    assert clean.log.time.tolist() == [at("2023-01-15T09:00"), winter, winter, winter, summer]


def test_a_time_that_the_clocks_left_out_is_set_aside_and_one_they_showed_twice_is_the_first():
    events = settings(timezone="Europe/Paris")
    clean = cleaned([row("2024-03-31 02:30:00"), row("2024-10-27 02:30:00"), row("2024-10-28 09:00:00")], events)
    assert clean.counts.aside["no_such_time"] == 1
    assert clean.log.time[0] == at("2024-10-27T00:30")


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"])
def test_zones_over_arrays_are_those_of_the_standard_library(zone):
    from zoneinfo import ZoneInfo

    moments = [datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=number * 7, minutes=number) for number in range(9000)]
    expected = [
        (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) // timedelta(microseconds=1)
        for moment in moments
    ]
    utc = np.array([micros(moment) for moment in moments])
    assert offsets(utc, zone).tolist() == expected
    back, exists = to_utc(utc + offsets(utc, zone), zone)
    assert exists.all()
    assert np.isin(utc - back, [0, 1_800_000_000, 3_600_000_000]).all()  # of a time shown twice, the first


def test_days_are_those_of_the_leads_place_where_a_zone_is_given():
    events = settings(features=["any event days ever"], zone="zone")
    rows = [row(f"2024-03-02 {hour}:00:00", zone="Asia/Tokyo") for hour in (14, 16)]
    assert known(rows, events, "2024-03-09T00:00")["any event days ever"] == 2
    assert known(rows, settings(features=["any event days ever"]), "2024-03-09T00:00")["any event days ever"] == 1


def test_a_session_is_cut_by_half_an_hour_and_by_t():
    events = settings(features=["sessions ever", "session minutes ever", "session bounces ever"])
    rows = [row(f"2024-03-01 {time}:00") for time in ("09:00", "09:29", "09:58", "10:28", "10:40")]
    whole = known(rows, events, "2024-03-02T00:00")
    assert (whole["sessions ever"], whole["session minutes ever"]) == (2, (58 + 12) / 2)
    cut = known(rows, events, "2024-03-01T10:40")
    assert (cut["sessions ever"], cut["session minutes ever"], cut["session bounces ever"]) == (2, 29, 0.5)


def test_decisions_are_taken_at_midnight_every_n_days_while_a_lead_is_active():
    events = settings(decisions={"rule": "every", "days": 7, "active": "10d"}, timezone="Europe/Paris")
    clean = cleaned([row("2024-03-20 09:00:00"), row("2024-04-15 09:00:00", lead="b")], events)
    found = decide(clean, events)
    mine = [str(np.datetime64(int(moment), "us"))[:16] for moment in found.at[found.lead == 0]]
    assert mine == ["2024-03-24T23:00"]  # Monday in Paris, before the clocks are set forward
    later = [
        str(np.datetime64(int(moment), "us"))[:16]
        for moment in decide(
            clean, settings(decisions={"rule": "every", "days": 7, "active": "20d"}, timezone="Europe/Paris")
        ).at
    ]
    assert later == ["2024-03-24T23:00", "2024-03-31T22:00", "2024-04-07T22:00"]


def test_decisions_at_the_first_event_and_at_each_of_a_kind_come_as_long_after_as_is_said():
    rows = [row("2024-03-01 09:00:00"), row("2024-03-02 09:00:00", "signup"), row("2024-03-03 09:00:00", "signup")]
    first = settings(decisions={"rule": "first", "after": "1h"})
    assert decide(cleaned(rows, first), first).at.tolist() == [at("2024-03-01T10:00")]
    each = settings(decisions={"rule": "each", "events": ["signup"]})
    assert decide(cleaned(rows, each), each).at.tolist() == [at("2024-03-02T09:00"), at("2024-03-03T09:00")]


def test_a_decision_at_an_event_is_taken_when_the_event_was_seen():
    events = settings(arrived="arrived", decisions={"rule": "first"})
    clean = cleaned([row("2024-03-01 09:00:00", arrived="2024-03-01 12:00:00")], events)
    assert decide(clean, events).at.tolist() == [at("2024-03-01T12:00")]


def test_where_conversions_do_not_repeat_a_lead_that_has_converted_is_decided_about_no_more():
    rows = [row("2024-03-01 09:00:00"), row("2024-03-05 09:00:00", "buy"), row("2024-03-20 09:00:00")]
    said = {"rule": "every", "days": 1, "active": "30d"}
    again, once = settings(decisions=said), settings(decisions=said | {"repeat": False})
    assert decide(cleaned(rows, again), again).at.max() > at("2024-03-06T00:00")
    assert decide(cleaned(rows, once), once).at.max() == at("2024-03-05T00:00")


def test_as_of_a_moment_every_lead_with_a_known_event_is_decided_about():
    clean = cleaned([row("2024-03-01 09:00:00"), row("2024-03-05 09:00:00", lead="b")], settings())
    assert as_of(clean.log, at("2024-03-05T09:00")).lead.tolist() == [0]
    assert as_of(clean.log, at("2024-03-05T09:01")).lead.tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(6))
def test_no_leak_what_happens_after_t_changes_no_feature_of_any_decision(seed):
    events = settings_of(
        arrived="arrived", id="id", decisions={"rule": "every", "days": 1, "active": "10d"}, daily_limit=5
    )
    rows = [changed | {"_zone": "UTC"} for changed in drawn(seed, 80, 4)]
    clean = cleaned(rows, events)
    chosen = decide(clean, events)
    made = features(clean.log, chosen.lead, chosen.at, events)
    for moment in np.unique(chosen.at)[::3].tolist():
        now = chosen.at == moment
        limit = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
        before, shifted = [], []
        for event in rows:
            seen = max(datetime.fromisoformat(event["true"]), datetime.fromisoformat(event["arrived"])) <= limit
            is_past = datetime.fromisoformat(event["true"]) < limit and seen
            if is_past:
                before.append(event)
                shifted.append(event)
            elif datetime.fromisoformat(event["true"]) >= limit:
                moved = datetime.fromisoformat(event["true"]) + timedelta(days=3)
                late = max(moved, datetime.fromisoformat(event["arrived"]))
                shifted.append(event | {"time": moved.isoformat(), "arrived": late.isoformat(), "event": "buy"})
        for others in (before, shifted):
            again = cleaned(others, events)
            place = {lead: code for code, lead in enumerate(again.log.leads)}
            leads = [clean.log.leads[lead] for lead in chosen.lead[now]]
            if any(lead not in place for lead in leads):
                leads = [lead for lead in leads if lead in place]
            lead = np.array([place[name] for name in leads], dtype=np.int64)
            theirs = features(again.log, lead, np.full(len(lead), moment), events)
            wanted = [name in place for name in (clean.log.leads[code] for code in chosen.lead[now])]
            for name, values in theirs.items():
                mine = made[name][now][np.array(wanted, dtype=bool)]
                assert [str(value) for value in values] == [str(value) for value in mine], (name, moment)


BAD = [
    (row("", lead="a"), "no_time"),
    (row("2024-03-01 09:00:00", lead=" "), "no_lead"),
    (row("2024-02-30 09:00:00"), "unreadable_time"),
    (row("yesterday"), "unreadable_time"),
    (row("2024-03-01 25:00:00"), "unreadable_time"),
]


@pytest.mark.parametrize(("bad", "rule"), BAD, ids=[rule for _, rule in BAD])
def test_a_bad_event_is_set_aside_by_the_rule_it_breaks(bad, rule):
    rows = [row(f"2024-03-01 09:0{minute}:00") for minute in range(5)]
    clean = cleaned([*rows, bad], settings())
    assert {name: count for name, count in clean.counts.aside.items() if count} == {rule: 1}
    assert len(clean.log) == 5


def test_an_event_of_after_its_arrival_or_after_the_exports_end_is_in_the_future():
    events = settings(arrived="arrived")
    ahead = row("2024-03-09 09:00:00", arrived="2024-03-01 09:00:00")
    assert cleaned([row("2024-03-01 09:00:00", arrived="2024-03-01"), ahead], events).counts.aside["in_the_future"] == 1
    until = settings(until="2024-03-05T00:00")
    rows = [row("2024-03-04 23:59:59"), row("2024-03-05 00:00:00")]
    assert cleaned(rows, until).counts.aside["in_the_future"] == 1


def test_a_lone_wrong_clock_is_refused_with_row_value_and_remedy():
    rows = [row(f"2024-03-01 09:00:{second:02d}") for second in range(50)] + [row("2099-01-01 00:00:00")]
    with pytest.raises(WrongTypeError, match=r"row 51, column 'time': 2099-01-01T00:00:00Z .* set events.until"):
        cleaned(rows, settings())


def test_times_of_another_kind_are_refused_with_row_value_and_what_is_accepted():
    with pytest.raises(WrongTypeError, match=r"row 1, column 'time': no time as events.written = iso says.*compact"):
        cleaned([row("20240301"), row("20240302"), row("20240303")], settings())


def test_a_bots_events_count_as_far_as_a_person_makes_them_and_unlisted_kinds_count_as_any():
    rows = [row(f"2024-03-01 09:{number // 60:02d}:{number % 60:02d}", "strange") for number in range(200)]
    clean = cleaned(rows, settings(daily_limit=50))
    assert clean.counts.aside["over_daily_limit"] == 150
    assert clean.counts.noticed == {"unlisted_kind": 50}


def test_a_million_events_of_one_bot_on_one_day_are_read_counted_and_bounded():
    events, rows = settings(), 1_000_000
    one, zeros = raw([row("2024-03-01 09:00:00")], events), np.zeros(rows, dtype=np.int64)
    bot = dataclasses.replace(
        one,
        lead=dataclasses.replace(one.lead, codes=zeros),
        kind=dataclasses.replace(one.kind, codes=zeros),
        time=Times(one.time.micros[0] + np.arange(rows) * 50_000, np.zeros(rows, dtype=bool)),
        same=np.arange(rows),
        numbers={"amount": np.full(rows, np.nan)},
        categories={"place": dataclasses.replace(one.categories["place"], codes=zeros - 1)},
    )
    clean = clean_events(bot, events)
    assert clean.counts.aside["over_daily_limit"] == rows - events.daily_limit
    assert len(clean.log) == events.daily_limit


def test_no_rows_no_events_and_a_missing_column_are_refused():
    with pytest.raises(EmptyTableError, match="none of the 1 rows is an event"):
        cleaned([row("", lead="a")], settings())
    with pytest.raises(MissingColumnError, match="'lead'"):
        raw([{"who": "a"}], settings())
    with pytest.raises(MissingColumnError, match="'lead'"):
        raw_of([{"who": "a"}], settings())


def test_live_events_may_be_none_and_typed_and_must_be_of_one_lead():
    events = settings()
    assert features_of([], events, "2024-03-01T10:00")["any event count ever"] == 0
    typed = {"lead": "a", "time": datetime(2024, 3, 1, 9, tzinfo=UTC), "event": "buy", "amount": 3.0, "place": None}
    assert features_of([typed], events, datetime(2024, 3, 1, 10, tzinfo=UTC))["buy count ever"] == 1
    with pytest.raises(WrongTypeError, match="2 leads"):
        features_of([typed, typed | {"lead": "b"}], events, "2024-03-01T10:00")
    with pytest.raises(WrongTypeError, match="no time"):
        features_of([typed], events, "tomorrow")
