"""Plots for decisions: profit by share of leads called, log-loss by number of training leads, and the effect of each
column on the score."""

from functools import partial
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from gallop.reporting.formatting import (
    TRUTHS,
    UNKNOWN,
    brief,
    count,
    figure,
    in_level_order,
    money,
    percent,
    signed,
    words,
)
from gallop.reporting.html.svg import ACCENT, INK, LINE, MUTED, PAPER, axes, dot, note, percent_axes, render_svg
from gallop.results.evidence import DecisionPlan, Effect, LearningPoint, TestEvidence

EFFECTS: Final = 6
"""The number of columns whose effect is drawn, the strongest first."""
_LEVELS: Final = 8
"""The number of levels of a category that are drawn, those with the most leads."""


def decision_plots(evidence: TestEvidence) -> dict[str, str]:
    """Name → `<svg>` element: profit, learning, effects; a plot without data is left out."""
    plots = {}
    if evidence.decision.curve:
        plots["profit"] = render_svg("profit", partial(_profit, plan=evidence.decision))
    if len(evidence.learning) > 1:
        plots["learning"] = render_svg("learning", partial(_learning, curve=evidence.learning))
    if shown := evidence.effects[:EFFECTS]:
        height = 0.35 + 2.35 * -(-len(shown) // 3)
        plots["effects"] = render_svg("effects", partial(_effects, effects=shown), (9.6, height))
    return plots


def _profit(canvas: Figure, plan: DecisionPlan) -> str:
    plot = axes(canvas, "leads called, best first", "profit per 1,000 leads")
    x = [0.0, *(point.share for point in plan.curve)]
    middle, low, high = (
        [0.0, *(getattr(point.profit, name) for point in plan.curve)] for name in ("value", "low", "high")
    )
    plot.axhline(0, color=MUTED, linewidth=1, linestyle="--")
    plot.fill_between(x, low, high, color=ACCENT, alpha=0.15, linewidth=0)
    plot.plot(x, middle, color=ACCENT)
    percent_axes(plot, y=False)
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    last = plan.curve[-1]
    span = max(high) - min(low)
    note(plot, 1.0, last.profit.low - 0.05 * span, "calling everyone", ha="right")
    best = plan.for_profit
    if best is None or not best.share:
        return "Profit by share of leads called. No share of the leads brings a profit."
    index = min(range(len(x)), key=lambda index: abs(x[index] - best.share))
    dot(plot, x[index], middle[index], "")
    # Above the band: at its top the line is so flat that a label under the point would lie on it.
    plot.set_ylim(top=max(high) + 0.14 * span)
    side = "center" if 0.2 < best.share < 0.8 else "left" if best.share <= 0.2 else "right"
    text = f"best: call {percent(best.share)}"
    plot.text(x[index], max(high) + 0.07 * span, text, color=INK, fontweight="bold", ha=side, va="center")
    return (
        f"Profit per 1,000 leads by share of leads called. It is largest where {percent(best.share)} are called, about "
        f"{money(middle[index])}; calling everyone brings {money(last.profit.value)}."
    )


def _learning(canvas: Figure, curve: tuple[LearningPoint, ...]) -> str:
    plot = axes(canvas, "training leads", "log-loss, cross-validated")
    x = [point.rows for point in curve]
    plot.set_xscale("log")
    plot.xaxis.set_major_locator(FixedLocator(x))
    plot.xaxis.set_minor_locator(FixedLocator([]))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: count(round(rows))))
    plot.fill_between(
        x, [point.log_loss.low for point in curve], [point.log_loss.high for point in curve], color=ACCENT, alpha=0.15
    )
    plot.plot(x, [point.log_loss.value for point in curve], "o-", color=ACCENT, markersize=4)
    last = curve[-1]
    dot(plot, last.rows, last.log_loss.value, f"all: {figure(last.log_loss.value)}", ha="right")
    return (
        f"Log-loss by number of training leads: {figure(curve[0].log_loss.value)} with {count(curve[0].rows)}, "
        f"{figure(last.log_loss.value)} with {count(last.rows)}."
    )


def _effects(canvas: Figure, effects: tuple[Effect, ...]) -> str:
    """Small plots on one scale, so that their heights compare."""
    rows = -(-len(effects) // 3)
    highest = max(abs(end) for effect in effects for point in effect.points for end in (point.low, point.high)) or 1.0
    for index, effect in enumerate(effects):
        plot = canvas.add_subplot(rows, 3, index + 1)
        plot.set_ylim(-1.12 * highest, 1.12 * highest)
        plot.tick_params(length=0, pad=4)
        plot.axhline(0, color=MUTED, linewidth=1, linestyle="--")
        name = words(effect.column)[:34]
        plot.text(0, 1.06, name, transform=plot.transAxes, color=INK, fontweight="bold", va="bottom")
        _effect(plot, effect)
        if index % 3:
            plot.set_yticklabels([])
        else:
            plot.set_ylabel("adds to log-odds")
    canvas.subplots_adjust(
        left=0.065,
        right=0.99,
        top=1 - 0.3 / canvas.get_figheight(),
        bottom=0.42 / canvas.get_figheight(),
        wspace=0.09,
        hspace=0.52,
    )
    strongest = ", ".join(f"{words(effect.column)} {figure(effect.strength)}" for effect in effects)
    return f"What columns add to the log-odds of converting. Mean size: {strongest}."


def _effect(plot: Axes, effect: Effect) -> None:
    known = [point for point in effect.points if point.value is not None]
    numeric = bool(known) and all(not isinstance(point.value, str) for point in known)
    if numeric:
        x = [float(point.value) for point in known if point.value is not None]
        plot.fill_between(
            x, [point.low for point in known], [point.high for point in known], color=ACCENT, alpha=0.15, linewidth=0
        )
        plot.plot(x, [point.log_odds for point in known], "o-", color=ACCENT, markersize=3.5)
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: brief(value)))
        plot.locator_params(axis="x", nbins=5)
        missing = [point for point in effect.points if point.value is None]
        for point in missing:
            plot.axhline(point.log_odds, color=MUTED, linewidth=1.3, linestyle=":")
            note(plot, max(x), point.log_odds, f"{UNKNOWN}: {signed(point.log_odds)}", ha="right")
        return
    # The levels with the most leads, ordered as numbers, or by what they add.
    shown = sorted(sorted(effect.points, key=lambda point: -point.rows)[:_LEVELS], key=lambda point: -point.log_odds)
    shown = in_level_order(shown, lambda point: "" if point.value is None else str(point.value))
    x = list(range(len(shown)))
    low, high = [point.low for point in shown], [point.high for point in shown]
    plot.vlines(x, low, high, color=ACCENT, alpha=0.35, linewidth=4)
    plot.plot(x, [point.log_odds for point in shown], "o", color=ACCENT, markersize=6, markeredgecolor=PAPER)
    plot.xaxis.set_major_locator(FixedLocator(x))
    length = max(3, 34 // max(1, len(shown)))
    plot.set_xticklabels(
        [
            _short(UNKNOWN if point.value is None else TRUTHS.get(str(point.value), str(point.value)), length)
            for point in shown
        ]
    )
    plot.set_xlim(-0.6, len(shown) - 0.4)
    plot.grid(axis="x", visible=False)
    plot.spines.bottom.set_color(LINE)


def _short(level: str, length: int) -> str:
    return level if len(level) <= length else f"{level[: length - 1]}…"
