"""The summary in the terminal: complete at every width, with and without colour, and never markup."""

import io
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from gallop.evaluation.metrics import METRICS
from gallop.reporting.formatting import METRIC_NAMES, SAMPLE_BANNER, figure, signed
from gallop.reporting.terminal.summary import RunSummary, render_summary
from gallop.results.run import RuleCount
from tests.support import results as made


def run(**changes) -> RunSummary:
    values = {
        "result": made.result(),
        "quality": made.quality(),
        "data": made.data(),
        "source": "remote 'store'",
        "selected": made.selected(),
        "paths": {"report": "reports/report.html", "model": "models/model.pkl"},
        "next_steps": ("gallop score leads.csv",),
    }
    return RunSummary(**(values | changes))


def shown(summary: RunSummary, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(render_summary(summary))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", range(60, 201, 20))
def test_no_line_is_wider_than_the_terminal_and_nothing_is_cut(width):
    text = shown(run(result=made.result(best_possible=made.estimates(0.2))), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for name in METRICS:
        assert METRIC_NAMES[name] in text


def test_the_data_are_named_with_their_version_and_who_gave_them():
    text = shown(run())
    assert made.data().md5 in text
    assert "remote 'store'" in text
    assert "2,937 leads kept of 12,345 rows" in text


def test_rules_are_shown_where_they_rejected_rows_with_defects_apart():
    text = shown(run())
    assert text.index("out of scope") < text.index("source_not_kept") < text.index("defects")
    assert text.index("defects") < text.index("visits_below_minimum")
    assert "duplicate_row" not in text


def test_candidates_show_scores_intervals_distance_and_verdict():
    result, text = made.result(), shown(run())
    for candidate in result.candidates:
        for name in ("log_loss", "roc_auc"):
            assert figure(candidate.metrics[name].value) in text
            assert figure(candidate.metrics[name].high) in text
    assert signed(result.candidates[1].behind.value) in text
    assert "contract broken" in text
    assert "contract kept" in text
    assert "breaks the contract:" in text


def test_the_decision_has_its_reason():
    promoted = shown(run(selected=made.selected(promote=True)))
    assert "PROMOTED: version 3 is champion, before it version 2" in promoted
    refused = shown(run(selected=made.selected(promote=False, because="not better")))
    assert "NOT PROMOTED: version 2 stays champion" in refused
    assert "not better" in refused


@pytest.mark.parametrize(("origin", "times"), [("sample", 2), ("dvc", 0), ("file", 0)])
def test_the_sample_is_announced_first_and_last(origin, times):
    assert shown(run(data=made.data(origin))).count(SAMPLE_BANNER) == times


def test_what_is_not_there_is_left_out():
    text = shown(run(result=None, selected=None, paths={}, next_steps=()))
    assert "Data" in text
    for heading in ("Candidates", "Test:", "Whom to call", "Champion", "Where", "Next"):
        assert heading not in text


def test_names_are_not_read_as_markup_and_cannot_steer_the_terminal():
    name = "[bold red]x[/] \x1b[2J"
    text = shown(run(quality=made.quality(rules=(RuleCount(rule=name, rows=5, defect=False),)), source=name), 120)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text


def test_a_terminal_without_unicode_gets_a_summary_too():
    raw = io.BytesIO()
    console = Console(width=80, file=io.TextIOWrapper(raw, encoding="ascii"))
    console.print(render_summary(run(data=made.data("sample"), source="sjælland")))
    console.file.flush()
    assert b"sj?lland" in raw.getvalue()
    assert b"SAMPLE DATA - synthetic" in raw.getvalue()


def test_the_summary_loads_no_plotting_and_no_modelling():
    heavy = "{'matplotlib', 'sklearn', 'pandas', 'jinja2', 'mlflow', 'scipy'}"
    modules = "gallop.reporting.terminal.summary, gallop.reporting.markdown.metrics"
    code = f"import sys, {modules}; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=40), st.integers(60, 200))
def test_any_text_fits_any_terminal(text, width):
    summary = run(source=text, selected=made.selected(because=text), paths={"report": text}, next_steps=(text,))
    assert all(cell_len(line) <= width for line in shown(summary, width).split("\n"))


def test_families_that_were_given_up_are_named():
    assert "because clearly behind: forest." in shown(run(result=made.result(given_up=("forest",))))
    assert "clearly behind" not in shown(run())
