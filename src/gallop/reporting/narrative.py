"""The result in plain words: what a sales lead should take away, and nothing that the figures do not say."""

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
"""Share of the leads that the plain-words summary supposes are called."""


@dataclass(frozen=True)
class Reach:
    """What calling the best `CALLED` of the leads brings."""

    step: LiftStep
    ceiling: float
    """Share of the customers that a perfect ranking would reach."""

    @property
    def sentence(self) -> str:
        """The reach, next to what is possible and what chance would give."""
        found = (
            f"Calling the best {percent(self.step.share)} of the leads reaches {percent(self.step.gain)} of the "
            f"customers, {self.step.lift:.1f} times as many as calling at random"
        )
        if self.ceiling < 1:
            return f"{found}; even a perfect ranking could reach only {percent(self.ceiling)}."
        return f"{found}."


def reach(report: MetricsReport) -> Reach:
    """The step of the report nearest to `CALLED`."""
    step = min(report.lift, key=lambda step: abs(step.share - CALLED))
    return Reach(step, min(1.0, step.share * report.rows / report.positives))


def kept(quality: Quality) -> str:
    """How many leads came through the rules."""
    return (
        f"{leads(quality.kept)} kept of {count(quality.rows)} rows; {count(quality.positives)} of them "
        f"({percent_of(quality.positives, quality.kept)}) became customers."
    )


def pairs(report: MetricsReport) -> str:
    """ROC AUC as a bet on pairs."""
    of_hundred = round(report.metrics["roc_auc"].value * 100)
    return (
        f"Given one lead who became a customer and one who did not, the model ranks the customer first "
        f"{of_hundred} times in 100 (ROC AUC {with_interval(report.metrics['roc_auc'])})."
    )


def against_baseline(result: TrainingResult) -> str:
    """Log-loss next to the untuned model, with the care that two intervals allow."""
    ours, theirs = result.test.metrics["log_loss"], result.baseline["log_loss"]
    start = f"Its log-loss on {leads(result.test.rows)} never used in training is {with_interval(ours)}"
    other = f"an untuned logistic regression on the same leads: {figure(theirs.value)} {interval(theirs)}"
    if ours.value >= theirs.value:
        return f"{start}, not better than {other}."
    sure = "surely" if result.ahead.high < 0 else "perhaps by chance"
    paired = f"lead by lead the difference is {signed_interval(result.ahead)}, {sure} better"
    return f"{start}, lower (better) than {other}; {paired}."


def against_best(result: TrainingResult) -> str | None:
    """The gap to the true probabilities, for the sample only."""
    if result.best_possible is None:
        return None
    best, ours = result.best_possible["log_loss"], result.test.metrics["log_loss"]
    side = "above" if ours.value >= best.value else "below"
    return (
        f"The sample's true probabilities, which no model can beat for long, reach a log-loss of "
        f"{with_interval(best)}; the model is {figure(abs(ours.value - best.value))} {side} that."
    )


def export(result: TrainingResult) -> str:
    """Which candidate models/model.pkl holds, and why."""
    if result.exported is None:
        return "No model.pkl was exported: no candidate keeps the contract of the exported file."
    if result.exported == result.winner:
        return f"The exported model.pkl holds this model ({family(result.winner)})."
    return (
        f"The exported model.pkl holds the {family(result.exported)} instead, the best candidate that keeps its "
        f"contract; the gate {gate_cost(result)}."
    )


def gate_cost(result: TrainingResult) -> str:
    """What it costs that the exported model is not the winner, by cross-validation."""
    behind = next((each.behind for each in result.candidates if each.family == result.exported), None)
    if behind is None:
        return "cost nothing that was measured"
    if behind.high < 0:
        said = "costs nothing"
    elif behind.low > 0:
        said = f"costs {figure(behind.value)} of log-loss"
    else:
        said = "costs no log-loss that could be told from chance"
    return f"{said} ({signed_interval(behind)})"
