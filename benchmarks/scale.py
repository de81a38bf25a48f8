"""The data stages at size: seconds, processor seconds and peak memory of data_clean, data_preprocess and data_split.

    python -m benchmarks.scale [1e4 1e5 1e6 1e7] [--pandas]

The table has the schema of the reference project; each lead is unique and drawn anew, chunk by chunk. In the same run,
on the same file: the three steps as scripts with pandas, as they are mostly written, and a bare scan, filter and sink
with Polars. Each system is a process of its own. Nothing fails on a figure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.machine import machine
from gallop.tables.synthetic import HEADER

ROOT = Path(__file__).parents[1]
GALLOP = str(Path(sys.executable).with_name("gallop"))
STAGES = ("data-clean", "data-preprocess", "data-split")
CHUNK_ROWS = 500_000
SLOW_ROWS = 2_000_000
"""From more rows on, pandas is left out unless it is asked for."""

PANDAS = """
import sys, pandas as pd
from sklearn.model_selection import train_test_split
raw, folder = sys.argv[1], sys.argv[2]
data = pd.read_csv(raw)
data["date_part"] = pd.to_datetime(data["date_part"]).dt.date
first, last = pd.to_datetime("2024-01-01").date(), pd.to_datetime("2024-01-31").date()
data = data[(data["date_part"] >= first) & (data["date_part"] <= last)]
data = data.drop(columns=["is_active", "marketing_consent", "first_booking", "existing_customer", "last_seen",
    "domain", "country", "visited_learn_more_before_booking", "visited_faq", "customer_code"])
data = data.dropna(subset=["lead_indicator", "lead_id"])
data = data[data["source"] == "signup"].drop_duplicates()
data.to_csv(folder + "/clean.csv", index=False)
data = pd.read_csv(folder + "/clean.csv")
groups = {"li": "socials", "fb": "socials", "organic": "group1", "signup": "group1"}
data["bin_source"] = data["source"].map(groups).fillna("other")
for name in ("purchases", "time_spent", "n_visits"):
    data[name] = data[name].astype(float)
data["customer_group"] = data["customer_group"].astype("category")
data.drop(columns=["source"]).to_csv(folder + "/features.csv", index=False)
data = pd.read_csv(folder + "/features.csv")
train, test = train_test_split(data, test_size=0.15, random_state=42, stratify=data["lead_indicator"])
train.to_csv(folder + "/train.csv", index=False)
test.to_csv(folder + "/test.csv", index=False)
"""

BARE = """
import sys, polars as pl
table = pl.scan_csv(sys.argv[1], infer_schema=False)
kept = table.filter((pl.col("source") == "signup") & pl.col("lead_indicator").is_not_null())
kept.sink_parquet(sys.argv[2] + "/bare.parquet")
"""


class Cost(NamedTuple):
    """What a process took."""

    seconds: float
    cpu_s: float
    peak_mb: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds, self.cpu_s + other.cpu_s, max(self.peak_mb, other.peak_mb))


def write_leads(path: Path, rows: int, seed: int = 1) -> None:
    """A CSV of so many leads, each with an id of its own; equal seeds give equal bytes."""
    draw = np.random.default_rng(seed)
    with path.open("wb") as file:
        for first in range(0, rows, CHUNK_ROWS):
            some = _leads(draw, first, min(CHUNK_ROWS, rows - first))
            some.write_csv(file, include_header=first == 0)


def _leads(draw: np.random.Generator, first: int, rows: int) -> pl.DataFrame:
    def pick(*values: str) -> np.ndarray:
        return np.array(values)[draw.integers(0, len(values), rows)]

    def days() -> pl.Series:
        return "2024-01-" + pl.Series(draw.integers(1, 32, rows)).cast(pl.String)

    number = pl.Series(np.arange(first + 1, first + rows + 1)).cast(pl.String).str.zfill(9)
    visits = 1 + np.floor(draw.gamma(1.6, 5.0, rows)).astype(int)
    onboarding = draw.random(rows) < 0.5
    converted = draw.random(rows) < 1 / (1 + np.exp(-0.45 * (visits - 7.5) - np.where(onboarding, 0.15, -0.15)))
    columns = {
        "lead_id": "S" + number,
        "lead_indicator": np.where(draw.random(rows) < 0.05, "", np.where(converted, "1", "0")),
        "date_part": days(),
        "is_active": draw.integers(0, 2, rows),
        "marketing_consent": pick("true", "false"),
        "first_booking": days(),
        "existing_customer": pick("true", "false"),
        "last_seen": days(),
        "source": pick("li", "organic", "signup", "fb"),
        "domain": pick(".dk", ".com", ".cn"),
        "country": pick("DK", "US", "CN"),
        "visited_learn_more_before_booking": draw.integers(0, 10, rows),
        "visited_faq": draw.integers(0, 15, rows),
        "purchases": draw.poisson(5.0, rows),
        "time_spent": draw.normal(100.0, 10.0, rows).clip(1.0).round(6),
        "customer_group": draw.integers(1, 10, rows),
        "onboarding": np.where(onboarding, "True", "False"),
        "customer_code": "SAMPLE" + number,
        "n_visits": visits,
    }
    return pl.DataFrame({name: columns[name] for name in HEADER})


def measured(command: list[str], folder: Path) -> Cost:
    """Run a command as a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:3])}: exit code {process.returncode}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def costs(raw: Path, folder: Path, *, pandas: bool) -> dict[str, Cost]:
    """What each system takes for the same file."""
    project = folder / "project"
    (project / "data/raw").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", project / "params.yaml")
    os.link(raw, project / "data/raw/raw_data.csv")
    taken = {stage: measured([GALLOP, stage], project) for stage in STAGES}
    taken["three stages"] = taken[STAGES[0]] + taken[STAGES[1]] + taken[STAGES[2]]
    taken["Polars, bare"] = measured([sys.executable, "-c", BARE, str(raw), str(folder)], folder)
    if pandas:
        taken["pandas scripts"] = measured([sys.executable, "-c", PANDAS, str(raw), str(folder)], folder)
    shutil.rmtree(project)
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=float, default=[1e4, 1e5, 1e6])
    parser.add_argument("--pandas", action="store_true", help="with pandas at any size")
    options = parser.parse_args()
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}, {len(os.sched_getaffinity(0))} processors for this run")
    for rows in map(int, options.rows):
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder, "leads.csv")
            # In a process of its own: a child's peak memory begins with its parent's.
            making = f"from benchmarks.scale import *; write_leads(Path({str(raw)!r}), {rows})"
            subprocess.run([sys.executable, "-c", making], cwd=ROOT, check=True)
            print(f"{rows:,} rows, {raw.stat().st_size / 1e6:,.0f} MB")
            for name, cost in costs(raw, Path(folder), pandas=options.pandas or rows <= SLOW_ROWS).items():
                print(f"  {name:16} {cost.seconds:8.1f} s {cost.cpu_s:8.1f} s of processor {cost.peak_mb:8,.0f} MB")


if __name__ == "__main__":
    main()
