"""How far an exported classifier can be trusted, judged by rows with known outcomes and by nothing else. Pure.

A contract of a few rows says that a file answers; 6 of 500 models trained on shuffled labels meet such a contract too.
An audit asks more. It measures on every row, with bootstrap intervals, and holds each demand against the worse end of
its interval, so few rows never pass by luck. It compares the ranking with the same ranking of shuffled labels. And it
requires what any honest scorer has: the same answer for a row whether it comes first, last or alone.
"""

from pathlib import Path
from typing import Annotated, Final, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from gallop.artifacts.confined import ask_confined
from gallop.artifacts.confinement import Confinement
from gallop.artifacts.contract import read_model
from gallop.errors import (
    ContractError,
)
from gallop.evaluation.metrics import Vector, estimate
from gallop.evaluation.ranking import group_by_score, roc_auc
from gallop.results.estimates import Estimate, ResultModel

Proportion = Annotated[float, Field(ge=0.0, le=1.0)]
_ALONE: Final = 100
"""Rows that are also asked about one by one."""
_BLOCK_LABELS: Final = 1_000_000
"""Shuffled labels held at a time: 8 MB."""
_SAME: Final = 1e-6
"""Probabilities of one row may differ by this much between two calls: sums in another order, in 32 bits."""


class AuditSettings(ResultModel):
    """What is demanded, and how it is measured. Each default is what no sensible model fails."""

    min_auc: Proportion = Field(0.5, description="The ranking must surely be better than this (0.5: than none).")
    max_log_loss: float = Field(0.6931, gt=0.0, description="The log-loss must surely be below this (a coin's).")
    min_right: Proportion = Field(0.5, description="The share of rows predicted right must surely be above this.")
    max_p_value: Proportion = Field(0.01, description="Chance that shuffled labels are ranked as well, at most this.")
    threshold: Proportion = Field(0.5, description="Smallest probability that counts as a yes.")
    permutations: int = Field(2000, ge=100, le=1_000_000, description="Shufflings of the labels.")
    resamples: int = Field(2000, ge=100, le=100_000, description="Bootstrap resamples behind each interval.")
    confidence: float = Field(0.95, gt=0.0, lt=1.0, description="Coverage of the intervals.")
    seed: int = Field(42, ge=0, lt=2**32, description="Seed of shuffling and resampling.")


class Shuffled(ResultModel):
    """The control: how well the same scores rank shuffled labels."""

    permutations: int
    mean: float
    high: float
    """The 95th percentile of the areas under the ROC curve."""
    p_value: float


class Demand(ResultModel):
    """One thing that was demanded, what was measured, and whether that is enough."""

    name: str
    wanted: str
    measured: str
    met: bool


class Audit(ResultModel):
    """The verdict, with all it rests on."""

    rows: int
    positives: int
    metrics: dict[str, Estimate]
    shuffled: Shuffled
    best_column: str
    """The single column that ranks the rows best by itself."""
    best_column_auc: float
    demands: tuple[Demand, ...]

    @property
    def passed(self) -> bool:
        """Whether every demand is met."""
        return all(demand.met for demand in self.demands)


@runtime_checkable
class AuditedClassifier(Protocol):
    """What is audited: anything that gives two probabilities a row."""

    def predict_proba(self, X: pd.DataFrame) -> NDArray: ...


def audit_model(model: object, rows: pd.DataFrame, labels: Vector, settings: AuditSettings) -> Audit:
    """Judge a classifier.

    Args:
        model: the estimator, already loaded.
        rows: shape (n, columns), encoded as the model takes them.
        labels: shape (n,), 0 or 1, both present.

    Raises:
        ContractError: it gives no probabilities for these rows, or other ones for the same row.
    """
    return audit_probabilities(predicted_probabilities(model, rows), rows, labels, settings)


def audit_file(path: Path, rows: pd.DataFrame, labels: Vector, settings: AuditSettings) -> tuple[Audit, Confinement]:
    """Judge anybody's model file: it is read, and asked, in a process that has as little as possible.

    Returns:
        The verdict, and what that process had not.

    Raises:
        As `audit_model`, and UnsafeModelError: it is no accepted model, or it crashed the process.
    """
    answer = ask_confined("probabilities", read_model(path), rows, None, path)
    return audit_probabilities(answer.values, rows, labels, settings), answer.confinement


def audit_probabilities(probability: Vector, rows: pd.DataFrame, labels: Vector, settings: AuditSettings) -> Audit:
    """Judge a classifier by what it says: shape (n,), the probabilities of a yes. Else as `audit_model`."""
    how = settings.model_dump(include={"threshold", "resamples", "confidence", "seed"})
    metrics = estimate(labels, probability, **how)
    shuffled = shuffled_control(labels, probability, permutations=settings.permutations, seed=settings.seed)
    # A column may rank either way round.
    areas = {str(name): float(_auc(labels, rows[name].to_numpy())) for name in rows}
    best = max(areas, key=lambda name: abs(areas[name] - 0.5))
    return Audit(
        rows=len(rows),
        positives=int(labels.sum()),
        metrics=metrics,
        shuffled=shuffled,
        best_column=best,
        best_column_auc=0.5 + abs(areas[best] - 0.5),
        demands=_demands(metrics, shuffled, settings),
    )


