"""The curves of a Report as inline SVG: drawn by matplotlib, coloured by the page's CSS variables.

Each plot is drawn in stand-in colours that are then replaced by `var(--name)`, so one drawing serves light, dark and
print. Text stays text. No pyplot, no changed defaults; the same Report gives the same bytes.
"""

import re
from collections.abc import Sequence
from html import escape
from io import StringIO
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, PercentFormatter

from gallop.evaluation import Report
from gallop.reporting.story import reach
from gallop.reporting.wording import figure, percent

_COLOURS: Final = {"ink": "#010101", "muted": "#020202", "line": "#030303", "accent": "#040404", "paper": "#060606"}
_INK, _MUTED, _LINE, _ACCENT, _PAPER = _COLOURS.values()
_STYLE: Final = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the layout is the same on every machine
    "font.size": 9,
    "text.color": _INK,
    "text.parse_math": False,
    "axes.edgecolor": _LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": _MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.5,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
}
_NO_METADATA: Final = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_MOST_POINTS: Final = 400
_FIFTHS: Final = (0, 0.2, 0.4, 0.6, 0.8, 1)


def curves(report: Report) -> dict[str, str]:
    """Name → `<svg>` element: roc, pr, calibration, gain, lift."""
    drawn = {}
    for draw in (_roc, _pr, _calibration, _gain, _lift):
        name = draw.__name__.removeprefix("_")
        # The salt makes the ids of each drawing its own, since all stand in one page.
        with mpl.rc_context(_style(name)):
            canvas = Figure(figsize=(5.2, 3.7))
            label = draw(canvas, report)
            text = StringIO()
            canvas.savefig(text, format="svg", transparent=True, metadata=_NO_METADATA)
        drawn[name] = _inline(text.getvalue(), label)
    return drawn


def _style(salt: str) -> Any:
    """Ours over matplotlib's own defaults, so that a matplotlibrc of this machine does not change the page."""
    kept = ("font", "text", "axes", "grid", "xtick", "ytick", "lines", "path", "patch", "svg", "savefig", "figure")
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(kept)}
    return defaults | _STYLE | {"svg.hashsalt": salt}


