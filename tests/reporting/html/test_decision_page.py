"""The decision is a page of its own beside the report: nothing in it runs, and every reason is there."""

import pytest

from gallop.reporting.html.decision_page import render_decision
from gallop.results.run import Decision, GuardRail, Selected


def selected(**changes) -> Selected:
    rails = (GuardRail(name="slices", kept=False, because="worse for <source> ads"),)
    decision = Decision(promote=False, because="log-loss -0.01; slices: worse", rails=rails, looks=3.0)
    return Selected(decision=decision, candidate="3", champion="2", previous="2").model_copy(update=changes)


def test_the_reasons_and_guard_rails_are_there_and_nothing_runs(settings):
    page = render_decision(selected(), settings)
    for part in (
        "Version 2 is live; version 3 was not promoted",
        "log-loss -0.01; slices: worse",
        "<td>slices</td><td>NO</td><td>worse for &lt;source&gt; ads</td>",
        "look 3 at these test rows",
        settings.project.model,
    ):
        assert part in page
    assert "<script" not in page
    assert "http://" not in page


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"decision": Decision(promote=True, because="x"), "champion": "3"}, "Version 3 was promoted and is live"),
        ({"by_hand": True, "pinned": True}, "Version 2 was made live by a person, and is pinned"),
        ({"candidate": "2", "pinned": True}, "Version 2 is live, held by a person"),
        ({"pinned": True}, "Version 2 is live, held by a person; version 3 was not promoted"),
    ],
)
def test_the_title_says_what_is_live(settings, changes, verdict):
    assert f"<h1>{verdict}</h1>" in render_decision(selected(**changes), settings)
