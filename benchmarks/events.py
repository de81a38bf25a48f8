"""Features of events at size: gallop beside a hand-written DuckDB query and featuretools, and live for one lead.

    python -m benchmarks.events [--events 10_000_000] [--peers PYTHON]

`--peers` names the Python of an environment with duckdb and featuretools (benchmarks/peers/events.txt). All systems get
the same Parquet file and the same decisions, and each is a process of its own whose peak memory is measured. Values are
compared where two systems compute the same feature. Nothing fails on a figure.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.machine import machine

KINDS = ("view", "search", "cart", "pricing", "signup", "buy")
DAYS, EVENTS_EACH, DECISIONS_EACH = 365, 100, 10
WINDOWS = ("1d", "7d", "30d", "ever")
DAY_US = 86_400_000_000


def log(events: int, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A log of events, and ten decisions for each of its leads; sorted by time, as logs are."""
    draw = np.random.default_rng(seed)
    leads = max(1, events // EVENTS_EACH)
    start = 1_704_067_200_000_000
    table = pl.DataFrame(
        {
            "lead": draw.integers(0, leads, events).astype(np.int32),
            "time": np.sort(start + draw.integers(0, DAYS * DAY_US, events)),
            "event": np.array(KINDS)[draw.choice(len(KINDS), events, p=[0.5, 0.2, 0.12, 0.1, 0.05, 0.03])],
            "amount": draw.integers(0, 20_000, events) / 100,
            "device": np.array(["phone", "desktop", "tablet"])[draw.choice(3, events, p=[0.6, 0.35, 0.05])],
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    decisions = pl.DataFrame(
        {
            "lead": np.repeat(np.arange(leads, dtype=np.int32), DECISIONS_EACH),
            "at": np.sort(start + draw.integers(30 * DAY_US, DAYS * DAY_US, (leads, DECISIONS_EACH)), axis=1).ravel(),
        }
    ).with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
    return table, decisions


def plain_features() -> list[str]:
    """Those that SQL has in one pass: counts, sums, means, maxima, days since."""
    names = [f"{kind} count {window}" for kind in ("any event", *KINDS) for window in WINDOWS]
    names += [f"amount {what} {window}" for what in ("sum", "mean", "max") for window in WINDOWS]
    return names + [f"{kind} days since last" for kind in ("any event", *KINDS)]


def hundred_features() -> list[str]:
    """A hundred of all kinds."""
    names = plain_features() + [f"{kind} days {window}" for kind in ("any event", "view", "cart") for window in WINDOWS]
    names += [f"any event trend {window}" for window in ("1d", "7d", "30d")]
    names += [f"{what} {window}" for what in ("sessions", "session minutes", "session pages") for window in WINDOWS]
    names += [f"device distinct {window}" for window in WINDOWS] + [
        f"device=phone share {window}" for window in WINDOWS
    ]
    names += ["device last", "device first", "last event", "second last event", "weekend share 30d", "night share 30d"]
    names += [f"days between events {window}" for window in WINDOWS] + [
        f"buy after cart {window}" for window in WINDOWS
    ]
    return names[:100]


def section(features: list[str]):
    """The settings of gallop for this log."""
    from gallop.settings.events import Events

    said = {
        "lead": "lead",
        "time": "time",
        "event": "event",
        "kinds": KINDS,
        "converted": ["buy"],
        "horizon": "30d",
        "decisions": {"rule": "table", "raw": "decisions.parquet", "lead": "lead", "time": "at"},
        "windows": WINDOWS,
        "attributes": {"amount": {"role": "number"}, "device": {"role": "category", "levels": ["phone", "desktop"]}},
        "features": features,
    }
    return Events.model_validate_json(json.dumps(said))


def ours(folder: Path, features: list[str]) -> dict:
    """From the files to the features of all decisions; seconds, and of which reading and cleaning."""
    from gallop.adapters.tables.event_log import read_events
    from gallop.events.cleaning import clean_events
    from gallop.events.features import features as compute

    begin = time.perf_counter()
    settings = section(features)
    clean = clean_events(read_events(folder / "log.parquet", settings), settings)
    read = time.perf_counter() - begin
    place = {name: index for index, name in enumerate(clean.log.leads)}
    decisions = pl.read_parquet(folder / "decisions.parquet")
    lead = np.array([place[str(name)] for name in decisions["lead"].unique(maintain_order=True).to_list()])
    lead = np.repeat(lead, DECISIONS_EACH)
    at = decisions["at"].dt.epoch("us").to_numpy()
    order = np.lexsort((at, lead))
    made = compute(clean.log, lead[order], at[order], settings)
    seconds = time.perf_counter() - begin
    back = np.argsort(order)
    kept = {name: values[back][:5000].tolist() for name, values in made.items()}
    return {"seconds": seconds, "reading": read, "values": kept}


def live(repeats: int = 300) -> float:
    """Median milliseconds of the processor for one lead's hundred features from 500 events as texts."""
    from gallop.events.live import features_of

    table, _ = log(500)
    rows = table.with_columns(pl.lit("a").alias("lead"), pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S")).to_dicts()
    settings, spent = section(hundred_features()), []
    for _ in range(repeats):
        begin = time.process_time()
        features_of(rows, settings, "2024-12-01T00:00")
        spent.append(time.process_time() - begin)
    return float(np.median(spent)) * 1000


def measured(command: list[str]) -> dict:
    """What a process of its own answers, with the peak of its memory."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.splitlines()[-1])


def numbers(values: list) -> np.ndarray:
    """With NaN where there is none."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def differences(mine: dict, theirs: dict) -> tuple[int, int]:
    """How many values of features that both have differ by more than a billionth, and of how many."""
    wrong = total = 0
    for name in set(mine) & set(theirs):
        ours_, others = (numbers(side[name]) for side in (mine, theirs))
        wrong += int(np.sum(~np.isclose(ours_, others, rtol=1e-9, atol=1e-9, equal_nan=True)))
        total += len(ours_)
    return wrong, total


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=20_000, help="events for featuretools")
    parser.add_argument("--peers", default=None, help="Python with duckdb and featuretools")
    parser.add_argument("--part", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        folder, which = options.part.split("|")
        answer = ours(Path(folder), plain_features() if which == "plain" else hundred_features())
        spent = resource.getrusage(resource.RUSAGE_SELF)
        answer |= {"peak": spent.ru_maxrss / 1e6, "processor": spent.ru_utime + spent.ru_stime}
        print(json.dumps(answer))
        return
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        for events in (options.events, options.small):
            folder = Path(scratch, str(events))
            folder.mkdir()
            table, decisions = log(events)
            table.write_parquet(folder / "log.parquet")
            decisions.write_parquet(folder / "decisions.parquet")
            print(f"\n{events:,} events, {decisions.height:,} decisions")
            ours_command = [sys.executable, "-m", "benchmarks.events", "--part"]
            systems = {
                "gallop, 100 features": [*ours_command, f"{folder}|hundred"],
                f"gallop, {len(plain_features())} features": [*ours_command, f"{folder}|plain"],
            }
            if options.peers:
                script = str(Path(__file__).parent / "peers" / "events.py")
                system = "duckdb" if events == options.events else "featuretools"
                systems[f"{system}, the same {len(plain_features())}"] = [options.peers, script, system, str(folder)]
            answers = {name: measured(command) for name, command in systems.items()}
            reference = answers[f"gallop, {len(plain_features())} features"]
            for name, found in answers.items():
                if "failed" in found:
                    print(f"| {name} | failed: {found['failed']} |")
                    continue
                wrong, total = differences(reference["values"], found["values"])
                figures = f"{found['seconds']:.1f} s | {found['processor']:.1f} s of processor | {found['peak']:.2f} GB"
                print(f"| {name} | {figures} | {wrong} of {total:,} values differ |", flush=True)
    print(f"\nlive: {live():.2f} ms of processor time for 100 features of one lead from 500 events as texts (median)")


if __name__ == "__main__":
    main()
