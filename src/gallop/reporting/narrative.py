"""The result in plain words for a sales team; no sentence claims more than the figures show."""

from dataclasses import dataclass
from typing import Final

from gallop.evaluation.metrics import LiftStep, MetricsReport
from gallop.reporting.formatting import (
    count,
    family,
    figure,
    interval,
    leads,
    percent,
    percent_of,
    signed_interval,
    with_interval,
)
from gallop.results.run import Quality, TrainingResult

CALLED: Final = 0.2
"""Share of the leads that the plain-words summary assumes are called."""


@dataclass(frozen=True)
class Reach:
    """What calling the best `CALLED` of the leads brings."""

    step: LiftStep
    ceiling: float
    """Share of the customers that a perfect ranking would reach."""

    @property
    def sentence(self) -> str:
        """The reach, beside what is possible and what calling at random would reach."""
        sentence = (
            f"Calling the best {percent(self.step.share)} of the leads reaches {percent(self.step.gain)} of the "
            f"customers, {self.step.lift:.1f} times as many as calling at random"
        )
        if self.ceiling < 1:
            return f"{sentence}; even a perfect ranking could reach only {percent(self.ceiling)}."
        return f"{sentence}."


def reach(report: MetricsReport) -> Reach:
    """The step of the report nearest to `CALLED`."""
    step = min(report.lift, key=lambda step: abs(step.share - CALLED))
    return Reach(step, min(1.0, step.share * report.rows / report.positives))


def kept(quality: Quality) -> str:
    """How many leads passed the rules."""
    return (
        f"{leads(quality.kept)} kept of {count(quality.rows)} rows; {count(quality.positives)} of them "
        f"({percent_of(quality.positives, quality.kept)}) became customers."
    )


def pairs(report: MetricsReport) -> str:
    """ROC AUC as a comparison of pairs."""
    of_hundred = round(report.metrics["roc_auc"].value * 100)
    return (
        f"Given one lead who became a customer and one who did not, the model ranks the customer first "
        f"{of_hundred} times in 100 (ROC AUC {with_interval(report.metrics['roc_auc'])})."
    )


def against_baseline(result: TrainingResult) -> str:
    """Log-loss beside that of the untuned model; the paired interval decides how strong the claim is."""
    ours, theirs = result.test.metrics["log_loss"], result.baseline["log_loss"]
    start = f"Its log-loss on {leads(result.test.rows)} never used in training is {with_interval(ours)}"
    other = f"an untuned logistic regression on the same leads: {figure(theirs.value)} {interval(theirs)}"
    if ours.value >= theirs.value:
        return f"{start}, not better than {other}."
    verdict = "more than chance explains" if result.ahead.high < 0 else "which may be chance"
    return f"{start}, lower (better) than {other}. The paired difference is {signed_interval(result.ahead)}, {verdict}."


def against_best(result: TrainingResult) -> str | None:
    """The gap to the true probabilities, for the sample only."""
    if result.best_possible is None:
        return None
    best, ours = result.best_possible["log_loss"], result.test.metrics["log_loss"]
    side = "above" if ours.value >= best.value else "below"
    return (
        f"The sample's true probabilities, which no model can beat in the long run, reach a log-loss of "
        f"{with_interval(best)}; the model is {figure(abs(ours.value - best.value))} {side} that."
    )


def export(result: TrainingResult) -> str:
    """Which candidate models/model.pkl holds, and why."""
    if result.exported is None:
        return "No model.pkl was exported: no candidate meets the contract of the exported file."
    if result.exported == result.winner:
        return f"The exported model.pkl holds this model ({family(result.winner)})."
    return (
        f"The exported model.pkl holds the {family(result.exported)} instead, the best candidate that meets its "
        f"contract; the contract {contract_cost(result)}."
    )


def contract_cost(result: TrainingResult) -> str:
    """What it costs that the exported model is not the winner, by cross-validation."""
    behind = next((candidate.behind for candidate in result.candidates if candidate.family == result.exported), None)
    if behind is None:
        return "has no measured cost"
    if behind.high < 0:
        cost = "costs nothing"
    elif behind.low > 0:
        cost = f"costs {figure(behind.value)} of log-loss"
    else:
        cost = "costs no more log-loss than chance explains"
    return f"{cost} ({signed_interval(behind)})"
