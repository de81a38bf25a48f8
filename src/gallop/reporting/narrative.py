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
    title,
    with_interval,
)
from gallop.results.run import Quality, TrainingResult

_NEARLY_ALL: Final = 0.9
"""Share of all columns' importance from which one column is said to do nearly all the work."""
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


def live_fit(result: TrainingResult) -> str:
    """Which leads the model that scores has learnt from."""
    return (
        f"The model that scores is the same recipe, fitted on all {leads(result.live_rows)} after the test; the "
        f"figures are those of the fit on {leads(result.train_rows)}."
    )


def days(quality: Quality) -> str | None:
    """When the leads are from; None where the table does not say."""
    if quality.days is None:
        return None
    first, last = quality.days
    return f"{first}" if first == last else f"{first} to {last}"


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


def above_the_winner(result: TrainingResult) -> str | None:
    """Why candidates with a lower log-loss than the winner's are not deployed. None where there is none."""
    better = [candidate for candidate in result.candidates if candidate.behind.value < 0 and not candidate.explains]
    if not better:
        return None
    listed = " and ".join(f"{family(candidate.family)} ({signed_interval(candidate.behind)})" for candidate in better)
    chance = all(candidate.behind.high >= 0 for candidate in better)
    one = len(better) == 1
    return (
        f"{title(listed)} {'has' if one else 'have'} a lower log-loss than the winner"
        f"{', which may be chance' if chance else ''}, but {'gives' if one else 'give'} no reasons for "
        f"{'its' if one else 'their'} scores, and only a model that gives them is deployed."
    )


def dominant_column(result: TrainingResult) -> str | None:
    """The column that does nearly all the work: its importance is `_NEARLY_ALL` of all. None where there is none."""
    increases = sorted((max(0.0, importance.increase.value), importance.column) for importance in result.importances)
    if len(increases) < 2 or increases[-1][0] < _NEARLY_ALL * sum(increase for increase, _ in increases):
        return None
    (second, _), (first, column) = increases[-2:]
    if not first:
        return None
    return (
        f"One column does nearly all the work: shuffling {column} raises the log-loss by {figure(first)}, shuffling "
        f"any other by {figure(second)} at most. Make sure that it is known whenever a lead is scored."
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
