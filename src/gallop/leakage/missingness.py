"""Leaks that show in whether a value is there."""

from collections.abc import Iterator

from numpy.typing import NDArray

from gallop.evaluation.codes import LabelledRows, flag_ranking
from gallop.leakage.finding import Finding, FindingKind, Limits
from gallop.leakage.messages import auc_text, column_finding
from gallop.results.percent import percent


def missingness_findings(name: str, missing: NDArray, labelled: LabelledRows, limits: Limits) -> Iterator[Finding]:
    """Whether it goes with the outcome that a value is there; above all, where it is there for one outcome alone.

    Args:
        missing: shape (n,), True where there is no value.
    """
    if not missing.any() or missing.all():
        return
    auc = flag_ranking(missing, labelled)
    filled = labelled.label[~missing]
    rate, other = labelled.label[missing].mean(), filled.mean()
    # By chance, so many of the filled rows would be of the outcome that none of them has.
    expected = len(filled) * (labelled.rate if other == 0 else 1 - labelled.rate)
    if auc.low >= limits.missing:
        yield column_finding(
            FindingKind.MISSINGNESS,
            name,
            auc,
            f"is missing in {percent(missing.mean(), 1)} of the rows; of those {percent(rate, 1)} convert, of the "
            f"others {percent(other, 1)}: whether it is filled ranks the leads with {auc_text(auc)}",
        )
    elif other in {0.0, 1.0} and expected >= limits.one_sided:
        yield column_finding(
            FindingKind.MISSINGNESS,
            name,
            auc,
            f"is filled for one outcome alone: {len(filled):,} rows have a value, and "
            f"{'none' if other == 0 else 'all'} of them converted, where {percent(rate, 1)} of the others did",
        )
