"""Laws that a test holds some step to. Each is a function that can be shown to fail on a planted fault."""

from collections.abc import Callable, Sequence

import narwhals.stable.v2 as nw

from tests.support.leads import values

Step = Callable[[nw.DataFrame], nw.DataFrame]


def assert_row_wise(step: Step, leads: nw.DataFrame, selections: Sequence[Sequence[int]]) -> None:
    """A row's outcome depends on that row alone: step(some rows) == some rows of step(all rows), in their order."""
    whole = values(step(leads))
    assert len(whole) == len(leads), "a row-wise step keeps the number of rows"
    for selection in selections:
        assert values(step(leads[list(selection)])) == [whole[row] for row in selection]
