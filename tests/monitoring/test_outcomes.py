"""Every row of a file of outcomes is counted by one rule; what was said last counts; a file may be given again."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.events.raw import UNREADABLE
from gallop.monitoring.outcomes import (
    CORRECTED,
    NEW,
    OUTCOME_RULES,
    REFUNDED,
    REPEATED,
    LeadOutcome,
    OutcomeRow,
    TimeStyle,
    latest_outcomes,
    moment_of_text,
    sort_outcomes,
)
from gallop.schema import DAY_US, SECOND_US


def at(text: str, zone: str = "UTC") -> int:
    moment = moment_of_text(text, TimeStyle(zone))
    assert moment not in {None, UNREADABLE}
    return int(moment or 0)


SCORED = {"A": at("2026-03-01 09:00"), "B": at("2026-03-01 09:00"), "C": at("2026-03-20 09:00")}
NOW = at("2026-04-01 12:00")


def sort(*rows: OutcomeRow, said: list[LeadOutcome] | None = None, zone: str = "UTC"):
    return sort_outcomes(rows, SCORED, said or [], TimeStyle(zone), NOW)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (OutcomeRow("", "2026-03-05 10:00"), "no_id"),
        (OutcomeRow("A", "last week"), "unreadable_time"),
        (OutcomeRow("A", "2026-03-05", seen="soon"), "unreadable_time"),
        (OutcomeRow("A", "2026-03-05", value="much"), "unreadable_value"),
        (OutcomeRow("A", "2026-05-05"), "in_the_future"),
        (OutcomeRow("A", "2026-03-05", seen="2026-05-05"), "in_the_future"),
        (OutcomeRow("A", "2026-03-09 10:00", seen="2026-03-05 10:00"), "seen_before_it_happened"),
        (OutcomeRow("Z", "2026-03-05 10:00"), "unknown_id"),
        (OutcomeRow("C", "2026-03-05 10:00"), "before_score"),
        (OutcomeRow("A", ""), "not_converted"),
        (OutcomeRow("A", "2026-03-05 10:00", "2026-03-06 10:00", "12.50"), NEW),
        (OutcomeRow("A", "2026-04-01"), NEW),
    ],
)
def test_a_row_is_counted_by_its_rule(row, rule):
    result = sort(row)
    assert result.counts == Counter({rule: 1})
    assert result.examples == {rule: 1}
    assert len(result.kept) == (rule == NEW)
    assert rule in OUTCOME_RULES


def test_duplicates_corrections_and_refunds_each_have_their_rule_and_the_last_word_counts():
    result = sort(
        OutcomeRow("A", "2026-03-05 10:00"),
        OutcomeRow("A", "2026-03-05 10:00"),
        OutcomeRow("A", "2026-03-06 10:00"),
        OutcomeRow("B", "2026-03-07 10:00", value="10"),
        OutcomeRow("B", ""),
    )
    assert result.counts == Counter({NEW: 2, REPEATED: 1, CORRECTED: 1, REFUNDED: 1})
    known = latest_outcomes(result.kept)
    assert known["A"].converted == at("2026-03-06 10:00")
    assert known["B"].converted is None


def test_the_time_at_which_it_was_seen_orders_what_was_said():
    later, sooner = OutcomeRow("A", "", seen="2026-03-20"), OutcomeRow("A", "2026-03-05", seen="2026-03-06")
    result = sort(later, sooner)
    assert result.counts == Counter({NEW: 1, REFUNDED: 1})
    assert latest_outcomes(result.kept)["A"].converted is None


def test_something_seen_before_what_is_known_is_outdated():
    refunded = sort(OutcomeRow("A", "2026-03-05", seen="2026-03-06"), OutcomeRow("A", "", seen="2026-03-20")).kept
    result = sort(OutcomeRow("A", "2026-03-05", seen="2026-03-06"), said=refunded)
    assert result.counts == Counter({"outdated": 1})


def test_one_moment_written_in_two_zones_is_one_conversion():
    assert at("2026-03-05 10:00", "Europe/Paris") == at("2026-03-05 09:00")
    first = sort(OutcomeRow("A", "2026-03-05T10:00:00"), zone="Europe/Paris")
    again = sort(OutcomeRow("A", "2026-03-05T04:00:00-05:00"), said=first.kept)
    assert again.counts == Counter({REPEATED: 1})


def test_a_day_without_a_time_is_its_end_so_that_it_is_not_before_the_score_of_that_morning():
    assert moment_of_text("2026-03-01", TimeStyle()) == at("2026-03-01 00:00") + DAY_US - SECOND_US
    assert sort(OutcomeRow("A", "2026-03-01")).counts == Counter({NEW: 1})


def test_a_time_that_no_clock_of_the_zone_showed_is_not_read():
    assert moment_of_text("2026-03-29 02:30", TimeStyle("Europe/Paris")) == UNREADABLE


def test_a_file_ends_with_its_last_time_whether_or_not_its_lead_is_known():
    rows = [("A", "2026-03-05 10:00"), ("Z", "2026-03-09 10:00"), ("B", "2027-01-01")]
    result = sort(*(OutcomeRow(*row) for row in rows))
    assert result.latest == at("2026-03-09 10:00")
    assert sort(OutcomeRow("", "")).latest is None


ROWS = st.builds(
    OutcomeRow,
    lead=st.sampled_from(["", "A", "B", "C", "Z"]),
    converted=st.sampled_from(["", "2026-03-05", "2026-03-25 08:00", "2026-03-25T08:00:00+02:00", "x", "2030-01-01"]),
    seen=st.sampled_from(["", "2026-03-26", "2026-03-01", "?"]),
    value=st.sampled_from(["", "5", "5 euros"]),
)


@given(st.lists(ROWS, max_size=30), st.lists(ROWS, max_size=30))
def test_each_row_has_exactly_one_rule_and_a_file_given_again_changes_nothing(earlier, rows):
    said = sort(*earlier).kept
    first = sort(*rows, said=said)
    assert sum(first.counts.values()) == len(rows)
    assert set(first.counts) <= set(OUTCOME_RULES)
    again = sort(*rows, said=[*said, *first.kept])
    known = {lead: (now.converted, now.value) for lead, now in latest_outcomes([*said, *first.kept]).items()}
    after = latest_outcomes([*said, *first.kept, *again.kept])
    assert {lead: (now.converted, now.value) for lead, now in after.items()} == known
