"""Findings with their advice, and how figures are written in them."""

from collections.abc import Sequence

from gallop.evaluation.metrics import Estimate
from gallop.leakage.finding import Finding, FindingKind, Severity

_LEAVE_OUT = (
    "Ask who writes this value and when. If it can be written or changed after the moment of scoring, leave the column "
    "out; if it is known by then, acknowledge it by name with the reason."
)

_ADVICE = {
    FindingKind.MISSINGNESS: (
        "Ask why it is empty. If it is filled because of the outcome, leave the column out; if leads leave it"
        " empty themselves before the score is used, acknowledge it with that reason."
    ),
    FindingKind.GROUP_MEAN: (
        "Leave it out, or compute it from earlier leads only: this one was computed from the labels of these "
        "very rows. gallop's own target encoding does it inside the folds."
    ),
    FindingKind.OVERWRITTEN_COPY: (
        "Leave both out, or take the value as it was at the moment of scoring: a field that is overwritten "
        "during a lead's life shows what happened later."
    ),
    FindingKind.NAME: (
        "Say in the settings when its value is known (known_at); leave it out if that is after scoring."
    ),
    FindingKind.TOO_GOOD: (
        "Go through the columns named here and ask of each when its value is known; leave out what is written"
        " later. If the problem really is this easy, acknowledge it with the reason."
    ),
    FindingKind.ID_OR_ORDER: (
        "Ids and row order are no features here, so nothing is lost by leaving them out; but find out how the"
        " extract was made, since it sorted or numbered leads by what became of them."
    ),
    FindingKind.AFTER_DECISION_DAY: "Leave the column out, or take only what was known on the decision day.",
    FindingKind.DUPLICATES_ACROSS_SPLIT: (
        "Remove the repeated rows, or split by the lead they belong to, so that no test row has its answer "
        "among the training rows."
    ),
    FindingKind.DUPLICATES_OTHER_LABEL: (
        "Find out which of the equal rows has the right label: as they are, no model can be right on both, "
        "and a lead may have been entered once before and once after the outcome."
    ),
}


def advice(kind: FindingKind) -> str:
    """What a person should do about a finding of this kind."""
    return _ADVICE.get(kind, _LEAVE_OUT)


def table_finding(
    kind: FindingKind,
    estimate: Estimate,
    evidence: str,
    severity: Severity = Severity.STOP,
    *,
    column: str | None = None,
    others: Sequence[str] = (),
) -> Finding:
    """A finding about the whole table, or about a column that the sentence `evidence` names by itself."""
    return Finding(
        kind=kind,
        column=column,
        others=tuple(others),
        severity=severity,
        estimate=estimate,
        evidence=evidence,
        advice=advice(kind),
    )


def column_finding(
    kind: FindingKind,
    column: str,
    estimate: Estimate,
    text: str,
    severity: Severity = Severity.STOP,
    *,
    others: Sequence[str] = (),
) -> Finding:
    """A finding about a column; `text` follows its name, without the full stop."""
    return table_finding(kind, estimate, f"{column}: {text}.", severity, column=column, others=others)


def auc_text(estimate: Estimate) -> str:
    """`AUC 0.847 (0.825 to 0.866)`."""
    return f"AUC {estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def number(value: float) -> str:
    """A number without needless digits."""
    return f"{float(value):.6g}"