def _inline(svg: str, label: str) -> str:
    """The drawing as an element of the page: named for screen readers, sized and coloured by CSS."""
    body = svg[svg.index("<svg") :]
    view = re.search(r'viewBox="[^"]+"', body)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body[body.index(">") + 1 :], flags=re.DOTALL)
    body = re.sub(r' id="[a-zA-Z0-9]+(\.[a-z]+)?_\d+"', "", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    for name, stand_in in _COLOURS.items():
        body = body.replace(stand_in, f"var(--{name})")
    named = escape(label, quote=True)
    return f'<svg role="img" aria-label="{named}" {view.group() if view else ""}><title>{named}</title>{body.strip()}\n'


def _axes(canvas: Figure, x: str, y: str) -> Axes:
    axes = canvas.add_axes((0.1, 0.145, 0.88, 0.77))
    axes.set(xlabel=x)
    axes.text(-0.09, 1.05, y, transform=axes.transAxes, color=_MUTED, va="bottom")
    axes.tick_params(length=0, pad=5)
    return axes


def _shares(axes: Axes, *, x: bool = True, y: bool = True) -> None:
    for wanted, axis, limit in ((x, axes.xaxis, axes.set_xlim), (y, axes.yaxis, axes.set_ylim)):
        if wanted:
            axis.set_major_locator(FixedLocator(_FIFTHS))
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            limit(-0.015, 1.03)


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """At most `_MOST_POINTS` of the points, the first and last among them, as x and y."""
    last, steps = len(points) - 1, min(len(points), _MOST_POINTS)
    chosen = [points[round(index * last / max(1, steps - 1))] for index in range(steps)]
    return [x for x, _ in chosen], [y for _, y in chosen]


def _note(axes: Axes, x: float, y: float, text: str, *, ha: str = "left") -> None:
    """A quiet label for a line. The page's CSS gives all text a halo, so that it stays readable on lines."""
    axes.text(x, y, text, color=_MUTED, ha=ha, va="center")


def _dot(axes: Axes, x: float, y: float, text: str, *, ha: str = "left") -> None:
    """The point that the page talks about, with its label below it: to the right, centred, or to the left."""
    axes.plot([x], [y], "o", color=_ACCENT, markersize=7.5, markeredgecolor=_PAPER, markeredgewidth=1.5, zorder=5)
    axes.annotate(
        text,
        (x, y),
        xytext=({"left": 8, "center": 0, "right": -6}[ha], -14),
        textcoords="offset points",
        color=_INK,
        fontweight="bold",
        ha=ha,
        va="center",
    )


def _roc(canvas: Figure, report: Report) -> str:
    axes = _axes(canvas, "other leads called by mistake", "customers found")
    x, y = _thinned(report.roc)
    no, false_yes, missed, yes = report.confusion
    axes.plot([0, 1], [0, 1], "--", color=_MUTED, linewidth=1)
    _note(axes, 0.76, 0.69, "chance")
    axes.fill_between(x, y, color=_ACCENT, alpha=0.1, linewidth=0)
    axes.plot(x, y, color=_ACCENT)
    at = (false_yes / (false_yes + no), yes / (yes + missed))
    _dot(axes, *at, f"threshold {report.threshold:g}")
    _shares(axes)
    area = figure(report.metrics["roc_auc"].value)
    return (
        f"ROC curve with an area of {area}. At the threshold {report.threshold:g}, {percent(at[1])} of the customers "
        f"are found and {percent(at[0])} of the other leads are called by mistake."
    )


def _pr(canvas: Figure, report: Report) -> str:
    axes = _axes(canvas, "customers found", "customers among those called")
    x, y = _thinned(report.pr)
    _, false_yes, missed, yes = report.confusion
    rate = report.positives / report.rows
    axes.axhline(rate, linestyle="--", color=_MUTED, linewidth=1)
    _note(axes, 0.02, rate - 0.05, f"calling everyone: {percent(rate)}")
    axes.plot(x, y, color=_ACCENT)
    area = figure(report.metrics["pr_auc"].value)
    label = f"Precision-recall curve with an area of {area}; calling everyone gives {percent(rate)} customers."
    if yes + false_yes:
        at = (yes / (yes + missed), yes / (yes + false_yes))
        _dot(axes, *at, f"threshold {report.threshold:g}", ha="right" if at[0] > 0.5 else "left")
        label += f" At the threshold {report.threshold:g}, {percent(at[1])} of those called are customers."
    _shares(axes)
    return label


def _calibration(canvas: Figure, report: Report) -> str:
    axes = _axes(canvas, "", "leads that became customers")
    axes.set_position((0.1, 0.275, 0.88, 0.64))
    below = canvas.add_axes((0.1, 0.145, 0.88, 0.09))
    x, y = [each.probability for each in report.calibration], [each.rate for each in report.calibration]
    axes.plot([0, 1], [0, 1], "--", color=_MUTED, linewidth=1)
    _note(axes, 0.54, 0.45, "as promised")
    axes.vlines(x, [e.low for e in report.calibration], [e.high for e in report.calibration], color=_ACCENT, alpha=0.5)
    axes.plot(x, y, "o", color=_ACCENT, markersize=6, markeredgecolor=_PAPER, markeredgewidth=1)
    _shares(axes)
    axes.set_xticklabels([])
    below.vlines(x, 0, [each.rows for each in report.calibration], color=_MUTED, linewidth=2.5)
    below.set(xlabel="predicted probability", yticks=[], ylim=(0, None))
    below.text(-0.015, 0.4, "leads", transform=below.transAxes, color=_MUTED, ha="right", va="center", fontsize=8.5)
    below.spines.left.set_visible(False)
    below.tick_params(length=0, pad=5)
    _shares(below, y=False)
    worst = max(report.calibration, key=lambda each: abs(each.rate - each.probability))
    return (
        f"Calibration in {len(report.calibration)} groups of leads. The group farthest from its promise was given "
        f"{percent(worst.probability)} and {percent(worst.rate)} of it became customers."
    )


def _gain(canvas: Figure, report: Report) -> str:
    axes = _axes(canvas, "leads called, best first", "customers reached")
    x, y = [0.0, *(step.share for step in report.lift)], [0.0, *(step.gain for step in report.lift)]
    rate, at = report.positives / report.rows, reach(report)
    axes.plot([0, 1], [0, 1], "--", color=_MUTED, linewidth=1)
    _note(axes, 0.76, 0.69, "at random")
    axes.plot([0, rate, 1], [0, 1, 1], ":", color=_MUTED, linewidth=1.3)
    _note(axes, rate - 0.02, 0.96, "perfect ranking", ha="right")
    axes.fill_between(x, x, y, color=_ACCENT, alpha=0.1, linewidth=0)
    axes.plot(x, y, color=_ACCENT)
    _dot(axes, at.step.share, at.step.gain, f"{percent(at.step.share)} called, {percent(at.step.gain)} reached")
    _shares(axes)
    return f"Gain curve. {at.sentence}"


def _lift(canvas: Figure, report: Report) -> str:
    axes = _axes(canvas, "leads called, best first", "times as many customers as at random")
    x, y = [step.share for step in report.lift], [step.lift for step in report.lift]
    ceiling, shares = report.rows / report.positives, [percentage / 100 for percentage in range(1, 101)]
    axes.plot(shares, [min(ceiling, 1 / share) for share in shares], ":", color=_MUTED, linewidth=1.3)
    axes.axhline(1, linestyle="--", color=_MUTED, linewidth=1)
    _note(axes, 0.015, 0.93 if ceiling < 4 else 1 - ceiling / 30, "at random")
    _note(axes, 1 / ceiling + 0.03, ceiling, "perfect ranking")
    axes.plot(x, y, "o-", color=_ACCENT, markersize=4)
    at = reach(report).step
    _dot(axes, at.share, at.lift, f"×{at.lift:.1f} at {percent(at.share)}", ha="center")
    _shares(axes, y=False)
    axes.set_ylim(0, max(ceiling, *y) * 1.06)
    return f"Lift curve. The best {percent(at.share)} of the leads convert {at.lift:.1f} times as often as all leads."