def predicted_probabilities(model: object, rows: pd.DataFrame) -> Vector:
    """The probabilities of a yes, shape (n,), once it is clear that each row's is its own. Raises `ContractError`."""
    try:
        named = list(getattr(model, "feature_names_in_", rows.columns))
    except Exception as error:  # noqa: BLE001 a property of a library's; a model from a file may fail in any way
        raise ContractError(f"the model does not know its columns: {error}") from None
    if named != list(rows.columns):
        raise ContractError(f"the model takes the columns {named}; the rows have {list(rows.columns)}")
    if not isinstance(model, AuditedClassifier):
        raise ContractError(f"a {type(model).__name__} gives no probabilities; an audit needs predict_proba")
    answers = _answers(model, rows)
    backwards = _answers(model, rows.iloc[::-1])[::-1]
    alone = np.vstack([_answers(model, rows.iloc[[row]]) for row in range(min(len(rows), _ALONE))])
    for what, again in (("in another order", backwards), ("alone", alone)):
        apart = np.abs(answers[: len(again)] - again).max(axis=1)
        if apart.max() > _SAME:
            raise ContractError(
                f"row {int(apart.argmax()) + 1} gets another probability {what}: {apart.max():.2g} apart"
            )
    return answers[:, 1]


def _answers(model: AuditedClassifier, rows: pd.DataFrame) -> NDArray:
    try:
        answers = np.asarray(model.predict_proba(rows.copy()), dtype=float)
    except Exception as error:  # noqa: BLE001 a model from a file may fail in any way; all of it means the same
        raise ContractError(f"the model cannot answer the rows: {error}") from None
    if answers.shape != (len(rows), 2) or not np.all((answers >= 0) & (answers <= 1)):
        raise ContractError(f"for {len(rows)} rows the model gives {answers.shape} values, not two probabilities each")
    return answers


def shuffled_control(labels: Vector, probability: Vector, *, permutations: int, seed: int) -> Shuffled:
    """Rank shuffled labels with the same scores.

    The p-value counts the observed order as one of the shufflings (Phipson & Smyth 2010), so it is never 0.
    """
    random, block = np.random.default_rng(seed), max(1, _BLOCK_LABELS // len(labels))
    sizes = [min(block, permutations - start) for start in range(0, permutations, block)]
    areas = np.concatenate([_auc(random.permuted(np.tile(labels, (size, 1)), axis=1), probability) for size in sizes])
    as_good = int(np.sum(areas >= _auc(labels, probability) - 1e-12))
    return Shuffled(
        permutations=permutations,
        mean=float(areas.mean()),
        high=float(np.quantile(areas, 0.95)),
        p_value=(1 + as_good) / (1 + permutations),
    )


def _auc(labels: NDArray, score: Vector) -> Vector:
    """ROC AUC of one score for labels of shape (..., n), both outcomes in each."""
    return roc_auc(*group_by_score(score, labels, 1 - labels))


def markdown(audit: Audit, name: str) -> str:
    """The verdict as a page for people."""
    verdict = "passes" if audit.passed else "does not pass"
    lines = [f"## {name} {verdict}", "", f"{audit.rows} rows, {audit.positives} of them positive.", ""]
    lines += ["| demand | wanted | measured | |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {demand.name} | {demand.wanted} | {demand.measured} | {'✓' if demand.met else '✗'} |"
        for demand in audit.demands
    ]
    lines += ["", "| metric | value | interval |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {metric.value:.3f} | {metric.low:.3f} to {metric.high:.3f} |"
        for name, metric in audit.metrics.items()
    ]
    control = audit.shuffled
    lines += ["", f"Shuffled labels: ROC AUC {control.mean:.3f} on average, 95 % of them below {control.high:.3f}."]
    lines += [f"The best single column, {audit.best_column}, has ROC AUC {audit.best_column_auc:.3f} by itself."]
    return "\n".join(lines)


def _demands(metrics: dict[str, Estimate], control: Shuffled, wanted: AuditSettings) -> tuple[Demand, ...]:
    auc, loss, right = metrics["roc_auc"].low, metrics["log_loss"].high, metrics["accuracy"].low
    chance = control.p_value
    held = (
        ("ROC AUC", f"> {wanted.min_auc}", f"at least {auc:.3f}", auc > wanted.min_auc),
        ("log-loss", f"< {wanted.max_log_loss}", f"at most {loss:.3f}", loss < wanted.max_log_loss),
        ("rows right", f"> {wanted.min_right}", f"at least {right:.3f}", right > wanted.min_right),
        ("shuffled labels", f"p ≤ {wanted.max_p_value}", f"p = {chance:.4f}", chance <= wanted.max_p_value),
    )
    return tuple(Demand(name=name, wanted=least, measured=measured, met=met) for name, least, measured, met in held)
