"""A column that is filled for one outcome alone gives the outcome away, however few rows it is filled in."""

import numpy as np
import pandas as pd
import pytest

from gallop.leakage.finding import FindingKind
from gallop.leakage.guard import find_leaks
from gallop.schema import Role

ROWS = 1_000


def findings(values: np.ndarray, label: np.ndarray, *, dates: bool = False):
    """What the guard finds in one column of levels, or of dates."""
    texts = pd.Series(values, dtype=object)
    if dates:
        return find_leaks(pd.DataFrame(index=texts.index), label, {}, other_dates={"x": texts.to_list()})
    return find_leaks(pd.DataFrame({"x": texts}), label, {"x": Role.CATEGORY})


def filled(side: float, share: float, value: str = "2024-01-05"):
    """A label, and a column that a share of the rows of one side of it have."""
    draw = np.random.default_rng(3)
    label = (draw.random(ROWS) < 0.4).astype(float)
    return np.where((label == side) & (draw.random(ROWS) < share), value, None), label


@pytest.mark.parametrize("dates", [False, True])
@pytest.mark.parametrize(("side", "word"), [(0.0, "none of them converted"), (1.0, "all of them converted")])
def test_a_reason_that_only_one_outcome_has_is_found_where_few_rows_have_it(side: float, word: str, dates: bool):
    values, label = filled(side, 0.15)
    stops = findings(values, label, dates=dates)
    assert [finding.kind for finding in stops] == [FindingKind.MISSINGNESS]
    assert word in stops[0].evidence
    assert "filled for one outcome alone" in stops[0].evidence


def test_a_handful_of_rows_or_a_few_exceptions_are_no_evidence_of_it():
    assert findings(*filled(0.0, 0.03)) == ()
    values, label = filled(0.0, 0.15)
    values[np.flatnonzero(label == 1)[:12]] = "2024-01-05"
    assert findings(values, label) == ()
