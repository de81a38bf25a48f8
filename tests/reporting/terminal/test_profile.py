"""`gallop init` on a narrow terminal."""

import io

import pytest
from rich.console import Console

from gallop.profiling.proposal import InitOptions, propose
from gallop.reporting.terminal.profile import render_profile

COLUMNS = 38


def printed(width: int) -> list[str]:
    """The lines of a page of 38 columns with long names and reasons."""
    rows = 60
    names = [f"What is your current occupation, number {index}" for index in range(COLUMNS)]
    table = dict.fromkeys(names, ["no", "Yes"] * (rows // 2))
    table |= {"y": ["0", "1", "1"] * (rows // 3), "visits": [str(row % 17) for row in range(rows)]}
    proposal = propose(table, InitOptions("y"), "t.csv")
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render_profile(proposal, "CSV", (), width))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100])
def test_each_column_has_one_line_with_its_name_role_and_reason_that_no_narrow_terminal_breaks(width: int):
    lines = printed(width)
    assert all(len(line.rstrip()) <= width for line in lines)
    about = [line for line in lines if line.startswith("What is your current oc")]
    assert len(about) == COLUMNS
    assert all("boolean" in line or "ignore" in line for line in about)
    assert all("0%" in line and ("two values" in line or "the same" in line) for line in about)


def test_a_wide_terminal_shows_the_whole_reasons_with_examples():
    text = "\n".join(printed(160))
    assert "examples" in text
    assert "distinct" in text
