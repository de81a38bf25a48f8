"""Does the report's own interval for log-loss hold for later rows? Forward cuts of tables in time order.

    python -m benchmarks.over_time --shared ../shared [--split random] [--budget quick]

Each cut makes a table of all rows up to a moment, takes the user's road with it (`init --yes`, the stages up to
model_training), scores the next rows (15 % as many again) with the model that came out, and compares their log-loss
with the interval that the report gave. `--split random` shows what would have been claimed without going forward.
"""

import argparse
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import machine
from gallop.adapters.tables.parquet import text_of
from gallop.adapters.tables.polars import read_text
from gallop.artifacts.bundle import load_bundle
from gallop.evaluation.metrics import log_losses
from gallop.flow import data, init_events
from gallop.flow import init as flow
from gallop.flow.events import decisions_at, run_events
from gallop.flow.init_split import with_split
from gallop.flow.project import PARAMS, Project
from gallop.flow.training import run_model_training
from gallop.profiling.event_log import EventOptions
from gallop.profiling.proposal import InitOptions
from gallop.schema import ROW
from gallop.scoring import kept_probabilities

LABEL = "converted"
LATER = 0.15
MADE = ("still", "rate rises", "rate jumps", "seasons", "a column drifts", "a column loses its meaning")
_ROWS = 8000


@dataclass(frozen=True)
class Cut:
    """The rows known at some moment, and the next ones."""

    name: str
    known: pd.DataFrame
    later: pd.DataFrame


def cuts(shared: Path) -> Iterator[Cut]:
    """All cuts; every table is in time order, its columns are texts."""
    for name, at in (("hotel_cancellation", (0.4, 0.55, 0.7, 0.85)), ("app_install", (0.5, 0.7, 0.85))):
        yield from _cut(name, _whole(shared / "data" / "more" / name), at)
    course = pd.read_csv(shared / "data" / "course_raw_data.csv", dtype=str, keep_default_na=False)
    course = course[course["lead_indicator"] != ""].rename(columns={"lead_indicator": LABEL})
    day = pd.to_datetime(course["date_part"], format="mixed", errors="coerce")
    course = course[day.notna()].iloc[np.argsort(day[day.notna()].to_numpy(), kind="stable")]
    yield from _cut("course", course, (0.6, 0.85))
    for number, kind in enumerate(MADE):
        yield from _cut(kind, made(kind, number), (0.6, 0.85))


def _whole(folder: Path) -> pd.DataFrame:
    train, test, truth = (
        pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in ("train", "test", "truth")
    )
    return pd.concat([train, test.merge(truth, on="lead_id", validate="one_to_one")], ignore_index=True)


def _cut(name: str, table: pd.DataFrame, at: tuple[float, ...]) -> Iterator[Cut]:
    for share in at:
        known = round(share * len(table))
        yield Cut(f"{name} {share:.2f}", table[:known], table[known : known + round(LATER * known)])


def made(kind: str, seed: int) -> pd.DataFrame:
    """A table with a known drift; every other one has a day, the others only the order of their rows."""
    draw, time = np.random.default_rng(seed), np.linspace(0, 1, _ROWS)
    X = draw.normal(size=(_ROWS, 5))
    base = {"rate rises": 2 * time - 1, "rate jumps": np.where(time > 0.5, 1.0, -1.0), "seasons": np.sin(14 * time)}
    X[:, 0] += 2 * time if kind == "a column drifts" else 0.0
    weight = 1.5 - 2 * time if kind == "a column loses its meaning" else 1.0
    odds = base.get(kind, 0.0) - 0.8 + weight * X[:, 0] + 0.7 * X[:, 1]
    odds -= 0.5 * X[:, 0] ** 2 if kind == "a column drifts" else 0.0
    table = pd.DataFrame({f"n{number}": np.round(X[:, number], 4).astype(str) for number in range(5)})
    table.insert(0, "lead_id", [f"L{draw.integers(10**9)}-{row}" for row in range(_ROWS)])
    if seed % 2:
        days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.floor(time * 400), unit="D")
        table.insert(1, "created", days.strftime("%Y-%m-%d"))
    table[LABEL] = (draw.random(_ROWS) < 1 / (1 + np.exp(-odds))).astype(int).astype(str)
    return table


def trained(cut: Cut, folder: Path, split: str | None, budget: str) -> dict:
    """How the project splits, what its report claims, and the later rows' log-loss."""
    known, later = folder / "leads.csv", folder / "later.csv"
    cut.known.to_csv(known, index=False)
    cut.later.to_csv(later, index=False)
    with flow.source(str(known)) as source:
        proposal = flow.look(source, InitOptions(LABEL, split=split))
        project = flow.make(source, flow.guard(source, with_split(source, proposal)), folder / "project").project
    claimed, project = _claims(project, budget)
    leads, probability, _, _ = kept_probabilities(read_text(later), load_bundle(project.paths.candidate), "later")
    label = (cut.later[LABEL].to_numpy() == "1")[np.array(leads[ROW].to_list()) - 1].astype(float)
    return claimed | {"actual": float(log_losses(label, probability).mean())}


