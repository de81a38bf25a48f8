"""How every plot of the report is drawn: by matplotlib as inline SVG, coloured by the page's CSS variables.

Each plot is drawn in stand-in colours that are then replaced by `var(--name)`, so one drawing serves light, dark and
print. Text stays text. No pyplot, no changed defaults; the same values give the same bytes.
"""

import re
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, PercentFormatter

_COLOURS: Final = {"ink": "#010101", "muted": "#020202", "line": "#030303", "accent": "#040404", "paper": "#060606"}
INK, MUTED, LINE, ACCENT, PAPER = _COLOURS.values()
_STYLE: Final = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that the layout is the same on every machine
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
}
_NO_METADATA: Final = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_FIFTHS: Final = (0, 0.2, 0.4, 0.6, 0.8, 1)


def render_svg(name: str, draw: Callable[[Figure], str], size: tuple[float, float] = (5.2, 3.7)) -> str:
    """The `<svg>` element of a plot.

    Args:
        name: of the plot, unique on the page.
        draw: draws it, and returns a sentence on what it shows.
        size: width and height in inches; CSS fits it to the width of the page.
    """
    # The salt makes the ids of each plot unique, since all are in one page.
    with mpl.rc_context(_style(name)):
        canvas = Figure(figsize=size)
        label = draw(canvas)
        text = StringIO()
        canvas.savefig(text, format="svg", transparent=True, metadata=_NO_METADATA)
    return _inline(text.getvalue(), label)


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


def axes(canvas: Figure, x: str, y: str) -> Axes:
    """Axes that fill the canvas, with the names of both; the upright one's is written above it."""
    axes = canvas.add_axes((0.1, 0.145, 0.88, 0.77))
    axes.set(xlabel=x)
    axes.text(-0.09, 1.05, y, transform=axes.transAxes, color=MUTED, va="bottom")
    axes.tick_params(length=0, pad=5)
    return axes


def percent_axes(axes: Axes, *, x: bool = True, y: bool = True) -> None:
    """Let these axes run from 0 to 100 %."""
    for chosen, axis, limit in ((x, axes.xaxis, axes.set_xlim), (y, axes.yaxis, axes.set_ylim)):
        if chosen:
            axis.set_major_locator(FixedLocator(_FIFTHS))
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            limit(-0.015, 1.03)


def note(axes: Axes, x: float, y: float, text: str, *, ha: str = "left") -> None:
    """A quiet label for a line. The page's CSS gives all text a halo, so that it stays readable on lines."""
    axes.text(x, y, text, color=MUTED, ha=ha, va="center")


def dot(axes: Axes, x: float, y: float, text: str, *, ha: str = "left") -> None:
    """The point that the text refers to, with its label below it: to the right, centred, or to the left."""
    axes.plot([x], [y], "o", color=ACCENT, markersize=7.5, markeredgecolor=PAPER, markeredgewidth=1.5, zorder=5)
    axes.annotate(
        text,
        (x, y),
        xytext=({"left": 8, "center": 0, "right": -6}[ha], -14),
        textcoords="offset points",
        color=INK,
        fontweight="bold",
        ha=ha,
        va="center",
    )
