"""After deployment, by the commands a person types: scores are logged, outcomes come from a real database, and the
model is looked at."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import psycopg

from tests.support.checkouts import Checkout
from tests.support.postgres import postgres
from tests.support.tables import csv_text, leads

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
WEEKS = (0, 4, 8)


def test_scores_outcomes_a_look_and_what_the_list_earned(little: Checkout) -> None:
    header, *rows = leads(1200, seed=9)
    rng = np.random.default_rng(1)
    won = []
    for index, weeks in enumerate(WEEKS):
        at = START + timedelta(weeks=weeks)
        batch = [[f"N{row[0]}", *row[1:-1], ""] for row in rows[index * 400 : (index + 1) * 400]]
        (little.folder / "new.csv").write_text(csv_text([header, *batch]), encoding="utf-8")
        said = little.gallop("score", "new.csv", "-o", "new.parquet", "--log", "--scored-at", at.isoformat())
        assert "held out at random" in said
        scores = pl.read_parquet(little.folder / "new.parquet")
        assert 5 < scores["held_out"].sum() < 40
        for lead, probability in scores.select("lead_id", "probability").iter_rows():
            if rng.random() < probability:
                won.append((lead, at + timedelta(days=min(29.0, float(rng.gamma(1.2, 6.0)))), 60))

    assert "nothing is known" in little.gallop("monitor", code=21)
    with postgres() as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE won (lead_id text, won timestamptz, value numeric)")
        connection.cursor().executemany("INSERT INTO won VALUES (%s, %s, %s)", [*won, ("nobody", START, 1)])
        connection.commit()
        end = START + timedelta(weeks=8, days=20)
        come = [row for row in won if row[1] <= end]
        connection.execute("DELETE FROM won WHERE won > %s", [end])
        connection.commit()
        said = little.gallop("outcomes", f"{url}/won", "--converted", "won", "--until", end.isoformat())
    assert f"converted {len(come)}" in said.replace(",", "")
    assert "unknown_id 1" in said

    look = json.loads(little.gallop("monitor", "--json"))
    assert look["version"] == "1"
    assert look["leads"] == 1200
    assert look["ripe"] == 800
    assert look["now"]["low"] < look["now"]["came"] == len(come) < look["now"]["high"]
    assert [alarm["raised"] for alarm in look["alarms"][:2]] == [False, False]
    assert "version 1: no alarm" in little.gallop("monitor")
    assert "SAMPLE" not in (little.folder / "reports/monitoring.html").read_text()

    said = little.gallop("earned")
    assert "held out at random" in said
    assert "in money" in said or "conversions in all" in said
    tracked = little.gallop("earned", "--json")
    assert json.loads(tracked)["unripe"] > 0
