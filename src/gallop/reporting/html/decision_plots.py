"""How to decide and whether to go on learning, drawn: profit by share of leads called, and log-loss by leads learned
from; and what each column does to the score."""

from functools import partial
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from gallop.reporting.formatting import TRUTHS, brief, count, figure, money, percent, signed, words
from gallop.reporting.html.svg import ACCENT, INK, LINE, MUTED, PAPER, axes, dot, drawn, note, shares
from gallop.results.evidence import DecisionPlan, Effect, LearningPoint, TestEvidence

EFFECTS: Final = 6
"""Columns whose effect is drawn: the strongest."""
_LEVELS: Final = 8
"""Levels of a category that are drawn: those of the most leads."""


def decisions(evidence: TestEvidence) -> dict[str, str]:
    """Name → `<svg>` element: profit, learning, effects; without those that there is nothing to draw of."""
    plots = {}
    if evidence.decision.curve:
        plots["profit"] = drawn("profit", partial(_profit, plan=evidence.decision))
    if len(evidence.learning) > 1:
        plots["learning"] = drawn("learning", partial(_learning, learned=evidence.learning))
    if shown := evidence.effects[:EFFECTS]:
        height = 0.35 + 2.35 * -(-len(shown) // 3)
        plots["effects"] = drawn("effects", partial(_effects, effects=shown), (9.6, height))
    return plots


def _profit(canvas: Figure, plan: DecisionPlan) -> str:
    plot = axes(canvas, "leads called, best first", "profit per 1,000 leads")
    x = [0.0, *(each.share for each in plan.curve)]
    middle, low, high = (
        [0.0, *(getattr(each.profit, name) for each in plan.curve)] for name in ("value", "low", "high")
    )
    plot.axhline(0, color=MUTED, linewidth=1, linestyle="--")
    plot.fill_between(x, low, high, color=ACCENT, alpha=0.15, linewidth=0)
    plot.plot(x, middle, color=ACCENT)
    shares(plot, y=False)
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value)))
    last = plan.curve[-1]
    note(plot, 1.0, last.profit.value - 0.06 * (max(high) - min(low)), "calling everyone", ha="right")
    best = plan.for_profit
    if best is None or not best.share:
        return "Profit by share of leads called. No share of the leads brings a profit."
    place = min(range(len(x)), key=lambda each: abs(x[each] - best.share))
    dot(plot, x[place], middle[place], f"best: call {percent(best.share)}", ha="center" if best.share > 0.2 else "left")
    return (
        f"Profit per 1,000 leads by share of leads called. It is largest where {percent(best.share)} are called, about "
        f"{money(middle[place])}; calling everyone brings {money(last.profit.value)}."
    )


def _learning(canvas: Figure, learned: tuple[LearningPoint, ...]) -> str:
    plot = axes(canvas, "leads learned from", "log-loss, cross-validated")
    x = [each.rows for each in learned]
    plot.set_xscale("log")
    plot.xaxis.set_major_locator(FixedLocator(x))
    plot.xaxis.set_minor_locator(FixedLocator([]))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda rows, _: count(round(rows))))
    plot.fill_between(
        x, [each.log_loss.low for each in learned], [each.log_loss.high for each in learned], color=ACCENT, alpha=0.15
    )
    plot.plot(x, [each.log_loss.value for each in learned], "o-", color=ACCENT, markersize=4)
    last = learned[-1]
    dot(plot, last.rows, last.log_loss.value, f"all: {figure(last.log_loss.value)}", ha="right")
    return (
        f"Log-loss by number of leads learned from: {figure(learned[0].log_loss.value)} with {count(learned[0].rows)}, "
        f"{figure(last.log_loss.value)} with {count(last.rows)}."
    )


def _effects(canvas: Figure, effects: tuple[Effect, ...]) -> str:
    """Small plots on one scale, so that their heights compare."""
    rows = -(-len(effects) // 3)
    highest = max(abs(end) for each in effects for point in each.points for end in (point.low, point.high)) or 1.0
    for place, each in enumerate(effects):
        plot = canvas.add_subplot(rows, 3, place + 1)
        plot.set_ylim(-1.12 * highest, 1.12 * highest)
        plot.tick_params(length=0, pad=4)
        plot.axhline(0, color=MUTED, linewidth=1, linestyle="--")
        plot.text(0, 1.06, words(each.column)[:34], transform=plot.transAxes, color=INK, fontweight="bold", va="bottom")
        _effect(plot, each)
        if place % 3:
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
    strongest = ", ".join(f"{words(each.column)} {figure(each.strength)}" for each in effects)
    return f"What columns add to the log-odds of converting. Mean size: {strongest}."


def _effect(plot: Axes, effect: Effect) -> None:
    known = [each for each in effect.points if each.value is not None]
    numeric = bool(known) and all(not isinstance(each.value, str) for each in known)
    if numeric:
        x = [float(each.value) for each in known if each.value is not None]
        plot.fill_between(
            x, [each.low for each in known], [each.high for each in known], color=ACCENT, alpha=0.15, linewidth=0
        )
        plot.plot(x, [each.log_odds for each in known], "o-", color=ACCENT, markersize=3.5)
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: brief(value)))
        plot.locator_params(axis="x", nbins=5)
        missing = [each for each in effect.points if each.value is None]
        for each in missing:
            plot.axhline(each.log_odds, color=MUTED, linewidth=1.3, linestyle=":")
            note(plot, max(x), each.log_odds, f"unknown: {signed(each.log_odds)}", ha="right")
        return
    # The levels of the most leads, then in the order of what they add.
    shown = sorted(sorted(effect.points, key=lambda each: -each.rows)[:_LEVELS], key=lambda each: -each.log_odds)
    x = list(range(len(shown)))
    plot.vlines(x, [each.low for each in shown], [each.high for each in shown], color=ACCENT, alpha=0.35, linewidth=4)
    plot.plot(x, [each.log_odds for each in shown], "o", color=ACCENT, markersize=6, markeredgecolor=PAPER)
    plot.xaxis.set_major_locator(FixedLocator(x))
    length = max(3, 34 // max(1, len(shown)))
    plot.set_xticklabels(
        [
            _short("unknown" if each.value is None else TRUTHS.get(str(each.value), str(each.value)), length)
            for each in shown
        ]
    )
    plot.set_xlim(-0.6, len(shown) - 0.4)
    plot.grid(axis="x", visible=False)
    plot.spines.bottom.set_color(LINE)


def _short(level: str, length: int) -> str:
    return level if len(level) <= length else f"{level[: length - 1]}…"
