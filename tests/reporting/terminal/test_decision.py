"""The terminal says who is champion by whose word, and which guard rails kept."""

import pytest

from gallop.reporting.terminal.decision import decision_rows
from gallop.results.run import Decision, GuardRail, Selected


def outcome(promote: bool, **changes) -> str:
    decision = Decision(promote=promote, because="why")
    selected = Selected(decision=decision, candidate="3", champion="2", previous="1").model_copy(update=changes)
    return decision_rows(selected)["outcome"].plain


@pytest.mark.parametrize(
    ("said", "promote", "changes"),
    [
        ("PROMOTED: version 2 is champion, before it version 1", True, {}),
        ("NOT PROMOTED: version 2 stays champion, the candidate is version 3", False, {}),
        ("NOT PROMOTED: version 2 stays champion, pinned, the candidate is version 3", False, {"pinned": True}),
        ("NOT PROMOTED: version 2 stays champion", False, {"candidate": "2"}),
        ("BY HAND: version 2 is champion, pinned, before it version 1", False, {"by_hand": True, "pinned": True}),
        ("BY HAND: version 2 is champion", False, {"by_hand": True, "previous": "2"}),
    ],
)
def test_the_outcome_is_said_in_one_line(said, promote, changes):
    assert outcome(promote, **changes) == said


def test_guard_rails_are_named_with_what_became_of_them():
    rails = (GuardRail(name="slices", kept=True, because="x"), GuardRail(name="contract", kept=False, because="y"))
    selected = Selected(
        decision=Decision(promote=False, because="z", rails=rails), candidate="1", champion="1", previous=None
    )
    assert decision_rows(selected)["guard rails"].plain == "slices kept, contract BROKEN"
