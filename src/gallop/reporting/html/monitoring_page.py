"""A look at the live model, as a page beside the report."""

from gallop.reporting import formatting, monitoring_text
from gallop.reporting.html.environment import html_environment
from gallop.results.monitoring import MonitoringReport
from gallop.settings.params import Settings


def render_monitoring(report: MonitoringReport, settings: Settings, *, sample: bool = False) -> str:
    """One self-contained page, without scripts and without links to other files.

    Args:
        sample: whether the live model was trained on synthetic leads.
    """
    template = html_environment().get_template("monitoring.html.j2")
    page = template.render(
        look=report,
        settings=settings,
        said=monitoring_text,
        groups=(
            ("band", report.bands),
            ("when scored", report.periods),
            ("hold-out", report.held_out),
        ),
        sample=sample,
        banner=formatting.SAMPLE_BANNER,
    )
    return formatting.printable(page)
