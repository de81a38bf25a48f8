"""The same features of the same decisions by DuckDB and by featuretools, for benchmarks.events."""

import json
import resource
import sys
import time
from pathlib import Path

KINDS = ("view", "search", "cart", "pricing", "signup", "buy")
WINDOWS = {"1d": 1, "7d": 7, "30d": 30, "ever": None}
KEPT = 5000


def query(folder: Path) -> str:
    """One join and filtered aggregates, as one would write it by hand."""
    terms = []
    for kind in ("any event", *KINDS):
        of = "" if kind == "any event" else f"e.event = '{kind}'"
        for window, days in WINDOWS.items():
            since = "" if days is None else f"e.time >= d.at - INTERVAL {days} DAY"
            where = " AND ".join(filter(None, [of, since, "e.time IS NOT NULL"]))
            terms.append(f'count(*) FILTER (WHERE {where}) AS "{kind} count {window}"')
        where = f" FILTER (WHERE {of})" if of else ""
        terms.append(
            f'(epoch_us(any_value(d.at)) - max(epoch_us(e.time)){where}) / 86400e6 AS "{kind} days since last"'
        )
    for window, days in WINDOWS.items():
        where = "" if days is None else f" FILTER (WHERE e.time >= d.at - INTERVAL {days} DAY)"
        terms.append(f'coalesce(sum(e.cents){where}, 0) / 100 AS "amount sum {window}"')
        terms.append(f'sum(e.cents){where} / (count(e.cents){where} * 100) AS "amount mean {window}"')
        terms.append(f'max(e.cents){where} / 100 AS "amount max {window}"')
    return f"""
        SELECT d.lead, d.at, {", ".join(terms)}
        FROM read_parquet('{folder}/decisions.parquet') d
        LEFT JOIN (SELECT *, round(amount * 100)::BIGINT AS cents FROM read_parquet('{folder}/log.parquet')) e
        ON d.lead = e.lead AND e.time < d.at
        GROUP BY d.lead, d.at ORDER BY d.lead, d.at
    """


def duckdb(folder: Path) -> dict:
    """The query, into memory."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute("SET TimeZone = 'UTC'")
    begin = time.perf_counter()
    table = connection.execute(query(folder)).to_arrow_table()
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "values": {name: table[name][:KEPT].to_pylist() for name in table.column_names[2:]}}


def featuretools(folder: Path) -> dict:
    """Deep feature synthesis with cut-off times: a run per window, counts of kinds by `where`."""
    import featuretools
    import pandas as pd
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / "log.parquet").to_pandas()
    table["time"] = table["time"].dt.tz_localize(None)
    table["number"] = range(len(table))
    cutoffs = pyarrow.parquet.read_table(folder / "decisions.parquet").to_pandas()
    # A cut-off counts what is at it, ours what is before it.
    cutoffs = pd.DataFrame(
        {"lead": cutoffs["lead"], "time": cutoffs["at"].dt.tz_localize(None) - pd.Timedelta(microseconds=1)}
    )
    begin = time.perf_counter()
    entities = featuretools.EntitySet("log")
    entities.add_dataframe(dataframe_name="events", dataframe=table, index="number", time_index="time")
    entities.normalize_dataframe("events", "leads", "lead")
    entities.add_interesting_values(dataframe_name="events", values={"event": list(KINDS)})
    made = {}
    for window, days in WINDOWS.items():
        matrix, _ = featuretools.dfs(
            entityset=entities,
            target_dataframe_name="leads",
            agg_primitives=["count", "sum", "mean", "max", "time_since_last"],
            where_primitives=["count", "time_since_last"],
            trans_primitives=[],
            cutoff_time=cutoffs,
            training_window=None if days is None else featuretools.Timedelta(days, "d"),
            max_depth=1,
            include_cutoff_time=True,
            cutoff_time_in_index=True,
        )
        matrix = matrix.reset_index().sort_values(["lead", "time"])
        for kind in ("any event", *KINDS):
            name = "COUNT(events)" if kind == "any event" else f"COUNT(events WHERE event = {kind})"
            if name in matrix:
                made[f"{kind} count {window}"] = matrix[name].astype(float).fillna(0.0).tolist()
    return {"seconds": time.perf_counter() - begin, "values": {name: values[:KEPT] for name, values in made.items()}}


if __name__ == "__main__":
    answer = {"duckdb": duckdb, "featuretools": featuretools}[sys.argv[1]](Path(sys.argv[2]))
    spent = resource.getrusage(resource.RUSAGE_SELF)
    answer |= {"peak": spent.ru_maxrss / 1e6, "processor": spent.ru_utime + spent.ru_stime}
    print(json.dumps(answer))
