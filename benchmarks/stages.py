"""How long the file stages take on the real data, each as its own command, next to a peer in the same run.

The peer is scikit-learn alone: read the table with pandas, the same split and folds, and the same number of fits of the
same families, with no rules, tracking, report or manifests. The ratio says what the rest of the pipeline costs.

`make bench` runs it (needs GALLOP_DATA_REMOTE, or the network). Median of the rounds; nothing fails on a time.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import machine
from gallop.stages import DVC_STAGES

ROUNDS = 3
ROOT = Path(__file__).parents[1]
GALLOP = str(Path(sys.executable).with_name("gallop"))

PEER = """
import itertools, sys, pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from xgboost import XGBRFClassifier
table = pd.read_csv(sys.argv[1])
table = table[(table.source == "signup") & table.lead_indicator.notna()]
numbers, levels = ["purchases", "time_spent", "n_visits"], ["customer_group", "onboarding"]
label = table.lead_indicator
X, _, y, _ = train_test_split(table[numbers + levels], label, test_size=0.15, stratify=label, random_state=42)
models = [LogisticRegression(C=c, max_iter=2000) for c in (0.03, 0.1, 0.3, 1, 10, 100)]
models += [XGBRFClassifier(n_estimators=n, max_depth=d, n_jobs=1) for n, d in itertools.product((100, 200), (4, 6))]
models += [HistGradientBoostingClassifier(learning_rate=r, max_iter=n, max_depth=d, early_stopping=False)
           for r, n, d in itertools.islice(itertools.product((0.05, 0.08), (60, 100), (2, 3)), 6)]
for model in models:
    encode = ColumnTransformer([("n", MinMaxScaler(), numbers), ("c", OneHotEncoder(drop="first"), levels)])
    cross_val_score(make_pipeline(encode, model), X, y, cv=5, scoring="neg_log_loss")
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(project)], check=True)
        subprocess.run([GALLOP, "data", "pull"], cwd=project, check=True, stdout=subprocess.DEVNULL)
        taken: dict[str, list[float]] = {stage: [] for stage in (*DVC_STAGES, "all file stages", "peer")}
        for _ in range(ROUNDS + 1):
            for stage in DVC_STAGES:
                taken[stage].append(_seconds([GALLOP, stage.replace("_", "-")], project))
            taken["all file stages"].append(sum(taken[stage][-1] for stage in DVC_STAGES))
            taken["peer"].append(_seconds([sys.executable, "-c", PEER, "data/raw/raw_data.csv"], project))
        shutil.rmtree(project)
    print(machine())
    print(f"median of {ROUNDS} rounds, wall seconds; the first round apart")
    for name, rounds in taken.items():
        print(f"  {name:16} {statistics.median(rounds[1:]):6.2f}   first {rounds[0]:6.2f}")
    ratios = [ours / peer for ours, peer in zip(taken["all file stages"][1:], taken["peer"][1:], strict=True)]
    print(f"  all file stages / peer {statistics.median(ratios):6.2f}   (paired)")


def _seconds(command: list[str], folder: Path) -> float:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
