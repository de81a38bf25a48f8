"""What scoring costs: a file by `gallop score`, the same rows by `mlflow models predict`, and one lead in process.

The model is the champion of a project made here: the repository's own, run on its synthetic sample. MLflow serves the
same version from the registry, so both score the same leads with the same model.

`python -m benchmarks.scoring [ROWS]`. Nothing fails on a time.
"""

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.machine import machine
from gallop.settings.params import load_settings
from gallop.tables.synthetic import sample

ROOT = Path(__file__).parents[1]
GALLOP, MLFLOW = (str(Path(sys.executable).with_name(name)) for name in ("gallop", "mlflow"))
ROWS, MLFLOW_SHARE, ONE_BY_ONE = 1_000_000, 0.05, 500


@dataclass(frozen=True)
class Cost:
    """Of one process."""

    seconds: float
    processor: float
    megabytes: float
    """Of memory, at its peak."""


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary, "project")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(project)], check=True)
        run([GALLOP, "data", "sample"], project)
        run([GALLOP, "run"], project)
        leads = Path(temporary, "leads.csv")
        leads.write_text(without_label(sample(rows, 9)[0]), encoding="utf-8")
        in_scope = by_file(project, leads, rows)
        by_mlflow(project, leads, round(rows * MLFLOW_SHARE), in_scope)
        one_by_one(project, leads)


def without_label(text: str) -> str:
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return table.drop(columns=load_settings(ROOT / "params.yaml").table.label.column).to_csv(index=False)


def by_file(project: Path, leads: Path, rows: int) -> float:
    """Returns leads in scope a second of processor time."""
    output = project / "scores.parquet"
    cost = run([GALLOP, "score", str(leads), "--output", str(output)], project)
    scored = len(pd.read_parquet(output, columns=["probability"]))
    print(
        f"gallop score, {rows:,} rows, {scored:,} of them in scope: {cost.seconds:.1f} s, {cost.processor:.1f} s of "
        f"processor time, {cost.megabytes:,.0f} MB at the peak"
    )
    return scored / cost.processor


def by_mlflow(project: Path, leads: Path, rows: int, ours: float) -> None:
    """The first rows, since MLflow's command would take long for all."""
    part, output = leads.with_name("part.csv"), leads.with_name("answers.json")
    with leads.open(encoding="utf-8", newline="") as read, part.open("w", encoding="utf-8", newline="") as write:
        lines = csv.reader(read)
        csv.writer(write).writerows(line for _, line in zip(range(rows + 1), lines, strict=False))
    model = load_settings(project / "params.yaml").project.model
    command = [MLFLOW, "models", "predict", "-m", f"models:/{model}@champion", "-i", str(part), "-o", str(output)]
    cost = run([*command, "-t", "csv", "--env-manager", "local"], project)
    answers = pd.read_json(output, orient="split") if output.read_text()[:10].startswith('{"columns"') else None
    scored = len(part.read_bytes().splitlines()) - 1 if answers is None else int(answers.notna().to_numpy().sum())
    print(
        f"mlflow models predict, {rows:,} rows: {cost.seconds:.1f} s, {cost.processor:.1f} s of processor time, "
        f"{cost.megabytes:,.0f} MB at the peak; leads in scope a second of processor time, ours / theirs: "
        f"{ours / (scored / cost.processor):.1f}"
    )


def one_by_one(project: Path, leads: Path) -> None:
    """One lead at a time, in one process, with reasons."""
    code = f"""
import statistics, time, gallop, pandas as pd
bundle = gallop.load_bundle({str(project / "models/deployed")!r})
table = pd.read_csv({str(leads)!r}, dtype=str, keep_default_na=False, nrows=20_000)
kept = set(gallop.score(table, bundle).ranked[bundle.settings.table.id])
rows = table[table[bundle.settings.table.id].isin(kept)].head({ONE_BY_ONE})
scorer, taken = gallop.OneLeadScorer(bundle), []
for row in rows.to_dict("records"):
    start = time.perf_counter()
    scorer.score(row)
    taken.append(time.perf_counter() - start)
print(" ".join(f"{{1000 * value:.2f}}" for value in statistics.quantiles(taken, n=100)[49::49]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    median, slow = done.stdout.split()
    print(f"one lead in process, with reasons: {median} ms at the median, {slow} ms at the 99th percentile")


def run(command: list[str], folder: Path) -> Cost:
    """Run a command to its end. Raises where it fails."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("GALLOP_", "MLFLOW_"))}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'mlflow.db'}"
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
