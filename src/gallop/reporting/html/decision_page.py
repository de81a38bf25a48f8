"""The last decision about what is live, as a page beside the report: what was compared, and what guard rails said."""

from gallop.reporting import formatting
from gallop.reporting.html.environment import html_environment
from gallop.results.run import Selected
from gallop.settings.params import Settings


def render_decision(selected: Selected, settings: Settings) -> str:
    """One self-contained page, without scripts and without links to other files."""
    template = html_environment().get_template("decision.html.j2")
    page = template.render(selected=selected, decision=selected.decision, settings=settings, verdict=_verdict(selected))
    return formatting.printable(page)


def _verdict(selected: Selected) -> str:
    held = ", held by a person" if selected.pinned else ""
    if selected.by_hand:
        return f"Version {selected.champion} was made live by a person{', and is pinned' if selected.pinned else ''}"
    if selected.decision.promote:
        return f"Version {selected.champion} was promoted and is live"
    if selected.candidate == selected.champion:
        return f"Version {selected.champion} is live{held}"
    return f"Version {selected.champion} is live{held}; version {selected.candidate} was not promoted"
