"""The evidence as the page shows it: drawings, places on scales, and sentences."""

from typing import Any

from markupsafe import Markup

from gallop.evaluation.metrics import Estimate
from gallop.evaluation.slices import MIN_SLICE_ROWS
from gallop.reporting import decision_text
from gallop.reporting.html.decision_plots import EFFECTS, decisions
from gallop.reporting.html.scale import Mark, Scale
from gallop.results.evidence import Band, Cutoff, DecisionPlan, Slice
from gallop.results.run import TrainingResult

_SHARES = Scale(0.0, 1.0)


def evidence_parts(result: TrainingResult) -> dict[str, Any]:
    """What the templates under `sections/` need of the evidence, by name."""
    evidence = result.evidence
    drawn = {name: Markup(drawing) for name, drawing in decisions(evidence).items()}
    cutoff = evidence.decision.cutoff
    return {
        "decision_text": decision_text,
        "evidence": evidence,
        "headline": decision_text.headline(evidence.decision),
        "careful": decision_text.careful(evidence),
        "more_data": decision_text.more_data(evidence.learning),
        "in_force_profit": decision_text.profit_of(
            cutoff, evidence.decision.optimism if cutoff == evidence.decision.for_profit else None
        ),
        "plots_of": {name: drawn.get(name) for name in ("profit", "learning", "effects")},
        "bands": [(each, _band(each)) for each in evidence.decision.bands],
        "cutoffs": _cutoffs(evidence.decision),
        "slices": _by_column(evidence.slices),
        "fewest": MIN_SLICE_ROWS,
        "shown_effects": min(EFFECTS, len(evidence.effects)),
    }


def _band(band: Band) -> tuple[Mark, ...]:
    marks = [_SHARES.mark(band.rate, "model")]
    return (*marks, _SHARES.mark(band.test_rate, "baseline")) if band.test_rate else tuple(marks)


def _cutoffs(plan: DecisionPlan) -> list[tuple[str, Cutoff]]:
    """Every cut-off once, the one in force first."""
    named = [("best for profit", plan.for_profit), ("best for F1", plan.for_f1)]
    others = [(name, each) for name, each in named if each and each.probability != plan.cutoff.probability]
    same = [name for name, each in named if each and each.probability == plan.cutoff.probability]
    return [(f"in force{''.join(f', {name}' for name in same)}", plan.cutoff), *others]


def _by_column(slices: tuple[Slice, ...]) -> list[tuple[str, list[tuple[Slice, tuple[Mark, ...]]]]]:
    scale = Scale.around([each.rate for each in slices] + [_point(each.expected) for each in slices], zero=True)
    columns: dict[str, list[tuple[Slice, tuple[Mark, ...]]]] = {}
    for each in slices:
        marks = (scale.mark(each.rate, "model"), scale.mark(_point(each.expected), "baseline"))
        columns.setdefault(each.column, []).append((each, marks))
    return list(columns.items())


def _point(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value)
