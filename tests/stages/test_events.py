"""The stage events: decisions with labels and features, unripe ones beside them, and models near the truth."""

import json

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl
import pytest

from gallop.adapters.tables.event_log import raw_events
from gallop.adapters.tables.parquet import text_of
from gallop.errors import EmptyTableError, MissingColumnError
from gallop.leakage.policy import findings, open_stops
from gallop.reporting.html.page import render_report
from gallop.results.run import CodeVersion, DataVersion
from gallop.schema import ROW
from gallop.settings.params import Settings, parse_settings
from gallop.stages.data_clean import Cleaned, data_clean
from gallop.stages.data_preprocess import data_preprocess
from gallop.stages.data_split import data_split
from gallop.stages.events import DecisionTable, GivenDecisions, LeadRows, events
from tests.support.hazard import KnownHazard, known_hazard
from tests.support.models import Assessed, model_training

WINDOWED = [
    *(
        "pricing count 7d",
        "view count 7d",
        "any event count 7d",
        "any event days since last",
        "pricing days since last",
    ),
    *("pricing count 30d", "view count 30d", "buy count 30d", "any event days 30d", "buy days since last"),
]
RAW_COUNTS = ["pricing count ever", "view count ever", "any event count ever"]


def settings(features: list[str], **changes) -> Settings:
    """Of a project for the log with the known hazard; quick."""
    said = {
        "project": {"name": "hazard", "model": "hazard"},
        "data": {"raw": "log.csv"},
        "events": {
            "lead": "lead_id",
            "time": "time",
            "event": "event",
            "kinds": ["view", "pricing", "buy"],
            "converted": ["buy"],
            "horizon": "7d",
            "decisions": {"rule": "every", "days": 7, "active": "365d"},
            "windows": ["7d", "30d", "ever"],
            "features": features,
        },
        "table": {},
        "split": {"by": "day", "test_share": 0.2, "gap_days": 7},
        "evaluation": {"resamples": 100},
        "training": {
            "folds": 4,
            "families": {
                "splines": {"trials": 2, "start": [{"C": 0.3}], "space": [{"C": [0.3, 1.0]}]},
                "lightgbm": {
                    "trials": 1,
                    "space": [{"learning_rate": [0.07], "num_leaves": [6], "min_child_samples": [20]}],
                },
            },
        },
    }
    return parse_settings(json.loads(json.dumps(said | changes)), "the test's settings")


def decided(hazard: KnownHazard, chosen: Settings, **how) -> DecisionTable:
    assert chosen.events is not None
    return events(raw_events(pl.DataFrame(hazard.rows), chosen.events, "the log"), chosen.events, **how)


def clean(made: DecisionTable, chosen: Settings) -> Cleaned:
    return data_clean(text_of(made.ripe), chosen.table, "decisions")


def trained(hazard: KnownHazard, features: list[str]) -> tuple[Assessed, DecisionTable, Cleaned, Settings]:
    chosen = settings(features)
    made = decided(hazard, chosen)
    kept = clean(made, chosen)
    split = data_split(
        data_preprocess(kept.leads, chosen.table, chosen.features), chosen.table, chosen.split, chosen.seed
    )
    return model_training(split, chosen, truth=hazard.truth, export=lambda _: b""), made, kept, chosen


@pytest.fixture(scope="module")
def hazard() -> KnownHazard:
    return known_hazard(900, 26)


@pytest.fixture(scope="module")
def windowed(hazard):
    return trained(hazard, WINDOWED)


def test_a_model_of_windows_comes_within_five_percent_of_the_best_possible_and_raw_counts_do_not(hazard, windowed):
    ours = windowed[0].result
    counts = trained(hazard, RAW_COUNTS)[0].result
    best = ours.best_possible["log_loss"].value
    assert ours.test.metrics["log_loss"].value < 1.05 * best
    assert counts.test.metrics["log_loss"].value > 1.15 * best


def test_the_report_says_the_best_possible_and_what_became_of_the_log(windowed):
    assessed, made, kept, chosen = windowed
    quality = kept.quality.model_copy(update={"events": made.counts})
    data = DataVersion(origin="file", path="log.csv", md5="0" * 32)
    page = render_report(assessed.result, quality, data, CodeVersion(commit=None, changed=False), chosen)
    assert f"{made.counts.ripe:,} ripe, {made.counts.converted:,}" in page
    assert f"{made.counts.unripe:,} decisions whose horizon ends after" in page
    assert f"{assessed.result.best_possible['log_loss'].value:.3f}" in page
    assert "in the last 7 days: " in page  # the reasons of single leads


