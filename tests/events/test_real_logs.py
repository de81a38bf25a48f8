"""On real logs, batch, live and the second reading of the rules agree on every value."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gallop.adapters.tables.csv_format import detect_log
from gallop.adapters.tables.event_log import read_events, read_log
from gallop.events.cleaning import clean_events
from gallop.events.decisions import Decisions, decide, outcomes
from gallop.events.features import features
from gallop.events.live import features_of
from gallop.profiling.event_log import EventOptions, look_at_log, propose_events
from gallop.settings.events import Events
from tests.events.test_parity import differing
from tests.support import event_rules

LOGS = {
    "ecom": ("ecom.csv.gz", EventOptions("user_id", "timestamp", ("purchase",), "30d", "event"), 40),
    "cdnow": ("cdnow_purchases.txt", EventOptions("column_1", "column_2", ("purchase",), "90d"), 25),
}


def proposed(path: Path, asked: EventOptions) -> Events:
    """The section `events` that `gallop init` would write."""
    form = detect_log(path).form
    log = read_log(path, form)
    kinds = log.counts(asked.event) if asked.event else {asked.converted[0]: log.frame.height}
    seen = look_at_log(log.sample(), kinds, asked, str(path))
    section = propose_events(seen, asked, leads=600, repeated=1.0, span_days=500.0, end=None)
    return Events.model_validate_json(json.dumps(section | {"format": form.model_dump()}))


def rows_of(path: Path, events: Events) -> list[dict[str, str]]:
    """The rows of the log, read without gallop; times as ISO texts."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        if events.format.header:
            rows = list(csv.DictReader(file))
        else:
            rows = [{f"column_{place}": text for place, text in enumerate(line.split(), 1)} for line in file]
    if events.written == "compact":
        for row in rows:
            text = row[events.time]
            row[events.time] = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return [row | {"_zone": "UTC"} for row in rows]


@pytest.mark.parametrize("name", LOGS)
def test_every_value_of_a_real_log_is_that_of_a_second_reading(shared, name):
    file, asked, leads = LOGS[name]
    path = shared / "data" / "events" / file
    events = proposed(path, asked)
    clean = clean_events(read_events(path, events), events)
    chosen = decide(clean, events)
    draw = np.random.default_rng(5)
    some = np.sort(draw.choice(len(clean.log.leads), leads, replace=False))
    # Ties of the decision with events: some at exactly the times of events.
    exact = [
        (lead, time)
        for lead in some
        for time in clean.log.time[clean.log.starts[lead] : clean.log.starts[lead + 1]][:3]
    ]
    pairs = sorted(
        {
            *zip(
                chosen.lead[np.isin(chosen.lead, some)].tolist(),
                chosen.at[np.isin(chosen.lead, some)].tolist(),
                strict=True,
            ),
            *exact,
        }
    )
    decisions = Decisions(np.array([lead for lead, _ in pairs]), np.array([at for _, at in pairs]))
    made = features(clean.log, decisions.lead, decisions.at, events)
    came = outcomes(clean, events, decisions)
    by_lead: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(path, events):
        by_lead.setdefault(row[events.lead], []).append(row)
    compared = 0
    for number, (lead, micros) in enumerate(pairs):
        rows, at = (
            by_lead[clean.log.leads[lead]],
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros)),
        )
        versions = event_rules.versions(rows, events)
        wanted = event_rules.features(event_rules.seen(versions, clean.log.leads[lead], at), at, events)
        ours = {name: values[number] for name, values in made.items()}
        assert differing(ours, wanted) == {}
        assert bool(came.converted[number]) == event_rules.converted(versions, clean.log.leads[lead], at, events)
        if number % 10 == 0:
            live = [
                row | {events.time: row[events.time].replace("-", "")} if events.written == "compact" else row
                for row in rows
            ]
            assert differing(features_of(live, events, at), wanted) == {}
        compared += len(wanted)
    assert compared > 10_000
