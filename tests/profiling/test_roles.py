"""What `gallop init` takes each column for."""

from collections import Counter

import pytest

from gallop.errors import EmptyTableError, MissingColumnError, SettingsError, SingleClassError, UnknownLabelError
from gallop.profiling.label import find_label
from gallop.profiling.proposal import InitOptions, propose
from gallop.schema import Role

ROWS = 60


def proposed(options: InitOptions | None = None, **columns: list[str]):
    """A proposal for these columns and a label that goes 0, 1, 0, 1, …"""
    table = {**columns, "y": ["0", "1"] * (ROWS // 2)}
    return propose(table, options or InitOptions("y"), "leads.csv")


def numbers() -> list[str]:
    return [str(number * 7 % 23) for number in range(ROWS)]


def test_columns_of_every_kind_get_their_roles():
    roles = proposed(
        customer_id=[f"c{number}" for number in range(ROWS)],
        visits=numbers(),
        price=[f"{number / 7:.3f}" for number in range(ROWS)],
        source=["fb", "li", "x"] * (ROWS // 3),
        member=["Yes", "no"] * (ROWS // 2),
        seen=[f"2024-01-{1 + number % 28}" for number in range(ROWS)],
        remark=[f"the lead called {number} times about this" for number in range(ROWS)],
        nothing=["", "NA"] * (ROWS // 2),
        always=["7"] * ROWS,
        copy=numbers(),
        city=[f"city {number % 30}" for number in range(ROWS)],
    ).columns
    assert {name: column.role.value for name, column in roles.items()} == {
        "customer_id": "id", "visits": "number", "price": "number", "source": "category", "member": "boolean",
        "seen": "date", "remark": "ignore", "nothing": "ignore", "always": "ignore", "copy": "ignore",
        "city": "category", "y": "label",
    }  # fmt: skip
    assert "constant" in roles["always"].because
    assert "the same values as 'visits'" in roles["copy"].because
    assert "no row has a value" in roles["nothing"].because
    assert "high cardinality" in roles["city"].because


def test_what_a_person_says_goes_before_what_is_guessed():
    day = [f"2024-02-{1 + number % 20}" for number in range(ROWS)]
    key = [f"k{number}" for number in range(ROWS)]
    columns = proposed(
        InitOptions("y", id="key", day="since"), other_id=key, key=key[::-1], since=day, visits=numbers()
    ).columns
    assert (columns["y"].role, columns["y"].because) == (Role.LABEL, "the outcome, set with --label")
    assert (columns["key"].role, columns["key"].because) == (Role.ID, "tells leads apart, set with --id")
    assert (columns["since"].role, columns["since"].because) == (Role.DAY, "the lead's day, set with --day")
    assert columns["other_id"].role is Role.IGNORE


def test_a_role_set_at_the_prompt_goes_before_the_proposed_one():
    changed = proposed(visits=numbers(), price=numbers()[::-1]).with_roles({"visits": Role.CATEGORY})
    assert changed.columns["visits"].role is Role.CATEGORY
    assert changed.columns["visits"].because == "set at the prompt"
    assert changed.columns["price"].role is Role.NUMBER


def test_a_date_after_the_leads_day_is_left_out_and_one_before_it_is_used():
    day = [f"2024-02-{1 + number % 20:02d}" for number in range(ROWS)]
    proposal = proposed(
        InitOptions("y", day="day"), day=day, first=["2023-05-01", "2023-07-02"] * 30, paid=["2024-03-01"] * 59 + [""]
    )
    assert proposal.columns["first"].role is Role.DATE
    assert proposal.dates["first until day"] == {"column": "first", "part": "until", "of": "day"}
    later = proposed(InitOptions("y", day="day"), day=day, paid=["2024-03-01", "2024-01-01"] * 30, visits=numbers())
    assert later.columns["paid"].role is Role.IGNORE
    assert "after the lead's day" in later.columns["paid"].because


def test_spellings_of_nothing_are_found_and_doubtful_ones_only_proposed():
    proposal = proposed(
        town=["Select", "unknown", "Rome"] * (ROWS // 3),
        visits=["unknown", "3", "5"] * (ROWS // 3),
        code=["", "NaN", "b", "c"] * 15,
    )
    assert proposal.profile.missing == ("", "NaN", "Select")
    assert any("'unknown' may mean missing" in note for note in proposal.columns["town"].notes)
    assert proposal.columns["visits"].keys["missing"] == ["unknown"]


def test_a_stand_in_for_a_missing_number_is_proposed_and_not_in_force():
    proposal = proposed(
        income=[*numbers()[:-2], "666666", "666666"], kids=[*["0", "1", "2", "3", "4", "5"] * 9, *["-1"] * 6]
    )
    assert "666666" in proposal.columns["income"].notes[0]
    assert "-1" in proposal.columns["kids"].notes[0]
    assert "missing" not in proposal.columns["income"].keys


def test_case_noise_and_stray_signs_make_no_levels():
    month = ["May", "MAY", "may", "jun", "JUN", "may&"] * (ROWS // 6)
    keys = proposed(month=month).columns["month"].keys
    assert keys["fold_case"] is True
    assert keys["levels"] == ["may", "jun"]


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["31/12/2023", "01/02/2024"], "dmy"),
        (["12/31/2023", "02/01/2024"], "mdy"),
        (["2024-01-31T10:00:00Z", "2024-02-01 9"], None),
    ],
)
def test_dates_are_read_in_the_order_in_which_they_are_written(days, order):
    column = proposed(since=days * (ROWS // 2), visits=numbers()).columns["since"]
    if order is None:
        assert column.role is not Role.DATE  # one of the two has no readable time
    else:
        assert (column.role, column.keys.get("order")) == (Role.DATE, order)


def test_numbers_with_a_decimal_comma_are_numbers():
    column = proposed(price=[f"1.{number:03d},5" for number in range(ROWS)]).columns["price"]
    assert (column.role, column.keys["decimal"]) == (Role.NUMBER, ",")


@pytest.mark.parametrize(
    ("counts", "positive", "yes", "no"),
    [
        ({"1": 5, "0": 9}, None, ("1",), ("0",)),
        ({"No": 5, "Yes": 9}, None, ("Yes",), ("No",)),
        ({"TRUE": 40, "true": 40, "FALSE": 60, "TRUE?": 3, "NAN#": 2}, None, ("TRUE", "true"), ("FALSE",)),
        ({"lost": 5, "Won": 4}, None, ("Won",), ("lost",)),
        ({"2.0": 5, "1.0": 9}, None, ("2.0",), ("1.0",)),
        ({"a": 5, "b": 9}, "b", ("b",), ("a",)),
        ({"won": 50, "lost": 90, "open": 30, "x": 1}, "won", ("won",), ("lost",)),
        ({"Closed Won": 50, "Closed Lost": 90, "Demo": 30}, "closed won", ("Closed Won",), ("Closed Lost",)),
        ({"customer": 50, "lead": 90, "mql": 30}, "customer", ("customer",), ("lead", "mql")),
        ({"not converted": 50, "converted": 90}, None, ("converted",), ("not converted",)),
        ({"Converted": 9, "Open - Not Contacted": 5}, None, ("Converted",), ("Open - Not Contacted",)),
        ({"1.0": 40, "0.0": 60, "1": 3}, None, ("1", "1.0"), ("0.0",)),
    ],
)
def test_the_values_of_the_label_are_read_as_yes_or_no(counts, positive, yes, no):
    label = find_label("y", Counter(counts), positive)
    assert (label.positive, label.negative) == (yes, no)
    assert set(label.junk) == set(counts) - {*yes, *no}


def test_what_cannot_be_a_label_is_refused():
    with pytest.raises(SingleClassError, match="one value only"):
        find_label("y", Counter({"1": 9}), None)
    with pytest.raises(UnknownLabelError, match="--positive"):
        find_label("y", Counter({"a": 9, "b": 9, "c": 9}), None)
    with pytest.raises(SettingsError, match="'z'"):
        find_label("y", Counter({"a": 9, "b": 9}), "z")


def test_names_and_tables_that_do_not_fit_are_refused():
    with pytest.raises(MissingColumnError, match="no such column"):
        proposed(InitOptions("label"), visits=numbers())
    with pytest.raises(MissingColumnError, match="--id 'key'"):
        proposed(InitOptions("y", id="key"), visits=numbers())
    with pytest.raises(SettingsError, match="no dates"):
        proposed(InitOptions("y", day="visits"), visits=numbers())
    with pytest.raises(EmptyTableError, match="no column is left"):
        proposed(always=["1"] * ROWS)
    with pytest.raises(EmptyTableError, match="no rows"):
        propose({"a": [], "y": []}, InitOptions("y"), "leads.csv")
