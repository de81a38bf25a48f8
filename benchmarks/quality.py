"""gallop beside AutoML on six open tables: the same columns, rows and split for every system, at least three seeds.

`make bench-quality` runs it (it makes the peers' virtual environment; needs the evaluation data). Each fit is a process
of its own, its answers are kept in `benchmarks/.quality`, and a run that was stopped goes on where it was. Systems take
turns on each split, so that a slow spell of the machine meets them all. Nothing fails on a figure.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks import quality_table, tables
from benchmarks.machine import machine

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("GALLOP_SHARED", ROOT.parent / "shared"))
ANSWERS = ROOT / "benchmarks" / ".quality"
OURS = ("gallop",)
PEERS = ("LightGBM defaults", "FLAML", "AutoGluon")


def answer(system: str, name: str, seed: int, python: Path) -> Path:
    """The folder with one system's probabilities and figures on one split, made where it is not there yet."""
    kept = ANSWERS / name.replace(" ", "-") / str(seed) / system.replace(" ", "-")
    if (kept / "figures.json").is_file():
        return kept
    part = tables.part(name, SHARED, seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        part.train.assign(label=part.train_label).to_parquet(folder / "train.parquet")
        part.test.assign(label=part.test_label).to_parquet(folder / "test.parquet")
        if system in OURS:
            command = [sys.executable, "-m", "benchmarks.quality_fit", str(folder), str(seed)]
        else:
            command = [str(python), str(ROOT / "benchmarks" / "peers" / "fit.py"), system, str(folder), str(seed)]
        place = ROOT if system in OURS else folder  # some peers leave files where they run
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{system} on {name}, seed {seed}:\n{done.stderr}")
        kept.mkdir(parents=True, exist_ok=True)
        for file in ("probabilities.npy", "figures.json"):
            shutil.copyfile(folder / file, kept / file)
    figures = json.loads((kept / "figures.json").read_text(encoding="utf-8"))
    print(f"{name}, seed {seed}, {system}: fit {figures['fit_seconds']:.1f} s", flush=True)
    return kept


def main() -> None:
    """Measure what is not measured yet, then print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers-python", type=Path, default=ROOT / "benchmarks" / ".venv-peers" / "bin" / "python")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--systems", nargs="+", default=[*OURS, *PEERS], choices=[*OURS, *PEERS])
    asked = parser.parse_args()
    for seed in asked.seeds:
        for name in tables.NAMES:
            for system in asked.systems:
                answer(system, name, seed, asked.peers_python)
    cells = quality_table.read(ANSWERS, SHARED, asked.seeds, asked.systems)
    print(f"\n{machine()}, lightgbm {version('lightgbm')}, optuna {version('optuna')}; seeds {asked.seeds}")
    print(quality_table.markdown(cells, asked.seeds, asked.systems))
    if OURS[0] in asked.systems:
        print(quality_table.coverage(cells, asked.seeds, OURS[0]))


if __name__ == "__main__":
    main()
