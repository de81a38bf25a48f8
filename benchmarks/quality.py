"""gallop beside AutoML on fourteen open tables: each system gets the same train.csv, and answers for the same test.csv.

Ours is what a user types, with nothing edited: `gallop init train.csv --label … --yes`, `gallop run`,
`gallop score test.csv`. `make bench-quality` runs it (it makes the peers' virtual environment; needs the evaluation
data). Each fit is a process of its own. Answers are kept in `benchmarks/.quality`, ours by the commit that gave them,
and a run that was stopped goes on where it was. docs/quality.md has the protocol. Nothing fails on a figure.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import quality_table, tables
from benchmarks.machine import machine

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("GALLOP_SHARED", ROOT.parent / "shared"))
ANSWERS = ROOT / "benchmarks" / ".quality"
GALLOP = str(Path(sys.executable).with_name("gallop"))
OURS = "gallop"
PEERS = ("LightGBM defaults", "FLAML", "AutoGluon")


def kept(system: str, name: str, split: int) -> Path:
    """The folder of one system's answers to one split. Ours differ by commit; the peers' do not change."""
    state = f"{OURS}-{_commit()}" if system == OURS else system
    return ANSWERS / name.replace(" ", "-") / str(split) / state.replace(" ", "-")


def answer(system: str, name: str, split: int, python: Path) -> None:
    """Fit and predict, where that has not been done: probabilities.npy and figures.json."""
    folder = kept(system, name, split)
    if (folder / "figures.json").is_file():
        return
    part = tables.part(name, SHARED, split)
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        part.train.to_csv(scratch / "train.csv", index=False)
        part.test.to_csv(scratch / "test.csv", index=False)
        if system == OURS:
            probability, figures = _ours(scratch, part, tables.TABLES[name].label)
        else:
            probability, figures = _peer(scratch, system, name, split, python)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "probabilities.npy", probability)
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    print(f"{name}, split {split}, {system}: {figures['fit_seconds']:.1f} s", flush=True)


def _ours(scratch: Path, part: tables.Part, label: str) -> tuple[np.ndarray, dict]:
    """What a user types, in an empty folder."""
    taken = {
        command[0]: _run([GALLOP, *command], scratch)
        for command in (
            ("init", "train.csv", "--label", label, "--yes"),
            ("run",),
            ("score", "test.csv", "-o", "scores.csv"),
        )
    }
    scores = pd.read_csv(scratch / "scores.csv", dtype={tables.KEY: str}).set_index(tables.KEY)["probability"]
    probability = scores.reindex(part.test[tables.KEY]).to_numpy(dtype=float, copy=True)
    # A row that is not scored gets what is known of everybody: the rate.
    left_out = np.isnan(probability)
    probability[left_out] = (part.train[label] == "1").mean()
    model = sum(path.stat().st_size for path in (scratch / "models" / "deployed").rglob("*") if path.is_file())
    winner = json.loads((scratch / "models" / "candidate" / "result.json").read_text(encoding="utf-8"))["winner"]
    return probability, {
        "fit_seconds": taken["run"][0],
        "fit_cpu_seconds": taken["run"][1],
        "init_seconds": taken["init"][0],
        "predict_seconds": taken["score"][0],
        "bytes": model,
        "not_scored": int(left_out.sum()),
        "winner": winner,
    }


def _peer(scratch: Path, system: str, name: str, split: int, python: Path) -> tuple[np.ndarray, dict]:
    table = tables.TABLES[name]
    asked = {"label": table.label, "key": tables.KEY, "day": table.day, "day_first": name == "hotel cancellation"}
    (scratch / "table.json").write_text(json.dumps(asked), encoding="utf-8")
    fit = str(ROOT / "benchmarks" / "peers" / "fit.py")
    _, processor = _run([str(python), fit, system, str(scratch), str(split)], scratch)
    figures = json.loads((scratch / "figures.json").read_text(encoding="utf-8"))
    return np.load(scratch / "probabilities.npy"), figures | {"fit_cpu_seconds": processor}


def _run(command: list[str], place: Path) -> tuple[float, float]:
    """Seconds that a command took: by the clock, and of processor time with that of its children."""
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, processor


def _commit() -> str:
    """The commit that is measured; with what is not committed, a name of its own."""
    asked = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Measure what is not measured yet, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers-python", type=Path, default=ROOT / "benchmarks" / ".venv-peers" / "bin" / "python")
    parser.add_argument("--splits", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--systems", nargs="+", default=[OURS, *PEERS], choices=[OURS, *PEERS])
    parser.add_argument("--tables", nargs="+", default=[*tables.TABLES], choices=[*tables.TABLES])
    parser.add_argument("--forget-ours", action="store_true", help="run ours again at this commit")
    asked = parser.parse_args()
    for split in asked.splits:
        for name in asked.tables:
            for system in asked.systems:
                if asked.forget_ours and system == OURS:
                    shutil.rmtree(kept(system, name, split), ignore_errors=True)
                answer(system, name, split, asked.peers_python)
    cells = quality_table.read(kept, SHARED, asked.tables, asked.splits, asked.systems)
    print(f"\n{machine()}, lightgbm {version('lightgbm')}, optuna {version('optuna')}")
    print(f"gallop at {_commit()}; splits {asked.splits}\n")
    print(quality_table.markdown(cells, asked.tables, asked.splits, asked.systems))


if __name__ == "__main__":
    main()
