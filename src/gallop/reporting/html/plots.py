"""The curves of a `MetricsReport`, drawn."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from matplotlib.figure import Figure

from gallop.evaluation.metrics import MetricsReport
from gallop.reporting.formatting import figure, percent
from gallop.reporting.html.svg import ACCENT, MUTED, PAPER, axes, dot, note, percent_axes, render_svg
from gallop.reporting.narrative import reach

_MOST_POINTS: Final = 400


def curves(report: MetricsReport) -> dict[str, str]:
    """Name → `<svg>` element: roc, pr, calibration, gain, lift."""
    plots = {"roc": _roc, "pr": _pr, "calibration": _calibration, "gain": _gain, "lift": _lift}
    return {name: render_svg(name, partial(draw, report=report)) for name, draw in plots.items()}


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """At most `_MOST_POINTS` of the points, the first and last among them, as x and y."""
    last, steps = len(points) - 1, min(len(points), _MOST_POINTS)
    chosen = [points[round(index * last / max(1, steps - 1))] for index in range(steps)]
    return [x for x, _ in chosen], [y for _, y in chosen]


def _roc(canvas: Figure, report: MetricsReport) -> str:
    plot = axes(canvas, "other leads called by mistake", "customers found")
    x, y = _thinned(report.roc)
    no, false_yes, missed, yes = report.confusion
    plot.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1)
    note(plot, 0.76, 0.69, "chance")
    plot.fill_between(x, y, color=ACCENT, alpha=0.1, linewidth=0)
    plot.plot(x, y, color=ACCENT)
    at = (false_yes / (false_yes + no), yes / (yes + missed))
    dot(plot, *at, f"threshold {report.threshold:.3g}")
    percent_axes(plot)
    area = figure(report.metrics["roc_auc"].value)
    return (
        f"ROC curve with an area of {area}. At the threshold {report.threshold:.3g}, {percent(at[1])} of the customers "
        f"are found and {percent(at[0])} of the other leads are called by mistake."
    )


def _pr(canvas: Figure, report: MetricsReport) -> str:
    plot = axes(canvas, "customers found", "customers among those called")
    x, y = _thinned(report.pr)
    _, false_yes, missed, yes = report.confusion
    rate = report.positives / report.rows
    plot.axhline(rate, linestyle="--", color=MUTED, linewidth=1)
    note(plot, 0.02, rate - 0.05, f"calling everyone: {percent(rate)}")
    plot.plot(x, y, color=ACCENT)
    area = figure(report.metrics["pr_auc"].value)
    label = f"Precision-recall curve with an area of {area}; calling everyone gives {percent(rate)} customers."
    if yes + false_yes:
        at = (yes / (yes + missed), yes / (yes + false_yes))
        dot(plot, *at, f"threshold {report.threshold:.3g}", ha="right" if at[0] > 0.5 else "left")
        label += f" At the threshold {report.threshold:.3g}, {percent(at[1])} of those called are customers."
    percent_axes(plot)
    return label


def _calibration(canvas: Figure, report: MetricsReport) -> str:
    plot = axes(canvas, "", "leads that became customers")
    plot.set_position((0.1, 0.275, 0.88, 0.64))
    below = canvas.add_axes((0.1, 0.145, 0.88, 0.09))
    x, y = [group.probability for group in report.calibration], [group.rate for group in report.calibration]
    plot.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1)
    note(plot, 0.54, 0.45, "perfect calibration")
    low, high = [group.low for group in report.calibration], [group.high for group in report.calibration]
    plot.vlines(x, low, high, color=ACCENT, alpha=0.5)
    plot.plot(x, y, "o", color=ACCENT, markersize=6, markeredgecolor=PAPER, markeredgewidth=1)
    percent_axes(plot)
    plot.set_xticklabels([])
    below.vlines(x, 0, [group.rows for group in report.calibration], color=MUTED, linewidth=2.5)
    below.set(xlabel="predicted probability", yticks=[], ylim=(0, None))
    below.text(-0.015, 0.4, "leads", transform=below.transAxes, color=MUTED, ha="right", va="center", fontsize=8.5)
    below.spines.left.set_visible(False)
    below.tick_params(length=0, pad=5)
    percent_axes(below, y=False)
    worst = max(report.calibration, key=lambda group: abs(group.rate - group.probability))
    return (
        f"Calibration in {len(report.calibration)} groups of leads. In the group with the largest gap, "
        f"{percent(worst.probability)} were predicted and {percent(worst.rate)} became customers."
    )


def _gain(canvas: Figure, report: MetricsReport) -> str:
    plot = axes(canvas, "leads called, best first", "customers reached")
    x, y = [0.0, *(step.share for step in report.lift)], [0.0, *(step.gain for step in report.lift)]
    rate, at = report.positives / report.rows, reach(report)
    plot.plot([0, 1], [0, 1], "--", color=MUTED, linewidth=1)
    note(plot, 0.76, 0.69, "at random")
    plot.plot([0, rate, 1], [0, 1, 1], ":", color=MUTED, linewidth=1.3)
    note(plot, rate - 0.02, 0.96, "perfect ranking", ha="right")
    plot.fill_between(x, x, y, color=ACCENT, alpha=0.1, linewidth=0)
    plot.plot(x, y, color=ACCENT)
    dot(plot, at.step.share, at.step.gain, f"{percent(at.step.share)} called, {percent(at.step.gain)} reached")
    percent_axes(plot)
    return f"Gain curve. {at.sentence}"


def _lift(canvas: Figure, report: MetricsReport) -> str:
    plot = axes(canvas, "leads called, best first", "times as many customers as at random")
    x, y = [step.share for step in report.lift], [step.lift for step in report.lift]
    ceiling, called = report.rows / report.positives, [percentage / 100 for percentage in range(1, 101)]
    plot.plot(called, [min(ceiling, 1 / share) for share in called], ":", color=MUTED, linewidth=1.3)
    plot.axhline(1, linestyle="--", color=MUTED, linewidth=1)
    note(plot, 0.015, 0.93 if ceiling < 4 else 1 - ceiling / 30, "at random")
    note(plot, 1 / ceiling + 0.03, ceiling, "perfect ranking")
    plot.plot(x, y, "o-", color=ACCENT, markersize=4)
    at = reach(report).step
    dot(plot, at.share, at.lift, f"×{at.lift:.1f} at {percent(at.share)}", ha="center")
    percent_axes(plot, y=False)
    plot.set_ylim(0, max(ceiling, *y) * 1.06)
    return f"Lift curve. The best {percent(at.share)} of the leads convert {at.lift:.1f} times as often as all leads."
