"""Change is found along the clock it goes by, with intervals that hold for all that is looked at together."""

import json

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import pytest

from gallop.modelling.drift import clocks, find_drift, strongest
from gallop.schema import ROW
from gallop.settings.params import Settings, parse_settings

FAMILIES = {"splines": {"trials": 1, "space": [{"C": [1.0]}]}}


def settings(**columns: str) -> Settings:
    roles = {"id": "id", "yes": "label"} | columns
    inputs = [name for name, role in columns.items() if role in {"number", "category"}]
    raw = {
        "project": {"name": "p", "model": "m"},
        "data": {"raw": "x.csv"},
        "table": {
            "label": {"column": "yes", "positive": ["1"], "negative": ["0"]},
            "columns": {name: {"role": role} for name, role in roles.items()},
        },
        "features": {"inputs": inputs},
        "training": {"families": FAMILIES},
    }
    return parse_settings(json.loads(json.dumps(raw)), "params.yaml")


PLAIN = settings(n="number", kind="category")


def table(
    rows: int = 3000, seed: int = 0, *, rate: float = 0.0, column: float = 0.0
) -> tuple[nw.DataFrame, np.ndarray]:
    """Leads in time order, whose rate and number may rise with it."""
    draw, time = np.random.default_rng(seed), np.linspace(-1, 1, rows)
    n = draw.normal(size=rows) + column * time
    label = (draw.random(rows) < 1 / (1 + np.exp(-(rate * time + 0.8 * n - 1)))).astype(float)
    days = (pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) // 20, unit="D")).strftime("%Y-%m-%d")
    content = {ROW: np.arange(1, rows + 1), "n": n, "kind": draw.choice(["a", "b", "c"], rows), "on": days}
    return nw.from_native(pd.DataFrame(content), eager_only=True), label


def test_where_nothing_changes_nothing_is_found():
    found = 0
    for seed in range(40):
        leads, label = table(1200, seed)
        (drift,) = find_drift(leads, label, PLAIN, ["order"])
        found += drift.changed + len(drift.changed_columns)
    assert found <= 1


def test_rows_of_one_person_are_not_taken_for_independent_ones():
    def changed(of: Settings) -> int:
        told = 0
        for seed in range(20):
            leads, label = table(100, seed)
            persons = np.repeat(np.arange(100), 12)
            leads = leads[persons.tolist()].with_columns(nw.Series.from_iterable("person", persons, backend="pandas"))
            leads = leads.with_columns(nw.Series.from_iterable(ROW, np.arange(1, 1201), backend="pandas"))
            (drift,) = find_drift(leads, label[persons], of, ["order"])
            told += drift.changed
        return told

    assert changed(settings(n="number", kind="category", person="group")) == 0
    assert changed(PLAIN) > 10


@pytest.mark.parametrize(("what", "rate", "column"), [("outcome", 0.8, 0.0), ("columns", 0.0, 1.5)])
def test_what_changes_is_told_and_what_does_not_is_not(what, rate, column):
    leads, label = table(rate=rate, column=column)
    (drift,) = find_drift(leads, label, PLAIN, ["order"])
    assert drift.outcome.changed or what != "outcome"
    assert list(drift.changed_columns) == (["n"] if what == "columns" else [])
    assert drift.outcome.figure.low < drift.outcome.figure.value < drift.outcome.figure.high


def test_a_wave_shows_as_a_trend_does():
    leads, _ = table()
    wave = np.sin(np.linspace(0, 12, 3000))
    label = (np.random.default_rng(1).random(3000) < 1 / (1 + np.exp(-wave))).astype(float)
    assert find_drift(leads, label, PLAIN, ["order"])[0].outcome.changed


def test_a_column_that_loses_its_meaning_shows_though_nothing_else_does():
    leads, _ = table()
    n, weight = leads["n"].to_numpy(), np.linspace(1.5, -0.8, 3000)
    label = (np.random.default_rng(1).random(3000) < 1 / (1 + np.exp(-weight * n))).astype(float)
    (drift,) = find_drift(leads, label, PLAIN, ["order"])
    assert (drift.outcome.changed, drift.scores.changed, drift.relation.changed) == (False, False, True)


def test_a_lead_without_a_date_is_left_out_of_its_clock_only():
    dated = settings(n="number", kind="category", on="date")
    leads, label = table(rate=1.5)
    gaps = leads.with_columns(nw.when(nw.col(ROW) % 2 == 0).then(nw.col("on")).otherwise(None).alias("on"))
    by = clocks(gaps, dated.table)
    assert by == ["on", "order"]
    along = find_drift(gaps, label, dated, by)
    assert [drift.by for drift in along] == by
    assert all(drift.outcome.changed for drift in along)
    assert strongest(along).by == "order"


def test_shuffled_rows_change_along_their_date_and_not_along_their_order():
    dated = settings(n="number", kind="category", on="date")
    leads, label = table(rate=1.5)
    order = np.random.default_rng(2).permutation(3000)
    shuffled = leads[order.tolist()].with_columns(
        nw.new_series(ROW, np.arange(1, 3001).tolist(), nw.Int64, backend="pandas")
    )
    on, rows = find_drift(shuffled, label[order], dated, ["on", "order"])
    assert on.outcome.changed
    assert not rows.outcome.changed


def test_too_few_leads_of_an_outcome_say_nothing():
    leads, label = table(rate=2.0)
    label[:] = 0
    label[:5] = 1
    (drift,) = find_drift(leads, label, PLAIN, ["order"])
    assert not drift.outcome.changed
    assert not drift.columns
