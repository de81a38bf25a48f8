"""What `gallop init --events` shows: the log as it sees it, and the decisions and features it proposes."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gallop.profiling.event_proposal import EventProposal
from gallop.reporting.event_text import told_counts
from gallop.reporting.formatting import count, plain
from gallop.results.run import EventCounts
from gallop.settings.table import Format

_SHOWN = 12


def render_log(proposal: EventProposal, form: Format) -> Group:
    """Kinds of events, what the other columns are taken for, decision times and windows."""
    seen, section = proposal.seen, proposal.section
    table = Table(title=f"{count(seen.rows)} rows, {len(seen.kind_counts)} kinds of events", title_justify="left")
    table.add_column("kind")
    table.add_column("events", justify="right")
    table.add_column("")
    for kind, rows in list(seen.kind_counts.items())[:_SHOWN]:
        role = (
            "a conversion"
            if kind in proposal.asked.converted
            else ""
            if kind in seen.kinds
            else "no features of its own"
        )
        table.add_row(Text(plain(kind)), count(rows), role)
    if len(seen.kind_counts) > _SHOWN:
        table.add_row(f"… and {len(seen.kind_counts) - _SHOWN} more", "", "")
    rule = section["decisions"]
    again = "" if rule["repeat"] else ", until a lead has converted"
    read = f"{form.encoding}, values apart by {form.separator!r}{'' if form.header else ', without a header'}"
    lines = [
        _sentence("read as", read),
        _sentence("times", f"written as {seen.written}, in {section['timezone']} where they say no zone"),
        *[_sentence(f"column {plain(name)}", attribute.because) for name, attribute in seen.attributes.items()],
        _sentence("decisions", f"every {rule['days']} days, for {rule['active']} after each event{again}"),
        _sentence("label", f"{' or '.join(section['converted'])} within {section['horizon']} after the decision"),
        _sentence("windows", ", ".join(section["windows"])),
        _sentence("features", f"{len(section['features'])}; params.yaml lists them"),
    ]
    if until := section.get("until"):
        lines.append(
            _sentence("a wrong clock", f"some times lie far behind the others; events from {until} on are set aside")
        )
    return Group(table, *lines)


def render_counts(counts: EventCounts) -> Group:
    """What the log gave."""
    return Group(*(_sentence(what, text) for what, text in told_counts(counts)))


def _sentence(what: str, text: str) -> Text:
    return Text.assemble((f"{what}: ", "bold"), text)
