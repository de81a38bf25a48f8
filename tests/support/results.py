"""Results made by hand for the tests of the reports: small, complete, and changeable in one place."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import METRICS, Estimate, MetricsReport, Vector, evaluate
from gallop.evaluation.slices import slices
from gallop.modelling.thresholds import choose_cutoffs, measure_cutoffs
from gallop.modelling.uncertainty import score_uncertainty
from gallop.results.evidence import (
    DecisionPlan,
    Effect,
    EffectPoint,
    LeadExample,
    LearningPoint,
    Reason,
    TestEvidence,
    UncertaintyCheck,
)
from gallop.results.run import (
    Candidate,
    CodeVersion,
    DataVersion,
    Decision,
    Importance,
    Quality,
    RuleCount,
    Selected,
    TrainingResult,
)
from gallop.settings.decision import DecisionRule
from gallop.settings.params import Settings, parse_settings

CODE = CodeVersion(commit="0123456789abcdef0123456789abcdef01234567", changed=False)
MONEY = {"threshold": "profit", "value": 60.0, "cost": 20.0, "capacity": 50}
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
        "decision": MONEY,
        "training": {"families": {"splines": {"trials": 1, "space": [{"C": [1.0]}]}}},
    }
    return parse_settings(json.loads(json.dumps(raw)), str(Path("params.yaml")))


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.01, high=value + 0.02)


def estimates(start: float) -> dict[str, Estimate]:
    """Each metric with a figure of its own."""
    return {name: estimate(start + index / 100) for index, name in enumerate(METRICS)}


def leads(rows: int = 120, seed: int = 7) -> tuple[Vector, Vector]:
    """Outcomes and probabilities of made-up leads: the probabilities are the true ones."""
    draw = np.random.default_rng(seed)
    probability = draw.uniform(size=rows)
    return (draw.uniform(size=rows) < probability).astype(np.float64), probability


def report(rows: int = 120, threshold: float = 0.5) -> MetricsReport:
    """An honest report on made-up leads."""
    label, probability = leads(rows)
    return evaluate(label, probability, threshold=threshold, resamples=100, confidence=0.95, seed=1)


def candidate(family: str, behind: float, contract: str) -> Candidate:
    return Candidate(
        family=family,
        parameters={"C": 1.0, "solver": None, "warm": True},
        trials=3,
        pruned=1,
        failed=(),
        explains=True,
        calibrated=False,
        metrics=estimates(0.3 + behind),
        behind=estimate(behind),
        contract=contract,
    )


def plan(rule: DecisionRule | None = None) -> DecisionPlan:
    """Decided on made-up leads."""
    rule = rule or DecisionRule(**MONEY)
    how = {"resamples": 100, "confidence": 0.95, "seed": 1}
    return measure_cutoffs(choose_cutoffs(*leads(600, 3), rule, **how), *leads(), rule, **how)


def reason(column: str, value: str | float | None, log_odds: float) -> Reason:
    return Reason(column=column, value=value, log_odds=log_odds)


def case(probability: float, converted: bool) -> LeadExample:
    reasons = (reason("n_visits", 14.0, 1.9), reason("source", "organic", -0.4), reason("time_spent", None, 0.1))
    return LeadExample(probability=probability, converted=converted, reasons=reasons)


def effect(column: str, values: tuple, strength: float = 0.8) -> Effect:
    points = tuple(
        EffectPoint(value=value, rows=40 + index, log_odds=index / 2 - 1, low=index / 2 - 1.4, high=index / 2 - 0.5)
        for index, value in enumerate(values)
    )
    return Effect(column=column, strength=strength, points=points)


def evidence(**changes: Any) -> TestEvidence:
    """All there can be; two in three of one level's leads are made to convert, against their promise."""
    label, probability = leads(400)
    level = np.where(np.arange(400) % 4 == 0, "organic", "signup")
    label = np.where((level == "organic") & (np.arange(400) % 3 > 0), 1.0, label)
    made = {
        "decision": plan(),
        "calibration": calibration(label, probability, resamples=100, confidence=0.95, seed=1),
        "slices": slices({"source": level.tolist()}, label, probability, confidence=0.95),
        "learning": tuple(
            LearningPoint(rows=rows, log_loss=estimate(loss))
            for rows, loss in ((312, 0.52), (624, 0.48), (1249, 0.45), (2497, 0.44))
        ),
        "effects": (effect("n_visits", (1.0, 4.0, 9.0, 20.0, None)), effect("source", ("signup", "organic"), 0.2)),
        "hits": tuple(case(0.99 - index / 100, True) for index in range(5)),
        "misses": tuple(case(0.97 - index / 100, False) for index in range(5)),
        "certainty": UncertaintyCheck(
            nominal=0.9,
            converts=estimate(0.94),
            converts_rows=61,
            does_not=estimate(0.97),
            does_not_rows=143,
            unsure=0.64,
            ranges=estimate(0.95),
        ),
        "uncertainty": score_uncertainty(label, probability),
    }
    return TestEvidence(**(made | changes))


def no_evidence() -> TestEvidence:
    """What must be there, and nothing else."""
    nothing = dict.fromkeys(("slices", "learning", "effects", "hits", "misses"), ())
    return evidence(decision=plan(DecisionRule()), **nothing)


def result(**changes: Any) -> TrainingResult:
    """Two families; the winner breaks the contract, so the other one is exported."""
    made = {
        "winner": "gradient_boosting",
        "exported": "logistic_regression",
        "train_rows": 2497,
        "train_positives": 1169,
        "live_rows": 3610,
        "given_up": (),
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
        "evidence": evidence(),
    }
    return TrainingResult(**(made | changes))


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
