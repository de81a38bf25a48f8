"""data_split: hold out test leads, once, before anything is fitted.

At random, the side of a lead follows from the seed and its id (or its group) alone: it is a test lead where
SHA-256 of both, as a share of the largest possible, is below the test share. No other row has a say, so no lead changes
its side when leads are added, labels ripen, or rows are shuffled, on any engine or machine.

Forward in time, the last leads are held out: whole days, by the lead's day or another date, or rows by their order in
the raw file. Rows of one group (several decisions about one lead) stay together. A lead with rows before and after is
put on one of the sides by its hash, and its rows on the other side are left out; so are the rows within `gap_days`
before the test days, and rows without a date.
"""

import hashlib

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from gallop.errors import SingleClassError
from gallop.results.run import TrainTestSplit
from gallop.settings.split import BY_ORDER, BY_REVERSE, Split
from gallop.settings.table import Table
from gallop.tables.clock import NEVER, Moments, moments
from gallop.tables.hash_draw import drawn

SIDE = "side"
TRAIN, TEST, LEFT_OUT = "train", "test", "left out"


def data_split(leads: nw.DataFrame, table: Table, split: Split, seed: int) -> TrainTestSplit:
    """Divide model-ready leads into training and test rows, both sorted by id.

    Raises:
        SingleClassError: one side has leads of one label only (possible in small tables, or forward in time).
    """
    ordered = leads.sort(table.id)
    groups = ordered[table.group].to_list() if table.group else None
    if split.is_forward:
        sides = _forward(moments(ordered, table, split.by), groups, split, seed)
    else:
        names = groups if groups is not None else ordered[table.id].to_list()
        sides = [TEST if drawn(name, seed) < split.test_share else TRAIN for name in names]
    train, test = (ordered.filter([assigned == side for assigned in sides]) for side in (TRAIN, TEST))
    for name, part in (("training", train), ("test", test)):
        if part[table.label.column].n_unique() < 2:
            raise SingleClassError(
                f"data_split: the {len(part)} {name} leads have fewer than two labels; use more leads, another "
                "split.test_share, or split.by: random"
            )
    shown = f"{SIDE}_" if table.id == SIDE else SIDE
    assignment = nw.from_dict(
        {table.id: ordered[table.id], shown: nw.new_series(SIDE, sides, nw.String, backend=ordered.implementation)}
    )
    return TrainTestSplit(train, test, assignment)


def first_tested(test: nw.DataFrame, table: Table, split: Split) -> int | None:
    """The first moment that a split forward in time holds out; None of a split at random.

    Args:
        test: the test leads.
    """
    return int(moments(test, table, split.by).min()) if split.is_forward else None


def never_learnt(
    leads: nw.DataFrame, table: Table, split: Split, seed: int, first: int | None, *, same_file: bool
) -> NDArray[np.bool_]:
    """Which leads a model fitted on the training side of some split cannot have learnt from, shape (n,).

    Args:
        leads: of any later state of the table.
        first: as `first_tested` gave it for that split.
        same_file: whether the leads come from the very file that was split. The order of rows in another one says
            nothing about this one.
    """
    if not split.is_forward:
        names = leads[table.group or table.id].to_list()
        return np.array([drawn(name, seed) < split.test_share for name in names], dtype=bool)
    if first is None or (split.by in {BY_ORDER, BY_REVERSE} and not same_file):
        return np.zeros(len(leads), dtype=bool)
    return moments(leads, table, split.by) >= first


def _forward(at: Moments, groups: list[str] | None, split: Split, seed: int) -> list[str]:
    """Whole moments from the end until the share is reached; those within the gap before them are left out.

    Of the groups with rows on both sides, half are tested and half are learnt from; what each has on the other side is
    left out.
    """
    dated = at[at != NEVER]
    if not len(dated):
        raise SingleClassError(
            f"data_split: no lead has a date to split by (split.by: {split.by}); use split.by: random"
        )
    if groups is None:
        wanted = max(1, round(split.test_share * len(dated)))
        return _sides(at, int(np.sort(dated)[-wanted]), split.gap_days).tolist()
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    tested = np.array([hashlib.sha256(f"{seed}:{name}".encode()).digest()[0] & 1 for name in names], dtype=bool)[group]

    def parted(first_tested: int) -> list[str]:
        sides = _sides(at, first_tested, split.gap_days)
        both = np.isin(group, np.intersect1d(group[sides == TRAIN], group[sides == TEST]))
        sides[both & (sides == TRAIN) & tested] = LEFT_OUT
        sides[both & (sides == TEST) & ~tested] = LEFT_OUT
        return sides.tolist()

    # The later the first moment tested, the fewer rows are: the last one with enough of them is found by halving.
    starts = np.unique(dated)
    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        sides = parted(int(starts[middle]))
        enough = sides.count(TEST) >= split.test_share * (sides.count(TEST) + sides.count(TRAIN))
        low, high = (middle, high) if enough else (low, middle - 1)
    return parted(int(starts[low]))


def _sides(at: Moments, first_tested: int, gap: int) -> np.ndarray:
    sides = np.where(at >= first_tested, TEST, np.where(at < first_tested - gap, TRAIN, LEFT_OUT))
    return np.where(at == NEVER, LEFT_OUT, sides)
