"""What `gallop init` shows: the columns with their roles, and the files of the new project."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gallop.profiling.event_proposal import EventProposal
from gallop.profiling.proposal import Proposal
from gallop.profiling.split import ProposedSplit
from gallop.schema import Role
from gallop.settings.split import BY_RANDOM

_STYLE = {Role.IGNORE: "dim", Role.LABEL: "bold green", Role.ID: "cyan", Role.DAY: "cyan"}
_WIDEST = 24
_WIDE = 120


def render_profile(proposal: Proposal, read_as: str, remarks: Sequence[str] = (), width: int = 160) -> Group:
    """Role and why, share missing and AUC with the label for each column: one line a column on a narrow terminal.

    Args:
        read_as: kind and format of the file.
        remarks: what was left out or chosen in reading it.
        width: of the terminal; a narrow one shows the reasons cut, and leaves out type, distinct values and examples.
    """
    table = _wide(proposal) if width >= _WIDE else _narrow(proposal, width)
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
    dates = [name for name, column in proposal.columns.items() if column.role is Role.DATE]
    if dates and not any(column.role is Role.DAY for column in proposal.columns.values()):
        lines.append(_sentence("no day", f"if one of {', '.join(map(repr, dates))} is the lead's day, --day says so"))
    if width < _WIDE:
        lines.append(_sentence("whole reasons", "as comments in params.yaml; here in a terminal of 120 columns"))
    return Group(table, *lines)


def _wide(proposal: Proposal) -> Table:
    table = _table(proposal)
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
            _auc(proposal, name),
            Text(examples),
            Text(column.because),
            style=_STYLE.get(column.role),
        )
    return table


def _narrow(proposal: Proposal, width: int) -> Table:
    table = _table(proposal)
    widths = {"column": _WIDEST, "role": 8, "missing": 7, "AUC": 4}
    widths["why"] = max(12, width - sum(widths.values()) - len(widths))
    for name, column_width in widths.items():
        right = name in {"missing", "AUC"}
        justify = "right" if right else "left"
        table.add_column(name, justify=justify, overflow="ellipsis", no_wrap=True, width=column_width)
    for name, column in proposal.columns.items():
        profile = proposal.profile.columns[name]
        missing = f"{profile.missing / max(profile.rows, 1):.0%}"
        table.add_row(
            Text(_short(name)), column.role.value, missing, _auc(proposal, name), Text(_one_line(column.because)),
            style=_STYLE.get(column.role),
        )  # fmt: skip
    return table


def _table(proposal: Proposal) -> Table:
    title = f"{proposal.profile.rows:,} rows, {len(proposal.columns)} columns"
    return Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))


def _auc(proposal: Proposal, name: str) -> str:
    is_label = proposal.columns[name].role is Role.LABEL
    return "" if is_label else f"{proposal.profile.columns[name].association:.2f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def guard_notice() -> Text:
    """Shown before the leak guard runs."""
    return Text("The leak guard checks the training rows …", style="dim")


def render_outcome(proposal: Proposal | EventProposal, files: Sequence[str], left_alone: Mapping[str, str]) -> Group:
    """What was left out as a leak, the files of the new project, and those that were there before.

    Args:
        left_alone: name of a file that stays as it was → name of the project's own beside it.
    """
    lines = [_sentence("check this" if leak.keep else "left out as a leak", leak.because) for leak in proposal.leaks]
    if isinstance(proposal, Proposal):
        lines += _split_lines(proposal.split)
    lines.append(_sentence("written", ", ".join(files)))
    if left_alone:
        pairs = ", ".join(f"{name} (the project's is {beside})" for name, beside in left_alone.items())
        lines.append(_sentence("left as they were", pairs))
    return Group(*lines)


def _split_lines(split: ProposedSplit) -> list[Text]:
    """Why the split goes forward in time, and how to overrule that; and what was seen and not followed."""
    lines = [_sentence("seen over time", note) for note in split.notes]
    if split.by != BY_RANDOM:
        gap = f" after a gap of {split.gap_days} days" if split.gap_days else ""
        text = f"forward in time, by {split.by}{gap}: {split.because}. --split random, or split.by, overrules it"
        lines.append(_sentence("split", text))
    return lines


def _sentence(what: str, text: str) -> Text:
    return Text.assemble((f"{what}: ", "bold"), text)


def _listed(values: Sequence[str]) -> str:
    return " or ".join(repr(value) if value else "no text" for value in values)


def _short(text: str) -> str:
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 1]}…"
