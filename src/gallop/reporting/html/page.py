"""The HTML report: one self-contained file, made from the results of training.

Texts and positions are computed here; how they look is in `templates/`. jinja2 escapes every value.
The same values give the same bytes: there is no clock and no machine in the page.
"""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from gallop.evaluation.metrics import METRICS, Estimate, MetricsReport
from gallop.reporting import formatting, narrative, rule_text
from gallop.reporting.event_text import told_counts
from gallop.reporting.html.environment import html_environment
from gallop.reporting.html.evidence import evidence_parts
from gallop.reporting.html.plots import curves
from gallop.reporting.html.scale import Mark, Scale, Tick
from gallop.results.run import SAMPLE, Candidate, CodeVersion, DataVersion, Quality, RuleCount, TrainingResult
from gallop.settings.params import Settings
from gallop.settings.table import Table

_CAPTIONS: Final = (
    (
        "gain",
        "Customers reached",
        "call leads from the top of the list: the line shows which share of all customers has been called by then; the "
        "further above the dashed line, the better the ranking.",
    ),
    (
        "lift",
        "Lift",
        "how many times more customers are among the best leads than among as many leads picked at random; "
        "1 is no help.",
    ),
    (
        "calibration",
        "Are the probabilities calibrated?",
        "each dot is a tenth of the leads: on the dashed line, as many became customers as the model predicted; the "
        "bars are Wilson intervals, and the ticks below show where the tenths lie.",
    ),
    (
        "roc",
        "ROC curve",
        "every point is a possible threshold: up is more customers found, right is more other leads called by mistake; "
        "the closer to the top left corner, the better.",
    ),
    (
        "pr",
        "Precision and recall",
        "calling further down the list (to the right) finds more of the customers, while the share of customers among "
        "those called falls; the higher the line stays, the better.",
    ),
)


@dataclass(frozen=True)
class Row:
    """One line of a table with its position on a scale."""

    name: str
    estimates: dict[str, Estimate]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """Lines of dots with intervals over one scale."""

    title: str
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    zero: float | None = None


@dataclass(frozen=True)
class Rejected:
    """A rule with its meaning."""

    count: RuleCount
    meaning: str


def render_report(
    result: TrainingResult, quality: Quality, data: DataVersion, code: CodeVersion, settings: Settings
) -> str:
    """The whole page.

    Args:
        result: of model_training.
        quality: what the rules kept and rejected.
        data: which data, for the header and the banner.
        code: which code, for the header.
        settings: of the same run.

    Returns:
        HTML without scripts and without links to other files.
    """
    plots = curves(result.test)
    template = html_environment().get_template("report.html.j2")
    page = template.render(
        banner=formatting.SAMPLE_BANNER,
        meanings=formatting.METRIC_MEANINGS,
        signed_interval=formatting.signed_interval,
        with_interval=formatting.with_interval,
        only_value=_only_value,
        result=result,
        **evidence_parts(result),
        quality=quality,
        event_features=settings.events.by_name if settings.events else {},
        event_counts=told_counts(quality.events),
        data=data,
        code=code,
        settings=settings,
        sample=data.origin == SAMPLE,
        reach=narrative.reach(result.test),
        live_fit=narrative.live_fit(result),
        narrative=narrative,
        scope=rule_text.scope(settings.table),
        held_out=rule_text.held_out(settings.split),
        rejected=_rejected(quality, settings.table),
        missing=[(name, rows) for name, rows in quality.missing.items() if rows],
        complete=[name for name, rows in quality.missing.items() if not rows],
        candidates=[_candidates(result.candidates, result.winner, name) for name in ("log_loss", "roc_auc")],
        metrics=_metrics(result),
        importances=_importances(result),
        confusion=_confusion(result.test),
        plots=[(name, title, caption, Markup(plots[name])) for name, title, caption in _CAPTIONS],
    )
    return formatting.printable(page)


def _only_value(estimate: Estimate) -> str:
    return formatting.figure(estimate.value)


def _rejected(quality: Quality, table: Table) -> list[Rejected]:
    meanings = rule_text.meanings(table)
    return [Rejected(rule, meanings.get(rule.rule, formatting.family(rule.rule))) for rule in quality.rules]


def _candidates(candidates: tuple[Candidate, ...], winner: str, name: str) -> Chart:
    scale = Scale.around(candidate.metrics[name] for candidate in candidates)
    rows = tuple(
        Row(
            formatting.family(candidate.family),
            {"value": candidate.metrics[name]},
            (scale.mark(candidate.metrics[name], "accent" if candidate.family == winner else "muted"),),
        )
        for candidate in candidates
    )
    return Chart(f"{formatting.title(formatting.metric(name))} ({formatting.direction(name)})", rows, scale.ticks())


def _metrics(result: TrainingResult) -> tuple[Row, ...]:
    """Each metric of the model, of the baseline, and of the best possible, on a scale of its own."""
    rows = []
    for name in METRICS:
        estimates = {"best": result.best_possible[name]} if result.best_possible else {}
        estimates = {"model": result.test.metrics[name], "baseline": result.baseline[name]} | estimates
        scale = Scale.around(estimates.values())
        rows.append(Row(name, estimates, tuple(scale.mark(estimate, kind) for kind, estimate in estimates.items())))
    return tuple(rows)


def _importances(result: TrainingResult) -> Chart:
    scale = Scale.around((importance.increase for importance in result.importances), zero=True)
    rows = tuple(
        Row(importance.column, {"value": importance.increase}, (scale.mark(importance.increase, "accent"),))
        for importance in result.importances
    )
    return Chart("Rise in log-loss when the column is shuffled", rows, scale.ticks(5), scale.position(0.0))


@dataclass(frozen=True)
class Confusion:
    """The four outcomes at the threshold, each with its share of all test leads."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int

    def strength(self, rows: int) -> int:
        """How strongly a cell is coloured, in percent: its share of all leads."""
        total = self.true_negatives + self.false_positives + self.false_negatives + self.true_positives
        return round(100 * rows / max(1, total))


def _confusion(report: MetricsReport) -> Confusion:
    return Confusion(*report.confusion)
