"""What is remembered of a score: the lead by its hash, and what the model saw."""

import json
from datetime import UTC, datetime

import narwhals.stable.v2 as nw
from hypothesis import given
from hypothesis import strategies as st

from gallop.monitoring.scored_lead import hashed_id, scored_leads

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def frames() -> tuple[nw.DataFrame, nw.DataFrame]:
    ranked = {
        "id": ["b", "a"],
        "probability": [0.7, 0.2],
        "band": ["hot", "cold"],
        "decision": ["wait", "wait"],
        "held_out": [True, False],
        "model_version": ["3", "3"],
    }
    inputs = {"visits": ["9", None], "source": ["ads, “paid”", ""]}
    return nw.from_dict(ranked, backend="polars"), nw.from_dict(inputs, backend="polars")


def test_each_score_is_remembered_with_what_the_model_saw():
    first, second = scored_leads(*frames(), NOON, None)
    assert (first.lead, first.probability, first.band, first.held_out) == ("b", 0.7, "hot", True)
    assert (first.scored_at, first.model_version) == (NOON, "3")
    assert json.loads(first.inputs) == {"visits": "9", "source": "ads, “paid”"}
    assert json.loads(second.inputs) == {"visits": None, "source": ""}


def test_a_hashed_log_has_no_id_and_knows_a_lead_again():
    key, other = b"k" * 32, b"l" * 32
    hashed = [row.lead for row in scored_leads(*frames(), NOON, key)]
    assert hashed == [hashed_id("b", key), hashed_id("a", key)]
    assert hashed != [hashed_id("b", other), hashed_id("a", other)]
    assert all(len(name) == 32 for name in hashed)


@given(st.lists(st.text(), unique=True))
def test_no_two_ids_share_a_hash(ids):
    assert len({hashed_id(lead, b"key" * 11) for lead in ids}) == len(ids)
