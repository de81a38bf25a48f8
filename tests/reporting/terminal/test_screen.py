"""Nothing that a table's names hold acts on a terminal."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from gallop.reporting.formatting import printable
from gallop.reporting.terminal.screen import Screen

EVIL = "a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\u202ee:smile:"


def shown(page, *, terminal: bool) -> str:
    file = io.StringIO()
    Screen(file=file, force_terminal=terminal, width=120).print(page)
    return file.getvalue()


def test_names_in_tables_texts_and_titles_cannot_act_on_a_terminal():
    table = Table(title=Text(EVIL))
    table.add_column(Text(EVIL))
    table.add_row(Text(EVIL))
    for page in (table, Text(EVIL)):
        printed = shown(page, terminal=False)
        assert not set("\x1b\x07\x9b\u202e") & set(printed)
        assert ":smile:" in printed
        # Rich's own colours stay, and are all the escapes there are.
        assert "\x1b[31m" not in shown(page, terminal=True)


def test_rich_itself_still_styles():
    assert shown("[bold]gallop[/]", terminal=True).startswith("\x1b[1mgallop")


@given(st.text())
def test_what_is_printable_holds_no_control_and_keeps_its_lines(text):
    page = printable(text)
    assert page.count("\n") == text.count("\n")
    assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in page)
    assert printable(page) == page