def test_unripe_decisions_are_kept_without_a_label_and_counted(hazard):
    made = decided(hazard, settings(RAW_COUNTS))
    counts = made.counts
    assert (len(made.ripe), len(made.unripe)) == (counts.ripe, counts.unripe)
    assert counts.unripe > 0
    assert "converted" not in made.unripe.columns
    assert counts.rows == counts.events + sum(counts.aside.values())
    assert counts.converted == int(made.ripe["converted"].sum())


def test_the_labels_are_the_generators(hazard):
    made = decided(hazard, settings(RAW_COUNTS))
    known = [hazard.truth[name] for name in made.ripe["decision"].to_list() if name in hazard.truth]
    assert len(known) == len(made.ripe)
    assert abs(float(np.mean(known)) - float(made.ripe["converted"].mean())) < 0.02


def test_a_planted_future_event_is_caught_by_the_leak_guard():
    chosen = settings(WINDOWED)
    kept = clean(decided(known_hazard(2500, 9), chosen), chosen)
    future = kept.leads["converted"].to_numpy() * 3.0 + np.random.default_rng(0).poisson(0.2, len(kept.leads))
    planted = kept.leads.with_columns(nw.new_series("pricing count 7d", future, nw.Float64, backend="polars"))
    split = data_split(data_preprocess(planted, chosen.table, chosen.features), chosen.table, chosen.split, chosen.seed)
    assert "pricing count 7d" in {stop.column for stop in open_stops(findings(planted, split, chosen), chosen)}
    honest = data_split(
        data_preprocess(kept.leads, chosen.table, chosen.features), chosen.table, chosen.split, chosen.seed
    )
    assert open_stops(findings(kept.leads, honest, chosen), chosen) == []


def test_no_lead_is_on_both_sides_and_the_gap_is_the_horizon(windowed):
    _, _, kept, chosen = windowed
    split = data_split(
        data_preprocess(kept.leads, chosen.table, chosen.features), chosen.table, chosen.split, chosen.seed
    )
    assert not set(split.train["lead"].to_list()) & set(split.test["lead"].to_list())
    gap = np.datetime64(min(split.test["decided_at"].to_list())) - np.datetime64(
        max(split.train["decided_at"].to_list())
    )
    assert gap > np.timedelta64(7, "D")
    assert set(split.assignment["side"].to_list()) == {"train", "test", "left out"}


def test_leads_columns_and_given_decisions_are_joined(hazard):
    chosen = settings(
        RAW_COUNTS,
        table={"columns": {"country": {"role": "category"}, "note": {"role": "ignore"}}},
        events=settings(RAW_COUNTS).events.model_dump(mode="json")
        | {
            "decisions": {"rule": "table", "raw": "when.csv", "lead": "who", "time": "at"},
            "leads": {"raw": "leads.csv", "lead": "id"},
        },
    )
    table = nw.from_dict({ROW: [1, 2], "id": ["L00001", "L00002"], "country": ["DK", " FR"]}, backend="polars")
    leads = LeadRows(table, "id", ("country",), "leads.csv")
    moment = np.datetime64("2024-02-01T00:00", "us").astype(np.int64).item()
    given = GivenDecisions(["L00001", "L00003", "nobody"], [moment, moment, moment])
    made = decided(hazard, chosen, leads=leads, given=given)
    assert made.ripe["country"].to_list() == ["DK", None]
    assert made.ripe["decision"].to_list() == ["L00001 2024-02-01T00:00:00Z", "L00003 2024-02-01T00:00:00Z"]
    with pytest.raises(MissingColumnError, match=r"leads.csv: no column 'city'"):
        decided(hazard, chosen, leads=LeadRows(table, "id", ("city",), "leads.csv"), given=given)


def test_a_log_that_ends_before_any_horizon_is_refused_with_its_end(hazard):
    chosen = settings(RAW_COUNTS)
    assert chosen.events is not None
    early = KnownHazard([row for row in hazard.rows if row["time"] < "2024-01-10"], {})
    long = chosen.events.model_copy(update={"horizon": "30d"})
    with pytest.raises(EmptyTableError, match=r"none of \d+ decisions is ripe: the log ends at 2024-01-09T"):
        events(raw_events(pl.DataFrame(early.rows), long, "the log"), long)
