"""How `gallop init` finds out in which spelling a column is written."""

from collections import Counter

import pytest

from gallop.profiling.proposal import InitOptions, propose
from gallop.profiling.spelling import find_spelling


def spelled(texts: list[str], name: str = "x"):
    return find_spelling(name, Counter(texts))


@pytest.mark.parametrize(
    ("texts", "kind", "keys"),
    [
        (["1,160", "998", "3,035"], "number", {"thousands": ","}),
        (["1,16", "998", "3,035"], "number", {"decimal": ","}),
        (["0,160", "0,998", "3,035"], "number", {"decimal": ","}),
        (["1.160", "998", "3.030"], "number", {"decimal": ",", "thousands": "."}),
        (["1.16", "998", "3.035"], "number", {}),
        (["1 234,50", "998", "7,5"], "number", {"decimal": ",", "thousands": " "}),
        (["$1,234.00", "$5.00", "-$7.10"], "number", {"thousands": ",", "unit": ["$"]}),
        (["1 234,50 €", "7,5 €", "EUR 3"], "number", {"decimal": ",", "thousands": " ", "unit": ["EUR", "€"]}),
        (["12.5%", "3%", "0.1%"], "number", {"unit": ["%"]}),
        (["00:02:13", "1:00:00", "0:00:07"], "number", {"duration": True}),
        (["2 days", "1 day", "30 days"], "number", {"duration": True}),
        (["00013", "01234", "90210"], "text", {}),
        (["03/14/2024 02:05 PM", "12/31/2023 11:00 AM"], "date", {"order": "mdy"}),
        (["Mar 14, 2024", "Dec 31, 2023"], "date", {"order": "ymd"}),
        (["14/03/24", "31/12/23"], "date", {"order": "dmy"}),
        (["20240314", "20231231", "20230101"], "date", {"order": "ymd"}),
        (["+49 170 123", "+49 171 456"], "text", {}),
        (["612 345 678", "699 111 222"], "text", {}),
        (["L10000", "L10001", "L10002"], "text", {}),
    ],
)
def test_the_spelling_that_reads_all_rows_is_found(texts: list[str], kind: str, keys: dict):
    spelling = spelled(texts)
    assert (spelling.kind, spelling.keys) == (kind, keys)


def test_seconds_since_1970_are_dates_where_the_name_says_so_and_asked_about_elsewhere():
    numbers = [str(1_704_412_800 + 7000 * number) for number in range(50)]
    assert spelled(numbers, "created_at").keys == {"order": "epoch"}
    assert spelled([f"{number}000" for number in numbers], "hs_lastmodifieddate").keys == {"order": "epoch"}
    amount = spelled(numbers, "amount")
    assert amount.kind == "number"
    assert "since 1970" in amount.notes[0]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([f"${number}" for number in range(30)] + [f"€{number}" for number in range(30)], "several units"),
        ([f"{number} kg" for number in range(60)], "numbers with 'kg'"),
        ([f"{number}. März 2024" for number in range(1, 31)], "looks like dates"),
        ([f"{number}k" for number in range(60)], "'k'"),
    ],
)
def test_a_spelling_that_is_not_read_is_said(texts: list[str], words: str):
    spelling = spelled(texts)
    assert spelling.kind == "text"
    assert words in spelling.notes[0]


def test_what_could_be_read_in_two_ways_is_said():
    assert "decimal one" in spelled(["1,160", "998", "3,035"]).notes[0]
    assert "decimal one" not in "".join(spelled(["1,160.5", "998", "3,035"]).notes)
    assert "minutes and seconds" in spelled(["2:13", "3:59"]).notes[0]
    assert "1969 to 2068" in spelled(["14/03/24", "31/12/23"]).notes[0]


def test_the_other_dates_of_a_table_decide_whether_the_day_or_the_month_comes_first():
    table = {
        "y": ["0", "1"] * 30,
        "visits": [str(number % 23) for number in range(60)],
        "first": [f"{1 + number % 12}/{1 + number % 11}/2024" for number in range(60)],
    }
    alone = propose(table, InitOptions("y"), "t.csv").columns["first"]
    assert alone.keys["order"] == "dmy"
    assert "may as well be order: mdy" in alone.notes[0]
    with_other = propose(table | {"second": ["1/31/2024", "2/28/2024"] * 30}, InitOptions("y"), "t.csv")
    assert with_other.columns["first"].keys["order"] == "mdy"
