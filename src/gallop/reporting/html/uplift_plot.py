"""The plot of what a contact changes: gain by the share of leads contacted, beside probability and chance."""

from functools import partial

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from gallop.reporting.html.svg import ACCENT, INK, MUTED, axes, percent_axes, render_svg
from gallop.results.uplift import UpliftResult


def uplift_plot(uplift: UpliftResult) -> str:
    """An `<svg>` element."""
    return render_svg("uplift", partial(_draw, uplift=uplift), (6.4, 3.4))


def _draw(canvas: Figure, uplift: UpliftResult) -> str:
    plot = axes(canvas, "leads contacted, best first", "more customers per 100 leads")
    shares = [0.0, *(depth.share for depth in uplift.depths)]

    def line(values: list[float]) -> list[float]:
        return [0.0, *(100 * value for value in values)]

    gains = [depth.gain for depth in uplift.depths]
    low, high = line([gain.low for gain in gains]), line([gain.high for gain in gains])
    plot.fill_between(shares, low, high, color=ACCENT, alpha=0.15, linewidth=0)
    plot.plot(shares, line([gain.value for gain in gains]), color=ACCENT, label="by uplift")
    by_probability = line([depth.by_probability.value for depth in uplift.depths])
    plot.plot(shares, by_probability, color=INK, linewidth=1.2, linestyle=":", label="by probability")
    at_random = line([depth.at_random for depth in uplift.depths])
    plot.plot(shares, at_random, color=MUTED, linewidth=1, linestyle="--", label="at random")
    percent_axes(plot, y=False)
    plot.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}".replace("-", "−")))
    plot.legend(frameon=False, loc="upper left")
    middle = gains[len(gains) // 2 - 1]
    return (
        f"Gain by the share of leads contacted: {100 * middle.value:.1f} more customers per 100 leads where the "
        "better half is contacted by uplift."
    )