def trained_on_events(log: Path, moment: str, folder: Path, budget: str) -> dict:
    """As `trained`, of a quarter of CDNOW's customers: who buys again within 90 days of a moment."""
    purchases = pd.read_csv(log, sep=r"\s+", header=None, dtype=str, names=["lead", "time", "units", "amount"])
    purchases = purchases[purchases["lead"].astype(int) % 4 == 0]
    day = pd.to_datetime(purchases["time"])
    at, end = pd.Timestamp(moment), pd.Timestamp(moment) + pd.Timedelta(days=90)
    known = folder / "purchases.csv"
    purchases[day < at].to_csv(known, index=False)
    source = init_events.open_source(known, None)
    options = EventOptions("lead", "time", ("purchase",), "90d")
    proposal = init_events.guard_events(source, init_events.look_events(source, options))
    claimed, project = _claims(
        init_events.make_events(source, proposal, folder / "project").project, budget, events=True
    )
    table = decisions_at(project.settings, known, at.value // 1000, project.paths.root)
    leads, probability, _, _ = kept_probabilities(text_of(table), load_bundle(project.paths.candidate), "later")
    buyers = {*purchases["lead"][(day > at) & (day <= end)]}
    label = np.array([lead in buyers for lead in leads["lead"].to_list()], dtype=float)
    return claimed | {"actual": float(log_losses(label, probability).mean())}


def _claims(project: Project, budget: str, *, events: bool = False) -> tuple[dict, Project]:
    """The stages up to training, and what the report says of later leads; and the project with its budget."""
    params = project.paths.root / PARAMS
    params.write_text(re.sub("budget: standard", f"budget: {budget}", params.read_text("utf-8")), "utf-8")
    project = Project.open(project.paths.root)
    if events:
        run_events(project)
    data.run_data_clean(project)
    data.run_data_preprocess(project)
    data.run_data_split(project)
    result = run_model_training(project)
    over_time, test = result.over_time, result.test.metrics["log_loss"]
    claimed = over_time.later if over_time is not None and over_time.later is not None else test
    intervals = (test.low, test.high, claimed.value, claimed.low, claimed.high)
    changed = over_time is not None and over_time.drift.outcome.changed
    return {"by": project.settings.split.by, "changed": changed, "intervals": intervals}, project


def main() -> None:
    """Measure what is not measured yet, then print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(__file__).parents[2] / "shared")
    parser.add_argument("--split", help="as of `gallop init`; nothing to let it choose")
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--answers", type=Path, default=Path(__file__).parent / ".over_time.json")
    parser.add_argument("--only", default="", help="cuts whose name begins so")
    asked = parser.parse_args()
    answers = json.loads(asked.answers.read_text("utf-8")) if asked.answers.is_file() else {}
    for cut in cuts(asked.shared):
        key = f"{cut.name}|{asked.split}|{asked.budget}"
        if key in answers or not cut.name.startswith(asked.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            answers[key] = trained(cut, Path(folder), asked.split, asked.budget)
        print(key, answers[key], flush=True)
        asked.answers.write_text(json.dumps(answers, indent=1), "utf-8")
    log = asked.shared / "data" / "events" / "cdnow_purchases.txt"
    for moment in ("2022-01-01", "2022-04-01"):
        key = f"cdnow {moment}|{asked.split}|{asked.budget}"
        if key not in answers and asked.split is None and f"cdnow {moment}".startswith(asked.only):
            with tempfile.TemporaryDirectory() as folder:
                answers[key] = trained_on_events(log, moment, Path(folder), asked.budget)
            print(key, answers[key], flush=True)
            asked.answers.write_text(json.dumps(answers, indent=1), "utf-8")
    print(machine())
    print(markdown({key: row for key, row in answers.items() if key.endswith(f"|{asked.split}|{asked.budget}")}))


def markdown(answers: dict) -> str:
    """A line a cut: what the report claimed, with and without the widening, and what came."""
    lines = [
        "| cut | split | test log-loss | its bootstrap interval | interval for later leads | later leads | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    held, plain = 0, 0
    for key, row in answers.items():
        low, high, value, claimed_low, claimed_high = row["intervals"]
        holds = claimed_low <= row["actual"] <= claimed_high
        held, plain = held + holds, plain + (low <= row["actual"] <= high)
        lines.append(
            f"| {key.split('|')[0]} | {row['by']} | {value:.4f} | {low:.4f} to {high:.4f} | {claimed_low:.4f} to "
            f"{claimed_high:.4f} | {row['actual']:.4f} | {'yes' if holds else '**no**'} |"
        )
    lines.append(f"\nIt holds on {held} of {len(answers)} cuts; the bootstrap interval alone on {plain}.")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
