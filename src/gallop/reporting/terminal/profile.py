"""What `gallop init` shows: the columns with their roles, and the files of the new project."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gallop.profiling.proposal import Proposal
from gallop.schema import Role

_STYLE = {Role.IGNORE: "dim", Role.LABEL: "bold green", Role.ID: "cyan", Role.DAY: "cyan"}
_WIDEST = 24


def render_profile(proposal: Proposal, read_as: str, remarks: Sequence[str] = ()) -> Group:
    """One line per column: type, role and why, share missing, distinct values, examples, and AUC with the label."""
    table = Table(
        title=f"{proposal.profile.rows:,} rows, {len(proposal.columns)} columns", title_justify="left", expand=False
    )
    for name in ("column", "type", "role", "missing", "distinct", "AUC", "examples", "why"):
        right = name in {"missing", "distinct", "AUC"}
        table.add_column(name, justify="right" if right else "left", overflow="fold" if name == "why" else "ellipsis")
    for name, column in proposal.columns.items():
        profile = proposal.profile.columns[name]
        # A text column with a different value in every row identifies people; it is not shown.
        examples = (
            ""
            if profile.unique and profile.kind == "text"
            else ", ".join(_short(example) for example in profile.examples)
        )
        table.add_row(
            Text(_short(name)),
            profile.kind,
            column.role.value,
            f"{profile.missing / max(profile.rows, 1):.1%}",
            f"{profile.distinct:,}",
            "" if column.role is Role.LABEL else f"{profile.association:.2f}",
            Text(examples),
            Text(column.because),
            style=_STYLE.get(column.role),
        )
    lines = [_sentence("read as", read_as), *(_sentence("note", remark) for remark in remarks)]
    lines += [_sentence("no value", ", ".join(map(repr, proposal.profile.missing)))]
    label = proposal.label
    lines.append(
        _sentence("label", f"yes is {_listed(label.positive)}, no is {_listed(label.negative)}: {label.because}")
    )
    if label.junk:
        junk = ", ".join(f"{text!r} {count:,}" for text, count in list(label.junk.items())[:8])
        lines.append(_sentence("label", f"{sum(label.junk.values()):,} rows with other texts are set aside: {junk}, …"))
    lines += [
        _sentence("proposed, not in force", f"{name}: {note}")
        for name, column in proposal.columns.items()
        for note in column.notes
    ]
    if not any(column.role is Role.ID for column in proposal.columns.values()):
        lines.append(_sentence("no id", "the number of the row in the file identifies a lead"))
    return Group(table, *lines)


def guard_notice() -> Text:
    """Shown before the leak guard runs."""
    return Text("The leak guard checks the training rows …", style="dim")


def render_outcome(proposal: Proposal, files: Sequence[str]) -> Group:
    """What was left out as a leak, and the files of the new project."""
    lines = [_sentence("check this" if leak.keep else "left out as a leak", leak.because) for leak in proposal.leaks]
    return Group(*lines, _sentence("written", ", ".join(files)))


def _sentence(what: str, text: str) -> Text:
    return Text.assemble((f"{what}: ", "bold"), text)


def _listed(values: Sequence[str]) -> str:
    return " or ".join(map(repr, values))


def _short(text: str) -> str:
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 1]}…"
