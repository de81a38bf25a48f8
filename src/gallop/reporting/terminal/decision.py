"""Who is champion, and why, in the terminal's summary of a run."""

from rich.text import Text

from gallop.reporting.formatting import plain
from gallop.results.run import Decision, Selected


def decision_rows(selected: Selected) -> dict[str, Text]:
    """Label → what was decided."""
    rows = {"outcome": _outcome(selected), "because": Text(plain(selected.decision.because))}
    return rows | ({"guard rails": _rails(selected.decision)} if selected.decision.rails else {})


def _outcome(selected: Selected) -> Text:
    held = ", pinned" if selected.pinned else ""
    if selected.by_hand:
        outcome = Text(f"BY HAND: version {selected.champion} is champion{held}", style="bold green")
    elif selected.decision.promote:
        outcome = Text(f"PROMOTED: version {selected.champion} is champion", style="bold green")
    else:
        outcome = Text(f"NOT PROMOTED: version {selected.champion} stays champion{held}", style="bold yellow")
    changed = selected.previous and selected.previous != selected.champion
    if changed and (selected.by_hand or selected.decision.promote):
        outcome.append(f", before it version {selected.previous}", style="not bold")
    elif not selected.by_hand and not selected.decision.promote and selected.candidate != selected.champion:
        outcome.append(f", the candidate is version {selected.candidate}", style="not bold")
    return outcome


def _rails(decision: Decision) -> Text:
    said = Text()
    for number, rail in enumerate(decision.rails):
        style = "" if rail.kept else "bold yellow"
        said.append(f"{', ' if number else ''}{rail.name} ")
        said.append("kept" if rail.kept else "BROKEN", style=style)
    return said
