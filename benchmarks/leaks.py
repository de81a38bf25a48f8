"""The leak guard on clean and on leaking tables, next to a peer in the same run: how often it is right.

`python -m benchmarks.leaks [REPLICATES]`. Limits were chosen on seeds below 100; all figures are of seeds from 100.
The peer is what is commonly done: every column alone in a small decision tree, and a stop where its cross-validated AUC
reaches 0.80 (the peer sees columns only, so leaks of rows are counted apart for it).
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from tests.support.leak_plants import NAME, PLANTS, caught
from tests.support.leak_real import SOURCES, honest, part, real
from tests.support.leak_tables import SHAPES, Leads, categories, guard
from tests.support.leak_unseen import UNSEEN_PLANTS, UNSEEN_SHAPES
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from gallop.evaluation.metrics import metrics
from gallop.leakage.finding import Severity

FIRST_SEED = 100
PEER_AUC = 0.80
SHARED = Path(os.environ.get("GALLOP_SHARED", Path(__file__).parents[2] / "shared"))


def main(replicates: int) -> None:
    """Measure and print."""
    print(machine())
    seeds = range(FIRST_SEED, FIRST_SEED + replicates)
    tables = _real_tables()
    _real_findings(tables)
    _clean("clean tables, made", [(shape.__name__, shape) for shape in SHAPES], seeds)
    _clean(
        "clean tables of shapes written after the guard", [(shape.__name__, shape) for shape in UNSEEN_SHAPES], seeds
    )
    parts = [(name, lambda random, name=name: part(honest(tables[name], name), random)) for name in tables]
    _clean("clean parts of real tables (70 % of rows and columns, known leaks left out)", parts, seeds)
    bases = [shape for shape in SHAPES if shape.__name__ in _BASES]
    _planted("planted leaks, in made tables", PLANTS, bases, seeds)
    reals = [lambda _, name=name: honest(tables[name], name) for name in tables]
    if reals:
        _planted("planted leaks, in real tables", PLANTS, reals, seeds)
    _planted("leaks of kinds written after the guard", UNSEEN_PLANTS, bases, seeds)


_BASES = {
    "linear",
    "categories",
    "cities",
    "informative_gaps",
    "drifting",
    "many_zeros",
    "strong_together",
    "skewed_money",
}


def _real_tables() -> dict[str, Leads]:
    if not (SHARED / "data").is_dir():
        print(f"no evaluation data in {SHARED}: real tables are left out")
        return {}
    return {name: real(name, SHARED) for name in SOURCES}


def _real_findings(tables: dict[str, Leads]) -> None:
    for name, leads in tables.items():
        guard(leads, FIRST_SEED)
        start, used = time.perf_counter(), time.process_time()
        findings = guard(leads, FIRST_SEED)
        taken, used = time.perf_counter() - start, time.process_time() - used
        shape = f"{len(leads.label):,} rows, {leads.table.shape[1]} columns"
        print(f"\n{name}: {shape}; {taken:.2f} s wall, {used:.2f} s processor")
        for finding in findings:
            print(f"  {finding.severity.value} {finding.kind.value}: {finding.evidence}")


def _clean(title: str, tables, seeds) -> None:
    print(f"\n{title}\n  {'table':26} {'rows':>6} {'cols':>4} {'base':>6} {'best':>5}  false stops  peer")
    stops = peers = runs = 0
    for name, make in tables:
        wrong, peer = [], 0
        for seed in seeds:
            leads = make(np.random.default_rng([seed, 1]))
            wrong += [finding.kind.value for finding in guard(leads, seed) if finding.severity is Severity.STOP][:1]
            alone = _alone(leads)
            peer += max(alone.values()) >= PEER_AUC
        stops, peers, runs = stops + len(wrong), peers + peer, runs + len(seeds)
        shape = f"{len(leads.label):6} {leads.table.shape[1]:4} {leads.label.mean():6.3f} {max(alone.values()):5.2f}"
        print(f"  {name:26} {shape}  {len(wrong)}/{len(seeds)} {peer:9}/{len(seeds)} {', '.join(sorted(set(wrong)))}")
    print(f"  all: {stops} of {runs} tables stopped{_wilson(stops, runs)}; the peer {peers}{_wilson(peers, runs)}")


def _planted(title: str, plants, bases, seeds) -> None:
    print(f"\n{title}\n  {'leak':38} caught  peer")
    hits = peers = runs = 0
    for plant in plants:
        right = peer = 0
        for seed in seeds:
            random = np.random.default_rng([seed, 2])
            usable = [base for base in bases if "another" not in plant.__name__ or base is not categories]
            leads, kinds = plant(usable[seed % len(usable)](random), random)
            right += caught(guard(leads, seed), kinds)
            peer += not kinds and _alone(leads, (NAME,)).get(NAME, 0.0) >= PEER_AUC
        hits, peers, runs = hits + right, peers + peer, runs + len(seeds)
        print(f"  {plant.__name__:38} {right}/{len(seeds)} {peer:6}/{len(seeds)}")
    print(f"  all: {hits} of {runs} caught{_wilson(hits, runs)}; the peer {peers}{_wilson(peers, runs)}")


def _alone(leads: Leads, names=None) -> dict[str, float]:
    """AUC of each column in a tree of depth 4, over five folds."""
    from sklearn.model_selection import cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    aucs = {}
    with threadpool_limits(limits=1):
        for name in [name for name in (names or leads.table.columns) if name in leads.table]:
            values = leads.table[name]
            codes = values if values.dtype.kind == "f" else pd.Series(pd.factorize(values)[0])
            tree = DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0)
            score = cross_val_predict(
                tree, codes.to_numpy(dtype=float)[:, None], leads.label, cv=5, method="predict_proba"
            )
            weights = np.ones((1, len(leads.label)))
            aucs[name] = float(metrics(leads.label, score[:, 1], weights, 0.5)["roc_auc"][0])
    return aucs


def _wilson(hits: int, runs: int) -> str:
    from gallop.evaluation.codes import share

    bounds = share(hits, runs, 0.95)
    return f" ({100 * bounds.low:.1f} to {100 * bounds.high:.1f} %)"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
