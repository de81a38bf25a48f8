"""Results made by hand for the tests of the reports: small, complete, and changeable in one place."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from gallop.evaluation import METRICS, Estimate, Report, evaluate
from gallop.results import (
    Candidate,
    CodeVersion,
    DataVersion,
    Decision,
    Facts,
    Importance,
    Quality,
    RuleCount,
    Selected,
)
from gallop.settings import Settings, parse

CODE = CodeVersion(commit="0123456789abcdef0123456789abcdef01234567", changed=False)
BROKEN = "models/model.pkl: row 3 of the contract is answered 1, it says 0"


def settings(column: str = "visits") -> Settings:
    """A small params.yaml with one number column of this name."""
    raw: dict[str, Any] = {
        "project": {"name": "leads", "model": "lead_model"},
        "data": {"raw": "data/raw/leads.csv"},
        "table": {
            "label": {"column": "won", "positive": ["1"], "negative": ["0"]},
            "keep": {"source": ["signup"]},
            "columns": {
                "id": {"role": "id"},
                "won": {"role": "label"},
                "source": {"role": "category", "levels": ["signup", "organic"]},
                column: {"role": "number", "minimum": 0},
            },
        },
        "features": {"inputs": [column, "source"]},
        "training": {"families": {"logistic_regression": {"trials": 1, "space": [{"C": [1.0]}]}}},
    }
    return parse(json.loads(json.dumps(raw)), str(Path("params.yaml")))


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.01, high=value + 0.02)


def estimates(start: float) -> dict[str, Estimate]:
    """Each metric with a figure of its own."""
    return {name: estimate(start + place / 100) for place, name in enumerate(METRICS)}


def report(rows: int = 120, threshold: float = 0.5) -> Report:
    """An honest report on made-up leads: the probabilities are the true ones."""
    draw = np.random.default_rng(7)
    probability = draw.uniform(size=rows)
    label = (draw.uniform(size=rows) < probability).astype(np.float64)
    return evaluate(label, probability, threshold=threshold, resamples=100, confidence=0.95, seed=1)


def candidate(family: str, behind: float, contract: str) -> Candidate:
    return Candidate(
        family=family,
        parameters={"C": 1.0, "solver": None, "warm": True},
        trials=3,
        metrics=estimates(0.3 + behind),
        behind=estimate(behind),
        contract=contract,
    )


def facts(**changes: Any) -> Facts:
    """Two families; the winner breaks the contract, so the other one is exported."""
    made = {
        "winner": "gradient_boosting",
        "exported": "logistic_regression",
        "train_rows": 2497,
        "train_positives": 1169,
        "candidates": (
            candidate("gradient_boosting", 0.0, BROKEN),
            candidate("logistic_regression", 0.0371, "kept"),
        ),
        "test": report(),
        "test_digest": "0" * 64,
        "baseline": estimates(0.5),
        "ahead": estimate(-0.2),
        "best_possible": None,
        "importances": (
            Importance(column="visits", increase=estimate(0.25)),
            Importance(column="source", increase=estimate(0.005)),
        ),
    }
    return Facts(**(made | changes))


def quality(**changes: Any) -> Quality:
    made = {
        "rows": 12345,
        "kept": 2937,
        "positives": 1375,
        "rules": (
            RuleCount(rule="no_label", rows=592, defect=False),
            RuleCount(rule="source_not_kept", rows=8810, defect=False),
            RuleCount(rule="visits_below_minimum", rows=6, defect=True),
            RuleCount(rule="duplicate_row", rows=0, defect=True),
        ),
        "missing": {"id": 0, "visits": 41, "source": 0},
    }
    return Quality(**(made | changes))


def data(origin: str = "dvc") -> DataVersion:
    return DataVersion(origin=origin, path="data/raw/leads.csv", md5="d41d8cd98f00b204e9800998ecf8427e")


def selected(promote: bool = True, because: str = "log-loss -0.0124 on the same rows") -> Selected:
    decision = Decision(promote=promote, because=because)
    return Selected(decision=decision, candidate="3", champion="3" if promote else "2", previous="2")
