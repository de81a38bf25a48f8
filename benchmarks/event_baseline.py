"""gallop beside BG/NBD ("buy till you die") on CDNOW: who buys again within 90 days, on the last test day.

    gallop init --events cdnow_purchases.txt --lead column_1 --time column_2 --converted purchase --horizon 90d --into P
    gallop --project P run
    python -m benchmarks.event_baseline P --peers PYTHON

`--peers` names the Python of an environment with pymc-marketing. BG/NBD is fitted on the purchases of all customers
before that day; gallop's model has learnt from other customers, at least 90 days before the test days.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.machine import machine
from gallop.artifacts.bundle import load_bundle
from gallop.flow.project import Project
from gallop.scoring import predict


def main() -> None:
    """Print AUC, log-loss, and promised beside real rates."""
    parser = argparse.ArgumentParser()
    parser.add_argument("project", type=Path)
    parser.add_argument("--peers", required=True)
    options = parser.parse_args()
    project = Project.open(options.project.resolve())
    test = pl.read_parquet(project.paths.split / "test.parquet")
    day = test["decided_at"].max()
    test = test.filter(pl.col("decided_at") == day).sort("lead")
    import narwhals.stable.v2 as nw

    leads = pl.read_parquet(project.paths.leads / "leads.parquet").filter(
        pl.col("decision").is_in(test["decision"].to_list())
    )
    ours = predict(nw.from_native(leads.sort("lead"), eager_only=True), load_bundle(project.paths.candidate))
    label = test["converted"].to_numpy()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "theirs.csv")
        script = str(Path(__file__).parent / "peers" / "btyd.py")
        subprocess.run([options.peers, script, str(project.paths.raw), str(day)[:10], "90", str(out)], check=True)
        theirs = pl.read_csv(out, schema_overrides={"lead": pl.String})
    probability = test.join(theirs, on="lead", how="left")["probability"].to_numpy()
    there = ~np.isnan(probability)
    print(machine())
    print(f"{there.sum():,} test customers on {day}, {label[there].mean():.3f} of whom bought again within 90 days")
    for name, scores in (("gallop", ours[there]), ("BG/NBD", probability[there])):
        tenths = np.array_split(np.argsort(scores), 10)
        apart = np.mean([abs(scores[part].mean() - label[there][part].mean()) for part in tenths])
        loss = log_loss(label[there], scores)
        print(f"| {name} | AUC {roc_auc_score(label[there], scores):.3f} | log-loss {loss:.4f} | mean promise", end=" ")
        print(f"{scores.mean():.3f} | promise and outcome of tenths {apart:.3f} apart |")


if __name__ == "__main__":
    main()
