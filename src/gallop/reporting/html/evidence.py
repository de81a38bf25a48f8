"""The evidence as the page shows it: plots, positions on scales, and sentences."""

from typing import Any

from markupsafe import Markup

from gallop.evaluation.metrics import Estimate
from gallop.evaluation.slices import MIN_SLICE_ROWS
from gallop.reporting import decision_text, time_text, uplift_text
from gallop.reporting.formatting import in_level_order
from gallop.reporting.html.decision_plots import EFFECTS, decision_plots
from gallop.reporting.html.scale import Mark, Scale
from gallop.reporting.html.uplift_plot import uplift_plot
from gallop.results.evidence import Band, Cutoff, DecisionPlan, Slice
from gallop.results.over_time import Period
from gallop.results.run import TrainingResult

_SHARES = Scale(0.0, 1.0)


def evidence_parts(result: TrainingResult) -> dict[str, Any]:
    """What the templates under `sections/` need of the evidence, by name."""
    evidence = result.evidence
    plots = {name: Markup(plot) for name, plot in decision_plots(evidence).items()}
    cutoff = evidence.decision.cutoff
    return {
        "decision_text": decision_text,
        "evidence": evidence,
        "headline": decision_text.headline(evidence.decision),
        "cautions": (*decision_text.cautions(evidence), *time_text.time_cautions(result.over_time)),
        "more_data": decision_text.more_data(evidence.learning),
        "cutoff_profit": decision_text.profit_of(
            cutoff, evidence.decision.optimism if cutoff == evidence.decision.for_profit else None
        ),
        "plots_of": {name: plots.get(name) for name in ("profit", "learning", "effects")},
        "bands": [(band, _band(band)) for band in evidence.decision.bands],
        "cutoffs": _cutoffs(evidence.decision),
        "slices": _by_column(evidence.slices),
        "time_text": time_text,
        "later": result.over_time and time_text.describe_later(result.over_time, result.test.confidence),
        "uplift": result.uplift,
        "uplift_text": uplift_text,
        "uplift_plot": result.uplift and Markup(uplift_plot(result.uplift)),
        "periods": _periods(result.over_time.periods if result.over_time else ()),
        "fewest": MIN_SLICE_ROWS,
        "shown_effects": min(EFFECTS, len(evidence.effects)),
    }


def _band(band: Band) -> tuple[Mark, ...]:
    marks = [_SHARES.mark(band.rate, "model")]
    return (*marks, _SHARES.mark(band.test_rate, "baseline")) if band.test_rate else tuple(marks)


def _cutoffs(plan: DecisionPlan) -> list[tuple[str, Cutoff]]:
    """Every cut-off once, the one in force first."""
    choices = [("best for profit", plan.for_profit), ("best for F1", plan.for_f1)]
    others = [(name, cutoff) for name, cutoff in choices if cutoff and cutoff.probability != plan.cutoff.probability]
    same = [name for name, cutoff in choices if cutoff and cutoff.probability == plan.cutoff.probability]
    return [(f"in force{''.join(f', {name}' for name in same)}", plan.cutoff), *others]


def _by_column(slices: tuple[Slice, ...]) -> list[tuple[str, list[tuple[Slice, tuple[Mark, ...]]]]]:
    scale = Scale.around([slice_.rate for slice_ in slices] + [_point(slice_.expected) for slice_ in slices], zero=True)
    columns: dict[str, list[tuple[Slice, tuple[Mark, ...]]]] = {}
    for slice_ in slices:
        marks = (scale.mark(slice_.rate, "model"), scale.mark(_point(slice_.expected), "baseline"))
        columns.setdefault(slice_.column, []).append((slice_, marks))
    return [(column, in_level_order(rows, lambda row: row[0].level)) for column, rows in columns.items()]


def _periods(periods: tuple[Period, ...]) -> list[tuple[Period, tuple[Mark, ...]]]:
    scale = Scale.around(
        [period.rate for period in periods] + [_point(period.expected) for period in periods], zero=True
    )
    return [
        (period, (scale.mark(period.rate, "model"), scale.mark(_point(period.expected), "baseline")))
        for period in periods
    ]


def _point(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value)
