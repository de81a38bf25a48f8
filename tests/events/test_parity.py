"""Batch, one lead live, and a second reading of the rules agree on every value, ties and trouble included."""

import itertools
import math
from datetime import datetime

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import EmptyTableError
from gallop.events.cleaning import clean_events
from gallop.events.features import features
from gallop.events.live import features_of
from gallop.settings.events import Events
from tests.support import event_rules
from tests.support.event_logs import drawn, micros, moments, raw, settings_of

KEYS = {
    "plain": {},
    "ids": {"id": "id"},
    "late": {"arrived": "arrived"},
    "late, corrected by id": {"arrived": "arrived", "id": "id"},
    "zones": {"zone": "zone", "timezone": "Europe/Paris"},
    "all": {"arrived": "arrived", "id": "id", "zone": "zone", "timezone": "America/New_York", "daily_limit": 6},
    "export's end": {"until": "2024-04-03T00:00"},
}


EXAMPLES, DECISIONS = 25, 10


def same(ours: object, theirs: object) -> bool:
    if theirs is None:
        return ours is None or (isinstance(ours, float) and math.isnan(ours))
    return ours == theirs


def batch(rows: list[dict], events: Events, decisions: list[tuple[str, datetime]]) -> list[dict]:
    """The features of decisions, in their order; a lead that the log does not have has no events."""
    clean = clean_events(raw(rows, events), events)
    place = {lead: at for at, lead in enumerate(clean.log.leads)}
    known = [number for number, (lead, _) in enumerate(decisions) if lead in place]
    order = sorted(known, key=lambda number: (place[decisions[number][0]], decisions[number][1]))
    lead = np.array([place[decisions[number][0]] for number in order], dtype=np.int64)
    at = np.array([micros(decisions[number][1]) for number in order], dtype=np.int64)
    made = features(clean.log, lead, at, events)
    found: list[dict] = [{} for _ in decisions]
    for row, number in enumerate(order):
        found[number] = {name: values[row] for name, values in made.items()}
    return found


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
@hypothesis.settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(4, 60), leads=st.integers(1, 4))
def test_batch_live_and_a_second_reading_of_the_rules_never_differ(keys, seed, rows, leads):
    events = settings_of(**keys)
    log = [{**row, "_zone": events.timezone} for row in drawn(seed, rows, leads)]
    names = sorted({row["lead"] for row in log} - {""})
    decisions = list(zip(itertools.cycle(names), moments(seed, log, DECISIONS), strict=False))
    try:
        ours = batch(log, events, decisions)
    except EmptyTableError:
        ours = [{} for _ in decisions]
    versions = event_rules.versions(log, events)
    for (lead, at), made in zip(decisions, ours, strict=True):
        wanted = event_rules.features(event_rules.seen(versions, lead, at), at, events)
        live = features_of([row for row in log if row["lead"] == lead], events, at)
        assert differing(live, wanted) == {}, (lead, at)
        assert not made or differing(made, wanted) == {}, (lead, at)


def differing(ours: dict, theirs: dict) -> dict:
    return {name: (ours[name], theirs[name]) for name in theirs if not same(ours[name], theirs[name])}


def test_values_are_compared_by_the_hundred_thousand():
    assert EXAMPLES * DECISIONS * len(settings_of().features) * len(KEYS) > 100_000
