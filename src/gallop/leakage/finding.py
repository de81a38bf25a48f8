"""What a finding of the leak guard holds, and how strong its evidence must be."""

from enum import StrEnum
from math import log
from typing import Final

from gallop.results.estimates import Estimate, ResultModel


class FindingKind(StrEnum):
    """The shapes of leakage that are looked for."""

    SINGLE_COLUMN = "single_column"
    NEAR_CERTAIN_LEVEL = "near_certain_level"
    VERDICT = "verdict"
    SPIKE = "spike"
    HIDDEN_IN_DIGITS = "hidden_in_digits"
    EXACT_VALUES = "exact_values"
    MISSINGNESS = "missingness"
    GROUP_MEAN = "group_mean"
    OVERWRITTEN_COPY = "overwritten_copy"
    NAME = "name"
    FUNCTION_OF_LABEL = "function_of_label"
    TOO_GOOD = "too_good"
    ID_OR_ORDER = "id_or_order"
    AFTER_DECISION_DAY = "after_decision_day"
    DUPLICATES_ACROSS_SPLIT = "duplicates_across_split"
    DUPLICATES_OTHER_LABEL = "duplicates_other_label"


class Severity(StrEnum):
    """Whether a run may go on before a person has acknowledged the finding."""

    STOP = "stop"
    WARN = "warn"


class Finding(ResultModel):
    """One piece of evidence for leakage."""

    kind: FindingKind
    column: str | None
    """The column to acknowledge; None where the finding is about the table."""
    others: tuple[str, ...] = ()
    """Further columns that take part, where the leak shows only jointly."""
    severity: Severity
    estimate: Estimate
    """The figure the evidence rests on; all intervals together have the coverage wanted."""
    evidence: str
    advice: str


class Limits(ResultModel):
    """How strong the evidence must be. Lower bounds of intervals are compared, never the figures themselves.

    These are judgements about lead tables, chosen on the six data sets and on tuning seeds of the campaign, and then
    measured on others: docs/decisions/020-leak-guard.md has the reasons and benchmarks/leaks.py the figures.
    """

    alone: float = 0.95
    """AUC of one column that no honest lead column has."""
    few_values: float = 0.85
    """AUC of one category: words rank this well only if someone who knew the outcome wrote them."""
    verdict: float = 0.70
    """AUC of one category that is also near certain in both directions."""
    yes_rate: float = 0.85
    """Conversion rate of a level that means yes; below a quarter of the base rate a level means no."""
    verdict_side: float = 0.05
    """Share of each class that such levels must decide."""
    level_certain: float = 0.97
    """Conversion rate of one value that decides alone …"""
    certain: float = 0.90
    """… the lower bound of that rate …"""
    level_odds: float = 10.0
    """… this many times the odds of the base rate …"""
    level_share: float = 0.10
    """… and the share of all conversions it must decide."""
    spike: float = 0.75
    """AUC of `is it the usual value or not` for a number …"""
    jump: float = log(4)
    """… whose log-odds leap at the usual value by this, and by more than over all the rest of its range."""
    digits: float = 0.70
    """AUC of decimals or exact values, where it also beats the size of the number by `beyond`."""
    beyond: float = 0.05
    missing: float = 0.70
    """AUC of `is it filled or not`."""
    one_sided: float = 20.0
    """Rows of the other outcome that should have a value, where a column is filled for one outcome alone."""
    too_even: float = 1e-4
    """Chance, over all intervals, of group rates that fit the column as well as they do."""
    overwritten: float = log(1.25)
    """Log odds ratio of the label between overwritten and untouched values."""
    untouched: float = 0.55
    """AUC that the untouched copy must have before it counts, too."""
    identifier: float = 0.70
    after: float = 0.60
    pair: float = 0.90
    """AUC of two columns together …"""
    synergy: float = 0.20
    """… that take this much more of the label's entropy than the two of them one by one."""
    overall: float = 0.97
    """AUC of all columns together, after those that are already found are left out."""
    copies: float = 0.15
    """Share of test rows that copy a training row, beyond what look-alikes explain."""
    conflicts: float = 0.05
    """Share of rows with an equal row of the other label, beyond what look-alikes explain."""
    notable: float = 0.80
    """AUC of one column worth a second look."""
    named: float = 0.60
    """AUC of one column worth a second look because of its name."""


LATER_WORDS: Final = frozenset(
    {"after", "cancel", "cancelled", "churned", "close", "closed", "converted", "deal", "final", "grade", "invoice"}
    | {"last", "lost", "outcome", "paid", "payment", "profile", "quality", "rating", "reason", "result", "score"}
    | {"stage", "status", "tag", "tags", "updated", "value", "won"}
)
"""Words in the names of columns that are often written after the outcome. They only ever make a warning."""
