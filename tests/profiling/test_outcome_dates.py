"""Dates that come with the outcome are left out with their evidence, and are never the lead's day."""

import pytest

from gallop.errors import SettingsError
from gallop.profiling.proposal import InitOptions, Leak, propose
from gallop.schema import Role
from gallop.settings.table import Format

ROWS = 120
LABEL = ["0", "1"] * (ROWS // 2)
VISITS = [str(number * 7 % 23) for number in range(ROWS)]


def days(month: int, where: str = "01") -> list[str]:
    """A day in each row, or only in those whose label is one of `where`."""
    return [f"2024-{month:02}-{1 + row % 28:02}" if LABEL[row] in where else "" for row in range(ROWS)]


def proposed(options: InitOptions | None = None, **columns: list[str]):
    return propose({"visits": VISITS, "y": LABEL} | columns, options or InitOptions("y"), "t.csv")


@pytest.mark.parametrize("name", ["conversion_date", "date", "signup day"])
def test_a_date_that_one_outcome_lacks_is_no_day_and_left_out_with_its_evidence(name: str):
    proposal = proposed(**{name: days(5, "1")})
    assert proposal.columns[name].role is Role.IGNORE
    assert "100 % of the rows that converted and in 0 % of the others" in proposal.columns[name].because
    assert [leak.column for leak in proposal.left_out] == [name]
    assert proposal.dates == {}


def test_such_a_date_cannot_be_made_the_day_either():
    with pytest.raises(SettingsError, match="filled in 100 % of the rows that converted and in 0 %"):
        proposed(InitOptions("y", day="paid_on"), paid_on=days(5, "1"))


@pytest.mark.parametrize("name", ["Close Date", "closedate", "CloseDate", "churn_date", "Deal - Won time"])
def test_beside_the_day_of_creation_a_date_of_the_outcome_is_left_out(name: str):
    proposal = proposed(**{"Create Date": days(2), name: days(1)})
    assert proposal.columns["Create Date"].role is Role.DAY
    assert proposal.columns[name].role is Role.IGNORE
    assert "the name says" in proposal.columns[name].because


def test_a_date_after_the_last_day_is_left_out_with_both_shares():
    proposal = proposed(created=days(2), renewal=days(3))
    assert "after the lead's day 'created' in 100% of the rows" in proposal.columns["renewal"].because
    assert "in 100% after the table's last such day" in proposal.columns["renewal"].because
    assert all("renewal" not in part for part in proposal.dates)


def test_a_date_that_is_left_out_as_a_leak_leaves_no_part_of_it_behind():
    proposal = proposed(first_seen=days(2))
    assert {part["column"] for part in proposal.dates.values()} == {"first_seen"}
    assert proposal.without([Leak("first_seen", "because")]).dates == {}


def test_open_deals_are_neither_yes_nor_no_and_what_only_tells_them_apart_is_left_out():
    stages = ["Closed Won", "Closed Lost", "Demo", "Qualified"] * (ROWS // 4)
    table = {"Stage": stages, "visits": VISITS, "is closed": ["1", "1", "0", "0"] * (ROWS // 4)}
    proposal = propose(table, InitOptions("Stage", positive="Closed Won"), "t.csv")
    assert proposal.label.negative == ("Closed Lost",)
    assert proposal.label.junk == {"Demo": 30, "Qualified": 30}
    assert "neither" in proposal.label.because
    assert proposal.columns["is closed"].role is Role.IGNORE
    assert proposal.answers("leads", "data/raw/t.csv", Format(), "0.1.0", "")["label_other"] == "reject"
